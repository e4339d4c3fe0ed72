import NablaTensor

/// The smallest operation that has a kernel and a derivative: exp, matmul, sort, a draw of random numbers.
///
/// A conformance holds everything about the operation: its shape rule, its kernel, its derivative in both directions, how it
/// splits over rows and what it does to a batch. Eager code, tapes, forward mode and compiled functions share it.
/// Everything else (losses, layers) composes primitives and has no rule of its own. Stored properties are the attributes (an
/// axis, a permutation); two operations are the same when they are equal. <doc:AddingAnOperation> shows real ones.
///
/// An operation with one result conforms to ``SingleResultPrimitive``, whose rules speak of that result alone; this protocol
/// is for those with several: a sort gives values and indices, a factorization its factors.
///
/// The rules are written with the public operations, so derivatives of derivatives come free.
public protocol Primitive: Sendable, Hashable {
  /// What the kernel throws because of the numbers: a matrix that is not positive definite. `Never` where it cannot.
  associatedtype Failure: Error = Never

  /// The name in errors and listings, as the caller wrote the operation.
  var name: String { get }
  /// What the operation is; see ``Traits``.
  var traits: Traits { get }
  /// What the derivative with respect to one operand reads. A tape keeps no more than its watched operands ask for; shapes and
  /// types are always known.
  func residuals(toward operand: Int) -> Residuals

  /// The types of the results, or nil after ``NablaTensor/fail(_:_:)`` where the operands do not fit.
  func resultTypes(_ x: Operands) -> ResultTypes?
  /// Computes the elements of the results, in row-major order, into memory for them. The operands fit.
  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) throws(Failure)
  /// The results: memory that `evaluate(_:_:into:)` fills, or views of an operand (see ``ViewPrimitive``).
  func results(_ x: Operands, _ types: ResultTypes) throws(Failure) -> ResultTensors
  /// The call of `evaluate` on memory whose layout stays the same from run to run, as plans make it; only addresses change.
  func prepared(_ x: Operands, _ types: ResultTypes, into y: [Storage]) -> PreparedCall
  /// The result as a view of the first operand, for operations with the trait ``Traits/view``; nil where there is none.
  func view(_ x: Operands) -> AnyTensor?

  /// Adds to `cotangents` what each operand receives where result i receives `g[i]`, which is nil where nothing arrives; at
  /// least one is there. y are the results.
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents)
  /// The tangents of the results where the operands have these tangents, at least one of which is there; nil is zeros.
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives

  /// How the operation splits over the rows of large operands; nil where it does not. See ``RowRule``.
  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule?
  /// How the results of blocks of rows become one, for an operation whose row rule reduces.
  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction?
  /// The call that computes the state of a block of rows into `state`; by default the result is the state.
  func preparedState(_ x: Operands, _ types: ResultTypes, into state: Storage) -> PreparedCall
  /// The operation for `count` rows, where an attribute (a shape) speaks of them.
  func onRows(_ count: Int) -> Self

  /// The results for a batch: operands that are batched have one more leading axis, and so has every result. Nil where the
  /// operation has no rule; it is then applied to each element of the batch. See ``BatchedOperands``.
  ///
  /// - Throws: what the kernel throws because of the numbers.
  func batched(_ x: BatchedOperands) throws(Failure) -> ResultTensors?

  /// The arithmetic operations, for estimates: one for each element, a division or an exponential too.
  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int
  /// What a graph may make of the operation as it comes in.
  var rewrite: Rewrite { get }
}

extension Primitive {
  /// No traits.
  public var traits: Traits { [] }
  /// One for each element of the results.
  public func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { y.reduce(0) { $0 + $1.elementCount } }
  /// The operation runs whole.
  public func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? { nil }
  /// No reduction.
  public func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? { nil }
  /// The results are the state.
  public func preparedState(_ x: Operands, _ types: ResultTypes, into state: Storage) -> PreparedCall {
    prepared(x, types, into: [state])
  }
  /// Itself.
  public func onRows(_ count: Int) -> Self { self }
  /// No rule.
  public func batched(_ x: BatchedOperands) throws(Failure) -> ResultTensors? { nil }
  /// Nothing.
  public var rewrite: Rewrite { .none }
  /// No view.
  public func view(_ x: Operands) -> AnyTensor? { nil }

  /// Fresh memory, filled.
  public func results(_ x: Operands, _ types: ResultTypes) throws(Failure) -> ResultTensors {
    let y = ResultTensors(types)
    if y.haveMemory { try evaluate(x, types, into: y.addresses) }
    return y
  }

  /// Calls `evaluate`.
  public func prepared(_ x: Operands, _ types: ResultTypes, into y: [Storage]) -> PreparedCall {
    evaluated(x, types, into: y)
  }

  /// The call of `evaluate`.
  func evaluated(_ x: Operands, _ types: ResultTypes, into y: [Storage]) -> PreparedCall {
    PreparedCall(operands: x.all.map(\.storage), into: y, canFail: !traits.contains(.elementwise)) {
      try self.evaluate(x, types, into: y.map(\.base))
    }
  }

  /// Whether the kernel may throw because of the numbers.
  package var canThrow: Bool { Failure.self != Never.self }
  /// Whether equal operands give equal results, so that one call stands for another.
  package var isPure: Bool { !traits.contains(.impure) }
}

// MARK: - Applying

extension Primitive {
  /// Applies the operation: runs the kernel, and lets the open contexts of this thread see it. After an error in the
  /// operands, or in ``NablaTensor/throwingErrors(_:)``, results are stand-ins, as many as `count`.
  ///
  /// - Throws: what the kernel throws because of the numbers; not while a function is being compiled, whose runs throw it.
  public func results(of x: consuming Operands, count: Int) throws(Failure) -> ResultTensors {
    if Context.isActive { return try Recorder.apply(self, x, count: count) }
    guard !x.refused(by: self), let types = resultTypes(x) else { return .failed(like: x, count: count) }
    return try results(x, types)
  }
}

/// An error that data show, of operations that do not throw in Swift: a mistake of the caller there, thrown by compiled functions
/// whose closure throws.
package protocol ReportedFailure: Error, CustomStringConvertible {
  var operation: String { get }
  var message: String { get }
}

extension SingleResultPrimitive where Failure: ReportedFailure {
  /// Applies the operation to two operands; what the kernel throws is a mistake of the caller.
  func reported(_ x: AnyTensor, _ y: AnyTensor) -> AnyTensor {
    do { return try apply(Operands(x, y)) } catch {
      fail(error.operation, error.message)
      return .failed(x.dtype, x.shape)
    }
  }
}

extension Primitive {
  /// The type check that many primitives share: all operands are floating point, or the error that says which is not.
  package func isFloatingPoint(_ x: Operands) -> Bool {
    for index in 0..<x.count where !x[index].dtype.isFloatingPoint {
      fail(name, "operand \(index) is \(x[index].dtype); only float32 and float64 are allowed")
      return false
    }
    return true
  }
}
