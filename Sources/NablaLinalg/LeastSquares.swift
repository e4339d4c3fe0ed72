import NablaAutodiff
import NablaTensor
import Synchronization

extension Linalg {
  /// The x that minimizes ‖A x - b‖₂, for a matrix A with at least as many rows as columns and full column rank.
  ///
  /// A is [m, n]; b is [m] or [m, k], and x is then [n] or [n, k]. Columns are scaled by powers of two to norms near 1.
  /// Then [A b] is reduced to a triangle by Householder reflections: blocks of rows on all threads, and their triangles
  /// again, so that A is read once (TSQR: Demmel, Grigori, Hoemmen and Langou, "Communication-optimal parallel and
  /// sequential QR and LU factorizations", 2012). The normal equations, which square the condition number, are not formed.
  /// Blocks depend on the shapes alone, so the result does not depend on the number of threads.
  ///
  /// It has no derivative: asking a tape for one is an error.
  /// - Throws: ``LinalgError/notFinite(operation:operand:)``,
  ///   ``LinalgError/rankDeficient(operation:column:reciprocalCondition:)``.
  public static func leastSquares<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) throws -> Tensor<S> {
    let name = "leastSquares"
    guard a.rank == 2, b.rank == 1 || b.rank == 2, a.shape[0] == b.shape[0], a.shape[0] >= a.shape[1] else {
      fail(name, "shapes \(a.shape) and \(b.shape) are not [m, n] with m >= n and [m] or [m, k]")
      return Tensor(zeros: .scalar)
    }
    try requireFinite(a, name, "the matrix")
    try requireFinite(b, name, "the right-hand side")
    // Tapes see the solution as one operation, and nothing of the way to it.
    let left = stopGradient(a).erased
    let right = stopGradient(b.rank == 1 ? b.reshaped(to: [b.count, 1]) : b).erased
    let x: AnyTensor
    if S.dtype == .float32 {
      x = try LeastSquares<Float>(left, right).solution().erased
    } else {
      x = try LeastSquares<Double>(left, right).solution().erased
    }
    let result = withoutDerivative(name, x, of: [a.erased, b.erased])
    return b.rank == 1 ? Tensor(result).reshaped(to: [a.shape[1]]) : Tensor(result)
  }
}

/// The triangle of [A D, b] for a diagonal scaling D: R on the left, Qᵀb on the right.
private struct LeastSquares<S: LAPACKScalar> {
  private let columns: Int
  private let width: Int
  private let scales: [S]
  /// Row-major; the columns of A, then those of b.
  private let triangle: [S]

  init(_ a: AnyTensor, _ b: AnyTensor) throws {
    columns = a.shape[1]
    width = columns + b.shape[1]
    scales = Self.columnScales(a)
    triangle = try OpenBLAS.withOneThread { [scales] _ in
      try Self.reduced(rows: a.shape[0], width: a.shape[1] + b.shape[1]) { rows, target in
        Self.fill(target, rows, a, scales, b)
      }
    }
  }

  /// Powers of two that bring the columns' norms near 1: the scaling rounds nothing. By the largest element first, whose
  /// square may not be a number.
  private static func columnScales(_ a: AnyTensor) -> [S] {
    if a.shape[0] == 0 { return [S](repeating: 1, count: a.shape[1]) }
    let a = Tensor<S>(a)
    let largest = maximum(a.max(axis: 0), -a.min(axis: 0)).scalars.map(scale)
    let norms = sqrt(square(a * Tensor(largest)).sum(axis: 0)).scalars
    return zip(largest, norms).map { min($0 * scale($1), S(sign: .plus, exponent: top, significand: 1)) }
  }

  /// The largest exponent.
  private static var top: S.Exponent { S.greatestFiniteMagnitude.exponent }

  /// The power of two that brings a size near 1, or, near the ends of the exponents, to one that can be squared.
  private static func scale(_ size: S) -> S {
    let limit = top / 4 * 3
    return size > 0 ? S(sign: .plus, exponent: min(max(-size.exponent, -limit), limit), significand: 1) : 1
  }

