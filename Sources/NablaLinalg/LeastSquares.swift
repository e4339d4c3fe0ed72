import CBLAS
import CKernels
import NablaAutodiff
import NablaTensor
import Synchronization

extension Linalg {
  /// The x that minimizes ‖A x - b‖₂, for a matrix A with at least as many rows as columns and full column rank.
  ///
  /// A is [m, n]; b is [m] or [m, k], and x is then [n] or [n, k]. [A b] is reduced to a triangle by Householder
  /// reflections: blocks of rows on all threads, and their triangles again, so that each row is read once and A is never
  /// copied as a whole (TSQR: Demmel, Grigori, Hoemmen and Langou, "Communication-optimal parallel and sequential QR and LU
  /// factorizations", 2012). Columns are scaled by powers of two on the way, to norms near 1. The normal equations, which
  /// square the condition number, are not formed. Blocks depend on the shapes alone, so the result does not depend on the
  /// number of threads.
  ///
  /// Rows may come from a ``NablaTensor/RowSource``: a file is read ahead, and may be larger than memory.
  ///
  /// It has no derivative: asking a tape for one is an error.
  /// - Throws: ``LinalgError/notFinite(operation:operand:)``,
  ///   ``LinalgError/rankDeficient(operation:column:reciprocalCondition:)``; what a source throws.
  public static func leastSquares<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) throws -> Tensor<S> {
    try leastSquares([a], b)
  }

  /// The x that minimizes ‖A x - b‖₂, as ``leastSquares(_:_:)-(Tensor<S>,_)``, for a matrix A = [A₁ A₂ …] whose blocks of
  /// columns, of shapes [m, nᵢ], are never brought together: a column of ones before features is one number in memory.
  ///
  /// ```swift
  /// let solution = try Linalg.leastSquares([Tensor(ones: [rows, 1]), features], target)   // the intercept first
  /// ```
  public static func leastSquares<S: FloatingPointScalar>(_ blocks: [Tensor<S>], _ b: Tensor<S>) throws -> Tensor<S> {
    let name = "leastSquares"
    let columns = blocks.reduce(0) { $0 + ($1.shape.last ?? 0) }
    guard !blocks.isEmpty, b.rank == 1 || b.rank == 2,
      blocks.allSatisfy({ $0.rank == 2 && $0.shape[0] == b.shape[0] }), b.shape[0] >= columns
    else {
      let shapes = blocks.map { "\($0.shape)" }.joined(separator: ", ")
      fail(name, "shapes \(shapes) and \(b.shape) are not [m, n] with m >= n and [m] or [m, k]")
      return Tensor(zeros: .scalar)
    }
    // Tapes see the solution as one operation, and nothing of the way to it. They do not follow rows of sources.
    let parts = blocks.map(\.erased) + [b.erased]
    let seen = parts.filter { $0.storage.kind != .rows }
    guard seen.allSatisfy({ $0.isReadable(name) }) else {
      return Tensor(zeros: b.rank == 1 ? [columns] : [columns, 1])
    }
    let x: AnyTensor
    if S.dtype == .float32 {
      x = try LeastSquares<Float>(parts, columns).solution().erased
    } else {
      x = try LeastSquares<Double>(parts, columns).solution().erased
    }
    let result = withoutDerivative(name, x, of: seen)
    return b.rank == 1 ? Tensor(result).reshaped(to: [columns]) : Tensor(result)
  }
}

/// The triangle of [A D, b] for a diagonal scaling D: R on the left, Qᵀb on the right.
private struct LeastSquares<S: LAPACKScalar> {
  private let columns: Int
  private let width: Int
  /// D.
  private let scales: [S]
  /// Row-major; the columns of A, then those of b.
  private let triangle: [S]

  /// `parts` are the blocks of columns of A, then b.
  init(_ parts: [AnyTensor], _ columns: Int) throws {
    let rows = parts[0].shape[0]
    let width = columns + (parts[parts.count - 1].rank == 1 ? 1 : parts[parts.count - 1].shape[1])
    (self.columns, self.width) = (columns, width)
    let blocks = Blocks(rows: rows, width: width)
    let folds = (0..<blocks.groupCount).map { _ in Fold(rows: blocks.largest, width: width, columns: columns) }
    let failure = Mutex<(group: Int, error: any Error)?>(nil)
    OpenBLAS.withOneThread { _ in
      Parallel.forEach(blocks.groupCount) { group in
        do { try folds[group].run(blocks, group, parts) } catch {
          failure.withLock { if group < $0?.group ?? .max { $0 = (group, error) } }
        }
      }
    }
    if let error = failure.withLock({ $0?.error }) { throw error }
    (scales, triangle) = try Self.combined(folds)
  }

  /// How rows are cut: blocks of a few times as many rows as columns, and at most 64 groups of blocks.
  private struct Blocks {
    let rows: Int
    let blockRows: Int
    let count: Int
    let groupBlocks: Int

