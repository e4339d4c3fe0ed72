import CLAPACKE
import NablaTensor

/// The routines of LAPACK for one element type, on column-major matrices.
protocol LAPACKScalar: FloatingPointScalar {
  /// QR: R in the upper triangle, reflections below.
  static func geqrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Self>, _ lda: Int32, _ tau: UnsafeMutablePointer<Self>
  ) -> Int32
  /// Solves R X = B in place for upper triangular R.
  static func trtrs(
    _ n: Int32, _ columns: Int32, _ r: UnsafePointer<Self>, _ ldr: Int32, _ b: UnsafeMutablePointer<Self>, _ ldb: Int32
  ) -> Int32
  /// The reciprocal condition number of upper triangular R in the 1-norm.
  static func trcon(_ n: Int32, _ r: UnsafePointer<Self>, _ ldr: Int32, _ rcond: UnsafeMutablePointer<Self>) -> Int32
}

private func letter(_ character: Unicode.Scalar) -> CChar { CChar(character.value) }

extension Float: LAPACKScalar {
  static func geqrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Float>, _ lda: Int32, _ tau: UnsafeMutablePointer<Float>
  ) -> Int32 { LAPACKE_sgeqrf(LAPACK_COL_MAJOR, m, n, a, lda, tau) }
  static func trtrs(
    _ n: Int32, _ columns: Int32, _ r: UnsafePointer<Float>, _ ldr: Int32, _ b: UnsafeMutablePointer<Float>,
    _ ldb: Int32
  ) -> Int32 {
    LAPACKE_strtrs(LAPACK_COL_MAJOR, letter("U"), letter("N"), letter("N"), n, columns, r, ldr, b, ldb)
  }
  static func trcon(
    _ n: Int32, _ r: UnsafePointer<Float>, _ ldr: Int32, _ rcond: UnsafeMutablePointer<Float>
  ) -> Int32 { LAPACKE_strcon(LAPACK_COL_MAJOR, letter("1"), letter("U"), letter("N"), n, r, ldr, rcond) }
}

extension Double: LAPACKScalar {
  static func geqrf(
    _ m: Int32, _ n: Int32, _ a: UnsafeMutablePointer<Double>, _ lda: Int32, _ tau: UnsafeMutablePointer<Double>
  ) -> Int32 { LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, a, lda, tau) }
  static func trtrs(
    _ n: Int32, _ columns: Int32, _ r: UnsafePointer<Double>, _ ldr: Int32, _ b: UnsafeMutablePointer<Double>,
    _ ldb: Int32
  ) -> Int32 {
    LAPACKE_dtrtrs(LAPACK_COL_MAJOR, letter("U"), letter("N"), letter("N"), n, columns, r, ldr, b, ldb)
  }
  static func trcon(
    _ n: Int32, _ r: UnsafePointer<Double>, _ ldr: Int32, _ rcond: UnsafeMutablePointer<Double>
  ) -> Int32 { LAPACKE_dtrcon(LAPACK_COL_MAJOR, letter("1"), letter("U"), letter("N"), n, r, ldr, rcond) }
}
