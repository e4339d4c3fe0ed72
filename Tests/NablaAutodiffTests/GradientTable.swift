import Foundation
import Nabla
import TestSupport
import Testing

@testable import NablaAutodiff

/// Where the values of operands are drawn from.
enum Domain: Sendable {
  case range(Double, Double)
  /// At least 0.1 from every other value and operand, so that no difference step changes an order.
  case spaced
  /// At least 0.2 from every integer.
  case awayFromIntegers

  func draw(_ count: Int, operand: Int, _ generator: inout RandomGenerator) -> [Double] {
    switch self {
    case .range(let low, let high): return (0..<count).map { _ in low + (high - low) * generator.uniformDouble() }
    case .spaced:
      return (0..<count).shuffled(using: &generator).map {
        0.25 * Double($0 - count / 2) + 0.1 * Double(operand) + 0.03
      }
    case .awayFromIntegers:
      return (0..<count).map { _ in
        Double(Int(7 * generator.uniformDouble()) - 3) + 0.2 + 0.6 * generator.uniformDouble()
      }
    }
  }
}

/// One primitive: how it is called, where, and what it must give.
struct GradientRow: Sendable, CustomTestStringConvertible {
  /// The primitive's own name, which errors say.
  let name: String
  /// The primitive's type; by default of the same name.
  var type = ""
  /// What sets this row apart from others of the primitive.
  var variant = ""
  let domain: Domain
  /// Highest order of derivative that is checked; 0 for results that have none.
  var order = 2
  /// Whether an element of a batch gives what it gives alone; draws do not.
  var isSameInBatches = true
  /// Lists of the operands' shapes.
  let shapes: [[[Int]]]
  let function: @Sendable ([AnyTensor]) -> AnyTensor
  let reference: @Sendable ([PlainArray]) -> PlainArray

  /// The name of the primitive's type.
  var typeName: String { type.isEmpty ? name.prefix(1).uppercased() + name.dropFirst() : type }

  var testDescription: String { variant.isEmpty ? name : "\(name) (\(variant))" }
}

extension GradientRow {
  // A tape keeps small operands whether they are asked for or not. The longest shapes are larger than that, so that a
  // derivative which reads what its primitive does not declare fails here.
  static let unaryShapes: [[[Int]]] = [
    [[]], [[0]], [[1]], [[5]], [[2, 0]], [[1, 1]], [[2, 3]], [[3, 2, 2]], [[70]],
  ]
  static let binaryShapes: [[[Int]]] = [
    [[], []], [[1], [1]], [[0], [1]], [[3], []], [[], [2, 3]], [[2, 3], [3]], [[2, 1], [1, 3]], [[2, 3], [2, 3]],
    [[4, 1, 2], [3, 1]], [[70], [70]],
  ]

  static func unary(
    _ primitive: some UnaryElementwise, _ domain: Domain, order: Int = 2, _ f: @escaping @Sendable (Double) -> Double
  ) -> GradientRow {
    GradientRow(
      name: primitive.name, type: "\(Swift.type(of: primitive))", domain: domain, order: order, shapes: unaryShapes,
      function: { primitive($0[0]) }, reference: { PlainArray.elementwise($0) { f($0[0]) } })
  }

  static func binary(
    _ primitive: some BinaryElementwise, _ domain: Domain, _ f: @escaping @Sendable (Double, Double) -> Double
  ) -> GradientRow {
    GradientRow(
      name: primitive.name, type: "\(Swift.type(of: primitive))", domain: domain, shapes: binaryShapes,
      function: { primitive($0[0], $0[1]) }, reference: { PlainArray.elementwise($0) { f($0[0], $0[1]) } })
  }

  static func reduction<R: SingleAxisReduction>(
    _ type: R.Type, _ domain: Domain, empty: Bool = true, _ f: @escaping @Sendable ([Double]) -> Double
  ) -> [GradientRow] {
    let cases: [(axes: [Int], shapes: [[Int]])] = [
      ([], [[], [3]]), ([0], [[1], [4], [3, 2], [2, 3, 2]]), ([1], [[2, 3], [2, 1], [2, 3, 2]]),
      ([0, 1], [[2, 3], [1, 1], [9, 10]]), ([0, 2], [[2, 3, 2]]), ([1, 2], [[2, 3, 2]]),
    ]
    let rows = cases.map { axes, shapes in
      GradientRow(
        name: R(axes: []).name, variant: "axes \(axes)", domain: domain, shapes: shapes.map { [$0] },
        function: { R(axes: axes)($0[0]) }, reference: { $0[0].reduced(axes, f) })
    }
    guard empty else { return rows }
    return rows + [
      GradientRow(
        name: R(axes: []).name, variant: "empty", domain: domain, shapes: [[[2, 0]], [[0, 3]]],
        function: { R(axes: [0])($0[0]) }, reference: { $0[0].reduced([0], f) })
    ]
  }