    init(rows: Int, width: Int) {
      self.rows = rows
      blockRows = max(4 * width, 512)
      count = max(1, rows / blockRows)
      var size = 1
      while size * 64 < count { size *= 2 }
      groupBlocks = size
    }

    var groupCount: Int { (count + groupBlocks - 1) / groupBlocks }
    /// The rows of the largest block.
    var largest: Int { max(range(count - 1).count, range(0).count) }
    func blocks(of group: Int) -> Range<Int> { group * groupBlocks..<min((group + 1) * groupBlocks, count) }
    /// The last block takes the rest.
    func range(_ block: Int) -> Range<Int> { block * blockRows..<(block == count - 1 ? rows : (block + 1) * blockRows) }
  }

  /// The triangle of the blocks of a group so far: the next block goes below it, and both are factored again.
  private final class Fold {
    let width: Int
    let columns: Int
    /// Rows of the memory: the triangle and a block.
    private let height: Int
    /// The memory, column-major; nil once the triangle has been taken out.
    private var memory: Storage?
    private(set) var scales: [S]
    /// Row-major.
    private(set) var triangle: [S] = []

    init(rows: Int, width: Int, columns: Int) {
      (self.width, self.columns) = (width, columns)
      height = width + rows
      scales = [S](repeating: S(sign: .plus, exponent: LeastSquares.limit, significand: 1), count: columns)
    }

    /// Rows that are announced at a time lie about so many bytes ahead.
    private static var announcedBytes: Int { 8 << 20 }

    func run(_ blocks: Blocks, _ group: Int, _ parts: [AnyTensor]) throws {
      if blocks.rows == 0 {
        triangle = [S](repeating: 0, count: width * width)
        return
      }
      let memory = Storage(dtype: S.dtype, shape: [height * width])
      defer { withExtendedLifetime(memory) {} }
      let base = memory.base.assumingMemoryBound(to: S.self)
      let ahead = max(1, Self.announcedBytes / (blocks.blockRows * width * S.dtype.byteCount))
      var top = 0
      for block in blocks.blocks(of: group) {
        if block + ahead < blocks.count { parts.forEach { $0.willRead(blocks.range(block + ahead)) } }
        let rows = blocks.range(block)
        try fill(base + top, rows, parts)
        try scale(base, top, rows.count)
        try factor(base, top + rows.count)
        top = min(width, top + rows.count)
      }
      triangle = [S](repeating: 0, count: width * width)
      for row in 0..<top { for column in row..<width { triangle[row * width + column] = base[column * height + row] } }
    }

    /// Copies rows of [A b].
    private func fill(_ target: UnsafeMutablePointer<S>, _ rows: Range<Int>, _ parts: [AnyTensor]) throws {
      var column = 0
      for part in parts {
        try part.withRows(rows) { window in
          window.copy(to: target + column * height, strides: [1, height].dropLast(2 - window.rank))
        }
        column += part.rank == 1 ? 1 : part.shape[1]
      }
    }

    /// Brings the columns of a block to the scale of the triangle above it, or that to theirs, whichever is smaller: by
    /// the largest element, so that no square overflows. Powers of two round nothing.
    private func scale(_ base: UnsafeMutablePointer<S>, _ top: Int, _ count: Int) throws {
      for column in 0..<width {
        let elements = base + column * height
        let largest = LeastSquares.largestMagnitude(elements + top, count)
        guard largest.isFinite else {
          throw LinalgError.notFinite(
            operation: "leastSquares", operand: column < columns ? "the matrix" : "the right-hand side")
        }
        if column >= columns { continue }
        let scale = largest > 0 ? LeastSquares.scale(largest) : scales[column]
        let common = min(scale, scales[column])
        LeastSquares.multiply(elements, top, common / scales[column])
        LeastSquares.multiply(elements + top, count, common)
        scales[column] = common
      }
    }

    /// Leaves the triangle of the first rows on top, with zeros below its diagonal.
    private func factor(_ base: UnsafeMutablePointer<S>, _ rows: Int) throws {
      var tau = [S](repeating: 0, count: min(rows, width))
      let status = S.factor(rows, width, base, height, &tau)
      if status != 0 { throw LinalgError.illegalArgument(routine: "geqrf", position: -Int(status)) }
      for column in 0..<width {
        for row in column + 1..<max(column + 1, min(rows, width)) { base[column * height + row] = 0 }
      }
    }
  }
  // MARK: Scales

  /// The largest exponent.
  private static var top: S.Exponent { S.greatestFiniteMagnitude.exponent }
  /// Scales are between the powers of two with minus and plus this exponent.
  private static var limit: S.Exponent { top / 4 * 3 }

  /// The power of two that brings a size near 1, or, near the ends of the exponents, to one that can be squared.
  private static func scale(_ size: S) -> S {
    S(sign: .plus, exponent: min(max(-size.exponent, -limit), limit), significand: 1)
  }