  /// Copies rows of [A D, b] to column-major memory.
  private static func fill(
    _ target: UnsafeMutablePointer<S>, _ rows: Range<Int>, _ a: AnyTensor, _ scales: [S], _ b: AnyTensor
  ) {
    for (source, start) in [(a, 0), (b, a.shape[1])] {
      let part = source.window(
        starts: [rows.lowerBound, 0], sizes: [rows.count, source.shape[1]], steps: [1, 1])
      part.copy(to: target + start * rows.count, strides: [1, rows.count])
    }
    for (column, scale) in scales.enumerated() where scale != 1 {
      for row in 0..<rows.count { target[column * rows.count + row] *= scale }
    }
  }

  /// The triangle of a matrix whose rows `fill` writes, column-major: blocks, then the triangles of the blocks.
  private static func reduced(
    rows: Int, width: Int, _ fill: (Range<Int>, UnsafeMutablePointer<S>) -> Void
  ) throws -> [S] {
    let blockRows = max(4 * width, 512)
    let blocks = max(1, rows / blockRows)  // the last one takes the rest
    var triangles = [S](repeating: 0, count: blocks * width * width)
    let status = Mutex<Int32>(0)
    triangles.withUnsafeMutableBufferPointer { triangles in
      let base = triangles.baseAddress!
      Parallel.forEach(blocks) { block in
        let range = block * blockRows..<(block == blocks - 1 ? rows : (block + 1) * blockRows)
        let failed = factor(range.count, width, into: base + block * width * width) { fill(range, $0) }
        if failed != 0 { status.withLock { $0 = failed } }
      }
    }
    let failed = status.withLock { $0 }
    guard failed == 0 else { throw LinalgError.illegalArgument(routine: "geqrf", position: -Int(failed)) }
    if blocks == 1 { return triangles }
    return try reduced(rows: blocks * width, width: width) { rows, target in
      for (index, row) in rows.enumerated() {
        for column in 0..<width { target[column * rows.count + index] = triangles[row * width + column] }
      }
    }
  }

  /// Factors one block and writes its triangle, row-major; missing rows stay zero.
  private static func factor(
    _ rows: Int, _ width: Int, into triangle: UnsafeMutablePointer<S>, _ fill: (UnsafeMutablePointer<S>) -> Void
  ) -> Int32 {
    if rows == 0 { return 0 }
    let memory = Storage(dtype: S.dtype, shape: [rows * width])
    return withExtendedLifetime(memory) {
      let block = memory.base.assumingMemoryBound(to: S.self)
      fill(block)
      var tau = [S](repeating: 0, count: min(rows, width))
      let status = S.geqrf(Int32(rows), Int32(width), block, Int32(rows), &tau)
      for row in 0..<min(rows, width) {
        for column in row..<width { triangle[row * width + column] = block[column * rows + row] }
      }
      return status
    }
  }

  /// R x = Qᵀb, scaled back.
  func solution() throws -> Tensor<S> {
    let count = width - columns
    if columns == 0 || count == 0 { return Tensor(zeros: [columns, count]) }
    // Column-major copies for LAPACK.
    var r = [S](repeating: 0, count: columns * columns)
    var x = [S](repeating: 0, count: columns * count)
    for row in 0..<columns {
      for column in 0..<columns { r[column * columns + row] = triangle[row * width + column] }
      for column in 0..<count { x[column * columns + row] = triangle[row * width + columns + column] }
    }
    let n = Int32(columns)
    var reciprocal: S = 0
    _ = S.trcon(n, r, n, &reciprocal)
    guard reciprocal > S.ulpOfOne else {
      let smallest = (0..<columns).min { abs(r[$0 * columns + $0]) < abs(r[$1 * columns + $1]) } ?? 0
      throw LinalgError.rankDeficient(
        operation: "leastSquares", column: smallest, reciprocalCondition: Double(reciprocal))
    }
    let status = S.trtrs(n, Int32(count), r, n, &x, n)
    guard status == 0 else { throw LinalgError.illegalArgument(routine: "trtrs", position: -Int(status)) }
    return Tensor(shape: [columns, count]) { result in
      for row in 0..<columns {
        for column in 0..<count { result[row * count + column] = x[column * columns + row] * scales[row] }
      }
    }
  }
}
