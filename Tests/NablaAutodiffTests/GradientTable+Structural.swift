import Nabla
import TestSupport

@testable import NablaAutodiff

extension GradientRow {
  private static let slice = Slice(starts: [2, 0], sizes: [2, 2], steps: [-1, 2])
  private static let corner = Slice(starts: [1, 0], sizes: [2, 2], steps: [2, 1])

  private static func sliced(_ x: PlainArray) -> PlainArray { PlainArray([2, 2]) { x[[2 - $0[0], 2 * $0[1]]] } }
  /// The index inside of `corner`, or nil outside.
  private static func inCorner(_ at: [Int]) -> [Int]? {
    at[0] % 2 == 1 && at[1] < 2 ? [(at[0] - 1) / 2, at[1]] : nil
  }

  static let structural: [GradientRow] = [
    GradientRow(
      name: "broadcast", domain: .range(-2, 2), shapes: [[[]], [[1]], [[3]], [[2, 1]], [[2, 3]]],
      function: { Broadcast(shape: [4, 2, 3])($0[0]) },
      reference: { x in PlainArray([4, 2, 3]) { x[0][$0] } }),
    GradientRow(
      name: "broadcast", variant: "to empty", domain: .range(-2, 2), shapes: [[[1]], [[0]]],
      function: { Broadcast(shape: [2, 0])($0[0]) }, reference: { _ in PlainArray([2, 0], []) }),
    GradientRow(
      name: "reshape", domain: .range(-2, 2), shapes: [[[6]], [[2, 3]], [[3, 2]], [[1, 6]], [[2, 1, 3]]],
      function: { Reshape(shape: [3, 2])($0[0]) }, reference: { PlainArray([3, 2], $0[0].values) }),
    GradientRow(
      name: "reshape", variant: "scalar", domain: .range(-2, 2), shapes: [[[]], [[1]], [[1, 1]]],
      function: { Reshape(shape: [1])($0[0]) }, reference: { PlainArray([1], $0[0].values) }),
    GradientRow(
      name: "reshape", variant: "empty", domain: .range(-2, 2), shapes: [[[0]], [[2, 0]]],
      function: { Reshape(shape: [0, 3])($0[0]) }, reference: { PlainArray([0, 3], $0[0].values) }),
    GradientRow(
      name: "transpose", domain: .range(-2, 2), shapes: [[[2, 3, 4]], [[1, 2, 1]], [[2, 0, 3]]],
      function: { Transpose(permutation: [2, 0, 1])($0[0]) },
      reference: { x in
        let s = x[0].sizes
        return PlainArray([s[2], s[0], s[1]]) { x[0][[$0[1], $0[2], $0[0]]] }
      }),
    GradientRow(
      name: "slice", domain: .range(-2, 2), shapes: [[[3, 4]], [[4, 3]]],
      function: { slice($0[0]) }, reference: { sliced($0[0]) }),
    GradientRow(
      name: "slice", variant: "empty", domain: .range(-2, 2), shapes: [[[3]], [[0]]],
      function: { Slice(starts: [0], sizes: [0], steps: [1])($0[0]) }, reference: { _ in PlainArray([0], []) }),
    GradientRow(
      name: "unslice", domain: .range(-2, 2), shapes: [[[2, 2]]],
      function: { Unslice(slice: corner, shape: [4, 3])($0[0]) },
      reference: { x in PlainArray([4, 3]) { at in inCorner(at).map { x[0][$0] } ?? 0 } }),
    GradientRow(
      name: "unslice", variant: "of several", domain: .range(-2, 2), shapes: [[[2, 2], [2, 2]]],
      function: {
        Unslice(slices: [corner, Slice(starts: [3, 2], sizes: [2, 2], steps: [-2, -2])], shape: [4, 3]).apply(
          Operands($0))
      },
      reference: { x in
        PlainArray([4, 3]) { at in
          let other = at[0] % 2 == 1 && at[1] % 2 == 0 ? x[1][[(3 - at[0]) / 2, (2 - at[1]) / 2]] : 0
          return (inCorner(at).map { x[0][$0] } ?? 0) + other
        }
      }),
    GradientRow(
      name: "replaceSlice", domain: .range(-2, 2), shapes: [[[4, 3], [2, 2]]],
      function: { ReplaceSlice(slice: corner)($0[0], $0[1]) },
      reference: { x in PlainArray([4, 3]) { at in inCorner(at).map { x[1][$0] } ?? x[0][at] } }),
    GradientRow(
      name: "concatenate", domain: .range(-2, 2),
      shapes: [[[2, 1], [2, 2], [2, 0], [2, 3]], [[1, 1], [1, 1]], [[2, 2]]],
      function: { Concatenate(axis: 1).apply(Operands($0)) },
      reference: { x in
        let row = { (i: Int) in x.flatMap { part in (0..<part.sizes[1]).map { part[[i, $0]] } } }
        return PlainArray([x[0].sizes[0], row(0).count], (0..<x[0].sizes[0]).flatMap(row))
      }),
    GradientRow(
      name: "gather", domain: .range(-2, 2), shapes: [[[2, 3]], [[1, 3]], [[2, 4, 2]]],
      function: { Gather(axis: 1).reported($0[0], Tensor<Int32>([2, 0, 2, 1]).erased) },
      reference: { x in
        let s = x[0].sizes
        let order = [2, 0, 2, 1]
        return PlainArray([s[0], 4] + s.dropFirst(2)) { at in x[0][[at[0], order[at[1]]] + at.dropFirst(2)] }
      }),
    GradientRow(
      name: "scatterAdd", domain: .range(-2, 2), shapes: [[[2, 4]], [[1, 4]]],
      function: {
        ScatterAdd(axis: 1, shape: [$0[0].shape[0], 3]).reported($0[0], Tensor<Int64>([2, 0, 2, 1]).erased)
      },
      reference: { x in
        let order = [2, 0, 2, 1]
        return PlainArray([x[0].sizes[0], 3]) { at in
          order.indices.filter { order[$0] == at[1] }.reduce(0) { $0 + x[0][[at[0], $1]] }
        }
      }),
    GradientRow(
      name: "cast", domain: .range(-2, 2), shapes: unaryShapes,
      function: { x in
        // Through Double and back; Double itself passes through a conversion to its own type, which is exact.
        x[0].dtype == .float32 ? x[0].cast(to: .float64).cast(to: .float32) : Cast(dtype: .float64)(x[0])
      },
      reference: { $0[0] }),
    GradientRow(
      name: "identity", domain: .range(-2, 2), shapes: unaryShapes,
      function: { Identity()($0[0]) }, reference: { $0[0] }),
    GradientRow(
      name: "customGradient", type: "Custom", domain: .range(-2, 2),
      shapes: [[[], []], [[3], [3]], [[2, 0], [2, 0]], [[2, 3], [2, 3]]],
      function: { x in
        // The product, with its derivative by hand.
        let (a, b) = (x[0], x[1])
        let rule = CustomRule { g in [g * b, g * a] }
        return Custom(rule: rule).apply(Operands([a * b, a, b]))
      },
      reference: { PlainArray.elementwise($0) { $0[0] * $0[1] } }),
  ]

