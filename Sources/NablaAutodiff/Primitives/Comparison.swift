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

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence

private func compare<S>(_ relation: Compare.Relation, _ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<Bool> {
  Tensor(unchecked: Compare(relation)(a.erased, b.erased))
}

/// Whether elements are equal; shapes broadcast. NaN equals nothing.
public func .== <S>(a: Tensor<S>, b: Tensor<S>) -> Tensor<Bool> { compare(.equal, a, b) }
/// Whether elements differ; shapes broadcast.
public func .!= <S>(a: Tensor<S>, b: Tensor<S>) -> Tensor<Bool> { compare(.notEqual, a, b) }
/// Whether elements of a are below those of b; shapes broadcast.
public func .< <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<Bool> { compare(.less, a, b) }
/// Whether elements of a are at most those of b; shapes broadcast.
public func .<= <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<Bool> { compare(.lessEqual, a, b) }
/// Whether elements of a are above those of b; shapes broadcast.
public func .> <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<Bool> { compare(.greater, a, b) }
/// Whether elements of a are at least those of b; shapes broadcast.
public func .>= <S: NumericScalar>(a: Tensor<S>, b: Tensor<S>) -> Tensor<Bool> { compare(.greaterEqual, a, b) }

// With variables and single numbers, as the arithmetic operators.

/// Whether elements are equal; shapes broadcast.
public func .== <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<Bool> { a.asTensor() .== b }
/// Whether elements are equal; shapes broadcast.
public func .== <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<Bool> { a .== b.asTensor() }
/// Whether elements are equal; shapes broadcast.
public func .== <S>(a: Variable<S>, b: Variable<S>) -> Tensor<Bool> { a.value .== b.value }
/// Whether elements differ; shapes broadcast.
public func .!= <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<Bool> { a.asTensor() .!= b }
/// Whether elements differ; shapes broadcast.
public func .!= <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<Bool> { a .!= b.asTensor() }
/// Whether elements differ; shapes broadcast.
public func .!= <S>(a: Variable<S>, b: Variable<S>) -> Tensor<Bool> { a.value .!= b.value }
/// Whether elements of a are below those of b; shapes broadcast.
public func .< <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<Bool> where A.Scalar: NumericScalar {
  a.asTensor() .< b
}
/// Whether elements of a are below those of b; shapes broadcast.
public func .< <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<Bool> where B.Scalar: NumericScalar {
  a .< b.asTensor()
}
/// Whether elements of a are below those of b; shapes broadcast.
public func .< <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<Bool> { a.value .< b.value }
/// Whether elements of a are at most those of b; shapes broadcast.
public func .<= <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<Bool> where A.Scalar: NumericScalar {
  a.asTensor() .<= b
}
/// Whether elements of a are at most those of b; shapes broadcast.
public func .<= <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<Bool> where B.Scalar: NumericScalar {
  a .<= b.asTensor()
}
/// Whether elements of a are at most those of b; shapes broadcast.
public func .<= <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<Bool> { a.value .<= b.value }
/// Whether elements of a are above those of b; shapes broadcast.
public func .> <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<Bool> where A.Scalar: NumericScalar {
  a.asTensor() .> b
}
/// Whether elements of a are above those of b; shapes broadcast.
public func .> <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<Bool> where B.Scalar: NumericScalar {
  a .> b.asTensor()
}
/// Whether elements of a are above those of b; shapes broadcast.
public func .> <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<Bool> { a.value .> b.value }
/// Whether elements of a are at least those of b; shapes broadcast.
public func .>= <A: TensorOperand>(a: A, b: Tensor<A.Scalar>) -> Tensor<Bool> where A.Scalar: NumericScalar {
  a.asTensor() .>= b
}
/// Whether elements of a are at least those of b; shapes broadcast.
public func .>= <B: TensorOperand>(a: Tensor<B.Scalar>, b: B) -> Tensor<Bool> where B.Scalar: NumericScalar {
  a .>= b.asTensor()
}
/// Whether elements of a are at least those of b; shapes broadcast.
public func .>= <S: NumericScalar>(a: Variable<S>, b: Variable<S>) -> Tensor<Bool> { a.value .>= b.value }

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

extension Tensor where Scalar: FloatingPointScalar {
  /// Whether each element is NaN.
  public var isNaN: Tensor<Bool> { Tensor<Bool>(unchecked: Predicate(kind: .isNaN)(erased)) }
  /// Whether each element is neither NaN nor infinite.
  public var isFinite: Tensor<Bool> { Tensor<Bool>(unchecked: Predicate(kind: .isFinite)(erased)) }

  /// Whether every element is within `absolute + relative · |other|` of the other tensor's, shapes broadcast.
  /// NaN is close to nothing; infinities of one sign are close to each other.
  public func allClose(_ other: Tensor, relative: Scalar = 1e-5, absolute: Scalar = 1e-8) -> Bool {
    guard let shape = shape.broadcast(with: other.shape) else {
      fail("allClose", "shapes \(self.shape) and \(other.shape) do not broadcast")
      return false
    }
    return zip(broadcast(to: shape).scalars, other.broadcast(to: shape).scalars).allSatisfy { a, b in
      let bound: Scalar = absolute + relative * abs(b)
      return a == b || (b.isFinite && abs(a - b) <= bound)
    }
  }
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

extension Tensor where Scalar == Bool {
  /// Whether both are true, element by element; shapes broadcast.
  public static func .&& (a: Tensor, b: Tensor) -> Tensor {
    Tensor(unchecked: Logical(kind: .and)(a.erased, b.erased))
  }
  /// Whether either is true, element by element; shapes broadcast.
  public static func .|| (a: Tensor, b: Tensor) -> Tensor {
    Tensor(unchecked: Logical(kind: .or)(a.erased, b.erased))
  }
  /// The opposite of each element.
  public static prefix func ! (a: Tensor) -> Tensor { Tensor(unchecked: Predicate(kind: .not)(a.erased)) }
}

infix operator .&& : LogicalConjunctionPrecedence
infix operator .|| : LogicalDisjunctionPrecedence

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

/// Elements of `a` where the mask is true, of `b` where it is false; shapes broadcast. The gradient goes to the chosen
/// side alone.
///
/// Errors: shapes that do not broadcast.
public func select<S>(_ mask: Tensor<Bool>, _ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Select().apply(Operands([mask.erased, a.erased, b.erased])))
}

// MARK: maximum and minimum

/// y = max(a, b).
struct Maximum: BinaryElementwise {
  var name: String { "maximum" }
  static let kernel = NABLA_MAXIMUM
  func residuals(toward operand: Int) -> Residuals { .operands }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope {
    let isFirst = Compare(.greaterEqual)(x[0], x[1])
    return .mask(operand == 0 ? isFirst : Predicate(kind: .not)(isFirst))
  }
}

/// The larger of two elements; shapes broadcast. NaN wins. The gradient of a tie goes to `a`.
///
/// Errors: shapes that do not broadcast.
public func maximum<S: NumericScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Maximum()(a.erased, b.erased))
}
/// The larger of two elements; shapes broadcast.
public func maximum<A: TensorConvertible, B: TensorOperand>(_ a: A, _ b: B) -> Tensor<A.Scalar>
where A.Scalar: NumericScalar, B.Scalar == A.Scalar { maximum(a.asTensor(), b.asTensor()) }