  /// Of one or more elements; a NaN or an infinity where there is one.
  private static func largestMagnitude(_ elements: UnsafePointer<S>, _ count: Int) -> S {
    var (high, low): (S, S) = (0, 0)
    nabla_reduce_row_kernel(NABLA_MAX, S.dtype.rawValue)!(elements, count, &high)
    nabla_reduce_row_kernel(NABLA_MIN, S.dtype.rawValue)!(elements, count, &low)
    return high.isFinite && low.isFinite ? max(high, -low) : .infinity
  }

  private static func multiply(_ elements: UnsafeMutablePointer<S>, _ count: Int, _ factor: S) {
    if factor == 1 { return }
    for index in 0..<count { elements[index] *= factor }
  }

  // MARK: Triangles

  /// The triangle of all groups, and its scales: the norms of its columns, which are those of A D, are near 1.
  private static func combined(_ folds: [Fold]) throws -> (scales: [S], triangle: [S]) {
    let (width, columns) = (folds[0].width, folds[0].columns)
    var scales = (0..<columns).map { column in folds.map { $0.scales[column] }.min()! }
    var triangles = folds.map { fold in
      var triangle = fold.triangle
      for column in 0..<columns where fold.scales[column] != scales[column] {
        for row in 0...column { triangle[row * width + column] *= scales[column] / fold.scales[column] }
      }
      return triangle
    }
    while triangles.count > 1 { triangles = try joined(triangles, width) }
    for column in 0..<columns {
      let squares = (0...column).reduce(S(0)) {
        $0 + triangles[0][$1 * width + column] * triangles[0][$1 * width + column]
      }
      if squares == 0 { continue }
      let highest = S(sign: .plus, exponent: top, significand: 1)
      let factor = min(scale(squares.squareRoot()), highest / scales[column])
      for row in 0...column { triangles[0][row * width + column] *= factor }
      scales[column] *= factor
    }
    return (scales, triangles[0])
  }

  /// The triangles of four neighbours each.
  private static func joined(_ triangles: [[S]], _ width: Int) throws -> [[S]] {
    let fours = stride(from: 0, to: triangles.count, by: 4).map { Array(triangles[$0..<min($0 + 4, triangles.count)]) }
    let results = Mutex<[[S]]>(Array(repeating: [], count: fours.count))
    let status = Mutex<Int32>(0)
    OpenBLAS.withOneThread { _ in
      Parallel.forEach(fours.count) { index in
        let (triangle, failed) = factored(fours[index], width)
        results.withLock { $0[index] = triangle }
        if failed != 0 { status.withLock { $0 = failed } }
      }
    }
    let failed = status.withLock { $0 }
    guard failed == 0 else { throw LinalgError.illegalArgument(routine: "geqrf", position: -Int(failed)) }
    return results.withLock { $0 }
  }

  /// The triangle of triangles below each other.
  private static func factored(_ triangles: [[S]], _ width: Int) -> (triangle: [S], status: Int32) {
    let rows = triangles.count * width
    let memory = Storage(dtype: S.dtype, shape: [rows * width])
    return withExtendedLifetime(memory) {
      let block = memory.base.assumingMemoryBound(to: S.self)
      for (index, triangle) in triangles.enumerated() {
        for row in 0..<width {
          for column in 0..<width { block[column * rows + index * width + row] = triangle[row * width + column] }
        }
      }
      var tau = [S](repeating: 0, count: width)
      let status = S.factor(rows, width, block, rows, &tau)
      var result = [S](repeating: 0, count: width * width)
      for row in 0..<width { for column in row..<width { result[row * width + column] = block[column * rows + row] } }
      return (result, status)
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
    var (work, numbers) = ([S](repeating: 0, count: 3 * columns), [Int32](repeating: 0, count: columns))
    _ = S.lapack.trcon(
      102, CChar(UInt8(ascii: "1")), CChar(UInt8(ascii: "U")), CChar(UInt8(ascii: "N")), n, r, n, &reciprocal, &work,
      &numbers)
    guard reciprocal > S.ulpOfOne else {
      let smallest = (0..<columns).min { abs(r[$0 * columns + $0]) < abs(r[$1 * columns + $1]) } ?? 0
      throw LinalgError.rankDeficient(
        operation: "leastSquares", column: smallest, reciprocalCondition: Double(reciprocal))
    }
    S.lapack.trsm(
      CblasColMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, n, Int32(count), 1, r, n, &x, n)
    return Tensor(shape: [columns, count]) { result in
      for row in 0..<columns {
        for column in 0..<count { result[row * count + column] = x[column * columns + row] * scales[row] }
      }
    }
  }
}

extension LAPACKScalar {
  /// QR of a column-major matrix: R in the upper triangle, reflections below.
  static func factor(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ step: Int, _ tau: UnsafeMutablePointer<Self>
  ) -> Int32 {
    var size: Self = 0
    _ = lapack.geqrf(102, Int32(m), Int32(n), a, Int32(step), tau, &size, -1)
    var work = [Self](repeating: 0, count: Int(size))
    return lapack.geqrf(102, Int32(m), Int32(n), a, Int32(step), tau, &work, Int32(work.count))
  }
}
