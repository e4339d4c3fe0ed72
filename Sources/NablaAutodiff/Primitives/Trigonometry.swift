import CKernels
import NablaTensor

// MARK: sin

/// y = sin x.
struct Sin: UnaryElementwise {
  var name: String { "sin" }
  static let kernel = NABLA_SIN
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Cos()(x)) }
}

/// The sine of each element, in radians.
public func sin<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sin()(x.asTensor().erased))
}

// MARK: cos

/// y = cos x.
struct Cos: UnaryElementwise {
  var name: String { "cos" }
  static let kernel = NABLA_COS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(-Sin()(x)) }
}

/// The cosine of each element, in radians.
public func cos<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Cos()(x.asTensor().erased))
}

// MARK: tan

/// y = tan x.
struct Tan: UnaryElementwise {
  var name: String { "tan" }
  static let kernel = NABLA_TAN
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Square()(y) + 1) }
}

/// The tangent of each element, in radians.
public func tan<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Tan()(x.asTensor().erased))
}

// MARK: asin

/// y = arcsin x.
struct Asin: UnaryElementwise {
  var name: String { "asin" }
  static let kernel = NABLA_ASIN
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Rsqrt()((1 - x) * (x + 1))) }
}

/// The inverse sine of each element, in radians; NaN outside -1 ... 1.
public func asin<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Asin()(x.asTensor().erased))
}

// MARK: acos

/// y = arccos x.
struct Acos: UnaryElementwise {
  var name: String { "acos" }
  static let kernel = NABLA_ACOS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(-Rsqrt()((1 - x) * (x + 1))) }
}

/// The inverse cosine of each element, in radians; NaN outside -1 ... 1.
public func acos<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Acos()(x.asTensor().erased))
}

// MARK: atan

/// y = arctan x.
struct Atan: UnaryElementwise {
  var name: String { "atan" }
  static let kernel = NABLA_ATAN
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(Square()(x) + 1)) }
}

/// The inverse tangent of each element, in radians.
public func atan<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Atan()(x.asTensor().erased))
}

// MARK: sinh

/// y = sinh x.
struct Sinh: UnaryElementwise {
  var name: String { "sinh" }
  static let kernel = NABLA_SINH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Cosh()(x)) }
}

/// The hyperbolic sine of each element.
public func sinh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sinh()(x.asTensor().erased))
}

// MARK: cosh

/// y = cosh x.
struct Cosh: UnaryElementwise {
  var name: String { "cosh" }
  static let kernel = NABLA_COSH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Sinh()(x)) }
}

/// The hyperbolic cosine of each element.
public func cosh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Cosh()(x.asTensor().erased))
}

// MARK: tanh

/// y = tanh x.
struct Tanh: UnaryElementwise {
  var name: String { "tanh" }
  static let kernel = NABLA_TANH
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(1 - Square()(y)) }
}

/// The hyperbolic tangent of each element.
public func tanh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Tanh()(x.asTensor().erased))
}

// MARK: asinh

/// y = arsinh x.
struct Asinh: UnaryElementwise {
  var name: String { "asinh" }
  static let kernel = NABLA_ASINH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Rsqrt()(Square()(x) + 1)) }
}

/// The inverse hyperbolic sine of each element.
public func asinh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Asinh()(x.asTensor().erased))
}

// MARK: acosh

/// y = arcosh x.
struct Acosh: UnaryElementwise {
  var name: String { "acosh" }
  static let kernel = NABLA_ACOSH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Rsqrt()(x - 1) * Rsqrt()(x + 1)) }
}

/// The inverse hyperbolic cosine of each element; NaN below 1.
public func acosh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Acosh()(x.asTensor().erased))
}

// MARK: atanh

/// y = artanh x.
struct Atanh: UnaryElementwise {
  var name: String { "atanh" }
  static let kernel = NABLA_ATANH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()((1 - x) * (x + 1))) }
}

/// The inverse hyperbolic tangent of each element; NaN outside -1 ... 1.
public func atanh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Atanh()(x.asTensor().erased))
}

// MARK: atan2

/// φ = the angle of the point (x, y).
struct Atan2: BinaryElementwise {
  var name: String { "atan2" }
  static let kernel = NABLA_ATAN2
  func residuals(toward operand: Int) -> Residuals { .operands }
  func derivative(_ operand: Int, _ x: Operands, _ angle: AnyTensor) -> Slope {
    let (y, x) = (x[0], x[1])
    let squaredRadius = Square()(x) + Square()(y)
    return .factor((operand == 0 ? x : -y) / squaredRadius)
  }
}

/// The angle of each point (x, y) from the x axis, in -π ... π radians; shapes broadcast.
///
/// The derivative at the origin is NaN. Errors: shapes that do not broadcast.
public func atan2<S: FloatingPointScalar>(_ y: Tensor<S>, _ x: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Atan2()(y.erased, x.erased))
}
