import CKernels

/// The kernels that make of each row along the last axis another row of the same length.
package enum Rows {
  /// Each row of `x` into dense `y`. Rows are shared over the threads; a row's own order depends on its length alone.
  package static func map(_ op: nabla_row_map_op, _ x: AnyTensor, into y: UnsafeMutableRawPointer) {
    let (kernel, dense, length) = (nabla_row_map_kernel(op, x.dtype.rawValue)!, x.dense, x.shape.last!)
    if dense.count == 0 { return }
    withExtendedLifetime(dense.storage) {
      let bytes = length * x.dtype.byteCount
      Parallel.forEachPiece(of: dense.count / length, cost: length) { rows in
        let start = rows.lowerBound * bytes
        kernel(dense.address + start, rows.count, length, y + start)
      }
    }
  }

  /// The same as one call on views that stay, for plans; nil where it takes a copy, or is worth threads.
  package static func prepared(_ op: nabla_row_map_op, _ x: Storage, into y: Storage) -> PreparedCall? {
    guard x.isDense, x.count < Parallel.threshold, x.count > 0 else { return nil }
    let length = x.shape.last!
    return PreparedCall(
      nabla_row_map_kernel(op, x.dtype.rawValue)!, x, into: y, rows: x.count / length, length: length)
  }
}
