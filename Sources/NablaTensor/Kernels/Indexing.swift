import CKernels

/// The kernels that take slices by number, or add slices to where numbers say: `gather`, `scatterAdd` and sums of segments.
///
/// An array is [outer, size, inner] along the axis of the slices. Indices are `Int32` or `Int64` and are used as they are.
/// Everything is shared over the threads where it is large. What a plan calls on raw memory takes a ``nabla_slices``,
/// which depends on shapes alone, and allocates nothing.
package enum Indexing {
  /// How the slices of `x` along `axis` lie, for `count` indices; nil where `x` has to be made dense first.
  ///
  /// The axes after `axis` must lie side by side; those before it, and `axis` itself, may have any strides that walk as
  /// one: transposed, reversed and broadcast ones are read in place.
  package static func slices(of x: AnyTensor, axis: Int, count: Int) -> nabla_slices? {
    guard let inner = x.walk(axis + 1..<x.rank), inner.step == 1 || inner.count <= 1, let outer = x.walk(0..<axis)
    else { return nil }
    let width = x.dtype.byteCount
    return nabla_slices(
      outer: outer.count, size: x.shape[axis], count: count, row: inner.count * width, outer_step: outer.step * width,
      axis_step: x.step(axis) * width, index_step: 0)
  }

  // MARK: - One list of indices for all

  /// y[…, p, …] = x[…, index[p], …] along `axis`, into dense `y`; the shape of `index` takes the place of the axis.
  ///
  /// Returns nil, or the first position in `index` (in row-major order) that is negative or not below the size of the
  /// axis; what `y` holds is then unspecified.
  package static func gather(
    _ x: AnyTensor, _ index: AnyTensor, axis: Int, into y: UnsafeMutableRawPointer
  ) -> Int? {
    guard let slices = slices(of: x, axis: axis, count: index.count) else {
      return gather(x.dense, index, axis: axis, into: y)
    }
    let list = index.dense
    return withExtendedLifetime((x.storage, list.storage)) {
      gather(slices, x.address, list.address, list.dtype, into: y)
    }
  }

  /// The same on raw memory.
  package static func gather(
    _ slices: nabla_slices, _ x: UnsafeRawPointer, _ index: UnsafeRawPointer, _ indexType: DType,
    into y: UnsafeMutableRawPointer
  ) -> Int? {
    withUnsafePointer(to: slices) { position(nabla_gather($0, x, index, indexType.rawValue, y)) }
  }

  /// y[…, index[p], …] += v[…, p, …] along `axis`, where `v` has as many slices as there are indices, and dense `y` has
  /// `size`. `y` begins as zeros, or, where `onto` is true, with what it holds.
  ///
  /// Float is summed in Double. Equal indices are added in an order that depends on the shapes alone, so the bits do not
  /// depend on the number of threads; an element that no index names keeps its bits. Integers wrap.
  ///
  /// Returns nil, or the first position of an index out of range; `y` is then as it was.
  package static func scatterAdd(
    _ v: AnyTensor, _ index: AnyTensor, axis: Int, size: Int, onto: Bool = false, into y: UnsafeMutableRawPointer
  ) -> Int? {
    guard var slices = slices(of: v, axis: axis, count: v.shape[axis]) else {
      return scatterAdd(v.dense, index, axis: axis, size: size, onto: onto, into: y)
    }
    slices.size = size
    let list = index.dense
    return withExtendedLifetime((v.storage, list.storage)) {
      scatterAdd(slices, v.address, v.dtype, list.address, list.dtype, onto: onto, into: y)
    }
  }

  /// The same on raw memory. A plan hands over a workspace of ``scatterAddByteCount(_:_:)`` bytes that begins on a line
  /// of memory; without one the pool gives it.
  package static func scatterAdd(
    _ slices: nabla_slices, _ v: UnsafeRawPointer, _ dtype: DType, _ index: UnsafeRawPointer, _ indexType: DType,
    onto: Bool = false, into y: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer? = nil
  ) -> Int? {
    withUnsafePointer(to: slices) {
      position(
        nabla_scatter_add($0, dtype.rawValue, v, index, indexType.rawValue, y, onto ? 1 : 0, workspace))
    }
  }

  /// The bytes that a scatterAdd of these shapes works in.
  package static func scatterAddByteCount(_ slices: nabla_slices, _ dtype: DType) -> Int {
    withUnsafePointer(to: slices) { Int(nabla_scatter_add_workspace($0, dtype.rawValue)) }
  }

  // MARK: - A list for each row

  /// y[r, p] = x[r, index[r, p]] for rows along the last axis of `x` and `index`, which agree in the axes before it; into
  /// dense `y` of the shape of `index`. Returns nil, or the first position in `index` that is out of range.
  package static func gatherInRows(_ x: AnyTensor, _ index: AnyTensor, into y: UnsafeMutableRawPointer) -> Int? {
    guard var slices = slices(of: x, axis: x.rank - 1, count: index.shape[index.rank - 1]) else {
      return gatherInRows(x.dense, index, into: y)
    }
    slices.index_step = slices.count
    let list = index.dense
    return withExtendedLifetime((x.storage, list.storage)) {
      gather(slices, x.address, list.address, list.dtype, into: y)
    }
  }

  /// y[r, index[r, p]] += v[r, p] for rows along the last axis: the transpose of ``gatherInRows(_:_:into:)``. The rows of
  /// dense `y` have `size` elements.
  package static func scatterAddInRows(
    _ v: AnyTensor, _ index: AnyTensor, size: Int, onto: Bool = false, into y: UnsafeMutableRawPointer
  ) -> Int? {
    guard var slices = slices(of: v, axis: v.rank - 1, count: v.shape[v.rank - 1]) else {
      return scatterAddInRows(v.dense, index, size: size, onto: onto, into: y)
    }
    (slices.size, slices.index_step) = (size, slices.count)
    let list = index.dense
    return withExtendedLifetime((v.storage, list.storage)) {
      scatterAdd(slices, v.address, v.dtype, list.address, list.dtype, onto: onto, into: y)
    }
  }

  // MARK: - Segments

  /// The sums of the rows of `v` by segment: y[index[p], …] is the sum of all v[p, …], zeros for a segment without rows.
  /// This is ``scatterAdd(_:_:axis:size:onto:into:)`` along axis 0.
  ///
  /// As a reduction over rows: the state of a block of rows is its own `y`, of shape [count, …] whatever the rows; two
  /// states are merged by adding them; the state of nothing is zeros; the result is the state.
  package static func segmentSum(
    _ v: AnyTensor, _ index: AnyTensor, count: Int, into y: UnsafeMutableRawPointer
  ) -> Int? {
    scatterAdd(v, index, axis: 0, size: count, into: y)
  }

  private static func position(_ value: Int) -> Int? { value < 0 ? nil : value }
}
