import CKernels
import NablaTensor

// MARK: abs

/// y = |x|.
struct Abs: UnaryElementwise {
  static let name = "abs"
  static let kernel = NABLA_ABS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Sign()(x)) }
}

// MARK: sign

/// y = -1, 0 or 1.
struct Sign: UnaryElementwise {
  static let name = "sign"
  static let kernel = NABLA_SIGN
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: floor

/// y = the largest integer up to x.
struct Floor: UnaryElementwise {
  static let name = "floor"
  static let kernel = NABLA_FLOOR
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: ceil

/// y = the smallest integer from x.
struct Ceil: UnaryElementwise {
  static let name = "ceil"
  static let kernel = NABLA_CEIL
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: round

/// y = the nearest integer.
struct Round: UnaryElementwise {
  static let name = "round"
  static let kernel = NABLA_ROUND
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: relu

/// y = max(x, 0).
struct Relu: UnaryElementwise {
  static let name = "relu"
  static let kernel = NABLA_RELU
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Sign()(y)) }
}
