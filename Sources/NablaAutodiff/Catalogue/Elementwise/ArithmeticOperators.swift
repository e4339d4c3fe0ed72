import NablaTensor

// Every operator has six forms: two tensors, two variables, one of each in either order, and a number on either side of a tensor
// or a variable. MixedOperators.swift has three more, which only say that element types differ. The compiler's time rests on this
// shape. The forms are members, so that they are candidates beside a tensor or a variable and nowhere else. The first four name
// their types: a generic form would match as well as those of differing types, and the search would try both at each operator of
// a line. A literal is a number of the tensor's element type, since tensors are not expressible by literals of numbers.

// MARK: Addition

extension Tensor where Scalar: NumericScalar {
  /// The sum, element by element; shapes broadcast. Integers wrap around.
  ///
  /// Errors: shapes that do not broadcast.
  @inlinable
  public static func + (a: Tensor, b: Tensor) -> Tensor { Tensor(unchecked: a.erased + b.erased) }
}

extension Variable where Scalar: NumericScalar {
  /// The sum of two values, element by element; shapes broadcast.
  @inlinable
  public static func + (a: Variable, b: Variable) -> Tensor<Scalar> { a.value + b.value }
  /// The sum of a value and a tensor, element by element; shapes broadcast.
  @inlinable
  public static func + (a: Variable, b: Tensor<Scalar>) -> Tensor<Scalar> { a.value + b }
  /// The sum of a tensor and a value, element by element; shapes broadcast.
  @inlinable
  public static func + (a: Tensor<Scalar>, b: Variable) -> Tensor<Scalar> { a + b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The sum of each element and a number.
  @inlinable
  public static func + (a: Self, b: Scalar) -> Tensor<Scalar> { a.asTensor() + Tensor(b) }
  /// The sum of a number and each element.
  @inlinable
  public static func + (a: Scalar, b: Self) -> Tensor<Scalar> { Tensor(a) + b.asTensor() }
}

// MARK: Subtraction

extension Tensor where Scalar: NumericScalar {
  /// The difference, element by element; shapes broadcast. Integers wrap around.
  ///
  /// Errors: shapes that do not broadcast.
  @inlinable
  public static func - (a: Tensor, b: Tensor) -> Tensor { Tensor(unchecked: a.erased - b.erased) }
}

extension Variable where Scalar: NumericScalar {
  /// The difference of two values, element by element; shapes broadcast.
  @inlinable
  public static func - (a: Variable, b: Variable) -> Tensor<Scalar> { a.value - b.value }
  /// The difference of a value and a tensor, element by element; shapes broadcast.
  @inlinable
  public static func - (a: Variable, b: Tensor<Scalar>) -> Tensor<Scalar> { a.value - b }
  /// The difference of a tensor and a value, element by element; shapes broadcast.
  @inlinable
  public static func - (a: Tensor<Scalar>, b: Variable) -> Tensor<Scalar> { a - b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The difference of each element and a number.
  @inlinable
  public static func - (a: Self, b: Scalar) -> Tensor<Scalar> { a.asTensor() - Tensor(b) }
  /// The difference of a number and each element.
  @inlinable
  public static func - (a: Scalar, b: Self) -> Tensor<Scalar> { Tensor(a) - b.asTensor() }
}

// MARK: Multiplication

extension Tensor where Scalar: NumericScalar {
  /// The product, element by element; shapes broadcast. Integers wrap around. See ``matmul(_:_:)`` for matrices.
  ///
  /// Errors: shapes that do not broadcast.
  @inlinable
  public static func * (a: Tensor, b: Tensor) -> Tensor { Tensor(unchecked: a.erased * b.erased) }
}

extension Variable where Scalar: NumericScalar {
  /// The product of two values, element by element; shapes broadcast.
  @inlinable
  public static func * (a: Variable, b: Variable) -> Tensor<Scalar> { a.value * b.value }
  /// The product of a value and a tensor, element by element; shapes broadcast.
  @inlinable
  public static func * (a: Variable, b: Tensor<Scalar>) -> Tensor<Scalar> { a.value * b }
  /// The product of a tensor and a value, element by element; shapes broadcast.
  @inlinable
  public static func * (a: Tensor<Scalar>, b: Variable) -> Tensor<Scalar> { a * b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The product of each element and a number.
  @inlinable
  public static func * (a: Self, b: Scalar) -> Tensor<Scalar> { a.asTensor() * Tensor(b) }
  /// The product of a number and each element.
  @inlinable
  public static func * (a: Scalar, b: Self) -> Tensor<Scalar> { Tensor(a) * b.asTensor() }
}

// MARK: Division

extension Tensor where Scalar: NumericScalar {
  /// The quotient, element by element; shapes broadcast. Integers round toward zero, and a quotient by zero is 0.
  ///
  /// Errors: shapes that do not broadcast.
  @inlinable
  public static func / (a: Tensor, b: Tensor) -> Tensor { Tensor(unchecked: a.erased / b.erased) }
}

extension Variable where Scalar: NumericScalar {
  /// The quotient of two values, element by element; shapes broadcast.
  @inlinable
  public static func / (a: Variable, b: Variable) -> Tensor<Scalar> { a.value / b.value }
  /// The quotient of a value and a tensor, element by element; shapes broadcast.
  @inlinable
  public static func / (a: Variable, b: Tensor<Scalar>) -> Tensor<Scalar> { a.value / b }
  /// The quotient of a tensor and a value, element by element; shapes broadcast.
  @inlinable
  public static func / (a: Tensor<Scalar>, b: Variable) -> Tensor<Scalar> { a / b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The quotient of each element and a number.
  @inlinable
  public static func / (a: Self, b: Scalar) -> Tensor<Scalar> { a.asTensor() / Tensor(b) }
  /// The quotient of a number and each element.
  @inlinable
  public static func / (a: Scalar, b: Self) -> Tensor<Scalar> { Tensor(a) / b.asTensor() }
}

// MARK: Negation

extension TensorConvertible where Scalar: NumericScalar & SignedNumeric {
  /// The negation of each element.
  @inlinable
  public static prefix func - (x: Self) -> Tensor<Scalar> { Tensor(unchecked: -x.asTensor().erased) }
}

// MARK: In place

extension Tensor where Scalar: NumericScalar {
  /// Adds to this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func += (a: inout Tensor, b: Tensor) { a.change("+=", b) { $0 + $1 } }
  /// Adds to this tensor, with the value of a variable.
  public static func += (a: inout Tensor, b: Variable<Scalar>) { a += b.value }
  /// Adds to this tensor, with a number.
  public static func += (a: inout Tensor, b: Scalar) { a += Tensor(b) }

