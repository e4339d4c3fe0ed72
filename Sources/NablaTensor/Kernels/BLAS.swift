import CBLAS
import CKernels

/// The calls of BLAS for one element type, row-major. Arguments have been validated: a wrong leading dimension would
/// make OpenBLAS print a line and return with the output untouched.
package protocol BLASScalar: FloatingPointScalar {
  static func gemm(
    _ transposesA: Bool, _ transposesB: Bool, _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Self>,
    _ lda: Int32, _ b: UnsafePointer<Self>, _ ldb: Int32, _ c: UnsafeMutablePointer<Self>, _ ldc: Int32)
  static func gemv(
    _ transposes: Bool, _ rows: Int32, _ columns: Int32, _ a: UnsafePointer<Self>, _ lda: Int32,
    _ x: UnsafePointer<Self>, _ incx: Int32, _ y: UnsafeMutablePointer<Self>)
  static func axpy(
    _ n: Int32, _ alpha: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)
  /// Solves L X = B in place for lower triangular L.
  static func trsm(
    _ n: Int32, _ columns: Int32, _ l: UnsafePointer<Self>, _ ldl: Int32, _ b: UnsafeMutablePointer<Self>,
    _ ldb: Int32)
}

private func flag(_ transposes: Bool) -> CBLAS_TRANSPOSE { transposes ? CblasTrans : CblasNoTrans }

extension Float: BLASScalar {
  package static func gemm(
    _ transposesA: Bool, _ transposesB: Bool, _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Float>,
    _ lda: Int32, _ b: UnsafePointer<Float>, _ ldb: Int32, _ c: UnsafeMutablePointer<Float>, _ ldc: Int32
  ) {
    cblas_sgemm(CblasRowMajor, flag(transposesA), flag(transposesB), m, n, k, 1, a, lda, b, ldb, 0, c, ldc)
  }
  package static func gemv(
    _ transposes: Bool, _ rows: Int32, _ columns: Int32, _ a: UnsafePointer<Float>, _ lda: Int32,
    _ x: UnsafePointer<Float>, _ incx: Int32, _ y: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemv(CblasRowMajor, flag(transposes), rows, columns, 1, a, lda, x, incx, 0, y, 1)
  }
  package static func axpy(
    _ n: Int32, _ alpha: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    cblas_saxpy(n, alpha, x, 1, y, 1)
  }
  package static func trsm(
    _ n: Int32, _ columns: Int32, _ l: UnsafePointer<Float>, _ ldl: Int32, _ b: UnsafeMutablePointer<Float>,
    _ ldb: Int32
  ) {
    cblas_strsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, columns, 1, l, ldl, b, ldb)
  }
}

extension Double: BLASScalar {
  package static func gemm(
    _ transposesA: Bool, _ transposesB: Bool, _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Double>,
    _ lda: Int32, _ b: UnsafePointer<Double>, _ ldb: Int32, _ c: UnsafeMutablePointer<Double>, _ ldc: Int32
  ) {
    cblas_dgemm(CblasRowMajor, flag(transposesA), flag(transposesB), m, n, k, 1, a, lda, b, ldb, 0, c, ldc)
  }
  package static func gemv(
    _ transposes: Bool, _ rows: Int32, _ columns: Int32, _ a: UnsafePointer<Double>, _ lda: Int32,
    _ x: UnsafePointer<Double>, _ incx: Int32, _ y: UnsafeMutablePointer<Double>
  ) {
    cblas_dgemv(CblasRowMajor, flag(transposes), rows, columns, 1, a, lda, x, incx, 0, y, 1)
  }
  package static func axpy(
    _ n: Int32, _ alpha: Double, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>
  ) {
    cblas_daxpy(n, alpha, x, 1, y, 1)
  }
  package static func trsm(
    _ n: Int32, _ columns: Int32, _ l: UnsafePointer<Double>, _ ldl: Int32, _ b: UnsafeMutablePointer<Double>,
    _ ldb: Int32
  ) {
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, columns, 1, l, ldl, b, ldb)
  }
}

/// A matrix as BLAS takes it: whether its rows are stored as columns, and the elements from one stored row to the next.
private struct MatrixLayout {
  let rows: Int
  let columns: Int
  let isTransposed: Bool
  let leadingDimension: Int

