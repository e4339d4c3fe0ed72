import CBLAS
import NablaAutodiff
import NablaTensor

/// The LU factorization with partial pivoting of aᵀ, whose columns are the rows of a: aᵀ = P L U. The results are a matrix of
/// which the upper triangle is Lᵀ, with ones on the diagonal, and the rest Uᵀ; and, for each row of U from the first on, the
/// one with which it was exchanged, from 1 on.
///
/// It is the way to other operations, each of which has a derivative in terms of a: this has none, and nothing flows through.
struct LU: Primitive {
  typealias Failure = LinalgError
  /// The operation that it is part of, as the caller wrote it.
  let name: String
  // Errors name the matrix in the whole stack.
  var traits: Traits { .readsPosition }
  func residuals(toward operand: Int) -> Residuals { [] }

  func resultTypes(_ x: Operands) -> ResultTypes? {
    guard isMatrix(x[0], square: true) else { return nil }
    return ResultTypes(
      TensorType(x[0].dtype, x[0].shape), TensorType(.int32, Shape(unchecked: x[0].shape.dropLast())))
  }
  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { 2 * x[0].elementCount * x[0][x[0].rank - 1] / 3 }

  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) throws(LinalgError) {
    if types.first.dtype == .float32 {
      try factor(x, y[0].assumingMemoryBound(to: Float.self), y[1].assumingMemoryBound(to: Int32.self))
    } else {
      try factor(x, y[0].assumingMemoryBound(to: Double.self), y[1].assumingMemoryBound(to: Int32.self))
    }
  }

  private func factor<S: LAPACKScalar>(
    _ x: Operands, _ y: UnsafeMutablePointer<S>, _ pivots: UnsafeMutablePointer<Int32>
  ) throws(LinalgError) {
    x[0].copy(to: y)
    let shape = x[0].shape
    let n = shape[shape.rank - 1]
    let firstMatrix = x.firstRow(after: 1) * shape.matricesPerRow
    try Matrices.forEach(shape.stack.elementCount, work: n * n * (n / 4 + 1)) { index in
      let a = y + index * n * n
      let matrix = shape.rank > 2 ? firstMatrix + index : nil
      guard Matrices.areFinite(a, n * n) else {
        return .notFinite(operation: name, operand: LinalgError.name(matrix))
      }
      return Self.factor(a, n, pivots + index * n).map { .singular(operation: name, pivot: $0, matrix: matrix) }
    }
  }

  /// The columns that are factored before the others follow. It follows from no machine, so that results do not either.
  private static var panel: Int { 128 }

  /// Up to this size a call of LAPACK costs more than the matrix.
  private static var smallest: Int { 16 }

  private static func factorBySteps<S: LAPACKScalar>(
    _ a: UnsafeMutablePointer<S>, _ n: Int, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int? {
    for step in 0..<n {
      let column = a + step * n
      var pivot = step
      for row in step..<n where column[row].magnitude > column[pivot].magnitude { pivot = row }
      pivots[step] = Int32(pivot + 1)
      if column[pivot] == 0 { return step }
      if pivot != step {
        for other in 0..<n {
          let exchanged = a + other * n
          (exchanged[step], exchanged[pivot]) = (exchanged[pivot], exchanged[step])
        }
      }
      let divisor = column[step]
      for row in step + 1..<n { column[row] /= divisor }
      for other in step + 1..<n {
        let changed = a + other * n
        let factor = changed[step]
        for row in step + 1..<n { changed[row] -= factor * column[row] }
      }
    }
    return nil
  }

  /// Factors in place; the first pivot that is 0, where there is one.
  private static func factor<S: LAPACKScalar>(
    _ a: UnsafeMutablePointer<S>, _ n: Int, _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int? {
    if n <= smallest { return factorBySteps(a, n, pivots) }
    let step = Int32(n)
    for start in stride(from: 0, to: n, by: panel) {
      let width = min(panel, n - start)
      let diagonal = a + start * n + start
      let status = S.lapack.getrf(
        Letter.columnMajor, Int32(n - start), Int32(width), diagonal, step, pivots + start)
      if status > 0 { return start + Int(status) - 1 }
      for index in start..<start + width { pivots[index] += Int32(start) }
      if n == width { return nil }
      // The columns before and behind: exchanges, and for those behind what the panel takes away from them.
      let pieces = (n + panel - 1) / panel
      Parallel.forEach(pieces) { piece in
        let column = piece * panel
        if column == start { return }
        let count = Int32(min(panel, n - column))
        let top = a + column * n
        _ = S.lapack.laswp(
          Letter.columnMajor, count, top, step, Int32(start + 1), Int32(start + width), pivots, 1)
        if column < start { return }
        S.lapack.trsm(
          CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasUnit, Int32(width), count, 1, diagonal, step,
          top + start, step)
        let rows = Int32(n - start - width)
        S.lapack.gemm(
          CblasColMajor, CblasNoTrans, CblasNoTrans, rows, count, Int32(width), -1, diagonal + width, step,
          top + start, step, 1, top + start + width, step)
      }
    }
    return nil
  }

  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? {
    x[0].rank > 2 ? RowRule.local(x, y[0], rows: rows) : nil
  }
  func batched(_ x: BatchedOperands) throws(LinalgError) -> ResultTensors? {
    try results(of: Operands(x[0]), count: 2)
  }

  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {}
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives { Derivatives([nil, nil]) }
}
