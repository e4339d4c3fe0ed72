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

/// The magnitude of each element. The derivative at 0 is 0.
public func abs<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Abs()(x.asTensor().erased))
}

// MARK: sign

/// y = -1, 0 or 1.
struct Sign: UnaryElementwise {
  var name: String { "sign" }
  static let kernel = NABLA_SIGN
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

/// -1, 0 or 1 as each element is negative, zero or positive; NaN stays NaN. The derivative is 0.
public func sign<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Sign()(x.asTensor().erased))
}

// MARK: floor

/// y = the largest integer up to x.
struct Floor: UnaryElementwise {
  var name: String { "floor" }
  static let kernel = NABLA_FLOOR
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

/// The largest integer that is not above each element. The derivative is 0.
public func floor<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Floor()(x.asTensor().erased))
}

// MARK: ceil

/// y = the smallest integer from x.
struct Ceil: UnaryElementwise {
  var name: String { "ceil" }
  static let kernel = NABLA_CEIL
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

/// The smallest integer that is not below each element. The derivative is 0.
public func ceil<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Ceil()(x.asTensor().erased))
}

// MARK: round

/// y = the nearest integer.
struct Round: UnaryElementwise {
  var name: String { "round" }
  static let kernel = NABLA_ROUND
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .zero }
}

/// The nearest integer to each element, halves to the even one. The derivative is 0.
public func round<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Round()(x.asTensor().erased))
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

/// The larger of each element and 0. The derivative at 0 is 0.
public func relu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Relu()(x.asTensor().erased))
}
