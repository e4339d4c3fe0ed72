import Nabla
import TestSupport
import Testing

@Suite struct QRTests {
  typealias T = Tensor<Double>

  private func random(_ shape: Shape, _ seed: UInt64 = 1) -> T {
    var generator = RandomGenerator(seed: seed)
    return T.random(.normal, shape: shape, using: &generator)
  }
  private func transposed(_ x: T) -> T {
    x.transposed(permutation: Array(0..<x.rank - 2) + [x.rank - 1, x.rank - 2])
  }

  @Test func factors() throws {
    for shape: Shape in [
      [0, 0], [3, 0], [0, 3], [1, 1], [4, 4], [7, 3], [3, 7], [300, 60], [60, 300], [5, 4, 3], [2, 3, 2, 4], [0, 3, 2],
      [2000, 3, 3],
    ] {
      let a = random(shape)
      let (q, r) = try Linalg.qr(a)
      let (m, n) = (shape[shape.rank - 2], shape[shape.rank - 1])
      let k = min(m, n)
      #expect(q.shape == Shape(shape.dropLast(2) + [m, k]) && r.shape == Shape(shape.dropLast(2) + [k, n]))
      #expect(r == Linalg.upperTriangle(r))
      let rounding = 16 * Double(m + n) * Double.ulpOfOne
      expectClose(matmul(q, r), a, .absolute(rounding * 4))
      let gram = matmul(transposed(q), q)
      expectClose(gram, T(identity: k).broadcast(to: gram.shape), .absolute(rounding))
    }
    let (q, r) = try Linalg.qr(Tensor<Float>(castingFrom: random([20, 5])))
    expectClose(T(castingFrom: matmul(q, r)), random([20, 5]), .absolute(1e-5))
  }

  @Test func views() throws {
    let a = random([8, 5])
    let (q, r) = try Linalg.qr(a)
    var large = T(repeating: .nan, shape: [16, 10])
    large[.range(step: 2), .range(step: 2)] = a
    for view in [
      large[.range(step: 2), .range(step: 2)], T(shape: [5, 8], scalars: a.transposed().scalars).transposed(),
      T(shape: [8, 5], scalars: a.reversed(axis: 0).scalars).reversed(axis: 0),
    ] {
      let seen = try Linalg.qr(view)
      #expect(seen.q == q && seen.r == r)
    }
  }

  /// Cotangents of one result, of the other, and of both.
  @Test func gradients() throws {
    for shape: Shape in [[1, 1], [4, 4], [6, 3], [2, 4, 3]] {
      let a = random(shape) + T(2) * T(identity: shape[shape.rank - 2])[.all, ..<shape[shape.rank - 1]]
      try checkGradients(at: [a], order: 2, absolute: 1e-6) { try! Linalg.qr($0[0]).q }
      try checkGradients(at: [a], order: 2, absolute: 1e-6) { try! Linalg.qr($0[0]).r }
      try checkGradients(at: [a], order: 2, absolute: 1e-6) { x in
        let (q, r) = try! Linalg.qr(x[0])
        return concatenate([sin(q), square(r)], axis: -2)
      }
    }
    // Of R alone the sign of Q does not matter: RᵀR = aᵀa.
    let (a, w) = (random([5, 3]), random([3, 3], 2))
    let seen = gradient(at: a) { a in
      let r = try! Linalg.qr(a).r
      return (matmul(r.transposed(), r) * w).sum()
    }
    let expected = gradient(at: a) { (matmul($0.transposed(), $0) * w).sum() }
    expectClose(seen, expected, .absolute(1e-13))
  }

  @Test func errors() {
    expectMistake("qr", "[3]") { _ = try Linalg.qr(T([1, 2, 3])) }
    expectMistake("qr", "[2, 3]", "derivative") {
      _ = gradient(at: T([[1, 2, 3], [4, 5, 7]])) { try! Linalg.qr($0).r }
    }
    expectMistake("qr", "[2, 3]", "derivative") {
      _ = jvp(at: T([[1, 2, 3], [4, 5, 7]]), T(ones: [2, 3])) { try! Linalg.qr($0).q }
    }
    #expect(throws: LinalgError.notFinite(operation: "qr", operand: "the matrix")) {
      try Linalg.qr(T([[1, .nan], [2, 3]]))
    }
    #expect(throws: LinalgError.notFinite(operation: "qr", operand: "matrix 1")) {
      try Linalg.qr(T([[1, 2], [3, 4], [1, 2], [-.infinity, 4]]).reshaped(to: [2, 2, 2]))
    }
  }
}

@Suite struct SolveTests {
  typealias T = Tensor<Double>

