import CKernels
import Foundation
import Nabla
import TestSupport
import Testing

/// Where the vectorized functions could differ from plain ones: at the ends of their domains, and in the parts of a
/// loop that are not whole vectors.
@Suite struct MathKernelTests {
  private struct Function<S: FloatingPointScalar>: Sendable {
    let name: String
    let op: nabla_unary_op
    /// The C library's in Double, which is rounded once to a narrower type.
    let reference: @Sendable (Double) -> Double

    func callAsFunction(_ x: [S]) -> [S] {
      [S](unsafeUninitializedCapacity: x.count) { y, count in
        nabla_unary_kernel(op, S.dtype.rawValue)!(x, 1, y.baseAddress!, x.count)
        count = x.count
      }
    }
  }

  private static func all<S: FloatingPointScalar>() -> [Function<S>] {
    [
      Function(name: "exp", op: NABLA_EXP, reference: { exp($0) }),
      Function(name: "expm1", op: NABLA_EXPM1, reference: { expm1($0) }),
      Function(name: "log", op: NABLA_LOG, reference: { log($0) }),
      Function(name: "log1p", op: NABLA_LOG1P, reference: { log1p($0) }),
      Function(name: "sin", op: NABLA_SIN, reference: { sin($0) }),
      Function(name: "cos", op: NABLA_COS, reference: { cos($0) }),
      Function(name: "tan", op: NABLA_TAN, reference: { tan($0) }),
      Function(name: "sinh", op: NABLA_SINH, reference: { sinh($0) }),
      Function(name: "cosh", op: NABLA_COSH, reference: { cosh($0) }),
      Function(name: "tanh", op: NABLA_TANH, reference: { tanh($0) }),
      Function(name: "asin", op: NABLA_ASIN, reference: { asin($0) }),
      Function(name: "acos", op: NABLA_ACOS, reference: { acos($0) }),
      Function(name: "atan", op: NABLA_ATAN, reference: { atan($0) }),
      Function(name: "asinh", op: NABLA_ASINH, reference: { asinh($0) }),
      Function(name: "acosh", op: NABLA_ACOSH, reference: { acosh($0) }),
      Function(name: "atanh", op: NABLA_ATANH, reference: { atanh($0) }),
      Function(name: "erf", op: NABLA_ERF, reference: { erf($0) }),
    ]
  }

  /// Zeros, ones, the ends of the range, whole and half numbers, and neighbours of the arguments where formulas change.
  private static func awkward<S: FloatingPointScalar>() -> [S] {
    let plain: [S] = [
      0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 10, 20, 22, 89, 104, 710, 746, 1e6, 0x1p20, 16_777_215, 0x1p24, 0x1p53,
      S.leastNonzeroMagnitude, S.leastNormalMagnitude, S.leastNormalMagnitude.nextDown, S.greatestFiniteMagnitude,
      S.ulpOfOne, S.pi, S.pi / 2, .infinity,
    ]
    let near = plain.flatMap { [$0.nextDown, $0, $0.nextUp] }
    return near + near.map { -$0 } + [.nan]
  }

  /// A tolerance in units in the last place, except that NaN, infinities and zeros have to be those, with their signs.
  private func expectAlike<S: FloatingPointScalar>(_ seen: S, _ expected: S, _ what: @autoclosure () -> String) {
    if expected == 0 || seen == 0 || !expected.isFinite {
      let agrees = expected.isNaN ? seen.isNaN : seen == expected && seen.sign == expected.sign
      if !agrees { Issue.record("\(what()) is \(seen), expected \(expected)") }
    } else {
      expectClose(seen, expected, .ulps(4), what())
    }
  }

  private func checkEnds<S: FloatingPointScalar>(_ type: S.Type) {
    let x: [S] = Self.awkward()
    for f: Function<S> in Self.all() {
      for (x, y) in zip(x, f(x)) { expectAlike(y, S(f.reference(Double(x))), "\(f.name)(\(x)) of \(S.self)") }
    }
  }
  @Test func endsOfDomainsOfFloat() { checkEnds(Float.self) }
  @Test func endsOfDomainsOfDouble() { checkEnds(Double.self) }

  private func checkPairs<S: FloatingPointScalar>(
    _ type: S.Type, _ name: String, _ op: nabla_binary_op, _ reference: (Double, Double) -> Double
  ) {
    let values: [S] = Self.awkward()
    let kernel = nabla_binary_kernel(op, S.dtype.rawValue)!
    for a in values {
      var y = [S](repeating: 0, count: values.count)
      kernel([a], 0, values, 1, &y, y.count)
      for (b, y) in zip(values, y) {
        expectAlike(y, S(reference(Double(a), Double(b))), "\(name)(\(a), \(b)) of \(S.self)")
      }
    }
  }
  @Test func endsOfDomainsOfPairs() {
    checkPairs(Float.self, "pow", NABLA_POWER) { pow($0, $1) }
    checkPairs(Double.self, "pow", NABLA_POWER) { pow($0, $1) }
    checkPairs(Float.self, "atan2", NABLA_ATAN2) { atan2($0, $1) }
    checkPairs(Double.self, "atan2", NABLA_ATAN2) { atan2($0, $1) }
  }

