import CKernels
import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

/// The kernels against the C library, element by element, in each stride pattern: dense, one element, strided.
@Suite struct ElementwiseTests {
  static let awkward: [Double] = [
    0, -0.0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3.75, -7.25, 0.1, 1e-3, -1e-3, 20, -20, 88.5, -88.5, 100, -100,
    709, -709, 1e10, -1e10, 1e30, -1e30, 1e-30, -1e-30, .infinity, -.infinity, .nan, .pi, -.pi / 2, 0.9999, -0.9999,
    .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1e-40, 2.2250738585072014e-308, 1.7976931348623157e308,
    -1.7976931348623157e308, 1.1754944e-38,
    3.4028235e38, 4503599627370497.5, 8388609.5,
  ]

  /// A tensor in several layouts, which all hold the same elements in the same order.
  private func layouts<S: FloatingPointScalar>(_ x: [S]) -> [(String, Tensor<S>)] {
    let dense = Tensor(x)
    let apart = stack([dense, Tensor(repeating: 9, shape: dense.shape)], axis: 1)[.all, 0]
    return [("dense", dense), ("strided", apart), ("reversed", Tensor(Array(x.reversed())).reversed(axis: 0))]
  }

  private func check<S: FloatingPointScalar>(
    _ name: String, _ ulps: Double, _ f: (Tensor<S>) -> Tensor<S>, _ reference: (S) -> S
  ) {
    let x = Self.awkward.map { S($0) }
    for (layout, t) in layouts(x) {
      expectClose(f(t), shape: t.shape, x.map(reference), .ulps(ulps), "\(name) of \(S.self), \(layout)")
    }
    for value in x {
      let repeated = f(Tensor(repeating: value, shape: [2, 3]))
      expectClose(
        repeated, shape: [2, 3], [S](repeating: reference(value), count: 6), .ulps(ulps), "\(name)(\(value)), repeated")
    }
    #expect(f(Tensor(zeros: [0, 2])).shape == [0, 2])
  }

  // Transcendental functions may differ from the C library's by the bound of a good implementation; the others are
  // correctly rounded.
  @Test func functionsOfFloat() {
    check("exp", 2, Nabla.exp) { Foundation.exp($0) as Float }
    check("expm1", 2, Nabla.expm1) { Foundation.expm1($0) as Float }
    check("log", 2, Nabla.log) { Foundation.log($0) as Float }
    check("log1p", 2, Nabla.log1p) { Foundation.log1p($0) as Float }
    check("sin", 2, Nabla.sin) { Foundation.sin($0) as Float }
    check("cos", 2, Nabla.cos) { Foundation.cos($0) as Float }
    check("tan", 2, Nabla.tan) { Foundation.tan($0) as Float }
    check("sinh", 3, Nabla.sinh) { Foundation.sinh($0) as Float }
    check("cosh", 3, Nabla.cosh) { Foundation.cosh($0) as Float }
    check("tanh", 3, Nabla.tanh) { Foundation.tanh($0) as Float }
    check("asin", 2, Nabla.asin) { Foundation.asin($0) as Float }
    check("acos", 2, Nabla.acos) { Foundation.acos($0) as Float }
    check("atan", 2, Nabla.atan) { Foundation.atan($0) as Float }
    check("asinh", 3, Nabla.asinh) { Foundation.asinh($0) as Float }
    check("acosh", 3, Nabla.acosh) { Foundation.acosh($0) as Float }
    check("atanh", 3, Nabla.atanh) { Foundation.atanh($0) as Float }
    check("erf", 2, Nabla.erf) { Foundation.erf($0) as Float }
    check("sqrt", 0, Nabla.sqrt) { $0.squareRoot() as Float }
    check("rsqrt", 1, Nabla.rsqrt) { 1 / $0.squareRoot() as Float }
    check("reciprocal", 0, Nabla.reciprocal) { 1 / $0 as Float }
    check("floor", 0, Nabla.floor) { $0.rounded(.down) as Float }
    check("ceil", 0, Nabla.ceil) { $0.rounded(.up) as Float }
    check("round", 0, Nabla.round) { $0.rounded(.toNearestOrEven) as Float }
    check("square", 0, Nabla.square) { $0 * $0 as Float }
    check("abs", 0, { Nabla.abs($0) }) { Swift.abs($0) as Float }
    check("negate", 0, { -$0 }) { -$0 as Float }
    check("sign", 0, Nabla.sign) { signReference($0) as Float }
    check("relu", 0, Nabla.relu) { $0 > 0 || $0.isNaN ? $0 : 0 as Float }
    check("sigmoid", 3, Nabla.sigmoid) { sigmoidReference(Double($0)) as Float }
    check("softplus", 3, Nabla.softplus) { softplusReference(Double($0)) as Float }
  }

