import Nabla
import TestSupport
import Testing

/// The axes of reductions, sizes and indices, in each way that they can be given.
@Suite struct AxesTests {
  private let x = Tensor<Double>(shape: [2, 3, 4], scalars: (0..<24).map { Double(($0 * 7) % 24) })

  @Test func eachWayToNameAxes() {
    let k = 1, m = 2
    let axes: Axes = 1
    for form in [
      x.sum(axis: 1), x.sum(axis: -2), x.sum(axis: k), x.sum(axis: [1]), x.sum(axis: Axes(k)), x.sum(axis: axes),
    ] {
      expectClose(form, shape: [2, 4], [12, 33, 54, 27, 48, 45, 18, 39], .exact)
    }
    let several: Axes = [1, -1]
    for form in [x.sum(axis: [1, 2]), x.sum(axis: [-1, k]), x.sum(axis: [k, m]), x.sum(axis: several)] {
      expectClose(form, shape: [2], [126, 150], .exact)
    }
    for form in [x.sum(), x.sum(axis: .all), x.sum(axis: Axes.all), x.sum(axis: [0, 1, 2])] {
      expectClose(form, shape: [], [276], .exact)
    }
    #expect(x.sum(axis: .all, keepingDimensions: true).shape == [1, 1, 1])
    #expect(x.sum(axis: [0, 2], keepingDimensions: true).shape == [1, 3, 1])
    #expect(x.sum(axis: [Int]()) == x)
  }

  @Test func everyReductionTakesAxes() {
    func check<S>(_ name: String, _ reduce: (Axes, Bool) -> Tensor<S>) {
      #expect(reduce(.all, false).shape == [] && reduce(1, false).shape == [2, 4], "\(name)")
      #expect(reduce([0, -1], false).shape == [3] && reduce([0, -1], true).shape == [1, 3, 1], "\(name)")
    }
    check("sum") { x.sum(axis: $0, keepingDimensions: $1) }
    check("product") { x.product(axis: $0, keepingDimensions: $1) }
    check("mean") { x.mean(axis: $0, keepingDimensions: $1) }
    check("max") { x.max(axis: $0, keepingDimensions: $1) }
    check("min") { x.min(axis: $0, keepingDimensions: $1) }
    check("variance") { x.variance(axis: $0, keepingDimensions: $1) }
    check("standardDeviation") { x.standardDeviation(axis: $0, keepingDimensions: $1) }
    check("logSumExp") { x.logSumExp(axis: $0, keepingDimensions: $1) }
    check("any") { (x .> 3).any(axis: $0, keepingDimensions: $1) }
    check("all") { (x .> 3).all(axis: $0, keepingDimensions: $1) }
    check("argmax") { x.argmax(axis: $0, keepingDimensions: $1) }
    check("argmin") { x.argmin(axis: $0, keepingDimensions: $1) }
    expectMistake("argmax", "axis 3") { _ = x.argmax(axis: 3) }
    expectMistake("argmin", "named twice") { _ = x.argmin(axis: [0, -3]) }
    expectMistake("mean", "axis -4") { _ = x.mean(axis: [0, -4]) }
  }

  // Over several axes the index counts their elements in row-major order, of views as of dense tensors.
  @Test(arguments: [[0, 1], [1, 2], [0, 2], [2, 0], [0, 1, 2], [1]])
  func argumentsOverSeveralAxes(axes: [Int]) {
    let turned = Tensor<Double>(shape: [4, 3, 2], scalars: (0..<24).map { Double(($0 * 11) % 24) }).transposed()
    for t in [x, turned] {
      let kept = (0..<3).filter { !axes.contains($0) }
      let rows = t.transposed(permutation: kept + axes.sorted())
        .reshaped(to: [kept.reduce(1) { $0 * t.shape[$1] }, -1])
      let (largest, smallest) = (t.argmax(axis: axes), t.argmin(axis: axes))
      #expect(largest.shape.dimensions == kept.map { t.shape[$0] } && largest.shape == smallest.shape)
      for row in 0..<rows.shape[0] {
        let values = rows[row].scalars
        #expect(largest.scalars[row] == Int64(values.firstIndex(of: values.max()!)!))
        #expect(smallest.scalars[row] == Int64(values.firstIndex(of: values.min()!)!))
      }
    }
  }

  @Test func sizesKnownAtRunTime() {
    let n = x.shape[0]
    #expect(x.reshaped(to: [n, -1]).shape == [2, 12] && x.reshaped(to: [-1, n, n]).shape == [6, 2, 2])
    #expect(x.reshaped(to: [n * 12]) == x.flattened() && x.reshaped(to: Shape([4, 6])).shape == [4, 6])
    #expect(Tensor<Double>([7]).reshaped(to: []).shape == [])
    expectMistake("reshape", "[5, -1]", "[2, 3, 4]") { _ = x.reshaped(to: [5, -1]) }
  }

