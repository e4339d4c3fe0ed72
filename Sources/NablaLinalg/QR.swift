import NablaAutodiff
import NablaTensor

/// Q with orthonormal columns and the upper triangular R with a = Q R: shapes [..., m, k] and [..., k, n], k the smaller of m and n.
struct QR: Primitive {
  typealias Failure = LinalgError
  var name: String { "qr" }
  // Errors name the matrix in the whole stack.
  var traits: Traits { .readsPosition }
  func residuals(toward operand: Int) -> Residuals { [.result(0), .result(1)] }

  func resultTypes(_ x: Operands) -> ResultTypes? {
    guard isMatrix(x[0]) else { return nil }
    let shape = x[0].shape
    let (m, n) = (shape[shape.rank - 2], shape[shape.rank - 1])
    func type(_ rows: Int, _ columns: Int) -> TensorType {
      TensorType(x[0].dtype, Shape(unchecked: shape.stack.dimensions + [rows, columns]))
    }
    return ResultTypes(type(m, min(m, n)), type(min(m, n), n))
  }
  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { 4 * x[0].elementCount * y[0][y[0].rank - 1] }

  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) throws(LinalgError) {
    if types.first.dtype == .float32 {
      try factor(x, types, y, Float.self)
    } else {
      try factor(x, types, y, Double.self)
    }
  }

  // The rows of a are the columns that LAPACK sees, and a = Q R is there aᵀ = Rᵀ Qᵀ: its LQ. Nothing is transposed.
  private func factor<S: LAPACKScalar>(
    _ x: Operands, _ types: ResultTypes, _ y: [UnsafeMutableRawPointer], _ type: S.Type
  ) throws(LinalgError) {
    let shape = x[0].shape
    let (m, n) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let k = min(m, n)
    let (q, r) = (y[0].assumingMemoryBound(to: S.self), y[1].assumingMemoryBound(to: S.self))
    // Where Q has fewer columns than a, reflections need memory of their own.
    let memory = k < n ? x[0].copied.storage : nil
    defer { withExtendedLifetime(memory) {} }
    let base = memory.map { $0.base.assumingMemoryBound(to: S.self) } ?? q
    if memory == nil { x[0].copy(to: q) }
    let firstMatrix = x.firstRow(after: 1) * shape.matricesPerRow
    try Matrices.forEach(shape.stack.elementCount, work: m * n * (k / 4 + 1)) { index in
      let a = base + index * m * n
      guard Matrices.areFinite(a, m * n) else {
        return .notFinite(operation: name, operand: LinalgError.name(shape.rank > 2 ? firstMatrix + index : nil))
      }
      return Self.factor(a, m, n, q + index * m * k, r + index * k * n)
    }
  }

  /// Factors a, which is overwritten, and may be q.
  private static func factor<S: LAPACKScalar>(
    _ a: UnsafeMutablePointer<S>, _ m: Int, _ n: Int, _ q: UnsafeMutablePointer<S>, _ r: UnsafeMutablePointer<S>
  ) -> LinalgError? {
    let k = min(m, n)
    if k == 0 { return nil }
    var reflections = [S](repeating: 0, count: k)
    var work = [S](repeating: 0, count: 64 * max(m, n))
    let size = Int32(work.count)
    var status = S.lapack.gelqf(Letter.columnMajor, Int32(n), Int32(m), a, Int32(n), &reflections, &work, size)
    if status != 0 { return .illegalArgument(routine: "gelqf", position: -Int(status)) }
    for row in 0..<k {
      (r + row * n).update(repeating: 0, count: row)
      (r + row * n + row).update(from: a + row * n + row, count: n - row)
    }
    status = S.lapack.orglq(
      Letter.columnMajor, Int32(k), Int32(m), Int32(k), a, Int32(n), reflections, &work, size)
    if status != 0 { return .illegalArgument(routine: "orglq", position: -Int(status)) }
    if a != q { for row in 0..<m { (q + row * k).update(from: a + row * n, count: k) } }
    return nil
  }

  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? {
    y[0].rank > 2 ? RowRule.local(x, y[0], rows: rows) : nil
  }
  func batched(_ x: BatchedOperands) throws(LinalgError) -> ResultTensors? {
    try results(of: Operands(x[0]), count: 2)
  }

  // Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental
  // design", 2013. With Φ the lower triangle with half of the diagonal and C = Qᵀ da R⁻¹, the part of C below the diagonal
  // is that of an antisymmetric Ω, and dQ = da R⁻¹ + Q (Ω - C), dR = (C - Ω) R.
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {
    guard hasDerivative(x) else { return }
    let (q, r) = (y[0], y[1])
    let fromR = g[1].map { r.matmul($0.matrixTransposed) }
    let fromQ = g[0].map { $0.matrixTransposed.matmul(q) }
    let inner = fromQ.map { q in fromR.map { $0 - q } ?? -q } ?? fromR!
    let half = inner.lowerHalf
    let product = q.matmul(half + half.matrixTransposed)
    let right = g[0].map { $0 + product } ?? product
    cotangents.give(0, TriangularSolve(lower: false)(r, right.matrixTransposed).matrixTransposed)
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives {
    guard hasDerivative(x), let tangent = tangents[0] else { return Derivatives([nil, nil]) }
    let (q, r) = (y[0], y[1])
    let solved = TriangularSolve(lower: false, transposed: true)(r, tangent.matrixTransposed).matrixTransposed
    let c = q.matrixTransposed.matmul(solved)
    let lower = TriangularPart(lower: true, strict: true)(c)
    let change = c - (lower - lower.matrixTransposed)
    return Derivatives([solved - q.matmul(change), change.matmul(r)])
  }

  /// Whether the matrices are as tall as wide, or taller; if not, after the error.
  private func hasDerivative(_ x: Operands) -> Bool {
    let shape = x[0].shape
    if shape[shape.rank - 2] >= shape[shape.rank - 1] { return true }
    fail(name, "it has no derivative for matrices with fewer rows than columns, as of shape \(shape)")
    return false
  }
}

extension Linalg {
  /// The QR factorization a = Q R: orthonormal columns Q, and an upper triangular R.
  ///
  /// `a` is [m, n], or [..., m, n] for a stack; Q is [..., m, k] and R is [..., k, n], k the smaller of m and n. Householder's
  /// reflections give the signs: the diagonal of R may be negative. The derivative (Walter and Lehmann, "Algorithmic
  /// differentiation of linear algebra functions with application in optimum experimental design", 2013) needs m >= n, and is
  /// infinite where columns are linearly dependent.
  ///
  /// Errors: fewer than two axes; a size above `Int32.max`; a derivative where m < n.
  /// - Throws: ``LinalgError/notFinite(operation:operand:)``.
  public static func qr<A: TensorConvertible>(
    _ a: A
  ) throws(LinalgError) -> (q: Tensor<A.Scalar>, r: Tensor<A.Scalar>) where A.Scalar: FloatingPointScalar {
    let y = try QR().results(of: Operands(a.asTensor().erased), count: 2)
    return (Tensor(y[0]), Tensor(y[1]))
  }
}