  @Test func functionsOfDouble() {
    check("exp", 2, Nabla.exp) { Foundation.exp($0) as Double }
    check("expm1", 2, Nabla.expm1) { Foundation.expm1($0) as Double }
    check("log", 2, Nabla.log) { Foundation.log($0) as Double }
    check("log1p", 2, Nabla.log1p) { Foundation.log1p($0) as Double }
    check("sin", 2, Nabla.sin) { Foundation.sin($0) as Double }
    check("cos", 2, Nabla.cos) { Foundation.cos($0) as Double }
    check("tan", 2, Nabla.tan) { Foundation.tan($0) as Double }
    check("sinh", 3, Nabla.sinh) { Foundation.sinh($0) as Double }
    check("cosh", 3, Nabla.cosh) { Foundation.cosh($0) as Double }
    check("tanh", 3, Nabla.tanh) { Foundation.tanh($0) as Double }
    check("asin", 2, Nabla.asin) { Foundation.asin($0) as Double }
    check("acos", 2, Nabla.acos) { Foundation.acos($0) as Double }
    check("atan", 2, Nabla.atan) { Foundation.atan($0) as Double }
    check("asinh", 3, Nabla.asinh) { Foundation.asinh($0) as Double }
    check("acosh", 3, Nabla.acosh) { Foundation.acosh($0) as Double }
    check("atanh", 3, Nabla.atanh) { Foundation.atanh($0) as Double }
    check("erf", 2, Nabla.erf) { Foundation.erf($0) as Double }
    check("sqrt", 0, Nabla.sqrt) { $0.squareRoot() as Double }
    check("rsqrt", 1, Nabla.rsqrt) { 1 / $0.squareRoot() as Double }
    check("reciprocal", 0, Nabla.reciprocal) { 1 / $0 as Double }
    check("floor", 0, Nabla.floor) { $0.rounded(.down) as Double }
    check("ceil", 0, Nabla.ceil) { $0.rounded(.up) as Double }
    check("round", 0, Nabla.round) { $0.rounded(.toNearestOrEven) as Double }
    check("square", 0, Nabla.square) { $0 * $0 as Double }
    check("abs", 0, { Nabla.abs($0) }) { Swift.abs($0) as Double }
    check("negate", 0, { -$0 }) { -$0 as Double }
    check("sign", 0, Nabla.sign) { signReference($0) as Double }
    check("relu", 0, Nabla.relu) { $0 > 0 || $0.isNaN ? $0 : 0 as Double }
    check("sigmoid", 3, Nabla.sigmoid) { sigmoidReference($0) as Double }
    check("softplus", 3, Nabla.softplus) { softplusReference($0) as Double }
  }