  /// The layout of a window of rank 2, or of its transpose; nil where BLAS cannot walk it.
  init?(_ x: Storage, transposed: Bool) {
    let (i, j) = transposed ? (1, 0) : (0, 1)
    (rows, columns) = (x.shape[i], x.shape[j])
    let steps = x.strides ?? [max(1, x.shape[1]), 1]
    let limit = Int(Int32.max)
    if (steps[j] == 1 || columns == 1) && (steps[i] >= max(1, columns) || rows == 1) && steps[i] <= limit {
      isTransposed = false
      leadingDimension = rows == 1 ? max(1, columns) : steps[i]
    } else if (steps[i] == 1 || rows == 1) && (steps[j] >= max(1, rows) || columns == 1) && steps[j] <= limit {
      isTransposed = true
      leadingDimension = columns == 1 ? max(1, rows) : steps[j]
    } else {
      return nil
    }
  }

  /// Where an element is.
  func offset(_ row: Int, _ column: Int) -> Int {
    isTransposed ? column * leadingDimension + row : row * leadingDimension + column
  }

  /// Elements from one element of a single column to the next.
  var step: Int { isTransposed ? 1 : leadingDimension }
}

/// How a product is cut into pieces: blocks of rows and columns of the result, or parts of the sum over k.
///
/// The rule knows shapes alone, so the bits of a result do not depend on the number of threads; and OpenBLAS, which would
/// keep threads of its own busy waiting beside ours, computes each piece on the thread that asks.
private struct ProductPieces {
  var rows: Int
  var columns: Int
  var depth: Int

  /// Products of fewer multiplications are not cut, and OpenBLAS itself keeps them on one thread.
  static let smallest = 1 << 18
  /// A matrix that a vector multiplies is cut into pieces of at least so many elements.
  private static let vectorPiece = 1 << 16
  /// A piece of the result has at most this size either way: large enough that packing operands, which each piece does
  /// for itself, costs little beside it.
  private static let edge = 1024
  /// The fewest multiplications of a part of a sum.
  private static let leastWork = 1 << 19
  /// Partial sums are kept side by side: no more of them than this.
  private static let parts = 64

  /// [m, k] · [k, n]. Of a product with a vector, n = 1, rows are cut where the matrix is stored by rows, else the sum.
  init(_ m: Int, _ n: Int, _ k: Int, leftIsTransposed: Bool) {
    (rows, columns, depth) = (m, n, k)
    if n == 1 {
      let pieces = min(Self.parts, m * k / Self.vectorPiece)
      guard pieces > 1 else { return }
      if leftIsTransposed {
        depth = (k + pieces - 1) / pieces
      } else {
        rows = (m + pieces - 1) / pieces
      }
      return
    }
    if m * n * k <= Self.smallest { return }
    let width = max(m, n)
    if k >= 8 * width && m * n <= 1 << 16 {
      // A long sum: every thread then reads its own rows of the operands, which it may have written itself, and no
      // others. Parts are a power of two, each with work enough, and much longer than what they leave is wide.
      let most = min(Self.parts, m * n * k / Self.leastWork, k / (4 * width))
      guard most > 1 else { return }
      let pieces = 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
      depth = Self.cut(k, pieces)
      return
    }
    var count = 1
    while max(rows, columns) >= 32
      && (count < 4 && rows * columns * k > 1 << 20 || rows * columns > Self.edge * Self.edge)
    {
      if rows >= columns { rows = Self.cut(rows, 2) } else { columns = Self.cut(columns, 2) }
      count *= 2
    }
  }

  /// The length of a part, rounded up to the blocks of registers of the kernels in BLAS.
  private static func cut(_ length: Int, _ pieces: Int) -> Int { ((length + pieces - 1) / pieces + 15) / 16 * 16 }
}

