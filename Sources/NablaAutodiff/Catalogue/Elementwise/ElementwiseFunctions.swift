import NablaTensor

// Functions of one operand, element by element: a tensor, or a variable, whose value is then read. One generic declaration
// each: a second overload, for variables, makes lines with several of them take a second to check.

// MARK: Exponentials and logarithms

/// e to the power of each element.
public func exp<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Exp()(x.asTensor().erased))
}

/// eˣ - 1 of each element, exact near 0 where `exp(x) - 1` loses digits.
public func expm1<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Expm1()(x.asTensor().erased))
}

/// The natural logarithm of each element; NaN below 0, -inf at 0.
public func log<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Log()(x.asTensor().erased))
}

/// ln(1 + x) of each element, exact near 0 where `log(1 + x)` loses digits.
public func log1p<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Log1p()(x.asTensor().erased))
}

/// The logistic function 1 / (1 + e⁻ˣ) of each element; it does not overflow.
public func sigmoid<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sigmoid()(x.asTensor().erased))
}

/// ln(1 + eˣ) of each element, as max(x, 0) + ln(1 + e^-|x|): it does not overflow.
public func softplus<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Softplus()(x.asTensor().erased))
}

/// The error function 2/√π ∫₀ˣ e^-t² dt of each element.
public func erf<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Erf()(x.asTensor().erased))
}

// MARK: Powers

/// The square root of each element; NaN below 0. The derivative at 0 is infinite.
public func sqrt<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sqrt()(x.asTensor().erased))
}

/// 1 / √x of each element.
public func rsqrt<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Rsqrt()(x.asTensor().erased))
}

/// The square of each element.
public func square<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Square()(x.asTensor().erased))
}

/// 1 / x of each element.
public func reciprocal<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Reciprocal()(x.asTensor().erased))
}

// MARK: Trigonometry and hyperbolic functions

/// The sine of each element, in radians.
public func sin<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sin()(x.asTensor().erased))
}

/// The cosine of each element, in radians.
public func cos<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Cos()(x.asTensor().erased))
}

/// The tangent of each element, in radians.
public func tan<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Tan()(x.asTensor().erased))
}

/// The inverse sine of each element, in radians; NaN outside -1 ... 1.
public func asin<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Asin()(x.asTensor().erased))
}

/// The inverse cosine of each element, in radians; NaN outside -1 ... 1.
public func acos<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Acos()(x.asTensor().erased))
}

/// The inverse tangent of each element, in radians.
public func atan<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Atan()(x.asTensor().erased))
}

/// The hyperbolic sine of each element.
public func sinh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Sinh()(x.asTensor().erased))
}

/// The hyperbolic cosine of each element.
public func cosh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Cosh()(x.asTensor().erased))
}

/// The hyperbolic tangent of each element.
public func tanh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Tanh()(x.asTensor().erased))
}

/// The inverse hyperbolic sine of each element.
public func asinh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Asinh()(x.asTensor().erased))
}

/// The inverse hyperbolic cosine of each element; NaN below 1.
public func acosh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Acosh()(x.asTensor().erased))
}

/// The inverse hyperbolic tangent of each element; NaN outside -1 ... 1.
public func atanh<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Atanh()(x.asTensor().erased))
}

// MARK: In pieces

/// The magnitude of each element. The derivative at 0 is 0.
public func abs<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Abs()(x.asTensor().erased))
}

/// -1, 0 or 1 as each element is negative, zero or positive; NaN stays NaN. The derivative is 0.
public func sign<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Sign()(x.asTensor().erased))
}

/// The largest integer that is not above each element. The derivative is 0.
public func floor<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Floor()(x.asTensor().erased))
}

/// The smallest integer that is not below each element. The derivative is 0.
public func ceil<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Ceil()(x.asTensor().erased))
}

/// The nearest integer to each element, halves to the even one. The derivative is 0.
public func round<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Round()(x.asTensor().erased))
}

/// The larger of each element and 0. The derivative at 0 is 0.
public func relu<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar {
  Tensor(unchecked: Relu()(x.asTensor().erased))
}
