import NablaTensor

// Functions that compose primitives; their derivatives follow.

// MARK: Statistics

extension TensorConvertible where Scalar: FloatingPointScalar {
  private func mean(over axes: [Int]?, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor()
    guard let counted = normalizedAxes("mean", axes, x.shape) else { return Tensor(unchecked: .failed(x.dtype)) }
    let count = counted.reduce(1) { $0 * x.shape[$1] }
    return x.reduced(Sum.self, counted, keepsDimensions) / Tensor(Scalar(count))
  }
  private func variance(over axes: [Int]?, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor()
    return square(x - x.mean(over: axes, true)).mean(over: axes, keepsDimensions)
  }
  private func logSumExp(over axes: [Int]?, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor()
    guard let counted = normalizedAxes("logSumExp", axes, x.shape) else { return Tensor(unchecked: .failed(x.dtype)) }
    // Shifting by the largest element avoids overflow; where that is infinite, by 0.
    let largest = stopGradient(x).reduced(Max.self, counted, true)
    let shift = select(largest.isFinite, largest, Tensor(0))
    let result = log(exp(x - shift).reduced(Sum.self, counted, true)) + shift
    return keepsDimensions
      ? result
      : result.reshaped(to: Shape(unchecked: x.shape.indices.filter { !counted.contains($0) }.map { x.shape[$0] }))
  }
}

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// The mean of all elements, as a scalar.
  public func mean() -> Tensor<Scalar> { mean(over: nil, false) }
  /// The mean along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func mean(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    mean(over: [axis], keepingDimensions)
  }
  /// The mean along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func mean(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    mean(over: axes, keepingDimensions)
  }
}

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// The variance Σ(x - mean)² / n of all elements, as a scalar.
  public func variance() -> Tensor<Scalar> { variance(over: nil, false) }
  /// The variance Σ(x - mean)² / n along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func variance(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    variance(over: [axis], keepingDimensions)
  }
  /// The variance Σ(x - mean)² / n along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func variance(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    variance(over: axes, keepingDimensions)
  }
}

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// The standard deviation, the root of the variance, of all elements, as a scalar.
  public func standardDeviation() -> Tensor<Scalar> { sqrt(variance(over: nil, false)) }
  /// The standard deviation, the root of the variance, along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func standardDeviation(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    sqrt(variance(over: [axis], keepingDimensions))
  }
  /// The standard deviation, the root of the variance, along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func standardDeviation(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    sqrt(variance(over: axes, keepingDimensions))
  }
}

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// ln Σ eˣ, without overflow, of all elements, as a scalar.
  public func logSumExp() -> Tensor<Scalar> { logSumExp(over: nil, false) }
  /// ln Σ eˣ, without overflow, along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func logSumExp(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    logSumExp(over: [axis], keepingDimensions)
  }
  /// ln Σ eˣ, without overflow, along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func logSumExp(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    logSumExp(over: axes, keepingDimensions)
  }
}

// MARK: Activations

/// x where it is positive, slope · x elsewhere; the derivative at 0 is the slope.
public func leakyRelu<T: TensorConvertible>(_ x: T, slope: T.Scalar = 0.2) -> Tensor<T.Scalar>
where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return select(x .> Tensor(0), x, x * Tensor(slope))
}

/// x where it is positive, alpha · (eˣ - 1) elsewhere.
public func elu<T: TensorConvertible>(_ x: T, alpha: T.Scalar = 1) -> Tensor<T.Scalar>
where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return select(x .> Tensor(0), x, expm1(minimum(x, Tensor(0))) * Tensor(alpha))
}

/// The Gaussian error linear unit x · Φ(x) (Hendrycks and Gimpel, 2016), with the exact Φ by ``erf(_:)``.
public func gelu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return x * (erf(x * Tensor(T.Scalar(0.5.squareRoot()))) + Tensor(1)) * Tensor(0.5)
}

/// x · sigmoid(x), also called swish.
public func silu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return x * sigmoid(x)
}

// MARK: Gradients

/// The same value, through which no gradient flows.
public func stopGradient<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> {
  Tensor(unchecked: x.asTensor().erased.detached)
}

// MARK: For optimizers

extension AnyTensor {
  /// Each element moved into `low ... high`.
  package func clipped(_ low: Double, _ high: Double) -> AnyTensor {
    Minimum()(Maximum()(self, AnyTensor(low, dtype: dtype)), AnyTensor(high, dtype: dtype))
  }
  /// √x.
  package var squareRoot: AnyTensor { Sqrt()(self) }
  /// Σ x².
  package var sumOfSquares: AnyTensor { Sum(axes: Array(0..<rank))(Square()(self)) }
  /// bound / max(√self, bound): what scales a vector with this squared norm down to the bound.
  package func clippingFactor(_ bound: Double) -> AnyTensor {
    let bound = AnyTensor(bound, dtype: dtype)
    return bound / Maximum()(Sqrt()(self), bound)
  }
}
