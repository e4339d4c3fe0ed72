import CBLAS
import CLAPACKE
import NablaTensor

/// An element type for which LAPACK and BLAS have routines.
protocol LAPACKScalar: FloatingPointScalar {
  /// The routines.
  static var lapack: LAPACK<Self> { get }
}

/// The routines of LAPACK and BLAS for one element type, as their headers declare them. LAPACK gets column-major matrices
/// always, so that nothing is copied to transpose it, and finite ones: its own scan for NaN is left out.
struct LAPACK<S>: Sendable {
  typealias Pointer = UnsafeMutablePointer<S>?
  typealias Input = UnsafePointer<S>?
  typealias Pivots = UnsafeMutablePointer<Int32>?
  typealias PivotInput = UnsafePointer<Int32>?

  let potrf: @Sendable (Int32, CChar, Int32, Pointer, Int32) -> Int32
  let geqrf: @Sendable (Int32, Int32, Int32, Pointer, Int32, Pointer, Pointer, Int32) -> Int32
  let orgqr: @Sendable (Int32, Int32, Int32, Int32, Pointer, Int32, Input, Pointer, Int32) -> Int32
  let larft: @Sendable (Int32, CChar, CChar, Int32, Int32, Input, Int32, Input, Pointer, Int32) -> Int32
  let larfb:
    @Sendable (
      Int32, CChar, CChar, CChar, CChar, Int32, Int32, Int32, Input, Int32, Input, Int32, Pointer, Int32, Pointer, Int32
    ) -> Int32
  let getrf: @Sendable (Int32, Int32, Int32, Pointer, Int32, Pivots) -> Int32
  let laswp: @Sendable (Int32, Int32, Pointer, Int32, Int32, Int32, PivotInput, Int32) -> Int32
  let ormqr:
    @Sendable (
      Int32, CChar, CChar, Int32, Int32, Int32, Input, Int32, Input, Pointer, Int32, Pointer, Int32
    ) -> Int32
  let tpqrt:
    @Sendable (
      Int32, Int32, Int32, Int32, Int32, Pointer, Int32, Pointer, Int32, Pointer, Int32, Pointer
    ) -> Int32
  let tpmqrt:
    @Sendable (
      Int32, CChar, CChar, Int32, Int32, Int32, Int32, Int32, Input, Int32, Input, Int32, Pointer, Int32, Pointer,
      Int32,
      Pointer
    ) -> Int32
  let trcon: @Sendable (Int32, CChar, CChar, CChar, Int32, Input, Int32, Pointer, Pointer, Pivots) -> Int32
  let gemm:
    @Sendable (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, Int32, Int32, Int32, S, Input, Int32, Input, Int32, S, Pointer,
      Int32
    ) -> Void
  let trsm:
    @Sendable (
      CBLAS_ORDER, CBLAS_SIDE, CBLAS_UPLO, CBLAS_TRANSPOSE, CBLAS_DIAG, Int32, Int32, S, Input, Int32, Pointer, Int32
    ) -> Void
  let trsv:
    @Sendable (CBLAS_ORDER, CBLAS_UPLO, CBLAS_TRANSPOSE, CBLAS_DIAG, Int32, Input, Int32, Pointer, Int32) -> Void
}

/// The letters of LAPACK's arguments, and its order of elements.
enum Letter {
  static let columnMajor: Int32 = 102
  static let upper = CChar(UInt8(ascii: "U"))
  static let left = CChar(UInt8(ascii: "L"))
  static let right = CChar(UInt8(ascii: "R"))
  static let forward = CChar(UInt8(ascii: "F"))
  static let byRows = CChar(UInt8(ascii: "R"))
  static let transposed = CChar(UInt8(ascii: "T"))
  static let notTransposed = CChar(UInt8(ascii: "N"))
  static let notUnit = CChar(UInt8(ascii: "N"))
  static let oneNorm = CChar(UInt8(ascii: "1"))
}

extension Float: LAPACKScalar {
  static let lapack = LAPACK<Float>(
    potrf: LAPACKE_spotrf_work, geqrf: LAPACKE_sgeqrf_work, orgqr: LAPACKE_sorgqr_work,
    larft: LAPACKE_slarft_work, larfb: LAPACKE_slarfb_work,
    getrf: LAPACKE_sgetrf_work, laswp: LAPACKE_slaswp_work, ormqr: LAPACKE_sormqr_work, tpqrt: LAPACKE_stpqrt_work,
    tpmqrt: LAPACKE_stpmqrt_work, trcon: LAPACKE_strcon_work, gemm: cblas_sgemm, trsm: cblas_strsm, trsv: cblas_strsv)
}
extension Double: LAPACKScalar {
  static let lapack = LAPACK<Double>(
    potrf: LAPACKE_dpotrf_work, geqrf: LAPACKE_dgeqrf_work, orgqr: LAPACKE_dorgqr_work,
    larft: LAPACKE_dlarft_work, larfb: LAPACKE_dlarfb_work,
    getrf: LAPACKE_dgetrf_work, laswp: LAPACKE_dlaswp_work, ormqr: LAPACKE_dormqr_work, tpqrt: LAPACKE_dtpqrt_work,
    tpmqrt: LAPACKE_dtpmqrt_work, trcon: LAPACKE_dtrcon_work, gemm: cblas_dgemm, trsm: cblas_dtrsm, trsv: cblas_dtrsv)
}
