import Foundation
import Nabla
import TestSupport
import Testing

/// Histograms as NumPy 2.4 counts, and sums by segment.
@Suite struct CountingTests {
  /// 0.0 to 10.0 in tenths, many of which are edges. np.histogram((((i * 37) % 101) / dt(10)).astype(dt), …) of i = 0 ..< 1000.
  private func tenths<S: FloatingPointScalar>(_ type: S.Type) -> Tensor<S> {
    Tensor((0..<1000).map { S($0 * 37 % 101) / 10 })
  }

  @Test func binsOfARange() {
    func check<S: FloatingPointScalar>(_ type: S.Type, thirty: [Int64]) {
      let x = tenths(S.self)
      #expect(histogram(x, bins: 10, range: 0...10).scalars == [99, 99, 99, 99, 99, 99, 99, 99, 99, 109])
      #expect(histogram(x, bins: 7, range: 0.5...9.3).scalars == [128, 129, 119, 128, 119, 129, 128])
      #expect(histogram(x, bins: 30, range: 0...3).scalars == thirty)
      #expect(histogram(x, bins: 3).scalars == [337, 326, 337])
      #expect(histogram(x, bins: 13).scalars == [79, 80, 79, 69, 79, 79, 70, 79, 79, 69, 79, 79, 80])
      // Every layout, and every shape.
      let matrix = x.reshaped(to: [10, 100])
      for view in [matrix, matrix.transposed(), matrix.reversed(axis: 0), matrix.expandingDimension(at: 1)] {
        #expect(histogram(view, bins: 30, range: 0...3).scalars == thirty)
      }
      #expect(
        histogram(matrix[.all, .range(step: 2)], bins: 5, range: 0...10).scalars.reduce(0, +) == 500)
    }
    check(
      Double.self,
      thirty: [
        10, 10, 20, 0, 10, 20, 9, 0, 10, 10, 10, 20, 0, 20, 0, 10, 19, 0, 20, 0, 10, 10, 20, 10, 0, 10, 10, 19, 10, 10,
      ])
    check(
      Float.self,
      thirty: [
        10, 10, 10, 10, 10, 10, 10, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 9, 10,
        20,
      ])
  }

  @Test func integers() {
    // np.histogram(((i * i) % 97 - 20).astype(np.int16), …)
    let x = Tensor((0..<1000).map { Int16($0 * $0 % 97 - 20) })
    #expect(histogram(x, bins: 5).scalars == [239, 185, 166, 185, 225])
    #expect(
      histogramEdges(x, bins: 5).scalars == [-20.0, -0.8000000000000007, 18.4, 37.599999999999994, 56.8, 76.0])
    #expect(histogram(x, bins: 8, range: -10...6).scalars == [20, 21, 0, 21, 20, 0, 20, 42])
    func count<S: NumericScalar & FixedWidthInteger>(_ type: S.Type) {
      #expect(histogram(Tensor<S>([0, 1, 1, 2, 7, 100]), bins: 3, range: 0...6).scalars == [3, 1, 0], "\(type)")
    }
    count(Int8.self)
    count(UInt8.self)
    count(UInt16.self)
    count(Int32.self)
    count(UInt32.self)
    count(Int64.self)
    count(UInt64.self)
  }

  @Test func edges() {
    #expect(histogram(Tensor([0, 0.5, 1, 1, 1.5, 2, 3, Double.nan, -1]), edges: [0, 1, 1, 2]).scalars == [2, 0, 4])
    #expect(
      histogram(Tensor<Double>([0, 0.5, 1, 1, 1.5, 2, 3, -1, 1e300]), edges: Tensor([-.infinity, 0, 1.5, .infinity]))
        .scalars
        == [1, 4, 4])
    #expect(histogram(Tensor<Int32>([-5, 0, 3, 9, 10]), edges: [0, 3, 10]).scalars == [1, 3])
    let inside: [Float] = [-0.0, .leastNonzeroMagnitude, Float(1).nextDown, 1, 2]
    #expect(histogram(Tensor(inside), bins: 2, range: 0...2).scalars == [3, 2])
    // Uneven edges, against a loop.
    var generator = RandomGenerator(seed: 3)
    let x = Tensor<Double>.random(.normal, shape: [5000], using: &generator)
    let bounds = exp(Tensor<Double>(linearSpaceFrom: -9, to: 1, count: 40)).scalars
    let expected = zip(bounds, bounds.dropFirst()).map { low, high in
      Int64(x.scalars.count { low <= $0 && ($0 < high || high == bounds.last! && $0 == high) })
    }
    #expect(histogram(x, edges: Tensor(bounds)).scalars == expected)
  }

  @Test func rangesOfNoWidthAndOfNothing() {
    let same = Tensor<Double>([3, 3, 3])
    #expect(histogram(same, bins: 2).scalars == [0, 3])
    #expect(histogramEdges(same, bins: 2).scalars == [2.5, 3, 3.5])
    #expect(histogram(same, bins: 2, range: 3...3).scalars == [0, 3])
    #expect(histogram(Tensor<Float>(zeros: [0]), bins: 2).scalars == [0, 0])
    #expect(histogramEdges(Tensor<Float>(zeros: [0, 3]), bins: 2).scalars == [0, 0.5, 1])
    #expect(histogram(Tensor([Float.nan, .infinity, -.infinity]), bins: 3, range: 0...1).scalars == [0, 0, 0])
    #expect(histogram(Tensor<Double>(2), bins: 1, range: 0...2).scalars == [1])
    // Widths that are no numbers, or next to none.
    let large = Double.greatestFiniteMagnitude
    #expect(
      histogram(Tensor([-large, -1, 1, large]), edges: Tensor([-large, 0, large])).scalars == [2, 2])
    let least = Double.leastNonzeroMagnitude
    #expect(histogram(Tensor([0, least, 2 * least]), edges: Tensor([0, least, 2 * least])).scalars == [1, 2])
  }

  /// Long rows and many bins take other ways.
  @Test func manyElementsAndManyBins() {
    let count = 100_000
    let x = Tensor((0..<count).map { Float($0 * 7919 % count) })
    for bins in [1, 3, 1024, 1025, 100_000] {
      let counts = histogram(x, bins: bins, range: 0...Double(count)).scalars
      #expect(counts.count == bins && counts.reduce(0, +) == Int64(count))
      if count % bins == 0 { #expect(counts.allSatisfy { $0 == Int64(count / bins) }, "\(bins) bins") }
    }
  }

  @Test func binCounts() {
    let x = Tensor<UInt8>([[3, 1, 3], [0, 3, 1]])
    #expect(binCount(x, count: 5).scalars == [1, 2, 0, 3, 0])
    #expect(binCount(x.transposed(), count: 4).scalars == [1, 2, 0, 3])
    #expect(binCount(Tensor<Int64>(zeros: [0]), count: 2).scalars == [0, 0])
    expectMistake("binCount", "index 3", "[3]") { _ = binCount(x, count: 3) }
    expectMistake("binCount", "index -1") { _ = binCount(Tensor<Int32>([0, -1]), count: 3) }
    expectMistake("binCount", "-1 of them") { _ = binCount(x, count: -1) }
  }

  @Test func segments() {
    let x = Tensor<Float>([[1, 2], [3, 4], [5, 6], [7, 8]])
    #expect(segmentSum(x, segments: [2, 0, 2, 0], count: 4) == Tensor([[10, 12], [0, 0], [6, 8], [0, 0]]))
    #expect(
      segmentSum([1, 2, 4] as Tensor<Double>, segments: Tensor<Int32>([0, 1, 0]), count: 3).scalars == [5, 2, 0])
    #expect(segmentSum(Tensor<Int8>([100, 100, 3]), segments: [1, 1, 0], count: 2).scalars == [3, -56])
    #expect(
      segmentSum(x, segments: Tensor<UInt8>([[1, 0], [0, 0], [1, 1], [0, 1]]), count: 2).scalars == [16, 20])
    #expect(segmentSum(Tensor<Float>(zeros: [0, 2]), segments: [], count: 2) == Tensor(zeros: [2, 2]))
    let v = Variable<Float>([1, 2, 3])
    let tape = GradientTape()
    let y = tape.record { (segmentSum(v, segments: [1, 0, 1], count: 2) * Tensor<Float>([10, 20])).sum() }
    #expect(tape.gradient(of: y, for: v)!.scalars == [20, 10, 20])
    expectMistake("segmentSum", "index 2", "[2, 2]") { _ = segmentSum(x, segments: [0, 1, 2, 0], count: 2) }
    expectMistake("segmentSum", "[4, 2]", "[3]") { _ = segmentSum(x, segments: [0, 1, 1], count: 2) }
    expectMistake("segmentSum", "-1 of them") { _ = segmentSum(x, segments: [0, 0, 0, 0], count: -1) }
    expectMistake("segmentSum", "[]", "[1]") { _ = segmentSum(Tensor<Float>(1), segments: [0], count: 1) }
  }

  @Test func mistakes() {
    let x = Tensor([1, 2, Float.nan])
    expectMistake("histogram", "0 bins") { _ = histogram(x, bins: 0, range: 0...1) }
    expectMistake("histogram", "-2 bins") { _ = histogramEdges(x, bins: -2, range: 0...1) }
    expectMistake("histogram", "not finite") { _ = histogram(x, bins: 2, range: 0...Double.infinity) }
    expectMistake("histogram", "NaN") { _ = histogram(x, bins: 2) }
    expectMistake("histogram", "infinity") { _ = histogram(Tensor([1, Double.infinity]), bins: 2) }
    expectMistake("histogram", "decrease") { _ = histogram(x, edges: [0, 2, 1]) }
    expectMistake("histogram", "[1]") { _ = histogram(x, edges: [0]) }
    expectMistake("histogram", "[1, 2]", "vector") { _ = histogram(x, edges: [[0, 1]]) }
    expectMistake("norm", "axis 1", "[3]") { _ = x.norm(axis: 1) }
    expectMistake("countTrue", "axis 0", "twice") { _ = (x .> 0).countTrue(axis: [0, 0]) }
    expectMistake("gram", "[3]") { _ = gram(x) }
    expectMistake("topK", "4 of the 3", "axis 0") { _ = topK(x, 4, axis: 0) }
    expectMistake("topK", "axis 2") { _ = topK(x, 1, axis: 2) }
    expectMistake("topK", "scalar") { _ = topK(Tensor<Float>(1), 1) }
  }
}

