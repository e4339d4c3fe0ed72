import CBLAS
import NablaAutodiff
import NablaTensor

/// The lower triangular L with a = L Lᵀ, of a symmetric matrix of which the lower triangle alone is read.
struct Cholesky: SingleResultPrimitive {
  typealias Failure = LinalgError
  var name: String { "cholesky" }
  // Errors name the matrix in the whole stack.
  var traits: Traits { .readsPosition }
  func residuals(toward operand: Int) -> Residuals { .result }

  func resultType(_ x: Operands) -> TensorType? {
    isMatrix(x[0], square: true) ? TensorType(x[0].dtype, x[0].shape) : nil
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { y.elementCount * y[y.rank - 1] / 3 }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(LinalgError) {
    if type.dtype == .float32 {
      try factor(x, type.shape, y.assumingMemoryBound(to: Float.self))
    } else {
      try factor(x, type.shape, y.assumingMemoryBound(to: Double.self))
    }
  }

  // The rows of the lower triangle are the columns of the upper one that LAPACK sees: nothing is transposed.
  private func factor<S: LAPACKScalar>(
    _ x: Operands, _ shape: Shape, _ y: UnsafeMutablePointer<S>
  ) throws(LinalgError) {
    x[0].copy(to: y)
    let n = shape[shape.rank - 1]
    let firstMatrix = x.firstRow(after: 1) * shape.matricesPerRow
    try Matrices.forEach(shape.stack.elementCount, work: n * n * (n / 8 + 1)) { index in
      let l = y + index * n * n
      let matrix = shape.rank > 2 ? firstMatrix + index : nil
      guard Matrices.isFinite(l, n, step: n, Triangle(isLower: true)) else {
        return .notFinite(operation: name, operand: LinalgError.name(matrix))
      }
      if let pivot = CholeskyKernel.factor(l, n) {
        return .notPositiveDefinite(operation: name, pivot: pivot, matrix: matrix)
      }
      for row in 0..<n { (l + row * n + row + 1).update(repeating: 0, count: n - row - 1) }
      return nil
    }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    y.rank > 2 ? RowRule.local(x, y, rows: rows) : nil
  }
  func batchedResult(_ x: BatchedOperands) throws(LinalgError) -> AnyTensor? { try self(x[0]) }

  // Murray, "Differentiation of the Cholesky decomposition", 2016: with Φ the lower triangle with half of the diagonal,
  // dL = L Φ(L⁻¹ da L⁻ᵀ). The symmetric part of da counts, so that both modes are transposes of each other.
  func vjp(_ g: AnyTensor, _ x: Operands, _ l: AnyTensor, _ cotangents: inout Cotangents) {
    func solve(_ b: AnyTensor) -> AnyTensor { TriangularSolve(lower: true, transposed: true)(l, b) }
    let inner = l.matrixTransposed.matmul(g).lowerHalf
    cotangents.give(0, solve(solve(inner).matrixTransposed).symmetricPart)
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ l: AnyTensor) -> AnyTensor? {
    func solve(_ b: AnyTensor) -> AnyTensor { TriangularSolve(lower: true)(l, b) }
    return tangents[0].map { l.matmul(solve(solve($0.symmetricPart).matrixTransposed).lowerHalf) }
  }
}

/// Cholesky's factorization in place, of a dense row-major matrix.
enum CholeskyKernel {
  /// A call of LAPACK costs more than a smaller matrix.
  private static let smallest = 20
  /// The side of the tiles that threads share. It follows from no machine, so that results do not either.
  private static func tile(_ n: Int) -> Int { n < 1024 ? 128 : 256 }

  /// Overwrites the lower triangle with L; the pivot that is not positive, where there is one.
  static func factor<S: LAPACKScalar>(_ a: UnsafeMutablePointer<S>, _ n: Int) -> Int? {
    if n < smallest { return factorByRows(a, n) }
    return n < 2 * tile(n) ? factorByLAPACK(a, n, step: n) : factorByTiles(a, n)
  }

  private static func factorByRows<S: LAPACKScalar>(_ a: UnsafeMutablePointer<S>, _ n: Int) -> Int? {
    for i in 0..<n {
      let row = a + i * n
      for j in 0..<i {
        let other = a + j * n
        var sum = row[j]
        for k in 0..<j { sum -= row[k] * other[k] }
        row[j] = sum / other[j]
      }
      var pivot = row[i]
      for k in 0..<i { pivot -= row[k] * row[k] }
      // Infinite where a square overflows: no number to go on with either.
      guard pivot > 0, pivot < .infinity else { return i }
      row[i] = pivot.squareRoot()
    }
    return nil
  }

  private static func factorByLAPACK<S: LAPACKScalar>(_ a: UnsafeMutablePointer<S>, _ n: Int, step: Int) -> Int? {
    let status = S.lapack.potrf(Letter.columnMajor, Letter.upper, Int32(n), a, Int32(step))
    return status > 0 ? Int(status) - 1 : nil
  }

  /// Tile by tile of rows and columns: the diagonal one, those below it, and what they take away from the rest.
  private static func factorByTiles<S: LAPACKScalar>(_ a: UnsafeMutablePointer<S>, _ n: Int) -> Int? {
    let (step, tile) = (Int32(n), tile(n))
    for start in stride(from: 0, to: n, by: tile) {
      let width = min(tile, n - start)
      let diagonal = a + start * n + start
      if let pivot = factorByLAPACK(diagonal, width, step: n) { return start + pivot }
      let tiles = (n - start - 1) / tile
      func below(_ index: Int) -> (rows: Int, start: UnsafeMutablePointer<S>) {
        let row = start + (index + 1) * tile
        return (min(tile, n - row), a + row * n + start)
      }
      Parallel.forEach(tiles) { index in
        let tile = below(index)
        S.lapack.trsm(
          CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, Int32(tile.rows), Int32(width), 1,
          diagonal, step, tile.start, step)
      }
      Parallel.forEach(tiles * (tiles + 1) / 2) { index in
        let i = Int((Double(8 * index + 1).squareRoot() - 1) / 2)  // row and column in a lower triangle
        let j = index - i * (i + 1) / 2
        let (left, right) = (below(i), below(j))
        S.lapack.gemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, Int32(left.rows), Int32(right.rows), Int32(width), -1,
          left.start, step, right.start, step, 1, left.start + (j + 1) * tile, step)
      }
    }
    return nil
  }
}

extension Linalg {
  /// Cholesky's factor: the lower triangular L with a = L Lᵀ and a positive diagonal, of a symmetric positive definite matrix.
  ///
  /// `a` is [n, n], or [..., n, n] for a stack of matrices, and L has its shape, with zeros above the diagonal. The lower
  /// triangle of a alone is read; the derivative is that of a symmetric matrix, and gradients are symmetric (Murray,
  /// "Differentiation of the Cholesky decomposition", 2016).
  ///
  /// Errors: a matrix that is not square; a size above `Int32.max`.
  /// - Throws: ``LinalgError/notPositiveDefinite(operation:pivot:matrix:)``,
  ///   ``LinalgError/notFinite(operation:operand:)`` for a NaN or an infinity in the lower triangle.
  public static func cholesky<A: TensorConvertible>(_ a: A) throws(LinalgError) -> Tensor<A.Scalar>
  where A.Scalar: FloatingPointScalar {
    Tensor(try Cholesky()(a.asTensor().erased))
  }
}