  /// Φ by erfc, whose tail does not cancel. Its own argument is rounded, which changes the value by x² units.
  @Test func activationsInTheirTails() {
    func check<S: FloatingPointScalar>(_ x: S, _ tolerance: Double) {
      let (wide, tensor) = (Double(x), Tensor<S>([x]))
      let tolerance = tolerance + wide * wide * Double.ulpOfOne
      let expected = wide * Foundation.erfc(-wide / 2.0.squareRoot()) / 2
      #expect(Swift.abs(Double(gelu(tensor).scalars[0]) - expected) <= tolerance * Swift.abs(expected), "gelu(\(x))")
      let logistic = wide / (1 + Foundation.exp(-wide))
      #expect(Swift.abs(Double(silu(tensor).scalars[0]) - logistic) <= tolerance * Swift.abs(logistic), "silu(\(x))")
    }
    for step in -120...80 { check(Float(step) / 10, 1e-6) }
    for step in -370...200 { check(Double(step) / 10, 4e-15) }
    let edges = Tensor<Double>([-.infinity, .infinity, 0, -0.0])
    #expect(gelu(edges).scalars == [0, .infinity, 0, 0] && silu(edges).scalars == [0, .infinity, 0, 0])
    #expect(gelu(Tensor<Float>([.nan])).scalars[0].isNaN && silu(Tensor<Float>([.nan])).scalars[0].isNaN)
    let slopes = gradient(at: edges) { (gelu($0) + silu($0)).sum() }
    for (slope, expected) in zip(slopes.scalars, [0.0, 2, 1, 1]) { #expect(Swift.abs(slope - expected) <= 1e-15) }
  }

  @Test func powersByProducts() {
    let x: [Double] = [-2.5, -0.0, 0, 0.3, 1, 7, .infinity, -.infinity]
    for exponent in [2.0, 3, 4, -1] {
      for (a, b) in zip(pow(Tensor(x), exponent).scalars, x.map { Foundation.pow($0, exponent) }) {
        #expect(a == b || Swift.abs(a - b) <= 3 * b.ulp, "\(exponent)")
      }
    }
    let slope = gradient(at: Tensor<Double>([-2, 0, 3])) { pow($0, 3).sum() }
    #expect(slope.scalars == [12, 0, 27])
  }

  private func signReference<S: FloatingPointScalar>(_ x: S) -> S { x > 0 ? 1 : x < 0 ? -1 : x }
  private func sigmoidReference<S: FloatingPointScalar>(_ x: Double) -> S {
    let e = Foundation.exp(-Swift.abs(x))
    return S((x >= 0 ? 1 : e) / (1 + e))
  }

  /// ln(1 + eˣ) in Double, rounded once to a narrower type.
  private func softplusReference<S: FloatingPointScalar>(_ x: Double) -> S {
    x.isNaN ? .nan : S(Swift.max(x, 0) + Foundation.log1p(Foundation.exp(-Swift.abs(x))))
  }

  @Test func signedZeros() {
    let zeros = Tensor<Float>([0, -0.0])
    func signs(_ t: Tensor<Float>) -> [FloatingPointSign] { t.scalars.map(\.sign) }
    #expect(signs(-zeros) == [.minus, .plus])
    #expect(signs(sqrt(zeros)) == [.plus, .minus])
    #expect(signs(floor(zeros)) == [.plus, .minus])
    #expect(signs(round(Tensor<Float>([0.25, -0.25]))) == [.plus, .minus])
    #expect(signs(sin(zeros)) == [.plus, .minus])
    #expect(signs(abs(zeros)) == [.plus, .plus])
    #expect(reciprocal(zeros).scalars == [.infinity, -.infinity])
  }

  private func check<S: FloatingPointScalar>(
    _ name: String, _ ulps: Double, _ f: (Tensor<S>, Tensor<S>) -> Tensor<S>, _ reference: (S, S) -> S
  ) {
    let values = Self.awkward.map { S($0) }
    let (x, y) = (values.flatMap { v in values.map { _ in v } }, values.flatMap { _ in values })
    let expected = zip(x, y).map(reference)
    for (first, a) in layouts(x) {
      for (second, b) in layouts(y) {
        expectClose(f(a, b), shape: a.shape, expected, .ulps(ulps), "\(name) of \(S.self), \(first) and \(second)")
      }
    }
    let (column, row) = (Tensor(values).expandingDimension(at: 1), Tensor(values))
    expectClose(f(column, row), shape: [values.count, values.count], expected, .ulps(ulps), "\(name), broadcast")
    for value in values {
      expectClose(f(Tensor(value), row), values.map { reference(value, $0) }, .ulps(ulps), "\(name)(\(value), row)")
      expectClose(f(row, Tensor(value)), values.map { reference($0, value) }, .ulps(ulps), "\(name)(row, \(value))")
    }
  }

  private func checkPairs<S: FloatingPointScalar>(_ type: S.Type, _ power: (S, S) -> S) {
    check("+", 0, { $0 + $1 }) { $0 + $1 as S }
    check("-", 0, { $0 - $1 }) { $0 - $1 as S }
    check("*", 0, { $0 * $1 }) { $0 * $1 as S }
    check("/", 0, { $0 / $1 }) { $0 / $1 as S }
    check("maximum", 0, { maximum($0, $1) }) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) as S }
    check("minimum", 0, { minimum($0, $1) }) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) as S }
    check("pow", 2, { pow($0, $1) }, power)
  }
  @Test func pairsOfFloat() { checkPairs(Float.self) { Foundation.pow($0, $1) } }
  @Test func pairsOfDouble() { checkPairs(Double.self) { Foundation.pow($0, $1) } }

  /// Lengths around the widths of vectors, where the loop's remainder begins.
  @Test func everyLength() {
    for count in 0..<70 {
      let x = (0..<count).map { Float($0) - 30 }
      let t = Tensor(x)
      #expect((t + 1).scalars == x.map { $0 + 1 } && square(t).scalars == x.map { $0 * $0 })
      #expect((t .< Tensor(0)).scalars == x.map { $0 < 0 })
      let bytes = x.map { UInt8(truncatingIfNeeded: Int($0)) }
      #expect((Tensor(bytes) * 3).scalars == bytes.map { $0 &* 3 })
    }
  }

  @Test func comparisons() {
    let values: [Double] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan]
    for a in values {
      for b in values {
        let (x, y) = (Tensor<Double>([a, a]), Tensor<Double>([b, b]))
        #expect((x .== y).scalars == [a == b, a == b])
        #expect((x .!= y).scalars == [a != b, a != b])
        #expect((x .< y).scalars == [a < b, a < b])
        #expect((x .<= y).scalars == [a <= b, a <= b])
        #expect((x .> y).scalars == [a > b, a > b])
        #expect((x .>= y).scalars == [a >= b, a >= b])
      }
    }
    let x = Tensor<Double>(values)
    #expect(x.isNaN.scalars == values.map(\.isNaN) && x.isFinite.scalars == values.map(\.isFinite))
    let p = Tensor<Bool>([true, true, false, false]), q = Tensor<Bool>([true, false, true, false])
    #expect((p .&& q).scalars == [true, false, false, false])
    #expect((p .|| q).scalars == [true, true, true, false])
    #expect((!p).scalars == [false, false, true, true])
    #expect((p .== q).scalars == [true, false, false, true])
    func close(_ a: [Double], _ b: [Double]) -> Bool { Tensor(a).allClose(Tensor(b)) }
    #expect(close([1, .infinity, 0], [1 + 1e-9, .infinity, 1e-9]))
    #expect(!close([.nan], [.nan]) && !close([.infinity], [-.infinity]))
    #expect(!close([.infinity], [1]) && !close([1], [.infinity]) && !close([1], [1.001]))
  }

  @Test func selecting() {
    let mask = Tensor<Bool>([[true], [false]])
    expectEqual(
      select(mask, Tensor<Float>([1, 2]), Tensor<Float>([3, 4])), shape: [2, 2], [1, 2, 3, 4])
    expectEqual(select(Tensor(true), Tensor<Int64>([1, 2]), Tensor<Int64>(9)), shape: [2], [1, 2])
    var generator = RandomGenerator(seed: 5)
    for _ in 0..<100 {
      let m = RandomView<Bool>(rank: 3, using: &generator) { _, g in g.below(2) == 0 }
      let a = (0..<m.scalars.count).map { Float($0) }
      let y = select(m.tensor, Tensor(shape: m.tensor.shape, scalars: a), Tensor(-1))
      #expect(y.scalars == zip(m.scalars, a).map { $0 ? $1 : -1 })
    }
    #expect(clip(Tensor<Float>([-2, 0.5, 3, .nan]), -1, 1).scalars.prefix(3) == [-1, 0.5, 1])
    #expect(clip(Tensor<Float>([.nan]), -1, 1).scalars[0].isNaN)
  }

  /// Masks of one column, one row and every element, beside operands that are laid out otherwise.
  @Test func selectingWithBroadcastMasks() {
    let (rows, columns) = (37, 70)
    let a = (0..<rows * columns).map { Float($0) }
    let x = Tensor(shape: [rows, columns], scalars: a)
    let transposed = Tensor(shape: [columns, rows], scalars: a).transposed()
    let row = Tensor((0..<columns).map { -Float($0) })
    let masks = [[rows, 1], [columns], [rows, columns], [1, 1]].map { sizes in
      let count = sizes.reduce(1, *)
      return Tensor(shape: Shape(sizes), scalars: (0..<count).map { $0 * 7 % 3 == 0 })
    }
    for mask in masks {
      let m = mask.broadcast(to: [rows, columns]).scalars
      for (yes, no) in [(x, transposed), (transposed, x), (x, row), (row, x), (x, Tensor(-1)), (Tensor(-1), x)] {
        let (u, v) = (yes.broadcast(to: x.shape).scalars, no.broadcast(to: x.shape).scalars)
        let expected = m.indices.map { m[$0] ? u[$0] : v[$0] }
        expectEqual(select(mask, yes, no), shape: x.shape, expected)
      }
    }
  }

  @Test func randomViewsBroadcast() {
    var generator = RandomGenerator(seed: 6)
    var tried = 0
    for _ in 0..<2000 {
      let a = RandomView<Int32>(rank: generator.below(4), using: &generator) { _, g in Int32(g.below(100)) }
      let b = RandomView<Int32>(rank: generator.below(4), using: &generator) { _, g in Int32(g.below(100)) }
      guard let shape = a.tensor.shape.broadcast(with: b.tensor.shape) else { continue }
      tried += 1
      func at(_ view: RandomView<Int32>, _ index: [Int]) -> Int32 {
        let sizes = view.tensor.shape.dimensions
        let own = zip(index.suffix(sizes.count), sizes).map { $1 == 1 ? 0 : $0 }
        return view.scalars[zip(own, view.tensor.shape.denseStrides).reduce(0) { $0 + $1.0 * $1.1 }]
      }
      let expected = indices(of: shape.dimensions).map { at(a, $0) - 2 * at(b, $0) }
      expectEqual(a.tensor - 2 * b.tensor, shape: shape, expected)
    }
    #expect(tried > 300)
  }

  /// Results that go past the caches: as long as that takes, with a rest of less than a line; in place; and one that does not
  /// begin on a line, which takes the common way.
  @Test func resultsBeyondTheCaches() {
    let count = Elementwise.streamedBytes / 4 + 5
    let a = Tensor<Float>(shape: [count]) { for index in $0.indices { $0[index] = Float(index % 1000) } }
    let b = Tensor<Float>(shape: [count]) { for index in $0.indices { $0[index] = Float(index % 7) } }
    func check(_ y: UnsafePointer<Float>, _ what: String, _ f: (Float, Float) -> Float) {
      let wrong = (0..<count).first { y[$0] != f(Float($0 % 1000), Float($0 % 7)) }
      #expect(wrong == nil, "\(what)")
    }
    (a + b).withUnsafeScalars { check($0.baseAddress!, "a + b") { $0 + $1 } }
    (1 - a).withUnsafeScalars { check($0.baseAddress!, "1 - a") { a, _ in 1 - a } }
    (a * 3).withUnsafeScalars { check($0.baseAddress!, "a * 3") { a, _ in a * 3 } }
    let shifted = Tensor<Float>(zeros: [count + 16]).erased.copied
    for (y, what) in [(a.erased.copied, "in place"), (shifted, "beside a line")] {
      let target = what == "in place" ? y.address : y.address + 4
      let x = what == "in place" ? y : a.erased
      withExtendedLifetime(y.storage) {
        Elementwise.binary(
          nabla_binary_kernel(NABLA_MULTIPLY, DType.float32.rawValue)!, x, b.erased, into: target, shape: [count],
          width: 4)
        check(target.assumingMemoryBound(to: Float.self), what) { $0 * $1 }
      }
    }
  }
}

