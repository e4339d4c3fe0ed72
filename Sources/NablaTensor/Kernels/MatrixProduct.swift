import CBLAS
import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#endif

/// A matrix as BLAS takes it: whether its rows are stored as columns, and the elements from one stored row to the next.
private struct MatrixLayout {
  let rows: Int
  let columns: Int
  let isTransposed: Bool
  let leadingDimension: Int

  /// The layout of a view of rank 2, or of its transpose; nil where BLAS cannot walk it.
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

  /// Elements from one row to the next, and from one column to the next.
  var strides: (row: Int, column: Int) { isTransposed ? (1, leadingDimension) : (leadingDimension, 1) }

  /// Where an element is.
  func offset(_ row: Int, _ column: Int) -> Int {
    row * strides.row + column * strides.column
  }

  /// Elements from one element of a single column to the next.
  var step: Int { isTransposed ? 1 : leadingDimension }
}

/// Who computes a product.
package enum ProductKernel: String, Sendable {
  case openBLAS
  /// Nabla's own kernel, for AVX-512: see `product.c`.
  case nabla
  /// Nabla's own kernels for narrow results: see `thin.c`.
  case thin

  /// Whether the processor has Nabla's kernels, and `NABLA_MATMUL=openblas` does not turn it off.
  package static let hasOwn =
    nabla_can_multiply_matrices() != 0 && getenv("NABLA_MATMUL").map { String(cString: $0) } != "openblas"

  /// The fewest columns of a matrix that is multiplied with a vector by Nabla's own kernel: for fewer, OpenBLAS takes several
  /// rows at once.
  static let leastColumns = 8

  /// Whether the processor has kernels for narrow results, and `NABLA_MATMUL=openblas` does not turn them off.
  static let hasThin =
    nabla_thin_product_kernel(DType.float32.rawValue, NABLA_THIN_BY_ROWS) != nil
    && getenv("NABLA_MATMUL").map { String(cString: $0) } != "openblas"

  /// The faster one for [m, k] · [k, n] of a type. OpenBLAS has kernels without packing for up to a million
  /// multiplications, and smaller products than these are cut so that they take the pieces; for Floats its tiles are
  /// narrower, and a tile of Nabla's that is mostly empty wastes time.
  init(_ m: Int, _ n: Int, _ k: Int, _ dtype: DType) {
    let isLarge = m >= 16 && n >= (dtype == .float32 ? 64 : 8) && m * n * k >= 1 << 21
    self = Self.hasOwn && isLarge ? .nabla : .openBLAS
  }
}

/// How a product with a narrow result is computed from a large operand that is read once.
private struct ThinProduct {
  let kind: nabla_thin_kind
  /// Whether it is bᵀ aᵀ that is computed, of which the few rows are the few columns of the product.
  let isExchanged: Bool
  /// Whether the narrow operand is copied first, so that its elements lie along k.
  let copies: Bool

  /// Elements of a large operand from which on it is worth while: it comes from memory. In a nearer cache OpenBLAS is as fast or
  /// faster, but for the narrowest results of tall operands.
  private static let leastElements = 1 << 18
  private static let leastElementsOfTall = 1 << 14
  private static let narrowestSide = 16
  /// The shortest sum whose lanes are added at its end.
  private static let leastDepth = 64

  /// The way to compute a product so; nil where there is none, or where another is faster, unless it `isAsked` for.
  init?(_ left: MatrixLayout, _ right: MatrixLayout, isAsked: Bool) {
    let (m, k, n) = (left.rows, left.columns, right.columns)
    let elements = isAsked ? .max : max(m, n) * k
    let least = max(m, n) <= Self.narrowestSide ? Self.leastElementsOfTall : Self.leastElements
    guard min(m, n) > 1, elements >= least, ProductKernel.hasThin else { return nil }
    if left.strides.row == 1 && right.strides.column == 1 && max(m, n) <= Int(NABLA_TALL_SIDE) && k >= 8 * max(m, n) {
      (kind, isExchanged, copies) = (NABLA_TALL, false, false)
      return
    }
    isExchanged = n < m
    guard elements >= Self.leastElements, min(m, n) <= Int(NABLA_THIN_ROWS), max(m, n) >= 32 else { return nil }
    let alongRows = isExchanged ? left.isTransposed : !right.isTransposed
    kind = alongRows ? NABLA_THIN_BY_ROWS : NABLA_THIN_BY_COLUMNS
    copies = !alongRows && (isExchanged ? right.strides.row : left.strides.column) != 1
    if !alongRows && k < Self.leastDepth { return nil }
  }
}

