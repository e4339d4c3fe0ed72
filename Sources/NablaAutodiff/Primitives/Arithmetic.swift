import CKernels
import NablaTensor

// The operators take tensors, variables and single numbers in any mixture; at least one side is a tensor or a
// variable. Each family has the same six forms, so that literals take the tensor's type without a search. (A number beside a
// variable is the last choice: a literal there is a tensor already.)

// MARK: Addition

/// y = a + b.
struct Add: BinaryElementwise {
  var name: String { "+" }
  static let kernel = NABLA_ADD
  func residuals(toward operand: Int) -> Residuals { [] }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope { .one }
  var rewrite: Rewrite { .sum(isDifference: false) }
}

/// The sum, element by element; shapes broadcast. Integers wrap around.
///
/// Errors: shapes that do not broadcast.
@inlinable
public func + <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<S> { Tensor(unchecked: a.erased + b.erased) }
/// The sum, element by element; shapes broadcast.
@inlinable
public func + <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<A.Scalar> where A.Scalar: NumericScalar {
  a.asTensor() + b
}
/// The sum, element by element; shapes broadcast.
@inlinable
public func + <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<B.Scalar> where B.Scalar: NumericScalar {
  a + b.asTensor()
}
/// The sum, element by element; shapes broadcast.
@inlinable
public func + <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<S> { a.value + b.value }
/// The sum, element by element.
@inlinable @_disfavoredOverload
public func + <S: NumericScalar>(a: Variable<S>, b: S) -> Tensor<S> { a.value + Tensor(b) }
/// The sum, element by element.
@inlinable @_disfavoredOverload
public func + <S: NumericScalar>(a: S, b: Variable<S>) -> Tensor<S> { Tensor(a) + b.value }

// MARK: Subtraction

/// y = a - b.
struct Subtract: BinaryElementwise {
  var name: String { "-" }
  static let kernel = NABLA_SUBTRACT
  func residuals(toward operand: Int) -> Residuals { [] }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope { operand == 0 ? .one : .minusOne }
  var rewrite: Rewrite { .sum(isDifference: true) }
}

/// The difference, element by element; shapes broadcast. Integers wrap around.
///
/// Errors: shapes that do not broadcast.
@inlinable
public func - <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<S> { Tensor(unchecked: a.erased - b.erased) }
/// The difference, element by element; shapes broadcast.
@inlinable
public func - <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<A.Scalar> where A.Scalar: NumericScalar {
  a.asTensor() - b
}
/// The difference, element by element; shapes broadcast.
@inlinable
public func - <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<B.Scalar> where B.Scalar: NumericScalar {
  a - b.asTensor()
}
/// The difference, element by element; shapes broadcast.
@inlinable
public func - <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<S> { a.value - b.value }
/// The difference, element by element.
@inlinable @_disfavoredOverload
public func - <S: NumericScalar>(a: Variable<S>, b: S) -> Tensor<S> { a.value - Tensor(b) }
/// The difference, element by element.
@inlinable @_disfavoredOverload
public func - <S: NumericScalar>(a: S, b: Variable<S>) -> Tensor<S> { Tensor(a) - b.value }

// MARK: Multiplication

/// y = a · b.
struct Multiply: BinaryElementwise {
  var name: String { "*" }
  static let kernel = NABLA_MULTIPLY
  func residuals(toward operand: Int) -> Residuals { .operand(1 - operand) }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope { .factor(x[1 - operand]) }
  var rewrite: Rewrite { .multiplication }
}

/// The product, element by element; shapes broadcast. Integers wrap around. See ``matmul(_:_:)`` for matrices.
///
/// Errors: shapes that do not broadcast.
@inlinable
public func * <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<S> { Tensor(unchecked: a.erased * b.erased) }
/// The product, element by element; shapes broadcast.
@inlinable
public func * <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<A.Scalar> where A.Scalar: NumericScalar {
  a.asTensor() * b
}
/// The product, element by element; shapes broadcast.
@inlinable
public func * <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<B.Scalar> where B.Scalar: NumericScalar {
  a * b.asTensor()
}
/// The product, element by element; shapes broadcast.
@inlinable
public func * <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<S> { a.value * b.value }
/// The product, element by element.
@inlinable @_disfavoredOverload
public func * <S: NumericScalar>(a: Variable<S>, b: S) -> Tensor<S> { a.value * Tensor(b) }
/// The product, element by element.
@inlinable @_disfavoredOverload
public func * <S: NumericScalar>(a: S, b: Variable<S>) -> Tensor<S> { Tensor(a) * b.value }