/// y = min(a, b).
struct Minimum: BinaryElementwise {
  var name: String { "minimum" }
  static let kernel = NABLA_MINIMUM
  func residuals(toward operand: Int) -> Residuals { .operands }
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope {
    let isFirst = Compare(.lessEqual)(x[0], x[1])
    return .mask(operand == 0 ? isFirst : Predicate(kind: .not)(isFirst))
  }
}

/// The smaller of two elements; shapes broadcast. NaN wins. The gradient of a tie goes to `a`.
///
/// Errors: shapes that do not broadcast.
public func minimum<S: NumericScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Minimum()(a.erased, b.erased))
}
/// The smaller of two elements; shapes broadcast.
public func minimum<A: TensorConvertible, B: TensorOperand>(_ a: A, _ b: B) -> Tensor<A.Scalar>
where A.Scalar: NumericScalar, B.Scalar == A.Scalar { minimum(a.asTensor(), b.asTensor()) }

/// Each element moved into `low ... high`. The gradient passes where the element is inside, bounds included.
public func clip<T: TensorConvertible>(_ x: T, _ low: T.Scalar, _ high: T.Scalar) -> Tensor<T.Scalar>
where T.Scalar: NumericScalar { minimum(maximum(x.asTensor(), Tensor(low)), Tensor(high)) }

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

extension Tensor {
  /// The elements of another tensor in this type: C's rules, but a `Float` or `Double` outside of an integer's range
  /// becomes the nearest end of it, NaN becomes 0, and anything but 0 is true. From integer to integer the low bits are
  /// kept. Between `Float` and `Double` the gradient passes.
  public init<T: TensorConvertible>(castingFrom x: T) {
    self.init(unchecked: x.asTensor().erased.cast(to: Scalar.dtype))
  }
}
