import CBLAS
import CKernels

/// The product XᵀX of a matrix with itself, of which one triangle is computed.
package enum GramProduct {
  /// Writes the upper triangle of XᵀX, over zeros, for a matrix or some of its rows: the state of these as a merge of states, which
  /// are added. On one thread.
  ///
  /// Returns false where the strides of `x` are none that BLAS can walk.
  package static func upper(_ x: AnyTensor, rows: Range<Int>, into y: UnsafeMutableRawPointer) -> Bool {
    guard let layout = MatrixLayout(x.storage, transposed: false) else { return false }
    x.dtype.withFloatingPointType { type in upper(type, x, layout, rows, y) }
    return true
  }

  private static func upper<T: BLASScalar>(
    _ type: T.Type, _ x: AnyTensor, _ layout: MatrixLayout, _ rows: Range<Int>, _ y: UnsafeMutableRawPointer
  ) {
    let (n, y) = (layout.columns, y.assumingMemoryBound(to: T.self))
    // Some builds of OpenBLAS scale y by beta = 0 with a product, and 0 · NaN of fresh memory is NaN.
    y.update(repeating: 0, count: n * n)
    if n == 0 || rows.isEmpty { return }
    let from = UnsafePointer(x.address.assumingMemoryBound(to: T.self)) + layout.offset(rows.lowerBound, 0)
    T.syrk(layout.isTransposed, Int32(n), Int32(rows.count), from, Int32(layout.leadingDimension), y)
  }

  /// Copies the upper triangle of a matrix of n rows and columns to the lower one of `y`, and all of it where `y` is other memory.
  package static func mirror(
    _ triangle: UnsafeRawPointer, _ n: Int, _ dtype: DType, into y: UnsafeMutableRawPointer
  ) {
    if triangle != UnsafeRawPointer(y) { y.copyMemory(from: triangle, byteCount: n * n * dtype.byteCount) }
    dtype.withFloatingPointType { type in mirror(type, n, y) }
  }

  /// Square tiles, so that both sides of the diagonal stay in the first-level cache.
  private static func mirror<T: BLASScalar>(_ type: T.Type, _ n: Int, _ y: UnsafeMutableRawPointer) {
    let (y, tile) = (y.assumingMemoryBound(to: T.self), 32)
    for top in stride(from: 0, to: n, by: tile) {
      for left in stride(from: top, to: n, by: tile) {
        for i in top..<min(n, top + tile) {
          for j in max(left, i + 1)..<max(left, i + 1, min(n, left + tile)) { y[j * n + i] = y[i * n + j] }
        }
      }
    }
  }
}
