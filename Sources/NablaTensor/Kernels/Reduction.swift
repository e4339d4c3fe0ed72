import CKernels

/// The reductions over axes. Rows along the last axes and columns along the first have kernels of their own; any other
/// choice of axes is brought to one of the two.
package enum Reduction {
  /// Reduces `x` over `axes` (sorted, none twice) into dense `y`, in the order of the axes that remain.
  package static func reduce(
    _ op: nabla_reduction_op, _ x: AnyTensor, over axes: [Int], into y: UnsafeMutableRawPointer
  ) {
    if x.isDense && axes.count == x.rank && x.count < Parallel.threshold {  // one row
      return withExtendedLifetime(x.storage) { nabla_reduce_row_kernel(op, x.dtype.rawValue)!(x.address, x.count, y) }
    }
    let width = x.dtype.byteCount
    let (dense, outer, reduced, inner) = blocks(of: x, over: axes)
    withExtendedLifetime(dense.storage) {
      let base = UnsafeRawPointer(dense.address)
      let tree = Tree(op, x.dtype, columns: inner)
      if outer == 1 { return tree.reduce(base, reduced, into: y) }
      Parallel.forEachPiece(of: outer, cost: max(1, reduced * inner)) { rows in
        let (x, y) = (base + rows.lowerBound * reduced * inner * width, y + rows.lowerBound * inner * width)
        if inner == 1 { return nabla_reduce_rows(tree.rowKernel, x, reduced * width, y, width, rows.count, reduced) }
        for row in 0..<rows.count {
          tree.reduceHere(x + row * reduced * inner * width, reduced, into: y + row * inner * width)
        }
      }
    }
  }

  /// The reduction as one call on windows that stay, for plans; nil where it takes several, or is worth threads.
  package static func prepared(
    _ op: nabla_reduction_op, _ x: Storage, over axes: [Int], into y: Storage
  ) -> PreparedCall? {
    // Axes that are not side by side would have to be brought together first.
    guard x.isDense, x.count < Parallel.threshold, !axes.isEmpty, axes[axes.count - 1] - axes[0] == axes.count - 1
    else { return nil }
    let (_, outer, reduced, inner) = blocks(of: AnyTensor(x), over: axes)
    let width = x.dtype.byteCount
    if inner == 1 {
      let kernel = nabla_reduce_row_kernel(op, x.dtype.rawValue)!
      return PreparedCall(
        kernel, x, distance: reduced * width, into: y, distance: width, rows: outer, count: reduced)
    }
    if outer > 1 { return nil }
    return PreparedCall(nabla_reduce_columns_kernel(op, x.dtype.rawValue)!, x, into: y, rows: reduced, columns: inner)
  }

  /// The element-wise operation that combines two partial results of a reduction.
  package static func combining(_ op: nabla_reduction_op) -> nabla_binary_op {
    switch op {
    case NABLA_SUM: NABLA_ADD
    case NABLA_PRODUCT: NABLA_MULTIPLY
    case NABLA_MAX: NABLA_MAXIMUM
    default: NABLA_MINIMUM
    }
  }

  /// The binary tree of a reduction: of elements of a row, or of whole rows of `columns` elements. Its shape depends on
  /// the length alone, so the result has the same bits however many threads take part.
  private struct Tree {
    let rowKernel: nabla_reduce_row
    let columnKernel: nabla_reduce_columns
    let combine: nabla_binary
    let columns: Int
    let width: Int

    init(_ op: nabla_reduction_op, _ dtype: DType, columns: Int) {
      rowKernel = nabla_reduce_row_kernel(op, dtype.rawValue)!
      columnKernel = nabla_reduce_columns_kernel(op, dtype.rawValue)!
      // any and all are the maximum and minimum of bytes.
      combine = nabla_binary_kernel(combining(op), dtype == .bool ? DType.uint8.rawValue : dtype.rawValue)!
      self.columns = columns
      width = dtype.byteCount
    }

    /// On this thread.
    func reduceHere(_ x: UnsafeRawPointer, _ count: Int, into y: UnsafeMutableRawPointer) {
      columns == 1 ? rowKernel(x, count, y) : columnKernel(x, count, columns, y)
    }

    /// On all threads, where that pays: the subtrees a few levels down are independent.
    @inline(__always)
    func reduce(_ x: UnsafeRawPointer, _ count: Int, into y: UnsafeMutableRawPointer) {
      if count * columns < Parallel.threshold { return reduceHere(x, count, into: y) }
      reduceLeaves(x, count, into: y)
    }

    @inline(never)
    private func reduceLeaves(_ x: UnsafeRawPointer, _ count: Int, into y: UnsafeMutableRawPointer) {
      var leaves: [(start: Int, count: Int)] = []
      cut(0, count, into: &leaves)
      let bytes = columns * width
      let partial = UnsafeMutableRawPointer.allocate(byteCount: leaves.count * bytes, alignment: 64)
      defer { partial.deallocate() }
      Parallel.forEach(leaves.count) { leaf in
        reduceHere(x + leaves[leaf].start * bytes, leaves[leaf].count, into: partial + leaf * bytes)
      }
      var next = 0
      join(count, partial, &next)
      y.copyMemory(from: partial, byteCount: bytes)
    }

    private func left(_ count: Int) -> Int {
      count * columns <= 2 * Parallel.grain
        ? 0 : columns == 1 ? nabla_row_tree_left(count) : nabla_column_tree_left(count)
    }

    private func cut(_ start: Int, _ count: Int, into leaves: inout [(start: Int, count: Int)]) {
      let left = left(count)
      if left == 0 { return leaves.append((start, count)) }
      cut(start, left, into: &leaves)
      cut(start + left, count - left, into: &leaves)
    }

    /// Combines the partial results of a subtree into its first one.
    private func join(_ count: Int, _ partial: UnsafeMutableRawPointer, _ next: inout Int) {
      let left = left(count)
      if left == 0 { return next += 1 }
      let first = next
      join(left, partial, &next)
      let second = next
      join(count - left, partial, &next)
      let bytes = columns * width
      combine(partial + first * bytes, 1, partial + second * bytes, 1, partial + first * bytes, columns)
    }
  }

  /// The first index of the largest or smallest element along rows of the last axis, for the other axes in order.
  package static func argument(_ kernel: nabla_arg_row, _ x: AnyTensor, axis: Int, into y: UnsafeMutableRawPointer) {
    let others = (0..<x.rank).filter { $0 != axis }
    let rows = x.window(permutedBy: others + [axis]).dense
    let length = x.shape[axis]
    let width = x.dtype.byteCount
    withExtendedLifetime(rows.storage) {
      for index in 0..<(length == 0 ? 0 : rows.count / length) {
        kernel(rows.address + index * length * width, length, y.assumingMemoryBound(to: Int64.self) + index)
      }
    }
  }

  /// A dense tensor and its sizes as [outer, reduced, inner], where the middle one is to be reduced.
  private static func blocks(of x: AnyTensor, over axes: [Int]) -> (AnyTensor, Int, Int, Int) {
    let sizes = x.shape.dimensions
    let isOneBlock = axes.isEmpty || axes[axes.count - 1] - axes[0] == axes.count - 1
    guard isOneBlock, !axes.isEmpty else {
      let kept = (0..<x.rank).filter { !axes.contains($0) }
      let reduced = axes.reduce(1) { $0 * sizes[$1] }
      let outer = kept.reduce(1) { $0 * sizes[$1] }
      return (axes.isEmpty ? x.dense : x.window(permutedBy: kept + axes).dense, outer, reduced, 1)
    }
    // A transposed matrix is reduced along the other axis of the memory that it is a window on.
    if x.rank == 2, !x.isDense, axes.count == 1, x.window(permutedBy: [1, 0]).isDense {
      return blocks(of: x.window(permutedBy: [1, 0]), over: [1 - axes[0]])
    }
    let outer = sizes[..<axes[0]].reduce(1, *)
    let reduced = sizes[axes[0]...axes[axes.count - 1]].reduce(1, *)
    let inner = sizes[(axes[axes.count - 1] + 1)...].reduce(1, *)
    return (x.dense, outer, reduced, inner)
  }

  /// Running sums along `axis` into dense `y`.
  package static func cumulativeSum(_ x: AnyTensor, axis: Int, into y: UnsafeMutableRawPointer) {
    let kernel = nabla_cumulative_sum_kernel(x.dtype.rawValue)!
    let order = (0..<x.rank).filter { $0 != axis } + [axis]
    let rows = x.window(permutedBy: order)
    let length = x.shape[axis]
    let sums = AnyTensor(dtype: x.dtype, shape: rows.shape) { target in
      let source = rows.dense
      withExtendedLifetime(source.storage) {
        for start in stride(from: 0, to: source.count, by: max(1, length)) {
          let offset = start * x.dtype.byteCount
          kernel(source.address + offset, 1, target + offset, length)
        }
      }
    }
    let back = order.indices.sorted { order[$0] < order[$1] }
    sums.window(permutedBy: back).copy(to: y)
  }
}
