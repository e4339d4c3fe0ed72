import Nabla
import NablaPlan
import Synchronization
import TestSupport
import Testing

/// Derivatives of least squares, and least squares in compiled functions.
@Suite struct LeastSquaresDerivativeTests {
  typealias T = Tensor<Double>

  private func random(_ shape: Shape, _ seed: UInt64) -> T {
    var generator = RandomGenerator(seed: seed)
    return T.random(.normal, shape: shape, using: &generator)
  }

  @Test func gradients() throws {
    for (m, n, k) in [(1, 1, 0), (4, 4, 0), (9, 3, 2), (600, 4, 0), (1100, 3, 5)] {
      let b = random(k == 0 ? [m] : [m, k], 2)
      let a = random([m, n], 1) + T(2) * concatenate([T(identity: n), T(zeros: [m - n, n])])
      try checkGradients(at: [a, b], order: 2, absolute: 1e-6) { try! Linalg.leastSquares($0[0], $0[1]) }
    }
    let (a, b) = (Tensor<Float>(castingFrom: random([9, 3], 1)), Tensor<Float>(castingFrom: random([9], 2)))
    try checkGradients(at: [a, b]) { try! Linalg.leastSquares($0[0], $0[1]) }
  }

  @Test func blocksOfColumns() throws {
    let (a, b) = (random([12, 5], 3), random([12, 2], 4))
    try checkGradients(at: [a[.all, ..<2], a[.all, 2..<4], a[.all, 4...], b], order: 2) { x in
      try! Linalg.leastSquares(Array(x.dropLast()), x[3])
    }
    let whole = gradient(at: [a, b]) { square(try! Linalg.leastSquares($0[0], $0[1])).sum() }
    let parts = gradient(at: [a[.all, ..<2], a[.all, 2...], b]) {
      square(try! Linalg.leastSquares([$0[0], $0[1]], $0[2])).sum()
    }
    expectClose(concatenate([parts[0], parts[1]], axis: 1), whole[0], .absolute(1e-14))
    expectClose(parts[2], whole[1], .absolute(1e-14))
  }

  /// Condition numbers up to 10⁶, where the normal equations would lose twelve digits: the gradient of Σ c x for b is A (AᵀA)⁻¹ c,
  /// known exactly for an orthogonal matrix with scaled columns, mixed by a rotation.
  @Test func illConditioned() throws {
    for condition in [1.0, 1e3, 1e6] {
      let m = 64
      let angles = T(rangeFrom: 0, to: Double(m), stride: 1) * T(2 * Double.pi / Double(m))
      let q = stack([cos(angles), sin(angles)], axis: 1) * T((2 / Double(m)).squareRoot())
      let mix = T([[0.6, -0.8], [0.8, 0.6]])  // orthogonal
      let a = matmul(q * T([1, 1 / condition]), mix)
      let b = cos(angles * T(2)) + matmul(a, T([1, 2]))
      let c = T([1, 3])
      let (ga, gb) = gradient(at: a, b) { matmul(try! Linalg.leastSquares($0, $1), c) }
      let z = matmul(mix.transposed(), matmul(mix, c) * T([1, condition * condition]))
      let product = matmul(q * T([1, condition]) * T([1, 1]), matmul(mix, c) * T([1, 1]))
      let tolerance = 256 * Double.ulpOfOne * condition
      expectClose(gb, product, .absolute(tolerance * condition), "\(condition)")
      let expected = outer(cos(angles * T(2)), z) - outer(product, T([1, 2]))
      expectClose(ga, expected, .absolute(tolerance * condition * condition), "\(condition)")
    }
  }

  // MARK: Compiled

  private func weighted(_ x: T, _ w: T, _ y: T) throws -> T {
    try Linalg.leastSquares(x * w.reshaped(to: [w.count, 1]), y * w)
  }