  /// One of the results of moments, and both: the other's cotangent is absent, or there.
  static func moments(_ result: Int, _ f: @escaping @Sendable ([Double]) -> Double) -> [GradientRow] {
    let cases: [(axes: [Int], shapes: [[Int]])] = [
      ([0], [[1], [4], [3, 2], [9, 10]]), ([1], [[2, 3], [2, 3, 2]]), ([0, 1], [[2, 3], [9, 10]]),
      ([0, 2], [[2, 3, 2]]),
    ]
    return cases.map { axes, shapes in
      GradientRow(
        name: "variance", type: "Moments", variant: "result \(result), axes \(axes)", domain: .range(-2, 2),
        shapes: shapes.map { [$0] },
        function: { Moments(axes: axes).results(of: Operands($0), count: 2)[result] },
        reference: { $0[0].reduced(axes, f) })
    }
  }

  static func multiplyAdd(
    _ form: MultiplyAdd.Form, _ f: @escaping @Sendable (Double, Double, Double) -> Double
  ) -> GradientRow {
    GradientRow(
      name: MultiplyAdd(form).name, type: "MultiplyAdd", variant: "\(form)", domain: .range(-2, 2),
      shapes: [
        [[], [], []], [[0], [1], [0]], [[3], [], [3]], [[], [3], [3]], [[3], [3], []], [[3], [], []],
        [[], [], [2, 3]],
        [[2, 3], [3], [2, 1]], [[2, 1], [1, 3], [2, 3]], [[4, 1, 2], [3, 1], [2]], [[70], [70], [70]],
      ],
      function: { MultiplyAdd(form).apply(Operands($0)) },
      reference: { PlainArray.elementwise($0) { f($0[0], $0[1], $0[2]) } })
  }

  /// Every primitive; a test compares the names with the sources.
  static let all: [GradientRow] =
    unaries + binaries + reductions + rowMaps + structural + matrices + linalg + nondifferentiable + order

  static let unaries: [GradientRow] = [
    .unary(Negate(), .range(-2, 2)) { -$0 },
    .unary(Exp(), .range(-2, 2)) { exp($0) },
    .unary(Expm1(), .range(-2, 2)) { expm1($0) },
    .unary(Log(), .range(0.5, 3)) { log($0) },
    .unary(Log1p(), .range(-0.5, 3)) { log1p($0) },
    .unary(Sqrt(), .range(0.5, 3)) { $0.squareRoot() },
    .unary(Rsqrt(), .range(0.5, 3)) { 1 / $0.squareRoot() },
    .unary(Square(), .range(-2, 2)) { $0 * $0 },
    .unary(Reciprocal(), .range(0.5, 3)) { 1 / $0 },
    .unary(Abs(), .awayFromIntegers) { abs($0) },
    .unary(Sign(), .awayFromIntegers) { $0 > 0 ? 1 : -1 },
    .unary(Floor(), .awayFromIntegers) { $0.rounded(.down) },
    .unary(Ceil(), .awayFromIntegers) { $0.rounded(.up) },
    .unary(Round(), .range(0.6, 1.4)) { $0.rounded(.toNearestOrEven) },
    .unary(Relu(), .awayFromIntegers) { max($0, 0) },
    .unary(Sin(), .range(-2, 2)) { sin($0) },
    .unary(Cos(), .range(-2, 2)) { cos($0) },
    .unary(Tan(), .range(-1, 1)) { tan($0) },
    .unary(Asin(), .range(-0.7, 0.7)) { asin($0) },
    .unary(Acos(), .range(-0.7, 0.7)) { acos($0) },
    .unary(Atan(), .range(-2, 2)) { atan($0) },
    .unary(Sinh(), .range(-2, 2)) { sinh($0) },
    .unary(Cosh(), .range(-2, 2)) { cosh($0) },
    .unary(Tanh(), .range(-2, 2)) { tanh($0) },
    .unary(Asinh(), .range(-2, 2)) { asinh($0) },
    .unary(Acosh(), .range(1.5, 3)) { acosh($0) },
    .unary(Atanh(), .range(-0.7, 0.7)) { atanh($0) },
    .unary(Erf(), .range(-2, 2)) { erf($0) },
    .unary(Sigmoid(), .range(-3, 3)) { 1 / (1 + exp(-$0)) },
    .unary(Softplus(), .range(-3, 3)) { log1p(exp($0)) },
    .unary(Cube(), .range(-2, 2)) { $0 * $0 * $0 },
    .unary(Gelu(), .range(-3, 3)) { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 },
    .unary(GeluSlope(), .range(-3, 3)) {
      erfc(-$0 / 2.0.squareRoot()) / 2 + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot()
    },
    .unary(Silu(), .range(-3, 3)) { $0 / (1 + exp(-$0)) },
    .unary(SiluSlope(), .range(-3, 3)) { (1 + $0 / (1 + exp($0))) / (1 + exp(-$0)) },
  ]

