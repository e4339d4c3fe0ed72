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

/// A matrix as BLAS takes it: an address, whether it is stored transposed, and the step between stored rows.
private struct StoredMatrix {
  let tensor: AnyTensor
  let isTransposed: Bool
  let leadingDimension: Int

  /// A window of rank 2 without a copy where one of its steps is 1, else a dense copy.
  init(_ x: AnyTensor) {
    let (rows, columns) = (x.shape[0], x.shape[1])
    guard let steps = x.strides else {
      self.init(tensor: x, isTransposed: false, leadingDimension: max(1, columns))
      return
    }
    let limit = Int(Int32.max)
    if (steps[1] == 1 || columns == 1) && (steps[0] >= max(1, columns) || rows == 1) && steps[0] <= limit {
      self.init(tensor: x, isTransposed: false, leadingDimension: rows == 1 ? max(1, columns) : steps[0])
    } else if (steps[0] == 1 || rows == 1) && (steps[1] >= max(1, rows) || columns == 1) && steps[1] <= limit {
      self.init(tensor: x, isTransposed: true, leadingDimension: columns == 1 ? max(1, rows) : steps[1])
    } else {
      self.init(tensor: x.dense, isTransposed: false, leadingDimension: max(1, columns))
    }
  }

  private init(tensor: AnyTensor, isTransposed: Bool, leadingDimension: Int) {
    self.tensor = tensor
    self.isTransposed = isTransposed
    self.leadingDimension = leadingDimension
  }
}

/// Matrix products on windows. Sizes have been checked to fit 32 bits.
package enum MatrixProduct {
  /// y = a b for matrices, into dense `y`.
  package static func multiply(_ a: AnyTensor, _ b: AnyTensor, into y: UnsafeMutableRawPointer) {
    _ = OpenBLAS.current
    if a.dtype == .float32 {
      multiply(a, b, y.assumingMemoryBound(to: Float.self))
    } else {
      multiply(a, b, y.assumingMemoryBound(to: Double.self))
    }
  }

  private static func multiply<T: BLASScalar>(_ a: AnyTensor, _ b: AnyTensor, _ y: UnsafeMutablePointer<T>) {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
    if m == 0 || n == 0 { return }
    if k == 0 { return y.update(repeating: 0, count: m * n) }
    if n == 1 { return multiply(StoredMatrix(a), vector: b, step: b.strides?[0] ?? 1, y) }
    if m == 1 {
      return multiply(StoredMatrix(b.window(permutedBy: [1, 0])), vector: a, step: a.strides?[1] ?? 1, y)
    }
    let (left, right) = (StoredMatrix(a), StoredMatrix(b))
    withExtendedLifetime((left.tensor, right.tensor)) {
      T.gemm(
        left.isTransposed, right.isTransposed, Int32(m), Int32(n), Int32(k),
        left.tensor.address.assumingMemoryBound(to: T.self), Int32(left.leadingDimension),
        right.tensor.address.assumingMemoryBound(to: T.self), Int32(right.leadingDimension), y, Int32(n))
    }
  }

  private static func multiply<T: BLASScalar>(
    _ matrix: StoredMatrix, vector: AnyTensor, step: Int, _ y: UnsafeMutablePointer<T>
  ) {
    let (rows, columns) = (matrix.tensor.shape[0], matrix.tensor.shape[1])
    let isPlain = step > 0 && step <= Int(Int32.max)
    let x = isPlain ? vector : vector.dense
    // Some builds of OpenBLAS scale y by beta = 0 with a product, and 0 · NaN of fresh memory is NaN.
    y.update(repeating: 0, count: rows)
    withExtendedLifetime((matrix.tensor, x)) {
      T.gemv(
        matrix.isTransposed, Int32(matrix.isTransposed ? columns : rows),
        Int32(matrix.isTransposed ? rows : columns), matrix.tensor.address.assumingMemoryBound(to: T.self),
        Int32(matrix.leadingDimension), x.address.assumingMemoryBound(to: T.self), isPlain ? Int32(step) : 1, y)
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
    _ = OpenBLAS.current
    var start = 0
    while start < count {
      let length = min(count - start, Int(Int32.max))
      T.axpy(Int32(length), alpha, x + start, y + start)
      start += length
    }
  }
}