  @Test func valueAndGradient() throws {
    let both = { (x: T, w: T, y: T) throws -> (T, T) in
      let tape = GradientTape()
      tape.watch(w)
      let solution = try tape.record { try self.weighted(x, w, y) }
      return (solution, tape.gradient(of: solution, for: w)!)
    }
    for (m, n) in [(7, 2), (65, 3), (101, 3), (20_001, 4)] {
      let (x, y, w) = (random([m, n], 5), random([m], 6), exp(random([m], 7)))
      let expected = try both(x, w, y)
      for options in [PlanOptions(), .tiny] where m < 1000 || options.smallestRows > 2 {
        let function = compiled { (x: T, w: T, y: T) throws in try both(x, w, y) }
        function.options = options
        let seen = try function(x, w, y)
        expectClose(seen.0, expected.0, .absolute(1e-13))
        expectClose(seen.1, expected.1, .absolute(1e-13))
      }
    }
  }

  /// A file's rows pass once, whatever is computed from them on the way, and the bits are those of memory.
  @Test func streams() throws {
    final class Counted: RowSource {
      let rows: ArrayRows<Double>
      let read = Atomic(0)
      init(_ x: T) { rows = ArrayRows(x) }
      var dtype: DType { .float64 }
      var shape: Shape { rows.shape }
      func beginReading(_ range: Range<Int>) -> UnsafeRawPointer {
        read.add(range.count, ordering: .relaxed)
        return rows.beginReading(range)
      }
    }
    let (x, y) = (random([50_001, 4], 8), random([50_001], 9))
    let function = compiled { (x: T, y: T) throws in
      try Linalg.leastSquares([T(ones: [50_001, 1]), tanh(x)], y * T(2))
    }
    let expected = try function(x, y)
    let source = Counted(x)
    #expect(try function(T(rowsOf: source), T(rowsOf: Counted(y))) == expected)
    #expect(source.read.load(ordering: .relaxed) == 50_001)
    expectClose(expected, try Linalg.leastSquares([T(ones: [50_001, 1]), tanh(x)], y * T(2)), .absolute(1e-14))
  }

  @Test func errorsAtTheRun() throws {
    let w = Variable<Double>(0)
    let function = compiled { (x: T, y: T) throws in
      let solution = try Linalg.leastSquares(x * 2, y)
      w.assign(solution.sum())
      return solution
    }
    for options in [PlanOptions(), .tiny] {
      function.options = options
      let (x, y) = (
        random([options.smallestRows > 2 ? 40_000 : 40, 3], 10), random([options.smallestRows > 2 ? 40_000 : 40], 11)
      )
      _ = try function(x, y)
      let before = w.value
      var (other, dependent) = (x, x)
      other[17, 1] = T(.nan)
      dependent[.all, 2] = T(zeros: [x.shape[0]])
      #expect(throws: LinalgError.notFinite(operation: "leastSquares", operand: "the matrix")) {
        try function(other, y)
      }
      #expect(throws: LinalgError.notFinite(operation: "leastSquares", operand: "the right-hand side")) {
        try function(x, y * T(.infinity))
      }
      #expect(throws: LinalgError.rankDeficient(operation: "leastSquares", column: 2, reciprocalCondition: 0)) {
        try function(dependent, y)
      }
      #expect(w.value == before)
      _ = try function(x, y)
    }
  }

  /// Rows of a source without an address are read, and have no gradient outside of compiled functions.
  @Test func sourcesHaveNoGradient() throws {
    final class Hidden: RowSource {
      let rows: ArrayRows<Double>
      init(_ x: T) { rows = ArrayRows(x) }
      var dtype: DType { .float64 }
      var shape: Shape { rows.shape }
      func beginReading(_ range: Range<Int>) -> UnsafeRawPointer { rows.beginReading(range) }
    }
    let x = random([30, 2], 12)
    let y = Variable(random([30], 13))
    let tape = GradientTape()
    let solution = try tape.record { try Linalg.leastSquares(T(rowsOf: Hidden(x)), y.value) }
    #expect(try solution == Linalg.leastSquares(x, y.value))
    expectMistake("matmul", "source") { _ = tape.gradient(of: solution, for: y) }
  }
}