@Suite struct IntegerTests {
  @Test func arithmeticWraps() {
    let x = Tensor<Int32>([.max, .min, 7])
    #expect((x + 1).scalars == [.min, .min + 1, 8])
    #expect((x - 1).scalars == [.max - 1, .max, 6])
    #expect((x * 2).scalars == [-2, 0, 14])
    #expect((-x).scalars == [-.max, .min, -7] && abs(x).scalars == [.max, .min, 7])
    #expect(square(Tensor<Int64>([.max, 3_037_000_500])).scalars == [1, 3_037_000_500 &* 3_037_000_500])
    #expect((Tensor<Int64>([.max]) + Tensor<Int64>([.max])).scalars == [-2])
    #expect((Tensor<UInt8>([200, 0]) + 100).scalars == [44, 100] && (Tensor<UInt8>([0]) - 1).scalars == [255])
    #expect((Tensor<UInt8>([16]) * 17).scalars == [16])
  }

  @Test func quotients() {
    #expect((Tensor<Int32>([7, -7, 7, .min]) / Tensor<Int32>([2, 2, -2, -1])).scalars == [3, -3, -3, .min])
    #expect((Tensor<Int32>([7, -7, 0]) / 0).scalars == [0, 0, 0])
    #expect((Tensor<Int64>([5, .min]) / Tensor<Int64>([0, -1])).scalars == [0, .min])
    #expect((Tensor<UInt8>([5, 255]) / Tensor<UInt8>([0, 2])).scalars == [0, 127])
  }

