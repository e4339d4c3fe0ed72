import Nabla
import TestSupport

@testable import NablaAutodiff

extension GradientRow {
  private static let rowShapes: [[[Int]]] = [[[1]], [[5]], [[2, 3]], [[3, 2, 4]], [[9, 10]], [[2, 70]], [[0, 3]]]

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
          name: "sort", type: "Sort", variant: "values, descending: \(descends)", domain: .spaced, shapes: rowShapes,
          function: { Sort(descends: descends).results(of: Operands($0), count: 2)[0] },
          reference: { x in
            mapRows(x[0], length: x[0].sizes.last!) { row in order(row, descending: descends).map { row[$0] } }
          }),
        GradientRow(
          name: "sort", type: "Sort", variant: "indices, descending: \(descends)", domain: .spaced, order: 0,
          shapes: rowShapes,
          function: { Sort(descends: descends).results(of: Operands($0), count: 2)[1] },
          reference: { x in
            mapRows(x[0], length: x[0].sizes.last!) { row in order(row, descending: descends).map { Double($0) } }
          }),
        GradientRow(
          name: "topK", type: "TopK", variant: "largest: \(descends)", domain: .spaced,
          shapes: [[[3]], [[5]], [[2, 3]], [[3, 2, 4]], [[9, 10]], [[2, 70]]],
          function: { TopK(count: 3, isLargest: descends).results(of: Operands($0), count: 2)[0] },
          reference: { x in
            mapRows(x[0], length: 3) { row in order(row, descending: descends).prefix(3).map { row[$0] } }
          }),
        GradientRow(
          name: "topK", type: "TopK", variant: "indices, largest: \(descends)", domain: .spaced, order: 0,
          shapes: [[[3]], [[5]], [[2, 3]], [[9, 10]]],
          function: { TopK(count: 3, isLargest: descends).results(of: Operands($0), count: 2)[1] },
          reference: { x in
            mapRows(x[0], length: 3) { row in order(row, descending: descends).prefix(3).map { Double($0) } }
          }),
      ]
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
        name: "+", type: "Draw", domain: .range(-2, 2), shapes: [[[]], [[3]], [[5, 2]], [[0]]],
        function: { x in
          let draw = Draw(distribution: .uniform(low: 0, high: 0), type: TensorType(x[0].dtype, x[0].shape))
          return x[0] + draw(Tensor<Int64>([7, 0]).erased)
        },
        reference: { $0[0] }),
    ]

  /// Places 2 and 0 in each row.
  private static func indices(_ shape: Shape) -> AnyTensor {
    let rows = shape.dropLast().reduce(1, *)
    return Tensor<Int64>(shape: Shape(shape.dropLast() + [2]), scalars: (0..<rows).flatMap { _ in [2, 0] }).erased
  }
}
