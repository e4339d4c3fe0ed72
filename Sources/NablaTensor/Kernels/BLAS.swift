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

extension AnyTensor {
  /// self += alpha · x in place (axpy), where shapes and types are equal. Memory that others share is copied first.
  package mutating func add(_ x: AnyTensor, scaledBy alpha: Double) {
    if !x.isDense { return add(x.dense, scaledBy: alpha) }
    makeUnique()
    withExtendedLifetime(x.storage) {
      dtype.withFloatingPointType { axpy($0, alpha, x.address, address) }
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

  private func axpy<T: BLASScalar>(
    _ type: T.Type, _ alpha: Double, _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer
  ) {
    let (alpha, x, y) = (T(alpha), x.assumingMemoryBound(to: T.self), y.assumingMemoryBound(to: T.self))
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
