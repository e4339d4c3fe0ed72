import CKernels
import NablaTensor

// Activations beside `relu`, `sigmoid`, `tanh` and `softplus`, which are among the element-wise functions.

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

// MARK: gelu

/// y = x Φ(x).
struct Gelu: UnaryElementwise {
  var name: String { "gelu" }
  static let kernel = NABLA_GELU
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(GeluSlope()(x)) }
}

/// y = Φ(x) + x φ(x), the derivative of ``Gelu``.
struct GeluSlope: UnaryElementwise {
  var name: String { "gelu'" }
  static let kernel = NABLA_GELU_SLOPE
  static let residuals: Residuals = .operands
  /// (2 - x²) φ(x).
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope {
    let squared = Square()(x)
    return .factor((2 - squared) * Exp()(squared * -0.5) * (1 / (2 * Double.pi).squareRoot()))
  }
}

/// The Gaussian error linear unit x · Φ(x) (Hendrycks and Gimpel, 2016), with the exact Φ: the tail for negative x does not
/// cancel, so `gelu(-6)` is -5.9e-9. -∞ gives -0.
///
/// ```swift
/// gelu(Tensor<Float>([-1, 0, 1]))     // [-0.15865526, 0.0, 0.8413447]
/// ```
public func gelu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Gelu()(x.asTensor().erased))
}

// MARK: silu

/// y = x σ(x).
struct Silu: UnaryElementwise {
  var name: String { "silu" }
  static let kernel = NABLA_SILU
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(SiluSlope()(x)) }
}

/// y = σ(x) (1 + x σ(-x)), the derivative of ``Silu``.
struct SiluSlope: UnaryElementwise {
  var name: String { "silu'" }
  static let kernel = NABLA_SILU_SLOPE
  static let residuals: Residuals = .operands
  /// σ(x) σ(-x) (2 + x (σ(-x) - σ(x))).
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope {
    let (near, far) = (Sigmoid()(x), Sigmoid()(-x))
    return .factor(near * far * (x * (far - near) + 2))
  }
}

/// x · sigmoid(x), also called swish (Elfwing, Uchibe and Doya, 2018). -∞ gives -0.
///
/// ```swift
/// silu(Tensor<Float>([-1, 0, 1]))     // [-0.26894143, 0.0, 0.7310586]
/// ```
public func silu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Silu()(x.asTensor().erased))
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
