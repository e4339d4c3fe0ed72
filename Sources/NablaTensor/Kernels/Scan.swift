import CKernels

/// The kernels of running totals along an axis.
package enum Scan {
  /// Cumulative sums along `axis` into dense `y`: of the elements up to and including each one, or, where `exclusive`, of
  /// those before it; from the other end where `reversed`. (The gradient of one is another from the other end.)
  ///
  /// Float is summed in Double; integers wrap. The bits do not depend on the number of threads. `y` may be a dense `x`.
  package static func cumulativeSum(
    _ x: AnyTensor, axis: Int, reversed: Bool = false, exclusive: Bool = false, into y: UnsafeMutableRawPointer
  ) {
    guard let lines = x.lines(along: axis) else {
      return cumulativeSum(x.dense, axis: axis, reversed: reversed, exclusive: exclusive, into: y)
    }
    withExtendedLifetime(x.storage) {
      cumulativeSum(lines, x.dtype, x.address, reversed: reversed, exclusive: exclusive, into: y)
    }
  }

  /// The same on raw memory. The workspace has ``cumulativeSumByteCount(_:)`` bytes and begins on a line of memory; without
  /// one the pool gives it.
  package static func cumulativeSum(
    _ lines: nabla_lines, _ dtype: DType, _ x: UnsafeRawPointer, reversed: Bool = false, exclusive: Bool = false,
    into y: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer? = nil
  ) {
    withUnsafePointer(to: lines) {
      nabla_cumulative_sum($0, dtype.rawValue, reversed ? 1 : 0, exclusive ? 1 : 0, x, y, workspace)
    }
  }

  /// The bytes that a cumulative sum works in.
  package static func cumulativeSumByteCount(_ lines: nabla_lines) -> Int {
    withUnsafePointer(to: lines) { Int(nabla_cumulative_sum_workspace($0)) }
  }

  /// y_0 = b_0 and y_{k + 1} = b_{k + 1} + a_k y_k along `axis`, into dense `y`; `a` has one element less along it than `b`. Where
  /// `reversed`, from the other end: y_k = b_k + a_k y_{k + 1}. (The gradient of one in b is the other.)
  ///
  /// States are Double. The bits do not depend on the number of threads.
  package static func linearRecurrence(
    _ a: AnyTensor, _ b: AnyTensor, axis: Int, reversed: Bool, into y: UnsafeMutableRawPointer
  ) {
    guard let recurrence = recurrence(a, b, axis: axis) else {
      return linearRecurrence(a.dense, b.dense, axis: axis, reversed: reversed, into: y)
    }
    withExtendedLifetime((a.storage, b.storage)) {
      linearRecurrence(recurrence, b.dtype, a.address, b.address, reversed: reversed, into: y)
    }
  }

  /// How the operands of a recurrence lie, as the kernel takes them; nil where dense copies have to stand in.
  package static func recurrence(_ a: AnyTensor, _ b: AnyTensor, axis: Int) -> nabla_recurrence? {
    guard let links = a.lines(along: axis), let terms = b.lines(along: axis) else { return nil }
    return nabla_recurrence(
      outer: terms.outer, n: terms.n, inner: terms.inner, a_outer: links.outer_step, a_axis: links.axis_step,
      a_inner: links.inner_step, b_outer: terms.outer_step, b_axis: terms.axis_step, b_inner: terms.inner_step)
  }

  /// The same on raw memory. The workspace has ``linearRecurrenceByteCount(_:)`` bytes and begins on a line of memory; without
  /// one the pool gives it.
  package static func linearRecurrence(
    _ recurrence: nabla_recurrence, _ dtype: DType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, reversed: Bool,
    into y: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer? = nil
  ) {
    withUnsafePointer(to: recurrence) {
      nabla_linear_recurrence($0, dtype.rawValue, reversed ? 1 : 0, a, b, y, workspace)
    }
  }

  /// The bytes that a recurrence works in.
  package static func linearRecurrenceByteCount(_ recurrence: nabla_recurrence) -> Int {
    withUnsafePointer(to: recurrence) { Int(nabla_linear_recurrence_workspace($0)) }
  }
}
