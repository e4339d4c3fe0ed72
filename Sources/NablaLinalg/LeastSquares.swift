import NablaAutodiff
import NablaTensor

extension Linalg {
  /// The x that minimizes ‖A x - b‖₂, for a matrix A with at least as many rows as columns and full column rank.
  ///
  /// A is [m, n]; b is [m] or [m, k], and x is then [n] or [n, k]. Columns are scaled by powers of two to norms near 1,
  /// then factored by Householder reflections: as LQ of the transpose, which is what row-major memory is to LAPACK, so
  /// nothing is transposed. The normal equations, which square the condition number, are not formed. (Golub and Van
  /// Loan, Matrix Computations, 4th ed., sections 5.3.3 and 5.2.)
  ///
  /// Not differentiable: inside a tape the result is a constant, and tapes that watch an operand are refused.
  /// - Throws: ``LinalgError/notFinite(operation:operand:)``, ``LinalgError/rankDeficient(operation:column:reciprocalCondition:)``.
  public static func leastSquares<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) throws -> Tensor<S> {
    let name = "leastSquares"
    guard a.rank == 2, b.rank == 1 || b.rank == 2, a.shape[0] == b.shape[0], a.shape[0] >= a.shape[1] else {
      fail(name, "shapes \(a.shape) and \(b.shape) are not [m, n] with m >= n and [m] or [m, k]")
      return Tensor(zeros: .scalar)
    }
    guard a.count <= Int(Int32.max) * 64, a.shape[0] <= Int(Int32.max) else {
      fail(name, "shape \(a.shape) has more rows than LAPACK counts, \(Int32.max)")
      return Tensor(zeros: .scalar)
    }
    try requireFinite(a, name, "the matrix")
    try requireFinite(b, name, "the right-hand side")
    let right = b.rank == 1 ? b.reshaped(to: [b.count, 1]) : b
    let x: AnyTensor
    if S.dtype == .float32 {
      x = try LeastSquares(Tensor<Float>(a.erased)).solve(Tensor<Float>(right.erased)).erased
    } else {
      x = try LeastSquares(Tensor<Double>(a.erased)).solve(Tensor<Double>(right.erased)).erased
    }
    return b.rank == 1 ? Tensor(x).reshaped(to: [a.shape[1]]) : Tensor(x)
  }
}

/// A factored matrix: Dᵀ Aᵀ = L Q for the diagonal scaling D.
private struct LeastSquares<S: LAPACKScalar> {
  private let rows: Int
  private let columns: Int
  private let scales: [S]
  /// L below the diagonal of each stored column, the reflections elsewhere.
  private var factor: Tensor<S>
  private var tau: [S]

  init(_ a: Tensor<S>) throws {
    (rows, columns) = (a.shape[0], a.shape[1])
    // Powers of two: the scaling rounds nothing.
    scales = sqrt(square(a).sum(axis: 0)).scalars.map { norm in
      norm > 0 && norm.isFinite ? S(sign: .plus, exponent: -norm.exponent, significand: 1) : 1
    }
    factor = a * Tensor(scales)
    tau = [S](repeating: 0, count: columns)
    let (m, n) = (Int32(columns), Int32(rows))
    if columns == 0 { return }
    let status = factor.withUnsafeMutableScalars { S.gelqf(m, n, $0.baseAddress!, m, &tau) }
    guard status == 0 else { throw LinalgError.illegalArgument(routine: "gelqf", position: -Int(status)) }
    var reciprocal: S = 0
    _ = factor.withUnsafeScalars { S.trcon(m, $0.baseAddress!, m, &reciprocal) }
    guard reciprocal > S.ulpOfOne else {
      let diagonal = (0..<columns).map { abs(factor[$0, $0].scalar) }
      let smallest = diagonal.indices.min { diagonal[$0] < diagonal[$1] } ?? 0
      throw LinalgError.rankDeficient(
        operation: "leastSquares", column: smallest, reciprocalCondition: Double(reciprocal))
    }
  }

  func solve(_ b: Tensor<S>) throws -> Tensor<S> {
    let count = b.shape[1]
    if columns == 0 || count == 0 { return Tensor(zeros: [columns, count]) }
    // LAPACK's columns are the right-hand sides: the transpose in row-major order.
    var c = b.transposed()
    let (n, m, k) = (Int32(columns), Int32(rows), Int32(count))
    let status = factor.withUnsafeScalars { l in
      c.withUnsafeMutableScalars { c in
        let applied = S.ormlq(m, k, n, l.baseAddress!, n, tau, c.baseAddress!, m)
        return applied != 0 ? applied : S.trtrs(n, k, l.baseAddress!, n, c.baseAddress!, m)
      }
    }
    guard status == 0 else { throw LinalgError.illegalArgument(routine: "trtrs", position: -Int(status)) }
    return c[.all, 0..<columns].transposed() * Tensor(scales).expandingDimension(at: 1)
  }
}
