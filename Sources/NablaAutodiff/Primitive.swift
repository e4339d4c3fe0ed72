import NablaTensor

/// The smallest operation that has a kernel and a derivative: exp, multiply, matmul, sum, transpose.
///
/// A conformance holds everything about the operation: its shape rule, its kernel, its derivative in both directions.
/// Eager code, tapes and forward mode share it. Everything else (mean, variance, losses) composes primitives and
/// has no rule of its own. Stored properties are the attributes (an axis, a permutation); two operations are the same when
/// they are equal. <doc:AddingAnOperation> shows a real one.
///
/// The rules are written with the public operations, so derivatives of derivatives come free.
public protocol Primitive: Sendable, Hashable {
  /// The name in errors and listings.
  static var name: String { get }
  /// What the derivatives read of the operands and the result; a tape keeps no more than this.
  static var residuals: Residuals { get }

  /// The type of the result, or nil after ``NablaTensor/fail(_:_:)`` where the operands do not fit.
  func resultType(_ x: Operands) -> TensorType?
  /// Computes the elements of the result, in row-major order, into memory for them. The operands fit.
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer)
  /// The call of `evaluate` on windows that stay the same from run to run, as plans make it; only where they look moves.
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall
  /// The result: memory that `evaluate(_:_:into:)` fills, or a window on an operand (see ``ViewPrimitive``).
  func result(_ x: Operands, _ type: TensorType) -> AnyTensor
  /// Adds to `cotangents` what each operand receives where the result receives `g`; y is the result.
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents)
  /// The tangent of the result where the operands have these tangents, at least one of which is there; nil stands for
  /// zeros.
  func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor?
  /// How the operation splits over the rows of large operands; nil where it does not. See ``RowRule``.
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule?
  /// The arithmetic operations, for estimates: one for each element, a division or an exponential too.
  func operationCount(_ x: [Shape], _ y: Shape) -> Int
  /// What a graph may make of the operation as it comes in.
  var rewrite: Rewrite { get }
  /// The operation for `count` rows, where an attribute (a shape) speaks of them.
  func onRows(_ count: Int) -> Self
}

/// What a derivative reads.
public struct Residuals: OptionSet, Sendable {
  /// A set from its bits.
  public let rawValue: Int
  /// A set from its bits.
  public init(rawValue: Int) { self.rawValue = rawValue }
  /// The elements of the operands.
  public static let operands = Residuals(rawValue: 1)
  /// The elements of the result.
  public static let result = Residuals(rawValue: 2)
}

/// The element type and shape of a tensor.
public struct TensorType: Hashable, Sendable {
  /// The element type.
  public var dtype: DType
  /// The shape.
  public var shape: Shape
  /// A type.
  public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }
}

/// The operands of a primitive. One or two, the usual numbers, need no array.
public struct Operands: Sendable {
  private let first: AnyTensor
  private let second: AnyTensor?
  private let rest: [AnyTensor]

  /// One operand.
  @inline(__always)
  public init(_ first: AnyTensor) {
    self.first = first
    second = nil
    rest = []
  }
  /// Two operands.
  @inline(__always)
  public init(_ first: AnyTensor, _ second: AnyTensor) {
    self.first = first
    self.second = second
    rest = []
  }
  /// Any number of operands but none.
  public init(_ all: [AnyTensor]) {
    first = all[0]
    second = all.count > 1 ? all[1] : nil
    rest = Array(all.dropFirst(2))
  }

  /// How many there are.
  @inline(__always)
  public var count: Int { (second == nil ? 1 : 2) + rest.count }

  /// One of them.
  @inline(__always)
  public subscript(index: Int) -> AnyTensor { index == 0 ? first : index == 1 ? second! : rest[index - 2] }

  /// All of them.
  public var all: [AnyTensor] { (0..<count).map { self[$0] } }

  /// Whether one of them has no elements and never will: the result of a failed operation, which came out of its
  /// ``NablaTensor/throwingErrors(_:)``, a value of a compiled function, which came out of that, or rows that a source
  /// gives to compiled functions alone; with the error that says so.
  @inline(__always)
  func refused(by operation: String) -> Bool {
    if first.hasMemory && second?.hasMemory ?? true && rest.isEmpty { return false }
    return refusedUnlessMemory(operation)
  }
  private func refusedUnlessMemory(_ operation: String) -> Bool {
    for operand in all {
      if operand.isFailed {
        fail(operation, "an operand is the result of an operation that failed")
        return true
      }
      switch operand.storage.kind {
      case .released: _ = operand.isReadable(operation)  // ends the process, saying why
      case .rows: return !operand.isReadable(operation)
      case .memory, .failed, .symbolic: break
      }
      if let node = operand.node, Tracer.innermost?.owns(node) != true {
        fail(
          operation,
          "an operand of shape \(operand.shape) was made while a function was compiled, and is known only inside that")
        return true
      }
    }
    return false
  }

  /// Whether letting the elements go would free next to nothing.
  var areSmall: Bool { rest.isEmpty && first.isSmall && second?.isSmall ?? true }

  /// Shapes and types alone.
  var withoutElements: Operands {
    if let second, rest.isEmpty { return Operands(first.withoutElements, second.withoutElements) }
    if rest.isEmpty { return Operands(first.withoutElements) }
    return Operands(all.map(\.withoutElements))
  }
}