  /// Subtracts from this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func -= (a: inout Tensor, b: Tensor) { a.change("-=", b) { $0 - $1 } }
  /// Subtracts from this tensor, with the value of a variable.
  public static func -= (a: inout Tensor, b: Variable<Scalar>) { a -= b.value }
  /// Subtracts from this tensor, with a number.
  public static func -= (a: inout Tensor, b: Scalar) { a -= Tensor(b) }

  /// Multiplies this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func *= (a: inout Tensor, b: Tensor) { a.change("*=", b) { $0 * $1 } }
  /// Multiplies this tensor, with the value of a variable.
  public static func *= (a: inout Tensor, b: Variable<Scalar>) { a *= b.value }
  /// Multiplies this tensor, with a number.
  public static func *= (a: inout Tensor, b: Scalar) { a *= Tensor(b) }

  /// Divides this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func /= (a: inout Tensor, b: Tensor) { a.change("/=", b) { $0 / $1 } }
  /// Divides this tensor, with the value of a variable.
  public static func /= (a: inout Tensor, b: Variable<Scalar>) { a /= b.value }
  /// Divides this tensor, with a number.
  public static func /= (a: inout Tensor, b: Scalar) { a /= Tensor(b) }

  private mutating func change(_ name: String, _ b: Tensor, _ operation: (Tensor, Tensor) -> Tensor) {
    guard shape.broadcast(with: b.shape) == shape else {
      return fail(name, "shape \(b.shape) does not broadcast to \(shape)")
    }
    let changed = operation(self, b)
    if !changed.erased.isFailed { self = changed }
  }
}
