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

// MARK: cos

/// y = cos x.
struct Cos: UnaryElementwise {
  var name: String { "cos" }
  static let kernel = NABLA_COS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(-Sin()(x)) }
}

// MARK: tan

/// y = tan x.
struct Tan: UnaryElementwise {
  var name: String { "tan" }
  static let kernel = NABLA_TAN
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Square()(y) + 1) }
}

// MARK: asin

/// y = arcsin x.
struct Asin: UnaryElementwise {
  var name: String { "asin" }
  static let kernel = NABLA_ASIN
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Rsqrt()((1 - x) * (x + 1))) }
}

// MARK: acos

/// y = arccos x.
struct Acos: UnaryElementwise {
  var name: String { "acos" }
  static let kernel = NABLA_ACOS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(-Rsqrt()((1 - x) * (x + 1))) }
}

// MARK: atan

/// y = arctan x.
struct Atan: UnaryElementwise {
  var name: String { "atan" }
  static let kernel = NABLA_ATAN
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(Square()(x) + 1)) }
}

// MARK: sinh

/// y = sinh x.
struct Sinh: UnaryElementwise {
  var name: String { "sinh" }
  static let kernel = NABLA_SINH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Cosh()(x)) }
}

// MARK: cosh

/// y = cosh x.
struct Cosh: UnaryElementwise {
  var name: String { "cosh" }
  static let kernel = NABLA_COSH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Sinh()(x)) }
}

// MARK: tanh

/// y = tanh x.
struct Tanh: UnaryElementwise {
  var name: String { "tanh" }
  static let kernel = NABLA_TANH
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(1 - Square()(y)) }
}

// MARK: asinh

/// y = arsinh x.
struct Asinh: UnaryElementwise {
  var name: String { "asinh" }
  static let kernel = NABLA_ASINH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Rsqrt()(Square()(x) + 1)) }
}

// MARK: acosh

/// y = arcosh x.
struct Acosh: UnaryElementwise {
  var name: String { "acosh" }
  static let kernel = NABLA_ACOSH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Rsqrt()(x - 1) * Rsqrt()(x + 1)) }
}

// MARK: atanh

/// y = artanh x.
struct Atanh: UnaryElementwise {
  var name: String { "atanh" }
  static let kernel = NABLA_ATANH
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()((1 - x) * (x + 1))) }
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