  static let matrices: [GradientRow] = [
    GradientRow(
      name: "gram", domain: .range(-2, 2),
      shapes: [[[2, 3]], [[1, 1]], [[3, 1]], [[1, 3]], [[0, 2]], [[2, 0]], [[2, 3, 2]], [[9, 10]]],
      function: { Gram()($0[0]) },
      reference: { x in
        let sizes = x[0].sizes
        let (m, n) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
        return PlainArray(Array(sizes.dropLast(2)) + [n, n]) { at in
          let (head, i, j) = (Array(at.dropLast(2)), at[at.count - 2], at[at.count - 1])
          return (0..<m).reduce(0) { $0 + x[0][head + [$1, i]] * x[0][head + [$1, j]] }
        }
      }),
    GradientRow(
      name: "matmul", variant: "transposed operands", domain: .range(-2, 2),
      shapes: [
        [[3, 2], [4, 3]], [[1, 1], [1, 1]], [[2, 3, 2], [2, 4, 3]], [[3, 2], [2, 4, 3]], [[0, 2], [3, 0]],
      ],
      function: { Matmul(transposesLeft: true, transposesRight: true)($0[0], $0[1]) },
      reference: { x in
        let (a, b) = (x[0], x[1])
        let (k, m) = (a.sizes[a.sizes.count - 2], a.sizes[a.sizes.count - 1])
        return PlainArray(Array(b.sizes.dropLast(2)) + [m, b.sizes[b.sizes.count - 2]]) { at in
          let (head, i, j) = (Array(at.dropLast(2)), at[at.count - 2], at[at.count - 1])
          return (0..<k).reduce(0) { $0 + a[head + [$1, i]] * b[head + [j, $1]] }
        }
      }),
    GradientRow(
      name: "matmul", domain: .range(-2, 2),
      shapes: [
        [[2, 3], [3, 4]], [[1, 1], [1, 1]], [[2, 3], [3, 1]], [[1, 3], [3, 2]], [[2, 0], [0, 3]], [[0, 2], [2, 3]],
        [[2, 2, 3], [2, 3, 2]], [[2, 2, 3], [3, 2]], [[2, 3], [2, 3, 2]], [[2, 1, 2, 3], [3, 3, 2]],
        [[9, 10], [10, 9]],
      ],
      function: { Matmul()($0[0], $0[1]) },
      reference: { x in
        let (a, b) = (x[0], x[1])
        let (m, k, n) = (a.sizes[a.sizes.count - 2], a.sizes[a.sizes.count - 1], b.sizes[b.sizes.count - 1])
        let batch = PlainArray.elementwise([
          PlainArray(Array(a.sizes.dropLast(2))) { _ in 0 }, PlainArray(Array(b.sizes.dropLast(2))) { _ in 0 },
        ]) { _ in 0 }
        return PlainArray(batch.sizes + [m, n]) { at in
          let head = Array(at.dropLast(2))
          let (i, j) = (at[at.count - 2], at[at.count - 1])
          return (0..<k).reduce(0) { $0 + a[head + [i, $1]] * b[head + [$1, j]] }
        }
      }),
  ]

