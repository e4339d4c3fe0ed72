import CKernels

/// The kernels that put rows along an axis in order: `sort`, `argsort` and `topK`.
///
/// Equal elements keep their order, also where it descends; -0 and 0 are equal; false comes before true. NaN comes last in
/// both directions, as in NumPy, but for `topK`, where it is larger than every number, as in PyTorch and JAX: the
/// largest begin with NaN, the smallest end with it.
///
/// The operand may be any view; results are dense. Threads share the rows, or a long one. On raw memory a plan hands over
/// ``nabla_lines`` and a workspace, and nothing is allocated.
package enum Order {
  /// Sorts along `axis`: elements into `values`, the `Int64` indices along the axis that they come from into `indices`.
  /// Either may be nil. `values` is not the memory of `x`.
  package static func sort(
    _ x: AnyTensor, axis: Int, descending: Bool = false, values: UnsafeMutableRawPointer?,
    indices: UnsafeMutablePointer<Int64>?
  ) {
    guard let lines = x.lines(along: axis) else {
      return sort(x.dense, axis: axis, descending: descending, values: values, indices: indices)
    }
    withExtendedLifetime(x.storage) {
      sort(lines, x.dtype, x.address, descending: descending, values: values, indices: indices)
    }
  }

  /// The same on raw memory. The workspace has ``sortByteCount(_:_:hasIndices:)`` bytes and begins on a line of memory;
  /// without one the pool gives it.
  package static func sort(
    _ lines: nabla_lines, _ dtype: DType, _ x: UnsafeRawPointer, descending: Bool = false,
    values: UnsafeMutableRawPointer?, indices: UnsafeMutablePointer<Int64>?, workspace: UnsafeMutableRawPointer? = nil
  ) {
    withUnsafePointer(to: lines) {
      nabla_sort($0, dtype.rawValue, descending ? 1 : 0, x, values, indices, workspace)
    }
  }

  /// The bytes that a sort works in, on the threads that there are.
  package static func sortByteCount(_ lines: nabla_lines, _ dtype: DType, hasIndices: Bool) -> Int {
    withUnsafePointer(to: lines) { Int(nabla_sort_workspace($0, dtype.rawValue, hasIndices ? 1 : 0)) }
  }

  /// The `count` largest (or smallest) elements along `axis`, best first, equal ones by their index; at most as many as the
  /// axis has. Results have `count` in place of its size.
  package static func topK(
    _ x: AnyTensor, count: Int, axis: Int, largest: Bool = true, values: UnsafeMutableRawPointer?,
    indices: UnsafeMutablePointer<Int64>?
  ) {
    guard let lines = x.lines(along: axis) else {
      return topK(x.dense, count: count, axis: axis, largest: largest, values: values, indices: indices)
    }
    withExtendedLifetime(x.storage) {
      topK(lines, x.dtype, x.address, count: count, largest: largest, values: values, indices: indices)
    }
  }

  /// The same on raw memory, with a workspace of ``topKByteCount(_:_:count:)`` bytes on a line of memory, or the pool's.
  package static func topK(
    _ lines: nabla_lines, _ dtype: DType, _ x: UnsafeRawPointer, count: Int, largest: Bool = true,
    values: UnsafeMutableRawPointer?, indices: UnsafeMutablePointer<Int64>?, workspace: UnsafeMutableRawPointer? = nil
  ) {
    withUnsafePointer(to: lines) {
      nabla_top_k($0, dtype.rawValue, largest ? 1 : 0, count, x, values, indices, workspace)
    }
  }

  /// The bytes that a topK works in, on the threads that there are.
  package static func topKByteCount(_ lines: nabla_lines, _ dtype: DType, count: Int) -> Int {
    withUnsafePointer(to: lines) { Int(nabla_top_k_workspace($0, dtype.rawValue, count)) }
  }
}
