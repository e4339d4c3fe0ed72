import CKernels

/// The reductions over axes. Rows along the last axes and columns along the first have kernels of their own; any other
/// choice of axes is brought to one of the two.
package enum Reduction {
  /// Reduces `x` over `axes` (sorted, none twice) into dense `y`, in the order of the axes that remain.
  package static func reduce(
    _ op: nabla_reduction_op, _ x: AnyTensor, over axes: [Int], into y: UnsafeMutableRawPointer
  ) {
    let width = x.dtype.byteCount
    let row = nabla_reduce_row_kernel(op, x.dtype.rawValue)!
    let (dense, outer, reduced, inner) = blocks(of: x, over: axes)
    withExtendedLifetime(dense.storage) {
      let base = dense.address
      if inner == 1 {
        for index in 0..<outer { row(base + index * reduced * width, reduced, y + index * width) }
      } else {
        let columns = nabla_reduce_columns_kernel(op, x.dtype.rawValue)!
        for index in 0..<outer {
          columns(base + index * reduced * inner * width, reduced, inner, y + index * inner * width)
        }
      }
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
