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
}