  @Test func indicesOfEveryType() {
    func check<I: NumericScalar & FixedWidthInteger>(_ type: I.Type) {
      let t = Tensor<Float>([[1, 2], [3, 4], [5, 6]]), indices = Tensor<I>([2, 0])
      #expect(gather(t, indices: indices).scalars == [5, 6, 1, 2], "\(type)")
      #expect(gather(t, indices: Variable(indices), axis: 0).scalars == [5, 6, 1, 2], "\(type)")
      let added = scatterAdd(t, indices: indices, values: Tensor(repeating: 10, shape: [2, 2]))
      #expect(added.scalars == [11, 12, 3, 4, 15, 16], "\(type)")
    }
    check(Int.self)
    check(Int32.self)
    check(Int64.self)
    check(UInt8.self)
    let t = Tensor<Float>([1, 2, 3]), last = 2
    #expect(gather(t, indices: [last, 0]).scalars == [3, 1])
    #expect(scatterAdd(t, indices: [last, 2], values: Variable<Float>([10, 20])).scalars == [1, 2, 33])
    expectMistake("gather", "index 200") { _ = gather(t, indices: Tensor<UInt8>([200])) }
  }

  // What the compiler accepts of an element type, a kernel is there for.
  @Test func everyFunctionOfANumberHasItsKernels() throws {
    func check<S: NumericScalar>(_ type: S.Type) throws {
      let t = Tensor<S>(shape: [2, 2], scalars: [1, 2, 3, 4]), v = t.flattened()
      let results = try throwingErrors {
        [
          t + t, t - t, t * t, t / t, square(t), abs(t), sign(t), relu(t), maximum(t, 1), minimum(t, 1), clip(t, 1, 3),
          select(t .> 1, t, 1), outer(v, v), t.sum(axis: 0), t.product(axis: 0), t.max(axis: 0), t.min(axis: 0),
          t.cumulativeSum(axis: 1), concatenate([t, t]), t.padded([(1, 1), (0, 0)]), t.tiled([2, 1]),
        ].map(\.count)
      }
      #expect(!results.contains(0), "\(type)")
      let indices = try throwingErrors { [t.argmax(axis: 0), t.argmin()].map(\.count) }
      #expect(indices == [2, 1], "\(type)")
    }
    try check(Float.self)
    try check(Double.self)
    try check(Int.self)
    try check(Int32.self)
    try check(Int64.self)
    try check(UInt8.self)
  }

  @Test func zerosAreNotOptional() {
    let a = Variable<Double>([1, 2]), apart = Variable<Double>([[3, 4, 5]]), single = Variable<Float>([1])
    let tape = GradientTape(persistent: true)
    let y = tape.record { square(a) }
    let one: Tensor<Double> = tape.gradient(of: y, for: apart, unconnected: .zeros)
    let list: [Tensor<Double>] = tape.gradient(of: y, for: [a, apart], unconnected: .zeros)
    let sum: [Tensor<Double>] = tape.gradient(of: [y, y], for: [a, apart], unconnected: .zeros)
    let several: (Tensor<Double>, Tensor<Float>, Tensor<Double>) = tape.gradient(
      of: y, for: a, single, apart, unconnected: .zeros)
    #expect(one == Tensor(zeros: [1, 3]) && list[0].scalars == [2, 4] && list[1] == Tensor(zeros: [1, 3]))
    #expect(sum[0].scalars == [4, 8] && sum[1] == Tensor(zeros: [1, 3]))
    #expect(several.0.scalars == [2, 4] && several.1.scalars == [0] && several.2 == Tensor(zeros: [1, 3]))
    let jacobian: Tensor<Double> = tape.jacobian(of: y, for: apart, unconnected: .zeros)
    let rows: Tensor<Float> = tape.batchJacobian(of: y[..<1], for: single, unconnected: .zeros)
    #expect(jacobian == Tensor(zeros: [2, 1, 3]) && rows == Tensor(zeros: [1]))
    #expect(tape.jacobian(of: y, for: a, unconnected: .zeros).scalars == [2, 0, 0, 4])
    #expect(tape.batchJacobian(of: y, for: a, unconnected: .zeros).scalars == [2, 4])
    expectMistake("batchJacobian", "numbers of rows") {
      _ = tape.batchJacobian(of: y, for: single, unconnected: .zeros) + 1
    }
    expectMistake("gradient", "2 targets", "1 output") {
      _ = tape.gradient(of: [y, y], for: [a], outputGradients: [y], unconnected: .zeros)
    }
  }
}
