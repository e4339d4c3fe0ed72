import NablaTensor

// Names that were, kept for one release. Each forwards to the present one.

extension TensorConvertible where Scalar: NumericScalar {
  /// See `sum(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "sum(axis:keepingDimensions:)")
  public func sum(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    sum(axis: axes, keepingDimensions: keepingDimensions)
  }
  /// See `product(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "product(axis:keepingDimensions:)")
  public func product(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    product(axis: axes, keepingDimensions: keepingDimensions)
  }
  /// See `max(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "max(axis:keepingDimensions:)")
  public func max(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    max(axis: axes, keepingDimensions: keepingDimensions)
  }
  /// See `min(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "min(axis:keepingDimensions:)")
  public func min(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    min(axis: axes, keepingDimensions: keepingDimensions)
  }
}

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// See `mean(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "mean(axis:keepingDimensions:)")
  public func mean(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    mean(axis: axes, keepingDimensions: keepingDimensions)
  }
  /// See `variance(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "variance(axis:keepingDimensions:)")
  public func variance(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    variance(axis: axes, keepingDimensions: keepingDimensions)
  }
  /// See `standardDeviation(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "standardDeviation(axis:keepingDimensions:)")
  public func standardDeviation(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    standardDeviation(axis: axes, keepingDimensions: keepingDimensions)
  }
  /// See `logSumExp(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "logSumExp(axis:keepingDimensions:)")
  public func logSumExp(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    logSumExp(axis: axes, keepingDimensions: keepingDimensions)
  }
}

extension TensorConvertible where Scalar == Bool {
  /// See `any(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "any(axis:keepingDimensions:)")
  public func any(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    any(axis: axes, keepingDimensions: keepingDimensions)
  }
  /// See `all(axis:keepingDimensions:)`.
  @available(*, deprecated, renamed: "all(axis:keepingDimensions:)")
  public func all(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    all(axis: axes, keepingDimensions: keepingDimensions)
  }
}

extension TensorConvertible {
  /// See `reshaped(to:)`.
  @available(*, deprecated, renamed: "reshaped(to:)")
  public func reshaped(toSizes sizes: [Int]) -> Tensor<Scalar> { reshaped(to: sizes) }
}