/// What a pullback gives to the operands; only what some source needs is computed.
public struct Cotangents {
  // The first two operands, which are nearly all, take no array.
  let wantsFirst: Bool
  let wantsSecond: Bool
  private(set) var first: AnyTensor?
  private(set) var second: AnyTensor?
  private(set) var rest: [(isWanted: Bool, value: AnyTensor?)]

  /// What the first operand was given, handed over.
  @inline(__always)
  mutating func takeFirst() -> AnyTensor? { first.take() }
  /// What the second operand was given, handed over.
  @inline(__always)
  mutating func takeSecond() -> AnyTensor? { second.take() }

  init(first: Bool, second: Bool, rest: [(isWanted: Bool, value: AnyTensor?)]) {
    (wantsFirst, wantsSecond) = (first, second)
    self.rest = rest
  }

  /// Whether what an operand receives is needed.
  public func wants(_ operand: Int) -> Bool {
    operand == 0 ? wantsFirst : operand == 1 ? wantsSecond : rest[operand - 2].isWanted
  }

  /// Gives `value` to an operand, if that is wanted; `value` has the operand's shape. Once for each operand.
  public mutating func give(_ operand: Int, _ value: @autoclosure () -> AnyTensor) {
    guard wants(operand) else { return }
    switch operand {
    case 0: first = value()
    case 1: second = value()
    default: giveRest(operand - 2, value())
    }
  }
  // A call of its own: inlined into a loop over two operands, the array is made ready to be written before it begins.
  @inline(never)
  private mutating func giveRest(_ index: Int, _ value: AnyTensor) { rest[index].value = value }
}

/// The tangents of operands in a forward pass; nil stands for zeros.
public struct Tangents {
  let values: [AnyTensor?]
  /// The tangent of an operand.
  public subscript(operand: Int) -> AnyTensor? { values[operand] }
}

extension Primitive {
  /// What the derivatives read. (`type(of:)` an `any Primitive` would look for classes first.)
  var residuals: Residuals { Self.residuals }

  /// Applies the operation to one operand.
  @inline(__always)
  public func callAsFunction(_ x: consuming AnyTensor) -> AnyTensor { apply(Operands(x)) }
  /// Applies the operation to two operands.
  @inline(__always)
  public func callAsFunction(_ x: consuming AnyTensor, _ y: consuming AnyTensor) -> AnyTensor { apply(Operands(x, y)) }

  // Operands are handed on until a tape keeps them: each time that one is shared instead costs two atomic additions.
  /// Applies the operation: runs the kernel, and lets the open contexts of this thread see it.
  @inline(__always)
  public func apply(_ x: consuming Operands) -> AnyTensor {
    if Context.isActive { return Recorder.apply(self, x) }
    guard !x.refused(by: Self.name), let type = resultType(x) else { return .failed(x[0].dtype, x[0].shape) }
    return result(x, type)
  }

  /// One for each element of the result.
  public func operationCount(_ x: [Shape], _ y: Shape) -> Int { y.elementCount }

  /// Calls `evaluate`.
  public func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    evaluated(x, type, into: y)
  }

  /// The call of `evaluate`.
  func evaluated(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    // Whatever takes memory of its own can fail to get it.
    let canFail = !isElementwiseLoop
    return PreparedCall(operands: x.all.map(\.storage), into: y, canFail: canFail) {
      self.evaluate(x, type, into: y.base)
    }
  }

  /// Fresh memory, filled.
  @inline(__always)
  public func result(_ x: Operands, _ type: TensorType) -> AnyTensor {
    AnyTensor(dtype: type.dtype, shape: type.shape) { evaluate(x, type, into: $0) }
  }

  /// The type check that every primitive shares: all operands are floating point, or the error that says which is not.
  func isFloatingPoint(_ x: Operands) -> Bool {
    for index in 0..<x.count where !x[index].dtype.isFloatingPoint {
      fail(Self.name, "operand \(index) is \(x[index].dtype); only float32 and float64 are allowed")
      return false
    }
    return true
  }
}

/// A primitive whose result is another window on its first operand's memory, wherever the strides allow.
public protocol ViewPrimitive: Primitive {
  /// The window.
  func window(_ x: Operands) -> AnyTensor
}

extension ViewPrimitive {
  /// None.
  public func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  /// Copies the window's elements.
  public func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) { window(x).copy(to: y) }
  /// The window.
  public func result(_ x: Operands, _ type: TensorType) -> AnyTensor { window(x) }
}

/// A primitive that is linear in its one operand: its tangent is the same operation.
public protocol LinearPrimitive: Primitive {}

extension LinearPrimitive {
  /// Nothing: a linear map is its own derivative.
  public static var residuals: Residuals { [] }
  /// The operation on the tangent.
  public func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { tangents[0].map { self($0) } }
}

/// A primitive whose result has no derivative because it is not floating point: comparisons, argmax.
public protocol NondifferentiablePrimitive: Primitive {}

extension NondifferentiablePrimitive {
  /// Nothing.
  public static var residuals: Residuals { [] }
  /// Never reached: tapes do not follow integers and Bool.
  public func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {}
  /// None.
  public func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { nil }
}
