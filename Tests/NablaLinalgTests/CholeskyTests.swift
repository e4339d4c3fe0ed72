import Nabla
import TestSupport
import Testing

@Suite struct CholeskyTests {
  typealias T = Tensor<Double>

  /// x xᵀ / n + 1: symmetric positive definite.
  static func matrix<S: FloatingPointScalar>(_ shape: Shape, _ seed: UInt64 = 1) -> Tensor<S> {
    var generator = RandomGenerator(seed: seed)
    let x = Tensor<S>.random(.normal, shape: shape, using: &generator)
    let order = Array(0..<shape.rank - 2) + [shape.rank - 1, shape.rank - 2]
    let n = shape[shape.rank - 1]
    return matmul(x, x.transposed(permutation: order)) / Tensor(S(max(1, n))) + Tensor(identity: n)
  }
  private func transposed<S>(_ x: Tensor<S>) -> Tensor<S> {
    x.transposed(permutation: Array(0..<x.rank - 2) + [x.rank - 1, x.rank - 2])
  }

  /// ‖a - L Lᵀ‖ is rounding of ‖a‖ (Higham, Accuracy and Stability, 2nd ed., theorem 10.3), for every way of computing: rows,
  /// LAPACK, tiles.
  @Test(arguments: [0, 1, 2, 5, 19, 20, 33, 200, 511, 512, 777])
  func factors(_ n: Int) throws {
    let a: T = Self.matrix([n, n])
    let l = try Linalg.cholesky(a)
    #expect(l.shape == [n, n])
    #expect(l == Linalg.lowerTriangle(l))
    expectClose(matmul(l, l.transposed()), a, .absolute(Double(n + 1) * 4 * Double.ulpOfOne * 3))
    let single = try Linalg.cholesky(Tensor<Float>(castingFrom: a))
    expectClose(T(castingFrom: single), l, .absolute(Double(n + 1) * 4 * Double(Float.ulpOfOne)))
  }

  @Test func stacks() throws {
    for shape: Shape in [[3, 4, 4], [2, 3, 2, 2], [0, 3, 3], [2, 0, 0], [70, 30, 30], [5000, 3, 3]] {
      let a: T = Self.matrix(shape)
      let l = try Linalg.cholesky(a)
      #expect(l.shape == shape)
      let n = shape[shape.rank - 1]
      let (matrices, factors) = (
        a.reshaped(to: [a.count / max(1, n * n), n, n]), l.reshaped(to: [a.count / max(1, n * n), n, n])
      )
      for index in 0..<min(7, matrices.shape[0]) {
        #expect(try Linalg.cholesky(matrices[index]) == factors[index])
      }
    }
  }

  /// The upper triangle is not read, whatever it holds.
  @Test(arguments: [3, 40])
  func theUpperTriangleIsNotRead(_ n: Int) throws {
    let a: T = Self.matrix([n, n])
    let l = try Linalg.cholesky(a)
    for special in [Double.nan, .infinity, 1e300] {
      var other = a
      for row in 0..<n { for column in row + 1..<n { other[row, column] = T(special) } }
      #expect(try Linalg.cholesky(other) == l)
    }
  }

  @Test func views() throws {
    for n in [4, 30] {
      let a: T = Self.matrix([n, n])
      let l = try Linalg.cholesky(a)
      var large = T(repeating: .nan, shape: [2 * n, 3 * n])
      large[.range(step: 2), .range(from: 0, to: 2 * n, step: 2)] = a
      #expect(try Linalg.cholesky(large[.range(step: 2), .range(from: 0, to: 2 * n, step: 2)]) == l)
      expectClose(try Linalg.cholesky(a.transposed()), l, .absolute(1e-14))  // symmetric to rounding
      let backwards = a.reversed(axis: 0).reversed(axis: 1)
      let dense = T(shape: [n, n], scalars: backwards.scalars)
      #expect(try Linalg.cholesky(backwards) == Linalg.cholesky(dense))
      #expect(try Linalg.cholesky(a.broadcast(to: [3, n, n]))[2] == l)
    }
  }