  private func random(_ shape: Shape, _ seed: UInt64 = 1) -> T {
    var generator = RandomGenerator(seed: seed)
    return T.random(.normal, shape: shape, using: &generator)
  }

  /// ‖A x - b‖ is rounding of ‖A‖ ‖x‖ (Higham, Accuracy and Stability, 2nd ed., section 9.3).
  @Test(arguments: [0, 1, 2, 5, 16, 17, 100, 128, 129, 400])
  func residuals(_ n: Int) throws {
    let a = random([n, n])
    for k in [0, 1, 3, 150] {
      let b = random([n, k], 2)
      let x = try Linalg.solve(a, b)
      #expect(x.shape == [n, k])
      let size = n * k == 0 ? 0 : abs(x).max().scalar * abs(a).sum(axis: 1).max().scalar
      expectClose(matmul(a, x), b, .absolute(Double(n + 1) * size * Double.ulpOfOne), "\(n), \(k)")
    }
    let inverse = try Linalg.inverse(a)
    let size = n == 0 ? 0 : abs(inverse).max().scalar * abs(a).sum(axis: 1).max().scalar
    expectClose(matmul(a, inverse), T(identity: n), .absolute(Double(n + 1) * size * Double.ulpOfOne))
  }

  @Test func vectorsAndStacks() throws {
    let (a, b) = (random([4, 3, 3]), T([1, 2, 3]))
    let x = try Linalg.solve(a, b)
    #expect(x.shape == [4, 3])
    for index in 0..<4 { #expect(try Linalg.solve(a[index], b) == x[index]) }
    #expect(try Linalg.solve(a, T(ones: [2, 1, 3, 5])).shape == [2, 4, 3, 5])
    #expect(try Linalg.inverse(a).shape == [4, 3, 3])
    let view = random([6, 9])[.range(from: 5, to: 0, step: -2), .range(from: 1, to: 9, step: 3)]
    #expect(try Linalg.solve(view, b) == Linalg.solve(T(shape: [3, 3], scalars: view.scalars), b))
    #expect(try Linalg.solve(Tensor<Float>([[0, 2], [4, 0]]), Tensor<Float>([2, 4])) == [1, 1])
  }

  @Test func singularMatrices() throws {
    #expect(throws: LinalgError.singular(operation: "solve", pivot: 1)) {
      try Linalg.solve(T([[1, 2], [2, 4]]), T([1, 2]))
    }
    #expect(throws: LinalgError.singular(operation: "inverse", pivot: 0, matrix: 1)) {
      try Linalg.inverse(stack([T(identity: 2), T(zeros: [2, 2])]))
    }
    for pivot in [0, 127, 128, 299] {
      var a = T(identity: 300)
      a[pivot, pivot] = T(0)
      #expect(throws: LinalgError.singular(operation: "solve", pivot: pivot)) { try Linalg.solve(a, T(ones: [300])) }
    }
  }

  @Test func errors() {
    for special in [Double.nan, .infinity] {
      #expect(throws: LinalgError.notFinite(operation: "solve", operand: "the matrix")) {
        try Linalg.solve(T([[1, special], [0, 1]]), T([1, 2]))
      }
      #expect(throws: LinalgError.notFinite(operation: "solve", operand: "the right-hand side")) {
        try Linalg.solve(T(identity: 2), T([1, special]))
      }
    }
    expectMistake("solve", "[2, 3]") { _ = try Linalg.solve(T(ones: [2, 3]), T([1, 2])) }
    expectMistake("solve", "[2, 2]", "[3, 1]") { _ = try Linalg.solve(T(identity: 2), T([1, 2, 3])) }
    expectMistake("inverse", "[3]") { _ = try Linalg.inverse(T([1, 2, 3])) }
  }

  @Test func gradients() throws {
    for (a, b) in [([1, 1], [1]), ([4, 4], [4, 2]), ([3, 2, 2], [2, 3]), ([3, 3], [2, 3, 1])] as [(Shape, Shape)] {
      let matrix = random(a) + T(2) * T(identity: a[a.rank - 1])
      try checkGradients(at: [matrix, random(b, 3)], order: 2) { try! Linalg.solve($0[0], $0[1]) }
      try checkGradients(at: [matrix], order: 2) { try! Linalg.inverse($0[0]) }
    }
    // One factorization serves the value and the derivatives.
    let a = Variable(random([3, 3])), b = random([3], 2)
    let tape = GradientTape(persistent: true)
    let second = tape.record { () -> T in
      let inner = GradientTape()
      let x = inner.record { try! Linalg.solve(a, b) }
      return inner.gradient(of: x, for: a)!
    }
    _ = tape.gradient(of: second, for: a)
    #expect(tape.recordedOperations.filter { $0 == "solve" }.count == 3)  // factors, solution, transposed one
  }
}
