import Foundation
import Nabla
import TestSupport
import Testing

@Suite struct LeastSquaresTests {
  struct Case: Decodable {
    var name: String
    var a, b, exact, numpy: ReferenceTensor
    var condition: Double
    var norms, residualNorms: [Double]
  }
  typealias T = Tensor<Double>

  /// A bound for the error of each coefficient of a column-scaled problem (Higham, Accuracy and Stability, 2nd ed.,
  /// theorems 20.1 and 20.3): κ u (‖D x‖ + κ ‖r‖ ) for each, times a modest constant, with D the columns' norms.
  private func bounds(_ c: Case, _ unit: Double) -> [Double] {
    let (n, k) = (c.exact.shape[0], c.exact.shape[1])
    return (0..<n).flatMap { row in
      (0..<k).map { column in
        let size = (0..<n).reduce(0) { $0 + pow(c.norms[$1] * c.exact.scalars[$1 * k + column], 2) }.squareRoot()
        return 8 * unit * c.condition * (size + c.condition * c.residualNorms[column]) / c.norms[row]
      }
    }
  }

  @Test func agreesWithExactSolutions() throws {
    for c in try Reference.load("leastSquares", from: .module, as: [Case].self) {
      let x = try Linalg.leastSquares(c.a.tensor, c.b.tensor)
      #expect(x.shape == Shape(c.exact.shape), "\(c.name)")
      let bounds = bounds(c, Double.ulpOfOne)
      for (index, expected) in c.exact.scalars.enumerated() {
        expectClose(x.scalars[index], expected, .absolute(bounds[index]), "\(c.name), coefficient \(index)")
        // NumPy does not scale columns: it takes those of very different sizes for dependent ones.
        if c.name == "columns of very different sizes" { continue }
        expectClose(
          x.scalars[index], c.numpy.scalars[index], .absolute(2 * bounds[index]), "\(c.name), NumPy's \(index)")
      }
    }
  }

  @Test func float() throws {
    for c in try Reference.load("leastSquares", from: .module, as: [Case].self)
    where c.condition < 1000 && c.name != "rows of very different sizes" {
      let x = try Linalg.leastSquares(Tensor<Float>(castingFrom: c.a.tensor), Tensor<Float>(castingFrom: c.b.tensor))
      let bounds = bounds(c, Double(Float.ulpOfOne))
      for (index, expected) in c.exact.scalars.enumerated() {
        expectClose(Double(x.scalars[index]), expected, .absolute(bounds[index]), "\(c.name), coefficient \(index)")
      }
    }
  }

  /// What is left is orthogonal to the columns: Aᵀ (b - A x) is rounding of ‖A‖ ‖b‖.
  @Test func residualsAreOrthogonal() throws {
    var generator = RandomGenerator(seed: 41)
    for (m, n, k) in [(10, 3, 1), (50, 20, 4), (300, 40, 2), (64, 64, 1)] {
      let a = T.random(.normal, shape: [m, n], using: &generator),
        b = T.random(.normal, shape: [m, k], using: &generator)
      let x = try Linalg.leastSquares(a, b)
      let residual = b - matmul(a, x)
      let norms = sqrt(square(a).sum(axis: 0)).scalars.max()! * sqrt(square(b).sum()).scalar
      let largest = abs(matmul(a.transposed(), residual)).max().scalar
      #expect(largest <= norms * Double(m) * Double.ulpOfOne, "\(m), \(n): \(largest)")
    }
  }

  @Test func rightHandSides() throws {
    let a = T([[1, 0], [1, 1], [1, 2]])
    let b = T([[1, 6], [3, 0], [5, 0]])
    let both = try Linalg.leastSquares(a, b)
    #expect(both.shape == [2, 2])
    for column in 0..<2 {
      let one = try Linalg.leastSquares(a, b[.all, column])
      #expect(one.shape == [2])
      expectClose(both[.all, column], one, .absolute(8 * Double.ulpOfOne * 6))
    }
    expectClose(both[.all, 0], [1, 2], .ulps(8))
    expectClose(both[.all, 1], [5, -3], .ulps(8))
    #expect(try Linalg.leastSquares(a, T(zeros: [3, 0])).shape == [2, 0])
    #expect(try Linalg.leastSquares(T(zeros: [3, 0]), T([1, 2, 3])).shape == [0])
    #expect(try Linalg.leastSquares(T(zeros: [0, 0]), T(zeros: [0])).shape == [0])
  }