  static let binaries: [GradientRow] = [
    .binary(Add(), .range(-2, 2)) { $0 + $1 },
    .binary(Subtract(), .range(-2, 2)) { $0 - $1 },
    .binary(Multiply(), .range(-2, 2)) { $0 * $1 },
    .binary(Divide(), .range(0.5, 3)) { $0 / $1 },
    .binary(Power(), .range(0.5, 2)) { pow($0, $1) },
    .binary(Atan2(), .range(0.5, 2)) { atan2($0, $1) },
    .binary(Maximum(), .spaced) { max($0, $1) },
    .binary(Minimum(), .spaced) { min($0, $1) },
    .multiplyAdd(.sum) { $0 * $1 + $2 },
    .multiplyAdd(.minusAddend) { $0 * $1 - $2 },
    .multiplyAdd(.minusProduct) { $2 - $0 * $1 },
    GradientRow(
      name: "select", domain: .range(-2, 2),
      shapes: [
        [[], []], [[0], [0]], [[3], []], [[2, 3], [3]], [[2, 3], [2, 3]], [[2, 1], [1, 3]], [[300], [300]],
      ],
      function: { x in
        // The mask is a constant of alternating elements, of the common shape.
        let shape = x[0].shape.broadcast(with: x[1].shape)!
        let mask = Tensor<Bool>(shape: shape, scalars: (0..<shape.elementCount).map { $0 % 2 == 0 })
        return Select().apply(Operands([mask.erased, x[0], x[1]]))
      },
      reference: { x in
        let common = PlainArray.elementwise(x) { $0[0] }
        let numbers = PlainArray(common.sizes, (0..<common.values.count).map { Double($0 % 2) })
        return PlainArray.elementwise([numbers] + x) { $0[0] == 0 ? $0[1] : $0[2] }
      }),
  ]

  static let reductions: [GradientRow] =
    reduction(Sum.self, .range(-2, 2)) { $0.reduce(0, +) }
    + reduction(Product.self, .range(0.5, 1.5)) { $0.reduce(1, *) }
    + reduction(Max.self, .spaced, empty: false) { $0.max()! }
    + reduction(Min.self, .spaced, empty: false) { $0.min()! }
    + reduction(LogSumExp.self, .range(-2, 2), empty: false) { log($0.reduce(0) { $0 + exp($1) }) }
    + reduction(Norm.self, .awayFromIntegers) { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    + moments(0) { $0.reduce(0, +) / Double($0.count) }
    + moments(1) { x in
      let mean = x.reduce(0, +) / Double(x.count)
      return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    }
    + [
      GradientRow(
        name: "cumulativeSum", domain: .range(-2, 2), shapes: [[[0]], [[1]], [[5]], [[3, 2]], [[2, 3, 2]]],
        function: { CumulativeSum(axis: 0)($0[0]) },
        reference: { x in PlainArray(x[0].sizes) { at in (0...at[0]).reduce(0) { $0 + x[0][[$1] + at.dropFirst()] } } }),
      GradientRow(
        name: "linearRecurrence", domain: .range(-1, 1),
        shapes: [[[0], [1]], [[4], [5]], [[2, 2], [3, 2]], [[69], [70]]],
        function: { LinearRecurrence(axis: 0)($0[0], $0[1]) },
        reference: { x in
          func state(_ k: Int, _ rest: [Int]) -> Double {
            x[1][[k] + rest] + (k == 0 ? 0 : x[0][[k - 1] + rest] * state(k - 1, rest))
          }
          return PlainArray(x[1].sizes) { state($0[0], Array($0.dropFirst())) }
        }),
      GradientRow(
        name: "linearRecurrence", variant: "reversed", domain: .range(-1, 1),
        shapes: [[[2, 3], [2, 4]], [[0, 1], [0, 2]], [[2, 2, 2], [2, 3, 2]], [[17, 8], [17, 9]]],
        function: { LinearRecurrence(axis: 1, isReversed: true)($0[0], $0[1]) },
        reference: { x in
          let n = x[1].sizes[1]
          func state(_ at: [Int]) -> Double {
            var next = at
            next[1] += 1
            return x[1][at] + (next[1] == n ? 0 : x[0][at] * state(next))
          }
          return PlainArray(x[1].sizes) { state($0) }
        }),
    ]

  static let rowMaps: [GradientRow] = [
    rowMap(Softmax()) { row in row.map { exp($0) / row.reduce(0) { $0 + exp($1) } } },
    rowMap(LogSoftmax()) { row in row.map { $0 - log(row.reduce(0) { $0 + exp($1) }) } },
  ]

  private static func rowMap(
    _ primitive: some RowMap, _ f: @escaping @Sendable ([Double]) -> [Double]
  ) -> GradientRow {
    GradientRow(
      name: primitive.name, domain: .range(-2, 2),
      // Rows that a kernel takes several at a time, and one that it takes alone.
      shapes: [[[1]], [[0]], [[5]], [[2, 0]], [[0, 2]], [[2, 1]], [[2, 3]], [[3, 2, 2]], [[9, 10]], [[2, 70]]],
      function: { primitive($0[0]) },
      reference: { x in
        let length = x[0].sizes.last!
        let starts = stride(from: 0, to: x[0].values.count, by: max(1, length))
        return PlainArray(x[0].sizes, starts.flatMap { f(Array(x[0].values[$0..<($0 + length)])) })
      })
  }
}
