import CKernels
import NablaTensor

// MARK: exp

/// y = eˣ.
struct Exp: UnaryElementwise {
  var name: String { "exp" }
  static let kernel = NABLA_EXP
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(y) }
}

/// e to the power of each element.
public func exp<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Exp()(x.asTensor().erased))
}

// MARK: expm1

/// y = eˣ - 1.
struct Expm1: UnaryElementwise {
  var name: String { "expm1" }
  static let kernel = NABLA_EXPM1
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(y + 1) }
}

/// eˣ - 1 of each element, exact near 0 where `exp(x) - 1` loses digits.
public func expm1<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Expm1()(x.asTensor().erased))
}

// MARK: log

/// y = ln x.
struct Log: UnaryElementwise {
  var name: String { "log" }
  static let kernel = NABLA_LOG
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(x)) }
}

/// The natural logarithm of each element; NaN below 0, -inf at 0.
public func log<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Log()(x.asTensor().erased))
}

// MARK: log1p

/// y = ln(1 + x).
struct Log1p: UnaryElementwise {
  var name: String { "log1p" }
  static let kernel = NABLA_LOG1P
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(x + 1)) }
}

/// ln(1 + x) of each element, exact near 0 where `log(1 + x)` loses digits.
public func log1p<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Log1p()(x.asTensor().erased))
}

// MARK: sigmoid

/// y = 1 / (1 + e⁻ˣ).
struct Sigmoid: UnaryElementwise {
  var name: String { "sigmoid" }
  static let kernel = NABLA_SIGMOID
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(y * (1 - y)) }
}

/// The logistic function 1 / (1 + e⁻ˣ) of each element; it does not overflow.
public func sigmoid<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sigmoid()(x.asTensor().erased))
}

// MARK: softplus

/// y = ln(1 + eˣ).
struct Softplus: UnaryElementwise {
  var name: String { "softplus" }
  static let kernel = NABLA_SOFTPLUS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Sigmoid()(x)) }
}

/// ln(1 + eˣ) of each element, as max(x, 0) + ln(1 + e^-|x|): it does not overflow.
public func softplus<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Softplus()(x.asTensor().erased))
}

// MARK: erf

/// y = erf x.
struct Erf: UnaryElementwise {
  var name: String { "erf" }
  static let kernel = NABLA_ERF
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope {
    .factor(Exp()(-Square()(x)) * 1.1283791670955126)  // 2 / √π
  }
}

/// The error function 2/√π ∫₀ˣ e^-t² dt of each element.
public func erf<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Erf()(x.asTensor().erased))
}