/// A matrix product as BLAS takes it, for windows of these layouts wherever they lie. Sizes have been checked to fit 32
/// bits.
package struct MatrixProduct {
  private let left: MatrixLayout
  private let right: MatrixLayout
  /// Whether `right` is the first operand.
  private let isExchanged: Bool
  private let dtype: DType
  private let pieces: ProductPieces

  /// a b, or with transposes of either; nil where a window would have to be copied first.
  package init?(_ a: Storage, transposed transposesA: Bool, _ b: Storage, transposed transposesB: Bool) {
    // The vector of a product of vector and matrix is always walked as a column: (a b)ᵀ = bᵀ aᵀ.
    isExchanged = (transposesA ? a.shape[1] : a.shape[0]) == 1 && (transposesB ? b.shape[0] : b.shape[1]) != 1
    guard let first = MatrixLayout(a, transposed: isExchanged != transposesA),
      let second = MatrixLayout(b, transposed: isExchanged != transposesB)
    else { return nil }
    (left, right) = isExchanged ? (second, first) : (first, second)
    dtype = a.dtype
    pieces = ProductPieces(left.rows, right.columns, left.columns, leftIsTransposed: left.isTransposed)
  }

  /// Memory for partial sums, where the product has them.
  package var scratch: Storage? {
    let (m, k, n) = (left.rows, left.columns, right.columns)
    if m * n * k == 0 || pieces.depth == k { return nil }
    return Storage(dtype: dtype, shape: [(k + pieces.depth - 1) / pieces.depth, m, n])
  }

  /// Writes the dense result. `scratch` is memory as ``scratch`` gives it.
  package func run(
    _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, into y: UnsafeMutableRawPointer, _ scratch: Storage?
  ) {
    if let scratch, scratch.kind != .memory { return }  // there was no memory: the error has been reported
    let (a, b) = isExchanged ? (b, a) : (a, b)
    dtype == .float32 ? run(Float.self, a, b, y, scratch) : run(Double.self, a, b, y, scratch)
  }

  private func run<T: BLASScalar>(
    _ type: T.Type, _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer,
    _ scratch: Storage?
  ) {
    let (m, k, n) = (left.rows, left.columns, right.columns)
    let (a, b, y) = (
      a.assumingMemoryBound(to: T.self), b.assumingMemoryBound(to: T.self), y.assumingMemoryBound(to: T.self)
    )
    if m == 0 || n == 0 { return }
    if k == 0 { return y.update(repeating: 0, count: m * n) }
    if m * n * k <= ProductPieces.smallest && n > 1 || pieces.rows == m && pieces.depth == k && n == 1 {
      _ = OpenBLAS.current
      return runPiece(a, b, y, 0..<m, 0..<n, 0..<k)
    }
    OpenBLAS.withOneThread { threads in
      if let scratch {
        runParts(a, b, y, scratch.base.assumingMemoryBound(to: T.self), threads)
      } else {
        runBlocks(a, b, y, threads)
      }
    }
  }

  /// The blocks of the result, on all threads. Where bands of rows are enough for the threads, the blocks of a band are
  /// one call, which packs their rows once; blocks end where the kernels' own do, so the bits are the same.
  private func runBlocks<T: BLASScalar>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ threads: Int
  ) {
    let (m, n) = (left.rows, right.columns)
    let bands = (m + pieces.rows - 1) / pieces.rows
    let columns = bands % threads == 0 ? n : pieces.columns
    let across = (n + columns - 1) / columns
    Parallel.forEach(bands * across, threads: threads) { piece in
      let (row, column) = (piece / across * pieces.rows, piece % across * columns)
      runPiece(a, b, y, row..<min(m, row + pieces.rows), column..<min(n, column + columns), 0..<left.columns)
    }
  }

  /// The parts of the sum over k, on all threads, and then their sum: neighbours first.
  private func runParts<T: BLASScalar>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ parts: UnsafeMutablePointer<T>,
    _ threads: Int
  ) {
    let (m, k, n) = (left.rows, left.columns, right.columns)
    let count = (k + pieces.depth - 1) / pieces.depth
    Parallel.forEach(count, threads: threads) { part in
      let first = part * pieces.depth
      runPiece(a, b, parts + part * m * n, 0..<m, 0..<n, first..<min(k, first + pieces.depth))
    }
    let add = nabla_binary_kernel(NABLA_ADD, dtype.rawValue)!
    var distance = 1
    while distance < count {
      for part in stride(from: 0, to: count - distance, by: 2 * distance) {
        let (x, next) = (parts + part * m * n, parts + (part + distance) * m * n)
        add(x, 1, next, 1, 2 * distance < count ? x : y, m * n)
      }
      distance *= 2
    }
  }

  /// Some rows and columns of the result, summed over some of k.
  private func runPiece<T: BLASScalar>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ rows: Range<Int>,
    _ columns: Range<Int>, _ depth: Range<Int>
  ) {
    let a = a + left.offset(rows.lowerBound, depth.lowerBound)
    let b = b + right.offset(depth.lowerBound, columns.lowerBound)
    let n = right.columns
    let y = y + rows.lowerBound * n + columns.lowerBound
    if n == 1 {
      // Some builds of OpenBLAS scale y by beta = 0 with a product, and 0 · NaN of fresh memory is NaN.
      y.update(repeating: 0, count: rows.count)
      let (stored, across) = left.isTransposed ? (depth.count, rows.count) : (rows.count, depth.count)
      T.gemv(left.isTransposed, Int32(stored), Int32(across), a, Int32(left.leadingDimension), b, Int32(right.step), y)
    } else {
      T.gemm(
        left.isTransposed, right.isTransposed, Int32(rows.count), Int32(columns.count), Int32(depth.count), a,
        Int32(left.leadingDimension), b, Int32(right.leadingDimension), y, Int32(n))
    }
  }

  /// y = a b for matrices or their transposes, into dense `y`. Windows that BLAS cannot walk are copied.
  package static func multiply(
    _ a: AnyTensor, transposed transposesA: Bool = false, _ b: AnyTensor, transposed transposesB: Bool = false,
    into y: UnsafeMutableRawPointer
  ) {
    var (a, b) = (a, b)
    var product = MatrixProduct(a.storage, transposed: transposesA, b.storage, transposed: transposesB)
    if product == nil {
      (a, b) = (a.dense, b.dense)
      product = MatrixProduct(a.storage, transposed: transposesA, b.storage, transposed: transposesB)
    }
    let scratch = product!.scratch
    withExtendedLifetime((a.storage, b.storage, scratch)) { product!.run(a.address, b.address, into: y, scratch) }
  }

  /// The product as a call for plans.
  package static func prepared(
    _ a: Storage, transposed transposesA: Bool, _ b: Storage, transposed transposesB: Bool, into y: Storage
  ) -> PreparedCall? {
    MatrixProduct(a, transposed: transposesA, b, transposed: transposesB).map { product in
      let scratch = product.scratch
      let byteCount = scratch.map { $0.count * $0.dtype.byteCount } ?? 0
      return PreparedCall(operands: [a, b], into: y, canFail: false, byteCount: byteCount) {
        product.run(a.base, b.base, into: y.base, scratch)
      }
    }
  }
}