  static let nondifferentiable: [GradientRow] =
    Compare.Relation.allCases.map(comparison) + Predicate.Kind.allCases.map(predicate)
    + Logical.Kind.allCases.map(logical) + place(ArgMax.self) { $0.max()! } + place(ArgMin.self) { $0.min()! }
    + histograms + [
      truth(AnyTrue.self) { $0.contains(1) ? 1 : 0 }, truth(AllTrue.self) { $0.contains(0) ? 0 : 1 },
      truth(CountTrue.self) { $0.reduce(0, +) },
      GradientRow(
        name: "withoutDerivative", domain: .range(-2, 2), order: 0, shapes: [[[3], [2]]],
        function: { WithoutDerivative(operation: "test").apply(Operands($0)) }, reference: { $0[0] }),
    ]

  private static let edges: [Double] = [-1.5, -0.5, 0.5, 0.75, 1.5]
  private static func counts(_ x: some Sequence<Double>) -> [Double] {
    (0..<4).map { bin in Double(x.count { edges[bin] <= $0 && $0 < edges[bin + 1] }) }
  }

  private static let histograms: [GradientRow] = [
    GradientRow(
      name: "histogram", type: "Histogram", domain: .range(-2, 2), order: 0,
      shapes: [[[]], [[0]], [[5]], [[2, 3]], [[3, 2, 4]], [[70]]],
      function: { Histogram().reported($0[0], Tensor<Double>(edges).erased) },
      reference: { PlainArray([4], counts($0[0].values)) }),
    GradientRow(
      name: "histogram", type: "Histogram", variant: "of rows", domain: .range(-2, 2), order: 0,
      shapes: [[[1, 4]], [[2, 0]], [[3, 70]]],
      function: { Histogram(leading: 1).reported($0[0], Tensor<Double>(edges).erased) },
      reference: { x in
        let (rows, length) = (x[0].sizes[0], x[0].sizes[1])
        return PlainArray([rows, 4], (0..<rows).flatMap { counts(x[0].values[$0 * length..<($0 + 1) * length]) })
      }),
    GradientRow(  // edges that are computed: one element between neighbours, and the last two in one bin
      name: "histogram", type: "Histogram", variant: "edges of the data", domain: .spaced, order: 0,
      shapes: [[[2]], [[5]], [[70]]],
      function: { x in
        let sorted = Sort(axis: 0, descends: false)(x[0])
        return Histogram().reported(x[0], sorted.cast(to: .float64))
      },
      reference: { x in
        let bins = x[0].values.count - 1
        return PlainArray([bins], (0..<bins).map { $0 == bins - 1 ? 2 : 1 })
      }),
  ]