  /// The pivot of each way of computing, and of each place.
  @Test func pivots() {
    for (n, pivots) in [(1, [0]), (3, [0, 1, 2]), (40, [0, 17, 39]), (600, [0, 255, 256, 599])] {
      for pivot in pivots {
        for value in [0.0, -1] {
          var a = T(identity: n)
          a[pivot, pivot] = T(value)
          #expect(throws: LinalgError.notPositiveDefinite(operation: "cholesky", pivot: pivot)) {
            try Linalg.cholesky(a)
          }
        }
      }
    }
    var stack = T(identity: 3).broadcast(to: [2, 4, 3, 3])
    stack[1, 2, 1, 1] = T(-1)
    stack[1, 3, 0, 0] = T(-1)
    let error = #expect(throws: LinalgError.self) { try Linalg.cholesky(stack) }
    #expect(error == .notPositiveDefinite(operation: "cholesky", pivot: 1, matrix: 6))
    #expect(error?.description == "cholesky: matrix 6 is not positive definite; pivot 1 is not positive")
  }

  @Test func whatIsNotFiniteIsRefused() {
    for n in [2, 40] {
      for special in [Double.nan, .infinity, -.infinity] {
        for (row, column) in [(0, 0), (n - 1, 0), (n - 1, n - 1)] {
          var a = T(identity: n)
          a[row, column] = T(special)
          #expect(throws: LinalgError.notFinite(operation: "cholesky", operand: "the matrix")) {
            try Linalg.cholesky(a)
          }
          #expect(throws: LinalgError.notFinite(operation: "cholesky", operand: "matrix 1")) {
            try Linalg.cholesky(stack([T(identity: n), a]))
          }
        }
      }
    }
  }

  @Test func shapesAreChecked() {
    expectMistake("cholesky", "[3]") { _ = try Linalg.cholesky(T([1, 2, 3])) }
    expectMistake("cholesky", "[2, 3]", "square") { _ = try Linalg.cholesky(T(ones: [2, 3])) }
    expectMistake("cholesky", "\(Int32.max)") {
      _ = try Linalg.cholesky(T(ones: [1 << 31, 1 << 31]))
    }
  }

  /// The gradient is symmetric, that of the logarithm of the determinant is the inverse, and that of a sum by hand.
  @Test func gradients() throws {
    let a: T = Self.matrix([5, 5])
    let inverse = gradient(at: a) { a in
      let l = try! Linalg.cholesky(a)
      return 2 * log((l * T(identity: 5)).sum(axis: 1)).sum()
    }
    expectClose(inverse, inverse.transposed(), .absolute(1e-15))
    expectClose(matmul(a, inverse), T(identity: 5), .absolute(1e-14))
    for shape: Shape in [[1, 1], [4, 4], [2, 3, 3], [25, 25]] {
      try checkGradients(at: [Self.matrix(shape)], order: 2) { x in
        try! Linalg.cholesky((x[0] + transposed(x[0])) / 2)
      }
      try checkGradients(at: [Self.matrix(shape) as Tensor<Float>], order: 2) { x in
        try! Linalg.cholesky((x[0] + transposed(x[0])) / 2)
      }
    }
  }

  /// A failed factorization leaves nothing on a tape.
  @Test func tapes() throws {
    let v = Variable<Double>([[1, 2], [2, 1]])
    let tape = GradientTape()
    let l = tape.record { try? Linalg.cholesky(v) }
    #expect(l == nil && tape.recordedOperations == [])
  }
}

@Suite struct TriangularSolveTests {
  typealias T = Tensor<Double>

  private func triangle(_ n: Int, lower: Bool, _ stack: [Int] = []) -> T {
    var generator = RandomGenerator(seed: 5)
    let x = T.random(.uniform(-1, 1), shape: Shape(stack + [n, n]), using: &generator) / T(Double(max(1, n)))
    let full = x + T(identity: n)
    return lower ? Linalg.lowerTriangle(full) : Linalg.upperTriangle(full)
  }