  @Test func functions() {
    #expect(sign(Tensor<Int32>([-5, 0, 9])).scalars == [-1, 0, 1] && relu(Tensor<Int64>([-5, 9])).scalars == [0, 9])
    #expect(maximum(Tensor<UInt8>([3, 200]), 100).scalars == [100, 200])
    #expect(minimum(Tensor<Int64>([3, -200]), 100).scalars == [3, -200])
    #expect((Tensor<UInt8>([3, 200]) .> Tensor(100)).scalars == [false, true])
  }
}

@Suite struct CastingTests {
  @Test func floatingPointSaturates() {
    let x = Tensor<Float>([.nan, .infinity, -.infinity, 3e9, -3e9, 1e20, 2.9, -2.9, 300, -1])
    #expect(Tensor<Int32>(castingFrom: x).scalars == [0, .max, .min, .max, .min, .max, 2, -2, 300, -1])
    #expect(
      Tensor<Int64>(castingFrom: x).scalars
        == [0, .max, .min, 3_000_000_000, -3_000_000_000, .max, 2, -2, 300, -1])
    #expect(Tensor<UInt8>(castingFrom: x).scalars == [0, 255, 0, 255, 0, 255, 2, 0, 255, 0])
    #expect(
      Tensor<Bool>(castingFrom: Tensor<Float>([.nan, 0, -0.0, .leastNonzeroMagnitude])).scalars == [
        true, false, false, true,
      ])
    let d = Tensor<Double>([2147483647.5, -2147483648.9, 9.3e18, .nan, 0x1p63, -0x1p63])
    #expect(Tensor<Int32>(castingFrom: d).scalars == [.max, .min, .max, 0, .max, .min])
    #expect(Tensor<Int64>(castingFrom: d).scalars == [2147483647, -2147483648, .max, 0, .max, .min])
  }

  @Test func roundsAndWidens() {
    #expect(Tensor<Float>(castingFrom: Tensor<Double>([0.1, 1e300, 1e-300])).scalars == [0.1, .infinity, 0])
    #expect(Tensor<Double>(castingFrom: Tensor<Float>([0.1])).scalars == [Double(Float(0.1))])
    #expect(Tensor<Float>(castingFrom: Tensor<Int32>([16777217, -5])).scalars == [16777216, -5])
    #expect(Tensor<Double>(castingFrom: Tensor<Bool>([true, false])).scalars == [1, 0])
    #expect(Tensor<Int64>(castingFrom: Tensor<Int32>([.min])).scalars == [Int64(Int32.min)])
    #expect(Tensor<Bool>(castingFrom: Tensor<Int64>([0, 256])).scalars == [false, true])
  }

  /// Between integers the low bits are kept, as in C and NumPy.
  @Test func integersWrap() {
    #expect(Tensor<UInt8>(castingFrom: Tensor<Int32>([300, -1])).scalars == [44, 255])
    #expect(Tensor<Int32>(castingFrom: Tensor<Int64>([1 << 32 + 5, -1])).scalars == [5, -1])
  }

  @Test func views() {
    let t = Tensor<Float>([[1.5, 2.5], [3.5, 4.5]]).transposed()
    expectEqual(Tensor<Int32>(castingFrom: t), shape: [2, 2], [1, 3, 2, 4])
    expectEqual(Tensor<Float>(castingFrom: t), shape: [2, 2], [1.5, 3.5, 2.5, 4.5])
  }
}