  /// Numbers of every size that the functions treat apart, with one that sin, cos and tan send to the C library.
  private func sample<S: FloatingPointScalar>(_ count: Int, _ generator: inout RandomGenerator) -> [S] {
    (0..<count).map { index in
      if index == 40 { return 1e30 }
      let size: S = [0.01, 0.5, 1, 3, 100][generator.below(5)]
      return (S(generator.below(1 << 20)) / 524288 - 1) * size
    }
  }

  private func bits<S: FloatingPointScalar>(_ x: [S]) -> [UInt64] { x.map { $0.isNaN ? 0 : UInt64(bitsOf: $0) } }

  private func checkPlaces<S: FloatingPointScalar>(_ type: S.Type, _ op: nabla_unary_op) {
    var generator = RandomGenerator(seed: 11)
    let kernel = nabla_unary_kernel(op, S.dtype.rawValue)!
    let x: [S] = sample(150, &generator)
    var alone = [S](repeating: 0, count: x.count)
    for index in x.indices { kernel([x[index]], 1, &alone[index], 1) }
    for count in [1, 3, 7, 15, 31, 63, 64, 65, 100, 127, 150] {
      for start in [0, 1, x.count - count] where start + count <= x.count {
        var y = Array(x[start..<start + count])
        y.withUnsafeMutableBytes { kernel($0.baseAddress!, 1, $0.baseAddress!, count) }
        #expect(bits(y) == bits(Array(alone[start..<start + count])), "\(op) of \(S.self), \(count) from \(start)")
      }
    }
    var y = [S](repeating: 0, count: 50)
    kernel(x, 3, &y, 50)
    #expect(bits(y) == (0..<50).map { bits(alone)[3 * $0] }, "\(op) of \(S.self), every third")
    kernel(x, 0, &y, 50)
    #expect(bits(y) == (0..<50).map { _ in bits(alone)[0] }, "\(op) of \(S.self), repeated")
  }

  /// A result is the same bits wherever its argument stands, with whatever neighbours, in place or not.
  @Test func resultsDoNotDependOnPlaces() {
    for op in NABLA_EXP.rawValue...NABLA_SOFTPLUS.rawValue {
      checkPlaces(Float.self, nabla_unary_op(rawValue: op))
      checkPlaces(Double.self, nabla_unary_op(rawValue: op))
    }
  }

  private func checkPlacesOfPairs<S: FloatingPointScalar>(_ type: S.Type, _ op: nabla_binary_op) {
    var generator = RandomGenerator(seed: 12)
    let kernel = nabla_binary_kernel(op, S.dtype.rawValue)!
    let a: [S] = sample(150, &generator), b: [S] = sample(150, &generator)
    var alone = [S](repeating: 0, count: a.count)
    for index in a.indices { kernel([a[index]], 1, [b[index]], 1, &alone[index], 1) }
    for count in [1, 7, 31, 63, 65, 127, 150] {
      var y = Array(a.prefix(count))
      y.withUnsafeMutableBytes { kernel($0.baseAddress!, 1, b, 1, $0.baseAddress!, count) }
      #expect(bits(y) == bits(Array(alone.prefix(count))), "\(op) of \(S.self), \(count), in place of the first")
      y = Array(b.prefix(count))
      y.withUnsafeMutableBytes { kernel(a, 1, $0.baseAddress!, 1, $0.baseAddress!, count) }
      #expect(bits(y) == bits(Array(alone.prefix(count))), "\(op) of \(S.self), \(count), in place of the second")
    }
    var (y, expected) = ([S](repeating: 0, count: 50), [S](repeating: 0, count: 50))
    kernel(a, 3, b, 2, &y, 50)
    for index in 0..<50 { kernel([a[3 * index]], 1, [b[2 * index]], 1, &expected[index], 1) }
    #expect(bits(y) == bits(expected), "\(op) of \(S.self), strided")
    kernel(a, 0, b, 1, &y, 50)
    for index in 0..<50 { kernel([a[0]], 1, [b[index]], 1, &expected[index], 1) }
    #expect(bits(y) == bits(expected), "\(op) of \(S.self), one with many")
  }
  @Test func pairsDoNotDependOnPlaces() {
    for op in [NABLA_POWER, NABLA_ATAN2] {
      checkPlacesOfPairs(Float.self, op)
      checkPlacesOfPairs(Double.self, op)
    }
  }

  /// What the rounding of the arguments alone would hide: values that are known exactly.
  @Test func knownValues() {
    let x: [Float] = (1...20).map { Float($0) }
    #expect(pow(Tensor(x), Tensor(3)).scalars == x.map { $0 * $0 * $0 })
    #expect(pow(Tensor(-x[2]), Tensor<Float>([0, 1, 2, 3, 4])).scalars == [1, -3, 9, -27, 81])
    let y: [Double] = (1...20).map { Double($0) }
    #expect(pow(Tensor(y), Tensor(5)).scalars == y.map { $0 * $0 * $0 * $0 * $0 })
    #expect(
      pow(Tensor<Double>(2), Tensor((-1074...1023).map { Double($0) })).scalars
        == (-1074...1023).map {
          Double(sign: .plus, exponent: $0, significand: 1)
        })
    #expect(acos(Tensor<Double>([1, -1, 0])).scalars == [0, .pi, .pi / 2])
    #expect(acosh(Tensor<Double>(1)).scalars == [0] && cosh(Tensor<Double>(0)).scalars == [1])
  }
}

extension UInt64 {
  fileprivate init<S: FloatingPointScalar>(bitsOf x: S) { self = Double(x).bitPattern }
}
