import CKernels
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
    if let error = reflect(a, m, n, k, &reflections) { return error }
    for row in 0..<k {
      (r + row * n).update(repeating: 0, count: row)
      (r + row * n + row).update(from: a + row * n + row, count: n - row)
    }
    if let error = form(a, m, n, k, reflections) { return error }
    if a != q { for row in 0..<m { (q + row * k).update(from: a + row * n, count: k) } }
    return nil
  }

  // LAPACK's own blocks begin at sizes of 128, and on one thread. Schreiber and Van Loan, "A storage-efficient WY
  // representation for products of Householder transformations", 1989.

  /// The columns of a whose reflections are applied together. It follows from no machine, so that results do not either.
  private static func panel(_ k: Int) -> Int { k <= 128 ? 16 : 32 }
  /// The columns of a, or of Q, that a thread applies them to at a time.
  private static var piece: Int { 48 }

  /// Reflections for the columns of a, and R above them.
  private static func reflect<S: LAPACKScalar>(
    _ a: UnsafeMutablePointer<S>, _ m: Int, _ n: Int, _ k: Int, _ reflections: inout [S]
  ) -> LinalgError? {
    let panel = panel(k)
    var work = [S](repeating: 0, count: 64 * panel)
    for start in stride(from: 0, to: k, by: panel) {
      let width = min(panel, k - start)
      let diagonal = a + start * n + start
      let status = withColumns(diagonal, m - start, width, step: n) { columns in
        reflections.withUnsafeMutableBufferPointer { reflections in
          S.lapack.geqrf(
            Letter.columnMajor, Int32(m - start), Int32(width), columns, Int32(m - start),
            reflections.baseAddress! + start, &work, Int32(work.count))
        }
      }
      if status != 0 { return .illegalArgument(routine: "geqrf", position: -Int(status)) }
      apply(diagonal, m - start, n, width, reflections, start, to: n - start - width, Letter.notTransposed)
    }
    return nil
  }

  /// Calls `body` with the columns of a panel one behind the other, which are then written back: the routines for a panel
  /// run along them.
  private static func withColumns<S: LAPACKScalar>(
    _ panel: UnsafeMutablePointer<S>, _ m: Int, _ width: Int, step: Int, _ body: (UnsafeMutablePointer<S>) -> Int32
  ) -> Int32 {
    withUnsafeTemporaryAllocation(of: S.self, capacity: m * width) { memory in
      let columns = memory.baseAddress!
      let bytes = Int32(MemoryLayout<S>.size)
      nabla_copy_matrix(panel, step, 1, columns, 1, m, m, width, bytes)
      defer { nabla_copy_matrix(columns, 1, m, panel, step, 1, m, width, bytes) }
      return body(columns)
    }
  }

  /// Q, from reflections, in their place.
  private static func form<S: LAPACKScalar>(
    _ a: UnsafeMutablePointer<S>, _ m: Int, _ n: Int, _ k: Int, _ reflections: [S]
  ) -> LinalgError? {
    let panel = panel(k)
    var work = [S](repeating: 0, count: 64 * panel)
    for start in stride(from: (k - 1) / panel * panel, through: 0, by: -panel) {
      let width = min(panel, k - start)
      let diagonal = a + start * n + start
      apply(diagonal, m - start, n, width, reflections, start, to: k - start - width, Letter.transposed)
      let status = withColumns(diagonal, m - start, width, step: n) { columns in
        reflections.withUnsafeBufferPointer { reflections in
          S.lapack.orgqr(
            Letter.columnMajor, Int32(m - start), Int32(width), Int32(width), columns, Int32(m - start),
            reflections.baseAddress! + start, &work, Int32(work.count))
        }
      }
      if status != 0 { return .illegalArgument(routine: "orgqr", position: -Int(status)) }
      for row in 0..<start { (a + row * n + start).update(repeating: 0, count: width) }
    }
    return nil
  }

  /// Applies the reflections of a panel, `m` long, to the `count` columns behind it.
  private static func apply<S: LAPACKScalar>(
    _ diagonal: UnsafeMutablePointer<S>, _ m: Int, _ n: Int, _ width: Int, _ reflections: [S], _ first: Int,
    to count: Int, _ transposes: CChar
  ) {
    if count <= 0 { return }
    var triangle = [S](repeating: 0, count: width * width)
    _ = reflections.withUnsafeBufferPointer { reflections in
      S.lapack.larft(
        Letter.columnMajor, Letter.forward, Letter.byRows, Int32(m), Int32(width), diagonal, Int32(n),
        reflections.baseAddress! + first, &triangle, Int32(width))
    }
    triangle.withUnsafeBufferPointer { triangle in
      Parallel.forEach((count + piece - 1) / piece) { index in
        let column = index * piece
        let columns = min(piece, count - column)
        withUnsafeTemporaryAllocation(of: S.self, capacity: width * columns) { work in
          _ = S.lapack.larfb(
            Letter.columnMajor, Letter.right, transposes, Letter.forward, Letter.byRows, Int32(columns), Int32(m),
            Int32(width), diagonal, Int32(n), triangle.baseAddress!, Int32(width), diagonal + width + column, Int32(n),
            work.baseAddress!, Int32(columns))
        }
      }
    }
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
