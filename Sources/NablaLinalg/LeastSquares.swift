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
  /// Not differentiable yet: asking a tape for a gradient that goes through the solution is an error.
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
    // Tapes see the solution as one operation, and nothing of the way to it.
    let left = stopGradient(a)
    let right = stopGradient(b.rank == 1 ? b.reshaped(to: [b.count, 1]) : b)
    let x: AnyTensor
    if S.dtype == .float32 {
      x = try LeastSquares(Tensor<Float>(left.erased)).solve(Tensor<Float>(right.erased)).erased
    } else {
      x = try LeastSquares(Tensor<Double>(left.erased)).solve(Tensor<Double>(right.erased)).erased
    }
    let solution = LeastSquaresSolution(value: b.rank == 1 ? x.reshaped(to: [a.shape[1]]) : x)
    return Tensor(solution(a.erased, b.erased))
  }
}

/// x = the solution that was computed already.
private struct LeastSquaresSolution: Primitive {
  static let name = "leastSquares"
  static let residuals: Residuals = []
  let value: AnyTensor

  static func == (a: Self, b: Self) -> Bool { a.value.storage === b.value.storage }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(value.storage)) }

  func resultType(_ x: Operands) -> TensorType? { TensorType(value.dtype, value.shape) }
  func evaluate(_ x: Operands, _ type: TensorType) -> AnyTensor { value.detached }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    fail(Self.name, "this operation has no derivative yet")
  }
  func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    fail(Self.name, "this operation has no derivative yet")
    return nil
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
    // Powers of two: the scaling rounds nothing. By the largest element first, whose square may not be a number.
    let largest = abs(a).max(axis: 0).scalars.map { Self.scale($0) }
    let norms = sqrt(square(a * Tensor(largest)).sum(axis: 0)).scalars
    scales = zip(largest, norms).map { min($0 * Self.scale($1), S(sign: .plus, exponent: Self.top, significand: 1)) }
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

  /// The largest exponent.
  private static var top: S.Exponent { S.greatestFiniteMagnitude.exponent }

  /// The power of two that brings a size near 1, or, near the ends of the exponents, to one that can be squared.
  private static func scale(_ size: S) -> S {
    let limit = top / 4 * 3
    return size > 0 ? S(sign: .plus, exponent: min(max(-size.exponent, -limit), limit), significand: 1) : 1
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