/// Norms, counts, Gram matrices and the k best along every axis.
@Suite struct NormAndGramTests {
  @Test func norms() {
    let x = Tensor<Double>([[3, 4], [0, 0], [-5, 12]])
    #expect(x.norm(axis: 1).scalars == [5, 0, 13])
    #expect(x.norm(axis: 1, keepingDimensions: true).shape == [3, 1])
    expectClose(x.norm().scalar, (194.0).squareRoot(), .ulps(1))
    #expect(Tensor<Double>([3e300, 4e300]).norm().scalar == 5e300)
    #expect(Tensor<Float>([3e-30, 4e-30]).norm().scalar == 5e-30)
    #expect(Tensor<Float>(zeros: [0, 2]).norm(axis: 0).scalars == [0, 0])
    #expect(Tensor([1, Float.nan]).norm().scalar.isNaN && Tensor([1, -Float.infinity]).norm().scalar == .infinity)
  }

  /// At the origin: zeros, in every order and mode.
  @Test func theNormAtZero() {
    let x = Tensor<Double>([[3, 4], [0, 0]])
    let first = { (x: Tensor<Double>) in gradient(at: x) { $0.norm(axis: 1).sum() } }
    expectClose(first(x), shape: [2, 2], [0.6, 0.8, 0, 0], .ulps(1))
    let second = gradient(at: x) { first($0).sum() }
    #expect(second.scalars.allSatisfy(\.isFinite) && second[1].scalars == [0, 0])
    #expect(jvp(at: x, Tensor(ones: [2, 2])) { $0.norm(axis: 1) }.tangent.scalars[1] == 0)
    let tiny = gradient(at: Tensor<Double>([3, 4]) * 0x1p-1030) { $0.norm() }
    expectClose(tiny, shape: [2], [0.6, 0.8], .relative(1e-10))
  }