  /// Elements of few values, so that some are equal.
  private static func comparison(_ relation: Compare.Relation) -> GradientRow {
    let holds: @Sendable (Double, Double) -> Bool =
      switch relation {
      case .equal: { $0 == $1 }
      case .notEqual: { $0 != $1 }
      case .less: { $0 < $1 }
      case .lessEqual: { $0 <= $1 }
      case .greater: { $0 > $1 }
      case .greaterEqual: { $0 >= $1 }
      }
    return GradientRow(
      name: relation.rawValue, type: "Compare", domain: .range(-2, 2), order: 0, shapes: binaryShapes,
      function: { Compare(relation)(Round()($0[0]), Round()($0[1])) },
      reference: {
        PlainArray.elementwise($0) {
          holds($0[0].rounded(.toNearestOrEven), $0[1].rounded(.toNearestOrEven)) ? 1 : 0
        }
      })
  }

  private static func predicate(_ kind: Predicate.Kind) -> GradientRow {
    // The logarithm of a negative number is NaN, that of 0 infinite.
    let holds: @Sendable (Double) -> Bool =
      switch kind {
      case .isNaN: { $0 < 0 }
      case .isFinite: { $0 > 0 }
      case .not: { $0 >= 0 }
      }
    return GradientRow(
      name: kind.rawValue, type: "Predicate", domain: .range(-2, 2), order: 0, shapes: unaryShapes,
      function: {
        let logarithm = Log()(Round()($0[0]))
        return kind == .not
          ? Predicate(kind: .not)(Predicate(kind: .isNaN)(logarithm)) : Predicate(kind: kind)(logarithm)
      },
      reference: { PlainArray.elementwise($0) { holds($0[0].rounded(.toNearestOrEven)) ? 1 : 0 } })
  }

  private static func logical(_ kind: Logical.Kind) -> GradientRow {
    GradientRow(
      name: kind.rawValue, type: "Logical", domain: .range(-2, 2), order: 0, shapes: binaryShapes,
      function: { x in
        let zero = AnyTensor(0, dtype: x[0].dtype)
        return Logical(kind: kind)(Compare(.greater)(x[0], zero), Compare(.greater)(x[1], zero))
      },
      reference: {
        PlainArray.elementwise($0) { kind == .and ? min(sign($0[0]), sign($0[1])) : max(sign($0[0]), sign($0[1])) }
      })
  }
  /// 1 above 0, else 0.
  private static func sign(_ x: Double) -> Double { x > 0 ? 1 : 0 }

  private static func place<R: PlaceReduction>(
    _ type: R.Type, _ extreme: @escaping @Sendable ([Double]) -> Double
  ) -> [GradientRow] {
    let cases: [(axes: [Int], shapes: [[Int]])] = [
      ([0], [[1], [5], [3, 2], [2, 3, 2], [9, 10]]), ([1], [[2, 3], [2, 3, 2]]), ([0, 1], [[2, 3], [9, 10]]),
    ]
    return cases.map { axes, shapes in
      GradientRow(
        name: R(axes: []).name, type: "\(R.self)", variant: "axes \(axes)", domain: .spaced, order: 0,
        shapes: shapes.map { [$0] },
        function: { R(axes: axes)($0[0]) },
        reference: { $0[0].reduced(axes) { Double($0.firstIndex(of: extreme($0))!) } })
    }
  }

  private static func truth<R: SingleAxisReduction>(
    _ type: R.Type, _ f: @escaping @Sendable ([Double]) -> Double
  ) -> GradientRow {
    GradientRow(
      name: R(axes: []).name, type: "\(R.self)", domain: .range(-2, 2), order: 0,
      shapes: [[[1]], [[5]], [[3, 2]], [[2, 0]], [[0, 3]], [[2, 3, 2]]],
      function: { R(axes: [0])(Compare(.greater)($0[0], AnyTensor(0, dtype: $0[0].dtype))) },
      reference: { x in PlainArray(x[0].sizes, x[0].values.map(sign)).reduced([0], f) })
  }
}