/// A matrix product of views of these layouts, wherever they lie. Sizes have been checked to fit 32 bits.
package struct MatrixProduct {
  private let left: MatrixLayout
  private let right: MatrixLayout
  /// Whether `right` is the first operand.
  private let isExchanged: Bool
  private let dtype: DType
  private let kernel: ProductKernel
  private let pieces: ProductPieces
  /// Whether the pieces along k are the parts that Nabla's own kernel has in any case.
  private let hasKernelsParts: Bool
  /// Where `kernel` is the one for narrow results.
  private let thin: ThinProduct?

  /// a b, or with transposes of either, by the faster kernel or a given one, in pieces for the threads there are or for a
  /// given number; nil where a view would have to be copied first.
  package init?(
    _ a: Storage, transposed transposesA: Bool, _ b: Storage, transposed transposesB: Bool,
    by kernel: ProductKernel? = nil, threads: Int? = nil
  ) {
    // The vector of a product of vector and matrix is always walked as a column: (a b)ᵀ = bᵀ aᵀ.
    isExchanged = (transposesA ? a.shape[1] : a.shape[0]) == 1 && (transposesB ? b.shape[0] : b.shape[1]) != 1
    guard let first = MatrixLayout(a, transposed: isExchanged != transposesA),
      let second = MatrixLayout(b, transposed: isExchanged != transposesB)
    else { return nil }
    (left, right) = isExchanged ? (second, first) : (first, second)
    dtype = a.dtype
    let (m, n, k) = (left.rows, right.columns, left.columns)
    var pieces = ProductPieces(m, n, k, leftIsTransposed: left.isTransposed)
    var thin = kernel == nil || kernel == .thin ? ThinProduct(left, right, isAsked: kernel == .thin) : nil
    // Where the sum is cut, each part would have its own copy.
    if let some = thin, some.copies && pieces.depth < k { thin = nil }
    if let thin, pieces.depth == k { pieces = ProductPieces(m, n, k, thin.kind, cutsRows: thin.isExchanged) }
    self.thin = thin
    self.kernel = thin != nil ? .thin : kernel ?? ProductKernel(m, n, pieces.depth, dtype)
    hasKernelsParts = self.kernel == .nabla && pieces.depth == k && k > 0
    self.pieces =
      !hasKernelsParts
      ? pieces
      : ProductPieces(
        m, n, k, part: nabla_product_depth(k, dtype.rawValue), threads: threads ?? OpenBLAS.sharingThreads)
  }

  /// Memory for the partial sums after the first, where the product has them, or for a copy of the narrow operand.
  package var scratch: Storage? {
    let (m, k, n) = (left.rows, left.columns, right.columns)
    if m * n * k == 0 { return nil }
    if let thin, thin.copies { return Storage(dtype: dtype, shape: [min(m, n), k]) }
    if pieces.depth == k { return nil }
    return Storage(dtype: dtype, shape: [(k - 1) / pieces.depth, m, n])
  }

  /// Writes the dense result. `scratch` is memory as ``scratch`` gives it.
  package func run(
    _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, into y: UnsafeMutableRawPointer, _ scratch: Storage?
  ) {
    if let scratch, scratch.kind != .memory { return }  // there was no memory: the error has been reported
    let (a, b) = isExchanged ? (b, a) : (a, b)
    dtype.withFloatingPointType { run($0, a, b, y, scratch) }
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
    if let thin, pieces.depth == k {
      if let scratch { return runCopied(a, b, y, scratch.base.assumingMemoryBound(to: T.self), thin) }
      return runBlocks(a, b, y, OpenBLAS.sharingThreads)
    }
    if m * n * k <= ProductPieces.smallest && n > 1 || pieces.rows == m && pieces.depth == k && n == 1 {
      _ = OpenBLAS.current
      return runPiece(a, b, y, 0..<m, 0..<n, 0..<k)
    }
    if hasKernelsParts && !Parallel.isFree { return runPiece(a, b, y, 0..<m, 0..<n, 0..<k) }
    OpenBLAS.withOneThread { threads in
      if let scratch {
        runParts(a, b, y, scratch.base.assumingMemoryBound(to: T.self), threads)
      } else if hasKernelsParts {
        runPiece(a, b, y, 0..<m, 0..<n, 0..<k, threads: threads)
      } else {
        runBlocks(a, b, y, threads)
      }
    }
  }

  /// A product with a narrow result whose narrow operand is copied.
  private func runCopied<T: BLASScalar>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ copy: UnsafeMutablePointer<T>,
    _ thin: ThinProduct
  ) {
    let (narrow, k) = (thin.isExchanged ? b : a, left.columns)
    let few = min(left.rows, right.columns)
    let (row, column) =
      thin.isExchanged ? (right.strides.column, right.strides.row) : (left.strides.row, left.strides.column)
    nabla_copy_matrix(narrow, row, column, copy, k, 1, few, k, Int32(dtype.byteCount))
    runBlocks(a, b, y, OpenBLAS.sharingThreads, copy: copy)
  }

  /// The blocks of the result, on all threads.
  private func runBlocks<T: BLASScalar>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ threads: Int,
    copy: UnsafePointer<T>? = nil
  ) {
    let (m, n) = (left.rows, right.columns)
    let bands = (m + pieces.rows - 1) / pieces.rows
    // Where bands of rows are enough for the threads, the blocks of a band are one call of OpenBLAS, which packs their rows
    // once; blocks end where the kernels' own do, so the bits are the same.
    let columns = bands % threads == 0 && thin == nil ? n : pieces.columns
    let across = (n + columns - 1) / columns
    Parallel.forEach(bands * across, threads: threads) { piece in
      let (row, column) = (piece / across * pieces.rows, piece % across * columns)
      let (rows, columns) = (row..<min(m, row + pieces.rows), column..<min(n, column + columns))
      if let thin { return runThin(thin, a, b, y, rows, columns, 0..<left.columns, copy) }
      runPiece(a, b, y, rows, columns, 0..<left.columns)
    }
  }

  /// The parts of the sum over k, on all threads, and then their sum: in the order of the kernel, whose own parts they are,
  /// or neighbours first.
  private func runParts<T: BLASScalar>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ others: UnsafeMutablePointer<T>,
    _ threads: Int
  ) {
    let (m, k, n) = (left.rows, left.columns, right.columns)
    let count = (k + pieces.depth - 1) / pieces.depth
    func sum(_ part: Int) -> UnsafeMutablePointer<T> { part == 0 ? y : others + (part - 1) * m * n }
    Parallel.forEach(count, threads: threads) { part in
      let first = part * pieces.depth
      runPiece(a, b, sum(part), 0..<m, 0..<n, first..<min(k, first + pieces.depth))
    }
    let add = nabla_binary_kernel(NABLA_ADD, dtype.rawValue)!
    Parallel.forEachPiece(of: m * n, cost: count - 1) { range in
      func include(_ part: Int, in target: Int) {
        add(
          sum(target) + range.lowerBound, 1, sum(part) + range.lowerBound, 1, sum(target) + range.lowerBound,
          range.count)
      }
      if hasKernelsParts {
        for part in 1..<count { include(part, in: 0) }
        return
      }
      var distance = 1
      while distance < count {
        for part in stride(from: 0, to: count - distance, by: 2 * distance) { include(part + distance, in: part) }
        distance *= 2
      }
    }
  }

  /// Nabla's own kernel for a product with a vector, where it is faster.
  private var vectorKernel: nabla_vector_product? {
    let columns = left.isTransposed ? left.rows : left.columns
    guard ProductKernel.hasOwn && right.columns == 1 && right.step == 1 && columns >= ProductKernel.leastColumns else {
      return nil
    }
    return nabla_vector_product_kernel(dtype.rawValue, left.isTransposed ? 1 : 0)
  }

  /// Some rows and columns of a narrow result, summed over some of k, with the narrow operand or its copy.
  private func runThin<T: BLASScalar>(
    _ thin: ThinProduct, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>,
    _ rows: Range<Int>, _ columns: Range<Int>, _ depth: Range<Int>, _ copy: UnsafePointer<T>?
  ) {
    let a = a + left.offset(rows.lowerBound, depth.lowerBound)
    let b = b + right.offset(depth.lowerBound, columns.lowerBound)
    let (n, k) = (right.columns, depth.count)
    let y = y + rows.lowerBound * n + columns.lowerBound
    let kernel = nabla_thin_product_kernel(dtype.rawValue, thin.kind)!
    var product: nabla_product
    if thin.isExchanged {
      product = nabla_product(
        m: columns.count, n: rows.count, k: k, a_row: right.strides.column, a_column: right.strides.row,
        b_row: left.strides.column, b_column: left.strides.row, y_row: 1)
    } else {
      product = nabla_product(
        m: rows.count, n: columns.count, k: k, a_row: left.strides.row, a_column: left.strides.column,
        b_row: right.strides.row, b_column: right.strides.column, y_row: n)
    }
    if copy != nil { (product.a_row, product.a_column) = (k, 1) }
    kernel(&product, thin.isExchanged ? n : 1, copy ?? (thin.isExchanged ? b : a), thin.isExchanged ? a : b, y)
  }

  /// Some rows and columns of the result, summed over some of k; by Nabla's own kernel on so many threads.
  private func runPiece<T: BLASScalar>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ rows: Range<Int>,
    _ columns: Range<Int>, _ depth: Range<Int>, threads: Int = 1
  ) {
    if let thin { return runThin(thin, a, b, y, rows, columns, depth, nil) }
    let a = a + left.offset(rows.lowerBound, depth.lowerBound)
    let b = b + right.offset(depth.lowerBound, columns.lowerBound)
    let n = right.columns
    let y = y + rows.lowerBound * n + columns.lowerBound
    if kernel == .nabla {
      var product = nabla_product(
        m: rows.count, n: columns.count, k: depth.count, a_row: left.strides.row, a_column: left.strides.column,
        b_row: right.strides.row, b_column: right.strides.column, y_row: n)
      nabla_multiply_matrices(&product, dtype.rawValue, Int32(clamping: threads), a, b, y)
    } else if n == 1 {
      let (stored, across) = left.isTransposed ? (depth.count, rows.count) : (rows.count, depth.count)
      if let vectorKernel { return vectorKernel(a, left.leadingDimension, stored, across, b, y) }
      // Some builds of OpenBLAS scale y by beta = 0 with a product, and 0 · NaN of fresh memory is NaN.
      y.update(repeating: 0, count: rows.count)
      T.gemv(left.isTransposed, Int32(stored), Int32(across), a, Int32(left.leadingDimension), b, Int32(right.step), y)
    } else {
      T.gemm(
        left.isTransposed, right.isTransposed, Int32(rows.count), Int32(columns.count), Int32(depth.count), a,
        Int32(left.leadingDimension), b, Int32(right.leadingDimension), y, Int32(n))
    }
  }

  /// y = a b for matrices or their transposes, into dense `y`. Views that BLAS cannot walk are copied.
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

  /// The product as one loop in C, where it is one of Nabla's with a vector, and small enough for one thread.
  private func vectorCall(_ a: Storage, _ b: Storage, into y: Storage) -> PreparedCall? {
    let (m, k) = (left.rows, left.columns)
    guard let vectorKernel, m > 0 && k > 0 && pieces.rows == m && pieces.depth == k else { return nil }
    let (matrix, vector) = isExchanged ? (b, a) : (a, b)
    let (rows, columns) = left.isTransposed ? (k, m) : (m, k)
    return PreparedCall(
      vectorKernel, matrix, step: left.leadingDimension, rows: rows, columns: columns, vector, into: y)
  }

  /// The product as a call for plans.
  package static func prepared(
    _ a: Storage, transposed transposesA: Bool, _ b: Storage, transposed transposesB: Bool, into y: Storage
  ) -> PreparedCall? {
    MatrixProduct(a, transposed: transposesA, b, transposed: transposesB).map { product in
      if let call = product.vectorCall(a, b, into: y) { return call }
      let scratch = product.scratch
      let byteCount = scratch.map { $0.count * $0.dtype.byteCount } ?? 0
      return PreparedCall(operands: [a, b], into: [y], canFail: false, byteCount: byteCount) {
        product.run(a.base, b.base, into: y.base, scratch)
      }
    }
  }
}
