import CLAPACKE
import NablaTensor

/// The routines of LAPACK for one element type. Matrices are column-major, as in Fortran: a row-major matrix is
/// handed over as its transpose.
protocol LAPACKScalar: FloatingPointScalar {
  static func gelqf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Self>, _ lda: Int32, _ tau: UnsafeMutablePointer<Self>
  ) -> Int32
  static func ormlq(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Self>, _ lda: Int32, _ tau: UnsafePointer<Self>,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int32
  ) -> Int32
  /// Solves Lᵀ X = B in place.
  static func trtrs(
    _ n: Int32, _ columns: Int32, _ l: UnsafePointer<Self>, _ ldl: Int32, _ b: UnsafeMutablePointer<Self>,
    _ ldb: Int32
  ) -> Int32
  /// The reciprocal condition number of lower triangular L in the 1-norm.
  static func trcon(
    _ n: Int32, _ l: UnsafePointer<Self>, _ ldl: Int32, _ rcond: UnsafeMutablePointer<Self>
  ) -> Int32
}

private func letter(_ character: Unicode.Scalar) -> CChar { CChar(character.value) }

extension Float: LAPACKScalar {
  static func gelqf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Float>, _ lda: Int32, _ tau: UnsafeMutablePointer<Float>
  ) -> Int32 { LAPACKE_sgelqf(LAPACK_COL_MAJOR, m, n, a, lda, tau) }
  static func ormlq(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Float>, _ lda: Int32, _ tau: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int32
  ) -> Int32 { LAPACKE_sormlq(LAPACK_COL_MAJOR, letter("L"), letter("N"), m, n, k, a, lda, tau, c, ldc) }
  static func trtrs(
    _ n: Int32, _ columns: Int32, _ l: UnsafePointer<Float>, _ ldl: Int32, _ b: UnsafeMutablePointer<Float>,
    _ ldb: Int32
  ) -> Int32 {
    LAPACKE_strtrs(LAPACK_COL_MAJOR, letter("L"), letter("T"), letter("N"), n, columns, l, ldl, b, ldb)
  }
  static func trcon(
    _ n: Int32, _ l: UnsafePointer<Float>, _ ldl: Int32, _ rcond: UnsafeMutablePointer<Float>
  ) -> Int32 { LAPACKE_strcon(LAPACK_COL_MAJOR, letter("1"), letter("L"), letter("N"), n, l, ldl, rcond) }
}

extension Double: LAPACKScalar {
  static func gelqf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Double>, _ lda: Int32, _ tau: UnsafeMutablePointer<Double>
  ) -> Int32 { LAPACKE_dgelqf(LAPACK_COL_MAJOR, m, n, a, lda, tau) }
  static func ormlq(
    _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Double>, _ lda: Int32, _ tau: UnsafePointer<Double>,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int32
  ) -> Int32 { LAPACKE_dormlq(LAPACK_COL_MAJOR, letter("L"), letter("N"), m, n, k, a, lda, tau, c, ldc) }
  static func trtrs(
    _ n: Int32, _ columns: Int32, _ l: UnsafePointer<Double>, _ ldl: Int32, _ b: UnsafeMutablePointer<Double>,
    _ ldb: Int32
  ) -> Int32 {
    LAPACKE_dtrtrs(LAPACK_COL_MAJOR, letter("L"), letter("T"), letter("N"), n, columns, l, ldl, b, ldb)
  }
  static func trcon(
    _ n: Int32, _ l: UnsafePointer<Double>, _ ldl: Int32, _ rcond: UnsafeMutablePointer<Double>
  ) -> Int32 { LAPACKE_dtrcon(LAPACK_COL_MAJOR, letter("1"), letter("L"), letter("N"), n, l, ldl, rcond) }
}
