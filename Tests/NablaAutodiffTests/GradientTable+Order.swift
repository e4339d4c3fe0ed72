import Nabla
import TestSupport

@testable import NablaAutodiff

extension GradientRow {
  private static let rowShapes: [[[Int]]] = [[[1]], [[5]], [[2, 3]], [[3, 2, 4]], [[9, 10]], [[2, 70]], [[0, 3]]]

  private static let rowShapesOfAxis0: [[[Int]]] = [[[1]], [[5]], [[3, 2]], [[4, 2, 3]], [[10, 9]], [[3, 0]]]

  /// Rows of an array along its last axis, mapped.
  private static func mapRows(_ x: PlainArray, length: Int, _ f: ([Double]) -> [Double]) -> PlainArray {
    let size = x.sizes.last!
    let rows = stride(from: 0, to: x.values.count, by: max(1, size)).map { f(Array(x.values[$0..<($0 + size)])) }
    return PlainArray(Array(x.sizes.dropLast()) + [length], rows.flatMap { $0 })
  }
  /// The places of a row's elements in order.
  private static func order(_ row: [Double], descending: Bool) -> [Int] {
    row.indices.sorted { row[$0] == row[$1] ? $0 < $1 : (row[$0] < row[$1]) != descending }
  }

  static let order: [GradientRow] =
    [false, true].flatMap { descends in
      [
        GradientRow(
          name: "sort", type: "Sort", variant: "descending: \(descends)", domain: .spaced, shapes: rowShapes,
          function: { Sort(axis: $0[0].rank - 1, descends: descends)($0[0]) },
          reference: { x in
            mapRows(x[0], length: x[0].sizes.last!) { row in order(row, descending: descends).map { row[$0] } }
          }),
        GradientRow(
          name: "argsort", type: "ArgSort", variant: "descending: \(descends)", domain: .spaced, order: 0,
          shapes: rowShapes,
          function: { ArgSort(axis: $0[0].rank - 1, descends: descends)($0[0]) },
          reference: { x in
            mapRows(x[0], length: x[0].sizes.last!) { row in order(row, descending: descends).map { Double($0) } }
          }),
        GradientRow(
          name: "sort", type: "Sort", variant: "axis 0, descending: \(descends)", domain: .spaced,
          shapes: rowShapesOfAxis0,
          function: { Sort(axis: 0, descends: descends)($0[0]) },
          reference: { x in
            let inner = x[0].sizes.dropFirst().reduce(1, *)
            let columns = (0..<inner).map { j in
              let column = (0..<x[0].sizes[0]).map { x[0].values[$0 * inner + j] }
              return order(column, descending: descends).map { column[$0] }
            }
            return PlainArray(x[0].sizes, (0..<x[0].sizes[0]).flatMap { i in columns.map { $0[i] } })
          }),
      ] + topK(largest: descends)
    } + [
      GradientRow(
        name: "takeAlong", type: "TakeAlong", domain: .range(-2, 2),
        shapes: [[[3]], [[2, 3]], [[5, 2, 4]], [[9, 70]]],
        function: { x in TakeAlong().reported(x[0], indices(x[0].shape)) },
        reference: { x in mapRows(x[0], length: 2) { [$0[2], $0[0]] } }),
      GradientRow(
        name: "addAlong", type: "AddAlong", domain: .range(-2, 2), shapes: [[[2]], [[3, 2]], [[5, 2, 2]]],
        function: { x in AddAlong(size: 4).reported(x[0], indices(x[0].shape)) },
        reference: { x in mapRows(x[0], length: 4) { [$0[1], 0, $0[0], 0] } }),
      // A state is no operand of the table: the draw is added to x, and is the same at each evaluation.
      GradientRow(
        name: "+", type: "Draw", domain: .range(-2, 2), isSameInBatches: false,
        shapes: [[[]], [[3]], [[5, 2]], [[0]]],
        function: { x in x[0] + draw(x[0].shape).cast(to: x[0].dtype) },
        reference: { x in PlainArray(x[0].sizes, x[0].values.indices.map { x[0].values[$0] + drawn[$0] }) }),
    ]

  /// Uniform numbers in Float64.
  static func draw(_ shape: Shape) -> AnyTensor {
    Draw(distribution: .uniform(low: 0, high: 1), type: TensorType(.float64, shape))(Tensor<Int64>([7, 0]).erased)
  }
  /// The first of them: `np.random.Generator(np.random.Philox(key=7, counter=0)).random(10)` in NumPy.
  static let drawn: [Double] = [
    0.8720734548204873, 0.29536538151378355, 0.4200976785072422, 0.4053922457839946, 0.0828426870273763,
    0.6966328926282271, 0.2963575925326176, 0.6205620114540453, 0.014107696329258346, 0.786863611755331,
  ]

  private static func topK(largest: Bool) -> [GradientRow] {
    let cases: [(axis: Int, shapes: [[Int]])] = [
      (0, [[3], [5], [70], [5, 2], [3, 2, 4], [9, 10]]), (1, [[2, 3], [9, 10], [2, 70], [2, 4, 3]]), (2, [[3, 2, 4]]),
    ]
    return cases.flatMap { axis, shapes in
      [0, 1].map { result in
        GradientRow(
          name: "topK", type: "TopK", variant: "result \(result), axis \(axis), largest: \(largest)", domain: .spaced,
          order: result == 0 ? 2 : 0, shapes: shapes.map { [$0] },
          function: { TopK(count: 3, isLargest: largest, axis: axis).results(of: Operands($0), count: 2)[result] },
          reference: { x in
            let sizes = x[0].sizes
            return PlainArray(Array(sizes[..<axis]) + [3] + sizes[(axis + 1)...]) { at in
              let line = (0..<sizes[axis]).map { x[0][Array(at[..<axis]) + [$0] + at[(axis + 1)...]] }
              let place = order(line, descending: largest)[at[axis]]
              return result == 0 ? line[place] : Double(place)
            }
          })
      }
    }
  }

  /// Places 2 and 0 in each row.
  private static func indices(_ shape: Shape) -> AnyTensor {
    let rows = shape.dropLast().reduce(1, *)
    return Tensor<Int64>(shape: Shape(shape.dropLast() + [2]), scalars: (0..<rows).flatMap { _ in [2, 0] }).erased
  }
}
