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

// MARK: expm1

/// y = eˣ - 1.
struct Expm1: UnaryElementwise {
  var name: String { "expm1" }
  static let kernel = NABLA_EXPM1
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(y + 1) }
}

// MARK: log

/// y = ln x.
struct Log: UnaryElementwise {
  var name: String { "log" }
  static let kernel = NABLA_LOG
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(x)) }
}

// MARK: log1p

/// y = ln(1 + x).
struct Log1p: UnaryElementwise {
  var name: String { "log1p" }
  static let kernel = NABLA_LOG1P
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(x + 1)) }
}

// MARK: sigmoid

/// y = 1 / (1 + e⁻ˣ).
struct Sigmoid: UnaryElementwise {
  var name: String { "sigmoid" }
  static let kernel = NABLA_SIGMOID
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(y * (1 - y)) }
}

// MARK: softplus

/// y = ln(1 + eˣ).
struct Softplus: UnaryElementwise {
  var name: String { "softplus" }
  static let kernel = NABLA_SOFTPLUS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Sigmoid()(x)) }
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
