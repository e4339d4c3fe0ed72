import NablaTensor

extension Tensor {
  /// The elements of another tensor in this type: C's rules, but a `Float` or `Double` outside of an integer's range
  /// becomes the nearest end of it, NaN becomes 0, and anything but 0 is true. From integer to integer the low bits are
  /// kept. Between `Float` and `Double` the gradient passes.
  public init<T: TensorConvertible>(castingFrom x: T) {
    self.init(unchecked: x.asTensor().erased.cast(to: Scalar.dtype))
  }
}

/// The same value, through which no gradient flows.
public func stopGradient<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> {
  Tensor(unchecked: x.asTensor().erased.detached)
}
