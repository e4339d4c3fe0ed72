import CKernels
import NablaTensor

// MARK: abs

/// y = |x|.
struct Abs: UnaryElementwise {
  var name: String { "abs" }
  static let kernel = NABLA_ABS
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope {
    .maskedFactor(Compare(.notEqual)(x, AnyTensor(0, dtype: x.dtype)), Sign()(x))
  }
}

// MARK: sign

/// y = -1, 0 or 1.
struct Sign: UnaryElementwise {
  var name: String { "sign" }
  static let kernel = NABLA_SIGN
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: floor

/// y = the largest integer up to x.
struct Floor: UnaryElementwise {
  var name: String { "floor" }
  static let kernel = NABLA_FLOOR
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: ceil

/// y = the smallest integer from x.
struct Ceil: UnaryElementwise {
  var name: String { "ceil" }
  static let kernel = NABLA_CEIL
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: round

/// y = the nearest integer.
struct Round: UnaryElementwise {
  var name: String { "round" }
  static let kernel = NABLA_ROUND
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

// MARK: relu

/// y = max(x, 0).
struct Relu: UnaryElementwise {
  var name: String { "relu" }
  static let kernel = NABLA_RELU
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope {
    .mask(Compare(.greater)(y, AnyTensor(0, dtype: y.dtype)))
  }
}