  @Test(arguments: [0, 1, 3, 16, 17, 33, 100, 300])
  func residuals(_ n: Int) throws {
    var generator = RandomGenerator(seed: 6)
    for k in [0, 1, 3, 200] {
      let b = T.random(.normal, shape: [n, k], using: &generator)
      for lower in [true, false] {
        let a = triangle(n, lower: lower)
        for (a, transposed) in [
          (a, false), (a, true), (T(shape: [n, n], scalars: a.transposed().scalars).transposed(), false),
        ] {
          let x = try Linalg.triangularSolve(a, b, lower: lower, transposed: transposed)
          let seen = matmul(transposed ? a.transposed() : a, x)
          expectClose(seen, b, .absolute(Double(n + 1) * 16 * Double.ulpOfOne), "\(n), \(k), \(lower), \(transposed)")
        }
        let unit = a - a * T(identity: n) + T(identity: n)
        var unread = a
        for index in 0..<n { unread[index, index] = T(.nan) }
        #expect(
          try Linalg.triangularSolve(unread, b, lower: lower, unitDiagonal: true)
            == Linalg.triangularSolve(unit, b, lower: lower, unitDiagonal: true))
      }
    }
  }

  @Test func vectorsAndStacks() throws {
    let a = triangle(3, lower: true, [4])
    let b = T([1, 2, 3])
    let x = try Linalg.triangularSolve(a, b)
    #expect(x.shape == [4, 3])
    for index in 0..<4 { #expect(try Linalg.triangularSolve(a[index], b) == x[index]) }
    #expect(try Linalg.triangularSolve(a, T(ones: [2, 1, 3, 5])).shape == [2, 4, 3, 5])
    #expect(try Linalg.triangularSolve(T(zeros: [0, 0]), T(zeros: [0])).shape == [0])
    // Backwards and sliced.
    let large = triangle(40, lower: false)
    let view = large[.range(from: 39, to: 0, step: -1), .range(from: 39, to: 0, step: -1)]
    let dense = T(shape: view.shape, scalars: view.scalars)
    let right = T(ones: [view.shape[0], 2])
    #expect(try Linalg.triangularSolve(view, right) == Linalg.triangularSolve(dense, right))
  }

  @Test func singularMatrices() throws {
    for n in [2, 40] {
      for pivot in [0, n - 1] {
        var a = T(identity: n)
        a[pivot, pivot] = T(0)
        let b = T(ones: [n, 2])
        #expect(throws: LinalgError.singular(operation: "triangularSolve", pivot: pivot)) {
          try Linalg.triangularSolve(a, b)
        }
        #expect(throws: LinalgError.singular(operation: "triangularSolve", pivot: pivot, matrix: 1)) {
          try Linalg.triangularSolve(stack([T(identity: n), a]), b)
        }
        #expect(try Linalg.triangularSolve(a, b, unitDiagonal: true) == b)
      }
    }
    let error = LinalgError.singular(operation: "triangularSolve", pivot: 3)
    #expect(error.description == "triangularSolve: the matrix is singular; pivot 3 is zero")
  }

  /// A NaN or an infinity counts where it is read.
  @Test func whatIsNotFiniteIsRefused() throws {
    for n in [3, 40] {
      let b = T(ones: [n, 1])
      for lower in [true, false] {
        for columnMajor in [false, true] {
          for special in [Double.nan, .infinity] {
            for (row, column) in [(n - 1, 0), (0, n - 1), (1, 1)] {
              var a = T(identity: n)
              a[row, column] = T(special)
              if columnMajor { a = T(shape: [n, n], scalars: a.transposed().scalars).transposed() }
              let isRead = row == column || lower == (row > column)
              let solve = { try Linalg.triangularSolve(a, b, lower: lower) }
              if isRead {
                #expect(throws: LinalgError.notFinite(operation: "triangularSolve", operand: "the matrix")) {
                  try solve()
                }
              } else {
                #expect(try solve() == b)
              }
            }
          }
        }
      }
      #expect(throws: LinalgError.notFinite(operation: "triangularSolve", operand: "the right-hand side")) {
        try Linalg.triangularSolve(T(identity: n), b * T(.nan))
      }
    }
  }

  @Test func shapesAreChecked() {
    expectMistake("triangularSolve", "[2, 3]") { _ = try Linalg.triangularSolve(T(ones: [2, 3]), T(ones: [2])) }
    expectMistake("triangularSolve", "[2, 2]", "[3, 1]") {
      _ = try Linalg.triangularSolve(T(ones: [2, 2]), T(ones: [3]))
    }
    expectMistake("triangularSolve", "[2, 2, 2]", "[3, 2, 1]") {
      _ = try Linalg.triangularSolve(T(ones: [2, 2, 2]), T(ones: [3, 2, 1]))
    }
  }

  @Test func gradients() throws {
    var generator = RandomGenerator(seed: 8)
    for (n, k) in [(3, 2), (20, 4)] {
      let b = T.random(.normal, shape: [n, k], using: &generator)
      for transposed in [false, true] {
        try checkGradients(at: [triangle(n, lower: true), b], order: 2) { x in
          try! Linalg.triangularSolve(x[0], x[1], transposed: transposed)
        }
      }
    }
    // Of an element that is not read.
    let a = triangle(3, lower: true)
    let g = gradient(at: a) { try! Linalg.triangularSolve($0, T([1, 2, 3])).sum() }
    #expect(g == Linalg.lowerTriangle(g))
  }
}