extension AnyTensor {
  /// self += alpha · x in place (axpy), where shapes and types are equal. Memory that others share is copied first.
  package mutating func add(_ x: AnyTensor, scaledBy alpha: Double) {
    makeUnique()
    let source = x.dense
    withExtendedLifetime(source.storage) {
      if dtype == .float32 {
        axpy(Float(alpha), source.address, address)
      } else {
        axpy(alpha, source.address, address)
      }
    }
  }

  /// self *= factor in place. Not BLAS' scal, for which 0 · NaN is 0.
  package mutating func scale(by factor: Double) {
    makeUnique()
    let factor = AnyTensor(factor, dtype: dtype)
    withExtendedLifetime((storage, factor.storage)) {
      nabla_binary_kernel(NABLA_MULTIPLY, dtype.rawValue)!(address, 1, factor.address, 0, address, count)
    }
  }

  private func axpy<T: BLASScalar>(_ alpha: T, _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer) {
    let (x, y) = (x.assumingMemoryBound(to: T.self), y.assumingMemoryBound(to: T.self))
    if count < 32 {  // a call of BLAS costs more than the work
      for index in 0..<count { y[index] += alpha * x[index] }
      return
    }
    if count < Parallel.threshold {  // OpenBLAS would wake threads of its own from 10,000 elements on
      return OpenBLAS.withOneThread { _ in T.axpy(Int32(count), alpha, x, y) }
    }
    // Shared by threads without a lock: x is only read, and each piece writes elements of y that no other touches.
    nonisolated(unsafe) let (source, target) = (x, y)
    OpenBLAS.withOneThread { threads in
      let pieces = (count + Parallel.grain - 1) / Parallel.grain
      Parallel.forEach(pieces, threads: threads) { piece in
        let start = piece * Parallel.grain
        T.axpy(Int32(min(count - start, Parallel.grain)), alpha, source + start, target + start)
      }
    }
  }
}