  @Test func views() throws {
    var generator = RandomGenerator(seed: 42)
    let large = T.random(.normal, shape: [12, 40], using: &generator)
    let b = T.random(.normal, shape: [20, 3], using: &generator)
    let views: [T] = [
      large[0..<5, 0..<20].transposed(), large.transposed()[.range(step: 2), 2..<7],
      large.transposed()[0..<20, 0..<4].reversed(axis: 0), large.transposed()[0..<20, 0..<4].reversed(axis: 1),
    ]
    for (index, a) in views.enumerated() {
      let dense = T(shape: a.shape, scalars: a.scalars)
      let expected = try Linalg.leastSquares(dense, b)
      #expect(try Linalg.leastSquares(a, b) == expected, "view \(index)")
      #expect(try Linalg.leastSquares(a, b.reversed(axis: 0).reversed(axis: 0)) == expected, "view \(index)")
      let columns = try Linalg.leastSquares(a, T(shape: [3, 20], scalars: b.transposed().scalars).transposed())
      #expect(columns == expected, "view \(index)")
      #expect(dense.scalars == a.scalars)  // operands are not changed
    }
  }

  @Test func rankDeficiency() {
    func column(_ rows: [[Double]]) -> Int? {
      do {
        _ = try Linalg.leastSquares(T(rows), T([Double](repeating: 1, count: rows.count)))
      } catch LinalgError.rankDeficient(let operation, let column, let reciprocal) {
        #expect(operation == "leastSquares" && reciprocal < 1e-15)
        return column
      } catch {
        Issue.record("\(error)")
      }
      return nil
    }
    #expect(column([[1, 2], [2, 4], [3, 6]]) == 1)  // twice the first
    #expect(column([[1, 0, 5], [1, 0, 6], [1, 0, 8]]) == 1)  // zeros
    #expect(column([[1, 1, 2], [1, 2, 3], [1, 4, 5], [1, 8, 9]]) == 2)  // the sum of the others
    #expect(column([[0], [0]]) == 0)
    #expect(column([[1, 1], [1, 1 + 1e-7], [1, 1]]) == nil)  // nearly, but not to working precision
    let error = #expect(throws: LinalgError.self) {
      try Linalg.leastSquares(T([[1, 2], [2, 4], [3, 6]]), T([1, 2, 3]))
    }
    #expect(error?.description.hasPrefix("leastSquares: column 1 depends on the columns before it") ?? false)
  }

  @Test func whatIsNotFiniteIsRefused() {
    for special in [Double.nan, .infinity, -.infinity] {
      for place in 0..<4 {
        var a = T([[1, 2], [3, 4]])
        a[place / 2, place % 2] = T(special)
        #expect(throws: LinalgError.notFinite(operation: "leastSquares", operand: "the matrix")) {
          try Linalg.leastSquares(a, T([1, 2]))
        }
      }
      #expect(throws: LinalgError.notFinite(operation: "leastSquares", operand: "the right-hand side")) {
        try Linalg.leastSquares(T([[1, 2], [3, 4]]), T([1, special]))
      }
    }
    let error = #expect(throws: LinalgError.self) {
      try Linalg.leastSquares(Tensor<Float>([[Float.nan]]), Tensor<Float>([1]))
    }
    #expect(error?.description == "leastSquares: the matrix holds a NaN or an infinity")
  }

  @Test func shapesAreChecked() {
    expectMistake("leastSquares", "[2]", "[2]") { _ = try Linalg.leastSquares(T([1, 2]), T([1, 2])) }
    expectMistake("leastSquares", "[1, 2]", "[1]") { _ = try Linalg.leastSquares(T([[1, 2]]), T([1])) }
    expectMistake("leastSquares", "[2, 1]", "[3]") { _ = try Linalg.leastSquares(T([[1], [2]]), T([1, 2, 3])) }
    expectMistake("leastSquares", "[1, 1, 1]") { _ = try Linalg.leastSquares(T([[1]]), T(ones: [1, 1, 1])) }
  }

  /// Many blocks of rows, whose triangles fill blocks of their own; the last one is not full.
  @Test func blocksOfRows() throws {
    var generator = RandomGenerator(seed: 3)
    let (rows, columns) = (70_001, 7)
    let a = T.random(.normal, shape: [rows, columns], using: &generator)
    let exact = T.random(.normal, shape: [columns], using: &generator)
    let x = try Linalg.leastSquares(a, matmul(a, exact))
    expectClose(x, exact, .relative(1e-13))
    let b = T.random(.normal, shape: [rows], using: &generator)
    let residual = matmul(a, try Linalg.leastSquares(a, b)) - b
    #expect(abs(matmul(a.transposed(), residual)).max().scalar < 1e-10 * Double(rows).squareRoot())
  }

  /// Sizes near the ends of the exponents: scaling by powers of two neither overflows nor loses digits.
  @Test func extremeSizes() throws {
    let a = T([[1, 1], [1, 2], [1, 4]]), b = T([1, 2, 4.5])
    let x = try Linalg.leastSquares(a, b)
    for scale in [1e-200, 1e-160, 1e160, 1e200] {
      let scaled = try Linalg.leastSquares(a * T([1, scale]), b)
      expectClose(scaled * T([1, scale]), x, .relative(1e-14), "\(scale)")
    }
    for scale: Float in [1e-37, 1e-30, 1e30, 3e37] {
      let scaled = try Linalg.leastSquares(Tensor<Float>(castingFrom: a) * Tensor([1, scale]), [1, 2, 4.5])
      expectClose(Double(scaled.scalars[1]) * Double(scale), x.scalars[1], .relative(1e-5))
    }
    let all = try Linalg.leastSquares(a * T(0x1p-600), b * T(0x1p-600))
    expectClose(all, x, .relative(1e-14))
  }

  /// A coefficient that is larger than the largest number, of a problem that is not singular.
  @Test func overflow() throws {
    #expect(throws: LinalgError.overflow(operation: "leastSquares", row: 1)) {
      try Linalg.leastSquares(T([[1, 0], [0, 1e-200]]), T([1, 1e200]))
    }
    let large = try Linalg.leastSquares(T([[1, 0], [0, 1e-100]]), T([1e300, 1e200]))
    expectClose(large, [1e300, 1e300], .ulps(4))
    // Squares of these overflow, and the solution does not.
    let b = Tensor<Float>(repeating: 3e38, shape: [5000])
    expectClose(try Linalg.leastSquares(Tensor(ones: [5000, 1]), b), [3e38], .ulps(64))
  }

  /// Many right-hand sides are those alone.
  @Test func manyRightHandSides() throws {
    var generator = RandomGenerator(seed: 43)
    let a = T.random(.normal, shape: [1300, 5], using: &generator)
    let b = T.random(.normal, shape: [1300, 400], using: &generator)
    let x = try Linalg.leastSquares(a, b)
    for column in [0, 1, 399] {
      expectClose(x[.all, column], try Linalg.leastSquares(a, b[.all, column]), .absolute(1e-15))
    }
  }
}

