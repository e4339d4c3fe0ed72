import CKernels

/// What becomes of results that are too small for normal numbers: below 1.2e-38 for `Float`, 2.2e-308 for `Double`.
public enum Subnormals: Sendable {
  /// They are zero. On Intel's processors a vector with one subnormal number takes as long as thirty without, and training
  /// makes many: decaying moments, gradients of what has been learned. TensorFlow and JAX flush them as well, and operands
  /// too; here an operand keeps its value. arm64, which is as fast with them as with others, keeps them all.
  case flushed
  /// They lose digits one by one, as IEEE 754 has it, and as eager operations do outside of an optimizer's step.
  case kept

  /// Runs `body` so, on this thread and on those that help it.
  @inline(__always)
  package func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = nabla_current_rounding()
    nabla_set_rounding(nabla_flushing(before, self == .flushed ? 1 : 0))
    defer { nabla_set_rounding(before) }
    return try body()
  }
}