  @Test func countsOfTrue() {
    let x = Tensor<Bool>([[true, false, true], [false, false, true]])
    #expect(x.countTrue().scalar == 3 && x.countTrue(axis: 0).scalars == [1, 0, 2])
    #expect(x.countTrue(axis: -1, keepingDimensions: true) == Tensor([[2], [1]]))
    #expect(Tensor<Bool>(zeros: [0, 2]).countTrue(axis: 0).scalars == [0, 0])
    #expect(x.transposed().countTrue(axis: 0).scalars == [2, 1])
    let long = Tensor((0..<200_000).map { $0 % 3 == 0 })
    #expect(long.countTrue().scalar == 66_667)
  }

  @Test func gramMatrices() {
    #expect(gram(Tensor<Double>([[1, 2], [3, 4]])) == Tensor([[10, 14], [14, 20]]))
    func check<S: FloatingPointScalar>(_ type: S.Type) {
      var generator = RandomGenerator(seed: 5)
      for (m, n) in [(1, 1), (7, 3), (3, 70), (1000, 40), (5000, 33), (600, 70), (40, 130)] {
        let x = Tensor<S>.random(.normal, shape: [m, n], using: &generator)
        let wide = Tensor<S>.random(.normal, shape: [m, 2 * n], using: &generator)
        for view in [x, x.reversed(axis: 0), x.reversed(axis: 1), wide[.all, .range(step: 2)], wide[.all, ..<n]] {
          let y = gram(view)
          #expect(y == y.transposed())
          // A sum of m products rounds with its magnitude, which on the diagonal is that of the result.
          expectClose(
            y, matmul(view.transposed(), view),
            .relative(Double(S.ulpOfOne) * 16, absolute: Double(S.ulpOfOne) * 32 * Double(m).squareRoot()),
            "\(m) x \(n)")
        }
        expectClose(
          gram(x.transposed()), matmul(x, x.transposed()),
          .relative(Double(S.ulpOfOne) * 16, absolute: Double(S.ulpOfOne) * 32 * Double(n).squareRoot()),
          "transposed \(m) x \(n)")
      }
      let stack = Tensor<S>.random(.normal, shape: [3, 5, 4], using: &generator)
      #expect(gram(stack)[1] == gram(stack[1]))
    }
    check(Float.self)
    check(Double.self)
    #expect(gram(Tensor([Float.nan, 1]).reshaped(to: [1, 2])).scalars.map(\.isNaN) == [true, true, true, false])
  }

  /// topK along an axis is that along the last one of the transpose.
  @Test func theBestAlongEveryAxis() {
    var generator = RandomGenerator(seed: 8)
    let x = Tensor<Float>((0..<6 * 7 * 5).map { _ in [Float.nan, 0, -0.0, 1, 2, 3][Int(generator.below(6))] })
      .reshaped(to: [6, 7, 5])
    for axis in 0..<3 {
      for largest in [true, false] {
        var order = [0, 1, 2]
        order.swapAt(axis, 2)
        let expected = topK(x.transposed(permutation: order), 4, largest: largest)
        let seen = topK(x, 4, axis: axis, largest: largest)
        #expect(seen.indices == expected.indices.transposed(permutation: order), "axis \(axis)")
        expectClose(seen.values, expected.values.transposed(permutation: order), .exact, "axis \(axis)")
      }
    }
  }
}
