import NablaTensor

/// A primitive with one result: its rules speak of that alone.
public protocol SingleResultPrimitive: Primitive {
  /// The type of the result, or nil after ``NablaTensor/fail(_:_:)`` where the operands do not fit.
  func resultType(_ x: Operands) -> TensorType?
  /// Computes the elements of the result, in row-major order, into memory for them. The operands fit.
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(Failure)
  /// The result: memory that `evaluate(_:_:into:)` fills, or a view of an operand (see ``ViewPrimitive``).
  func result(_ x: Operands, _ type: TensorType) throws(Failure) -> AnyTensor
  /// The call of `evaluate` on memory whose layout stays the same from run to run, as plans make it.
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall
  /// Adds to `cotangents` what each operand receives where the result receives `g`; y is the result.
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents)
  /// The tangent of the result where the operands have these tangents, at least one of which is there; nil is zeros.
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor?
  /// How the operation splits over the rows of large operands; nil where it does not.
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule?
  /// The arithmetic operations, for estimates.
  func operationCount(_ x: [Shape], _ y: Shape) -> Int
  /// The result for a batch; nil where there is no rule.
  ///
  /// - Throws: what the kernel throws because of the numbers.
  func batchedResult(_ x: BatchedOperands) throws(Failure) -> AnyTensor?
}

extension SingleResultPrimitive {
  /// One for each element of the result.
  public func operationCount(_ x: [Shape], _ y: Shape) -> Int { y.elementCount }
  /// The operation runs whole.
  public func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { nil }
  /// No rule.
  public func batchedResult(_ x: BatchedOperands) throws(Failure) -> AnyTensor? { nil }

  /// Calls `evaluate`.
  public func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    evaluated(x, type, into: y)
  }

  /// The call of `evaluate`.
  func evaluated(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    // Whatever takes memory of its own can fail to get it.
    PreparedCall(operands: x.all.map(\.storage), into: [y], canFail: !traits.contains(.elementwise)) {
      try self.evaluate(x, type, into: y.base)
    }
  }

  /// Fresh memory, filled.
  @inline(__always)
  public func result(_ x: Operands, _ type: TensorType) throws(Failure) -> AnyTensor {
    // One call for the memory: of a small operation each is a share that shows.
    let y = AnyTensor(dtype: type.dtype, shape: type.shape) { _ in }
    if y.hasMemory { try evaluate(x, type, into: y.address) }
    return y
  }
}

// The rules of any number of results, by those of one.
extension SingleResultPrimitive {
  /// The one type.
  public func resultTypes(_ x: Operands) -> ResultTypes? { resultType(x).map { ResultTypes($0) } }
  /// Computes the one result.
  public func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) throws(Failure) {
    try evaluate(x, types.first, into: y[0])
  }
  /// The one result.
  public func results(_ x: Operands, _ types: ResultTypes) throws(Failure) -> ResultTensors {
    ResultTensors(try result(x, types.first))
  }
  /// The call for the one result.
  public func prepared(_ x: Operands, _ types: ResultTypes, into y: [Storage]) -> PreparedCall {
    prepared(x, types.first, into: y[0])
  }
  /// The rule for the one cotangent.
  @inline(__always)
  public func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {
    vjp(g.first!, x, y.first, &cotangents)
  }
  /// The one tangent.
  public func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives {
    Derivatives(jvp(tangents, x, y.first))
  }
  /// The rule by the shape of the one result.
  public func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? { rowRule(x, y[0], rows: rows) }
  /// The count by the shape of the one result.
  public func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { operationCount(x, y[0]) }
  /// The one result for a batch.
  public func batched(_ x: BatchedOperands) throws(Failure) -> ResultTensors? {
    guard let y = try batchedResult(x) else { return nil }
    return ResultTensors(y)
  }
}

extension SingleResultPrimitive {
  // Operands are handed on until a tape keeps them: each time that one is shared instead costs two atomic additions.
  /// Applies the operation: runs the kernel, and lets the open contexts of this thread see it.
  ///
  /// - Throws: what the kernel throws because of the numbers; not while a function is being compiled, whose runs throw it.
  @inline(__always)
  public func apply(_ x: consuming Operands) throws(Failure) -> AnyTensor {
    if Context.isActive { return try Recorder.apply(self, x) }
    guard !x.refused(by: self), let type = resultType(x) else { return .failed(like: x) }
    return try result(x, type)
  }

  /// Applies the operation to one operand.
  @inline(__always)
  public func callAsFunction(_ x: consuming AnyTensor) throws(Failure) -> AnyTensor { try apply(Operands(x)) }
  /// Applies the operation to two operands.
  @inline(__always)
  public func callAsFunction(_ x: consuming AnyTensor, _ y: consuming AnyTensor) throws(Failure) -> AnyTensor {
    try apply(Operands(x, y))
  }
}

// MARK: - Views

/// A primitive whose result is a view of its first operand's memory, wherever the strides allow.
public protocol ViewPrimitive: SingleResultPrimitive where Failure == Never {
  /// The view.
  func makeView(_ x: Operands) -> AnyTensor
}

extension ViewPrimitive {
  /// A view.
  public var traits: Traits { .view }
  /// No arithmetic.
  public func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  /// Copies the elements of the view.
  public func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) { makeView(x).copy(to: y) }
  /// The view.
  public func result(_ x: Operands, _ type: TensorType) -> AnyTensor { makeView(x) }
  /// The view.
  public func view(_ x: Operands) -> AnyTensor? { makeView(x) }
}

// MARK: - Derivatives that follow

/// A primitive that is linear in its one operand: its tangent is the same operation.
public protocol LinearPrimitive: SingleResultPrimitive where Failure == Never {}

extension LinearPrimitive {
  /// Nothing: a linear map is its own derivative.
  public func residuals(toward operand: Int) -> Residuals { [] }
  /// The operation on the tangent.
  public func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { tangents[0].map { self($0) } }
}

/// A primitive whose result has no derivative because it is not floating point: comparisons, argmax.
public protocol NondifferentiablePrimitive: SingleResultPrimitive {}

extension NondifferentiablePrimitive {
  /// Nothing.
  public func residuals(toward operand: Int) -> Residuals { [] }
  /// Never reached: tapes do not follow integers and Bool.
  public func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {}
  /// Zeros.
  public func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { nil }
}
