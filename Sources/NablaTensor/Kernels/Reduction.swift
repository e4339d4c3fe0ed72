import CKernels

/// The reductions over axes, each described as a merge of states: the state of some elements, the merge of two states, the
/// results of a state. The same description serves whole arrays, rows and columns, threads, and the blocks of a plan.
///
/// Rows along the last axes and columns along the first have kernels of their own; any other choice of axes is brought to
/// them by ``Blocks``. Every order follows from shapes and strides alone, so the bits do not depend on the number of threads.
package enum Reduction {
  /// The description of a reduction; there is one of every operation for every type that it has a meaning for.
  package static func description(_ op: nabla_reduction_op, _ dtype: DType) -> nabla_reduction? {
    nabla_reduction_kernel(op, dtype.rawValue)?.pointee
  }

  /// Reduces `x` over `axes` (sorted, none twice) into dense `y`, in the order of the axes that remain. Of several results
  /// `y` is number `result`.
  package static func reduce(
    _ op: nabla_reduction_op, _ x: AnyTensor, over axes: [Int], result: Int = 0, into y: UnsafeMutableRawPointer
  ) {
    // One row, as most small reductions are.
    if x.isDense && axes.count == x.rank && x.count < Parallel.threshold, op.rawValue <= NABLA_MIN.rawValue {
      return withExtendedLifetime(x.storage) { nabla_reduce_row_kernel(op, x.dtype.rawValue)!(x.address, x.count, y) }
    }
    if op == NABLA_SUM && x.dtype.isFloatingPoint, let (single, times) = x.unrepeated(along: axes) {
      // n equal terms are one product, which is rounded once.
      reduce(op, single, over: axes, into: y)
      let factor = AnyTensor(Double(times), dtype: x.dtype)
      let count = x.shape.indices.reduce(1) { axes.contains($1) ? $0 : $0 * x.shape[$1] }
      return withExtendedLifetime(factor.storage) {
        nabla_binary_kernel(NABLA_MULTIPLY, x.dtype.rawValue)!(y, 1, factor.address, 0, y, count)
      }
    }
    withResults(y, result) { reduce(op, x, over: axes, results: $0) }
  }

  /// The same for several results, of which absent ones are not wanted.
  package static func reduce(
    _ op: nabla_reduction_op, _ x: AnyTensor, over axes: [Int], into results: [UnsafeMutableRawPointer?]
  ) {
    results.withUnsafeBufferPointer { reduce(op, x, over: axes, results: $0.baseAddress!) }
  }

  /// Writes the state of the elements of the result, which is `count` of them: arrays of `count` fields.
  package static func state(
    _ op: nabla_reduction_op, _ x: AnyTensor, over axes: [Int], into state: UnsafeMutableRawPointer
  ) {
    let blocks = Blocks(of: x, over: axes, op)
    withExtendedLifetime(blocks.x.storage) { Merge(op, blocks).state(into: state) }
  }

  /// The bytes of the state of `count` results.
  package static func stateByteCount(_ op: nabla_reduction_op, _ dtype: DType, count: Int) -> Int {
    let reduction = description(op, dtype)!
    return reduction.fields * reduction.field_bytes * count
  }

  /// The element-wise operation that combines two partial results of a reduction that is its own state.
  package static func combining(_ op: nabla_reduction_op) -> nabla_binary_op {
    switch op {
    case NABLA_SUM: NABLA_ADD
    case NABLA_PRODUCT: NABLA_MULTIPLY
    case NABLA_MAX: NABLA_MAXIMUM
    default: NABLA_MINIMUM
    }
  }

  // MARK: From states to results

  fileprivate typealias Results = UnsafePointer<UnsafeMutableRawPointer?>

  /// Hands over a list of results in which `y` is number `index` and the others are not wanted.
  private static func withResults(_ y: UnsafeMutableRawPointer, _ index: Int, _ body: (Results) -> Void) {
    assert(index < NABLA_STATE_RESULTS && NABLA_STATE_RESULTS == 2)
    var list: (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) = index == 0 ? (y, nil) : (nil, y)
    withUnsafePointer(to: &list) {
      $0.withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 2) { body($0) }
    }
  }

  private static func reduce(_ op: nabla_reduction_op, _ x: AnyTensor, over axes: [Int], results: Results) {
    let blocks = Blocks(of: x, over: axes, op)
    let merge = Merge(op, blocks)
    withExtendedLifetime(blocks.x.storage) {
      if merge.reduction.pointee.result == nil { return merge.state(into: results[0]!) }
      if blocks.areRows && blocks.outer > 1 { return reduceRows(merge, results) }
      let bytes = blocks.count * merge.stateBytes
      if bytes <= Int(NABLA_STATE_BYTES) / 16 {  // on the stack
        return withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) {
          finish(merge, $0.baseAddress!, results)
        }
      }
      let state = Storage(dtype: .uint8, shape: [bytes])
      if state.kind == .memory { finish(merge, state.base, results) }
    }
  }

  private static func finish(_ merge: Merge, _ state: UnsafeMutableRawPointer, _ results: Results) {
    let (count, reduction) = (merge.blocks.count, merge.reduction.pointee)
    merge.state(into: state)
    Parallel.forEachPiece(of: count, cost: 8) { piece in
      withPieces(of: results, reduction, from: piece.lowerBound) {
        reduction.result(state + piece.lowerBound * reduction.field_bytes, count, $0, piece.count)
      }
    }
  }

  /// The results of several rows, whose states nobody keeps.
  private static func reduceRows(_ merge: Merge, _ results: Results) {
    let (blocks, reduction) = (merge.blocks, merge.reduction)
    let bytes = blocks.reduced * blocks.x.dtype.byteCount
    if blocks.areFewAndLong {
      for row in 0..<blocks.outer {
        withUnsafeTemporaryAllocation(byteCount: merge.stateBytes, alignment: 64) { state in
          merge.tree(of: row, into: state.baseAddress!, stride: 1)
          withPieces(of: results, reduction.pointee, from: row) {
            reduction.pointee.result(state.baseAddress, 1, $0, 1)
          }
        }
      }
      return
    }
    let base = UnsafeRawPointer(blocks.x.address)
    Parallel.forEachPiece(of: blocks.outer, cost: max(1, blocks.reduced)) { rows in
      withPieces(of: results, reduction.pointee, from: rows.lowerBound) {
        nabla_reduce_rows_by_state(reduction, base + rows.lowerBound * bytes, bytes, rows.count, blocks.reduced, $0)
      }
    }
  }

  /// The results from number `start` on.
  private static func withPieces(
    of results: Results, _ reduction: nabla_reduction, from start: Int, _ body: (Results) -> Void
  ) {
    let offset = start * reduction.result_bytes
    var list = (results[0].map { $0 + offset }, reduction.results > 1 ? results[1].map { $0 + offset } : nil)
    withUnsafePointer(to: &list) {
      $0.withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 2) { body($0) }
    }
  }
}