/// NIST's Longley data: six strongly collinear series, whose normal equations lose all digits.
@Suite struct LongleyTests {
  struct Certified: Decodable {
    var beta: [Double]
    var r_squared: Double
  }

  @Test func tenDigits() throws {
    let url = try #require(Bundle.module.url(forResource: "longley", withExtension: "csv", subdirectory: "Resources"))
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").dropFirst()
    let rows = lines.map { $0.split(separator: ",").map { Double($0)! } }
    #expect(rows.count == 16)
    let data = Tensor(rows)
    let certified = try Reference.load("longley_certified", from: .module, as: Certified.self)
    let a = concatenate([Tensor<Double>(ones: [16, 1]), data[.all, 1...]], axis: 1)
    let b = data[.all, 0]
    let x = try Linalg.leastSquares(a, b)
    for (index, (seen, expected)) in zip(x.scalars, certified.beta).enumerated() {
      let digits = -log10(abs(seen - expected) / abs(expected))
      #expect(digits >= 10, "coefficient \(index): expected \(expected), seen \(seen), \(digits) digits")
    }
    let residual = square(b - matmul(a, x)).sum().scalar, total = square(b - b.mean()).sum().scalar
    expectClose(1 - residual / total, certified.r_squared, .relative(1e-12))
  }
}