// MARK: Division

/// y = a / b.
struct Divide: BinaryElementwise {
  var name: String { "/" }
  static let kernel = NABLA_DIVIDE
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operand(1) : [.operand(1), .result] }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope {
    operand == 0 ? .reciprocal(x[1]) : .factor(-(y / x[1]))
  }
}

/// The quotient, element by element; shapes broadcast. Integers round toward zero, and a quotient by zero is 0.
///
/// Errors: shapes that do not broadcast.
@inlinable
public func / <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<S> { Tensor(unchecked: a.erased / b.erased) }
/// The quotient, element by element; shapes broadcast.
@inlinable
public func / <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<A.Scalar> where A.Scalar: NumericScalar {
  a.asTensor() / b
}
/// The quotient, element by element; shapes broadcast.
@inlinable
public func / <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<B.Scalar> where B.Scalar: NumericScalar {
  a / b.asTensor()
}
/// The quotient, element by element; shapes broadcast.
@inlinable
public func / <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<S> { a.value / b.value }
/// The quotient, element by element.
@inlinable @_disfavoredOverload
public func / <S: NumericScalar>(a: Variable<S>, b: S) -> Tensor<S> { a.value / Tensor(b) }
/// The quotient, element by element.
@inlinable @_disfavoredOverload
public func / <S: NumericScalar>(a: S, b: Variable<S>) -> Tensor<S> { Tensor(a) / b.value }

// MARK: Negation

/// y = -x.
struct Negate: UnaryElementwise {
  var name: String { "negate" }
  static let kernel = NABLA_NEGATE
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .minusOne }
}

/// The negation of each element.
public prefix func - <T: TensorConvertible>(x: T) -> Tensor<T.Scalar> where T.Scalar: NumericScalar & SignedNumeric {
  Tensor(unchecked: -x.asTensor().erased)
}

// MARK: In place

extension Tensor where Scalar: NumericScalar {
  /// Adds to this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func += (a: inout Tensor, b: Tensor) { a.change("+=", b) { $0 + $1 } }
  /// Subtracts from this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func -= (a: inout Tensor, b: Tensor) { a.change("-=", b) { $0 - $1 } }
  /// Multiplies this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func *= (a: inout Tensor, b: Tensor) { a.change("*=", b) { $0 * $1 } }
  /// Divides this tensor.
  ///
  /// Errors: a tensor that does not broadcast to this one's shape.
  public static func /= (a: inout Tensor, b: Tensor) { a.change("/=", b) { $0 / $1 } }

  private mutating func change(_ name: String, _ b: Tensor, _ operation: (Tensor, Tensor) -> Tensor) {
    guard shape.broadcast(with: b.shape) == shape else {
      return fail(name, "shape \(b.shape) does not broadcast to \(shape)")
    }
    let changed = operation(self, b)
    if !changed.erased.isFailed { self = changed }
  }
}

// MARK: For rules

// The same operations on erased tensors: what derivatives are written with.
extension AnyTensor {
  /// Element by element; shapes broadcast.
  public static func + (a: consuming AnyTensor, b: consuming AnyTensor) -> AnyTensor { Add()(a, b) }
  /// Element by element; shapes broadcast.
  public static func - (a: consuming AnyTensor, b: consuming AnyTensor) -> AnyTensor { Subtract()(a, b) }
  /// Element by element; shapes broadcast.
  public static func * (a: consuming AnyTensor, b: consuming AnyTensor) -> AnyTensor { Multiply()(a, b) }
  /// Element by element; shapes broadcast.
  public static func / (a: AnyTensor, b: AnyTensor) -> AnyTensor { Divide()(a, b) }
  /// Element by element.
  public static prefix func - (x: AnyTensor) -> AnyTensor { Negate()(x) }
  /// With a number of the tensor's type.
  public static func + (a: AnyTensor, b: Double) -> AnyTensor { a + AnyTensor(b, dtype: a.dtype) }
  /// With a number of the tensor's type.
  public static func - (a: AnyTensor, b: Double) -> AnyTensor { a - AnyTensor(b, dtype: a.dtype) }
  /// With a number of the tensor's type.
  public static func - (a: Double, b: AnyTensor) -> AnyTensor { AnyTensor(a, dtype: b.dtype) - b }
  /// With a number of the tensor's type.
  public static func * (a: AnyTensor, b: Double) -> AnyTensor { a * AnyTensor(b, dtype: a.dtype) }
}
