import CKernels
import NablaTensor

// MARK: Comparisons

/// y = a ⋚ b, as Bool.
struct Compare: BinaryLoop, NondifferentiablePrimitive {
  /// By the operators' names.
  enum Relation: String, Sendable, CaseIterable {
    case equal = ".==", notEqual = ".!=", less = ".<", lessEqual = ".<=", greater = ".>", greaterEqual = ".>="
  }
  let relation: Relation
  var name: String { relation.rawValue }
  init(_ relation: Relation) { self.relation = relation }

  private var kernel: nabla_binary_op {
    switch relation {
    case .equal: NABLA_EQUAL
    case .notEqual: NABLA_NOT_EQUAL
    case .less: NABLA_LESS
    case .lessEqual: NABLA_LESS_EQUAL
    case .greater: NABLA_GREATER
    case .greaterEqual: NABLA_GREATER_EQUAL
    }
  }

  func resultType(_ x: Operands) -> TensorType? {
    broadcastShape(name, x).map { TensorType(.bool, $0) }
  }
  func loop(_ dtype: DType) -> nabla_binary { nabla_binary_kernel(kernel, dtype.rawValue)! }
}

// MARK: Predicates

/// y = p(x), as Bool.
struct Predicate: UnaryLoop, NondifferentiablePrimitive {
  /// By the functions' names.
  enum Kind: String, Sendable, CaseIterable { case isNaN, isFinite, not = "!" }
  let kind: Kind
  var name: String { kind.rawValue }

  private var kernel: nabla_unary_op {
    switch kind {
    case .isNaN: NABLA_IS_NAN
    case .isFinite: NABLA_IS_FINITE
    case .not: NABLA_NOT
    }
  }
  func resultType(_ x: Operands) -> TensorType? { TensorType(.bool, x[0].shape) }
  func loop(_ dtype: DType) -> nabla_unary { nabla_unary_kernel(kernel, dtype.rawValue)! }
}

// MARK: Logic

/// y = a and b, a or b.
struct Logical: BinaryLoop, NondifferentiablePrimitive {
  /// By the operators' names.
  enum Kind: String, Sendable, CaseIterable { case and = ".&&", or = ".||" }
  let kind: Kind
  var name: String { kind.rawValue }
  func resultType(_ x: Operands) -> TensorType? { broadcastShape(name, x).map { TensorType(.bool, $0) } }
  func loop(_ dtype: DType) -> nabla_binary {
    nabla_binary_kernel(kind == .and ? NABLA_AND : NABLA_OR, dtype.rawValue)!
  }
}

// MARK: select

/// y = mask ? a : b.
struct Select: TernaryLoop {
  var name: String { "select" }
  func residuals(toward operand: Int) -> Residuals { .operand(0) }

  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype == .bool else {
      fail(name, "the mask is \(x[0].dtype), not bool")
      return nil
    }
    guard let values = broadcastShape(name, Operands(x[1], x[2])) else { return nil }
    guard let shape = x[0].shape.broadcast(with: values) else {
      fail(name, "the mask's shape \(x[0].shape) does not broadcast with \(values)")
      return nil
    }
    return TensorType(x[1].dtype, shape)
  }
  func loop(_ dtype: DType) -> nabla_ternary { nabla_ternary_kernel(NABLA_SELECT, dtype.rawValue)! }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let zero = AnyTensor(0, dtype: g.dtype)
    cotangents.give(1, Select().apply(Operands([x[0], g, zero])).summed(to: x[1].shape))
    cotangents.give(2, Select().apply(Operands([x[0], zero, g])).summed(to: x[2].shape))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    let zero = AnyTensor(0, dtype: y.dtype)
    return Select().apply(Operands([x[0], tangents[1] ?? zero, tangents[2] ?? zero])).broadcast(to: y.shape)
  }
}

// MARK: maximum and minimum

/// The operand that stands in a relation to the other; of two equal ones the first.
protocol ExtremeElementwise: BinaryElementwise {
  /// How the first stands to the second where it is taken.
  static var relation: Compare.Relation { get }
}

extension ExtremeElementwise {
  func residuals(toward operand: Int) -> Residuals { .operands }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope {
    let isFirst = Compare(Self.relation)(x[0], x[1])
    return .mask(operand == 0 ? isFirst : Predicate(kind: .not)(isFirst))
  }
}

/// y = max(a, b).
struct Maximum: ExtremeElementwise {
  var name: String { "maximum" }
  static let kernel = NABLA_MAXIMUM
  static let relation = Compare.Relation.greaterEqual
}

/// y = min(a, b).
struct Minimum: ExtremeElementwise {
  var name: String { "minimum" }
  static let kernel = NABLA_MINIMUM
  static let relation = Compare.Relation.lessEqual
}

// MARK: cast

/// The elements in another type.
struct Cast: UnaryLoop, LinearPrimitive {
  var traits: Traits { [.elementwise, .linear] }
  var name: String { "cast" }
  let dtype: DType
  func resultType(_ x: Operands) -> TensorType? { TensorType(dtype, x[0].shape) }
  func loop(_ source: DType) -> nabla_unary { nabla_cast_kernel(source.rawValue, dtype.rawValue)! }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, g.cast(to: x[0].dtype))
  }
}

extension AnyTensor {
  /// The elements in another type, by the rules of ``Tensor/init(castingFrom:)``.
  public func cast(to dtype: DType) -> AnyTensor { self.dtype == dtype ? self : Cast(dtype: dtype)(self) }
}
