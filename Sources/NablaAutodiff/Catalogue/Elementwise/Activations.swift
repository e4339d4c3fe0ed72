import NablaTensor

// Activations of several steps; those of one (`relu`, `sigmoid`, `tanh`, `softplus`) are element-wise functions.

/// x where it is positive, slope · x elsewhere; the derivative at 0 is the slope.
public func leakyRelu<T: TensorConvertible>(_ x: T, slope: T.Scalar = 0.2) -> Tensor<T.Scalar>
where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return select(x .> 0, x, x * slope)
}

/// x where it is positive, alpha · (eˣ - 1) elsewhere.
public func elu<T: TensorConvertible>(_ x: T, alpha: T.Scalar = 1) -> Tensor<T.Scalar>
where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return select(x .> 0, x, expm1(minimum(x, 0)) * alpha)
}

/// The Gaussian error linear unit x · Φ(x) (Hendrycks and Gimpel, 2016), with the exact Φ by ``erf(_:)``.
public func gelu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return x * (erf(x * T.Scalar(0.5.squareRoot())) + 1) * 0.5
}

/// x · sigmoid(x), also called swish.
public func silu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  return x * sigmoid(x)
}

// MARK: Along an axis

/// eˣ / Σ eˣ along an axis, without overflow: x is shifted by its maximum.
///
/// Where the axis holds a NaN, +∞ or nothing but -∞, the result is NaN along all of it; another -∞ gives 0. An axis of size 0
/// gives an empty result.
///
/// Errors: an axis out of range.
public func softmax<T: TensorConvertible>(_ x: T, axis: Int = -1) -> Tensor<T.Scalar>
where T.Scalar: FloatingPointScalar { x.mapped(Softmax(), axis: axis) }

/// ln softmax along an axis: x - ln Σ eˣ, without overflow: x is shifted by its maximum.
///
/// Where the axis holds a NaN or nothing but -∞, the result is NaN along all of it. Beside +∞, finite elements give -∞ and
/// +∞ itself NaN. An axis of size 0 gives an empty result.
///
/// Errors: an axis out of range.
public func logSoftmax<T: TensorConvertible>(_ x: T, axis: Int = -1) -> Tensor<T.Scalar>
where T.Scalar: FloatingPointScalar { x.mapped(LogSoftmax(), axis: axis) }
