import CKernels
import NablaTensor

// MARK: sqrt

/// y = √x.
struct Sqrt: UnaryElementwise {
  var name: String { "sqrt" }
  static let kernel = NABLA_SQRT
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(y) * 0.5) }
}

/// The square root of each element; NaN below 0. The derivative at 0 is infinite.
public func sqrt<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sqrt()(x.asTensor().erased))
}

// MARK: rsqrt

/// y = 1 / √x.
struct Rsqrt: UnaryElementwise {
  var name: String { "rsqrt" }
  static let kernel = NABLA_RSQRT
  static let residuals: Residuals = [.operands, .result]
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(y / x * -0.5) }
}

/// 1 / √x of each element.
public func rsqrt<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Rsqrt()(x.asTensor().erased))
}

// MARK: square

/// y = x².
struct Square: UnaryElementwise {
  var name: String { "square" }
  static let kernel = NABLA_SQUARE
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(x + x) }
  var rewrite: Rewrite { .multiplication }
}

/// The square of each element.
public func square<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Square()(x.asTensor().erased))
}

// MARK: reciprocal

/// y = 1 / x.
struct Reciprocal: UnaryElementwise {
  var name: String { "reciprocal" }
  static let kernel = NABLA_RECIPROCAL
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(-Square()(y)) }
}

/// 1 / x of each element.
public func reciprocal<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Reciprocal()(x.asTensor().erased))
}

// MARK: pow

/// y = aᵇ.
struct Power: BinaryElementwise {
  var name: String { "pow" }
  static let kernel = NABLA_POWER
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operands : [.operand(0), .result] }

  // Two values are set by convention where the formula is undefined: b aᵇ⁻¹ is 0 where b is 0, also at a = 0, and
  // aᵇ ln a is 0 where a is not positive, as in TensorFlow.
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope {
    let a = x[0]
    let zero = AnyTensor(0, dtype: a.dtype)
    if operand == 0 {
      let b = x[1]
      let counts = Compare(.notEqual)(b, zero)
      let exponent = Select().apply(Operands([counts, b, zero + 1]))
      return .maskedFactor(counts, b * Power()(a, exponent - 1))
    }
    let isPositive = Compare(.greater)(a, zero)
    let safe = Select().apply(Operands([isPositive, a, zero + 1]))
    return .maskedFactor(isPositive, y * Log()(safe))
  }
}

/// a to the power b, element by element; shapes broadcast. NaN where a is negative and b is no integer.
///
/// Conventions: d/da at (0, 0) is 0; d/db is 0 where a is not positive.
/// Errors: shapes that do not broadcast.
public func pow<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Power()(a.erased, b.erased))
}
/// a to the power b, element by element; shapes broadcast.
public func pow<A: TensorConvertible, B: TensorOperand>(_ a: A, _ b: B) -> Tensor<A.Scalar>
where A.Scalar: FloatingPointScalar, B.Scalar == A.Scalar {
  pow(a.asTensor(), b.asTensor())
}