extension Reduction {
  // MARK: Calls of plans

  /// The reduction as one call on views that stay, for plans; nil where it takes several, or is worth threads. Of several
  /// results `y` is number `result`.
  package static func prepared(
    _ op: nabla_reduction_op, _ x: Storage, over axes: [Int], result: Int = 0, into y: Storage
  ) -> PreparedCall? {
    guard let blocks = oneCall(x, axes) else { return nil }
    let (outer, reduced, inner, width) = (blocks.outer, blocks.reduced, blocks.inner, x.dtype.byteCount)
    if inner > 1 && outer > 1 { return nil }
    let reduction = nabla_reduction_kernel(op, x.dtype.rawValue)!
    if reduction.pointee.result == nil {
      if inner == 1, let kernel = nabla_reduce_row_kernel(op, x.dtype.rawValue) {
        return PreparedCall(
          kernel, x, distance: reduced * width, into: y, distance: width, rows: outer, count: reduced)
      }
      if inner > 1, let kernel = nabla_reduce_columns_kernel(op, x.dtype.rawValue) {
        return PreparedCall(kernel, x, into: y, rows: reduced, columns: inner)
      }
      return preparedState(op, x, over: axes, into: y)
    }
    if inner == 1 {
      return PreparedCall(
        nabla_call_reduce_rows_by_state, reduction, x, distance: reduced * width, into: y, rows: outer,
        count: reduced, result: result)
    }
    if stateByteCount(op, x.dtype, count: inner) > NABLA_STATE_BYTES { return nil }
    return PreparedCall(
      nabla_call_reduce_columns_by_state, reduction, x, into: y, rows: reduced, count: inner, result: result)
  }

  /// The state of the elements of the result as one call on views that stay, for plans: a phase has it for each block of
  /// rows. Nil where it takes several, or is worth threads.
  package static func preparedState(
    _ op: nabla_reduction_op, _ x: Storage, over axes: [Int], into state: Storage
  ) -> PreparedCall? {
    guard let blocks = oneCall(x, axes), blocks.inner == 1 || blocks.outer == 1 else { return nil }
    let reduction = nabla_reduction_kernel(op, x.dtype.rawValue)!
    if blocks.inner == 1 {
      return PreparedCall(
        nabla_call_state_rows, reduction, x, into: state, rows: blocks.outer, count: blocks.reduced)
    }
    return PreparedCall(
      nabla_call_state_columns, reduction, x, into: state, rows: blocks.reduced, count: blocks.inner)
  }

  /// How `x` is reduced, where that is one call on one thread.
  private static func oneCall(_ x: Storage, _ axes: [Int]) -> Blocks? {
    // Axes that are not side by side would have to be brought together first.
    guard x.isDense, x.count < Parallel.threshold, !axes.isEmpty, axes[axes.count - 1] - axes[0] == axes.count - 1
    else { return nil }
    return Blocks(sideBySide: AnyTensor(x), over: axes)
  }
}
