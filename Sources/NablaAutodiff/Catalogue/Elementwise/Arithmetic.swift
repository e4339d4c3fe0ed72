import CKernels
import NablaTensor

// MARK: Addition

/// y = a + b.
struct Add: BinaryElementwise {
  var name: String { "+" }
  static let kernel = NABLA_ADD
  func residuals(toward operand: Int) -> Residuals { [] }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope { .one }
  var rewrite: Rewrite { .sum(isDifference: false) }
}

// MARK: Subtraction

/// y = a - b.
struct Subtract: BinaryElementwise {
  var name: String { "-" }
  static let kernel = NABLA_SUBTRACT
  func residuals(toward operand: Int) -> Residuals { [] }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope { operand == 0 ? .one : .minusOne }
  var rewrite: Rewrite { .sum(isDifference: true) }
}

// MARK: Multiplication

/// y = a · b.
struct Multiply: BinaryElementwise {
  var name: String { "*" }
  static let kernel = NABLA_MULTIPLY
  func residuals(toward operand: Int) -> Residuals { .operand(1 - operand) }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope { .factor(x[1 - operand]) }
  var rewrite: Rewrite { .multiplication }
}

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

// MARK: Negation

/// y = -x.
struct Negate: UnaryElementwise {
  var name: String { "negate" }
  static let kernel = NABLA_NEGATE
  static let residuals: Residuals = []
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .minusOne }
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
