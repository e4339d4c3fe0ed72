import CKernels
import NablaTensor
import Synchronization

/// A tensor that changes: a weight of a model. Reading it inside ``GradientTape/record(_:)`` lets the tape watch it.
///
/// A variable is a handle: copies refer to the same value. Its shape is fixed. It may be used from any task; each
/// access is atomic, a read and a later assignment together are not.
public struct Variable<Scalar: TensorScalar>: Sendable {
  /// The variable without its element type in the type.
  public let erased: AnyVariable

  /// A variable that starts with the value of a tensor.
  public init(_ value: Tensor<Scalar>, name: String = "variable", isTrainable: Bool = true) {
    erased = AnyVariable(value.erased, name: name, isTrainable: isTrainable)
  }

  /// A variable of shape `[]` that starts with a number.
  public init(_ value: Scalar, name: String = "variable", isTrainable: Bool = true) {
    self.init(Tensor(value), name: name, isTrainable: isTrainable)
  }

  /// The value now. Assigning is the same as ``assign(_:)``.
  @inlinable
  public var value: Tensor<Scalar> {
    get { Tensor(unchecked: erased.value) }
    nonmutating set { assign(newValue) }
  }

  /// Replaces the value. Assignment is not differentiated.
  ///
  /// Errors: another shape.
  public func assign(_ value: Tensor<Scalar>) { erased.assign(value.erased) }
  /// Replaces the value of a variable of shape `[]` with a number.
  ///
  /// Errors: another shape.
  public func assign(_ value: Scalar) { assign(Tensor(value)) }

  /// The sizes along the axes.
  public var shape: Shape { erased.shape }
  /// The name in listings.
  public var name: String { erased.name }
  /// Whether a tape watches this variable by itself when it is read.
  public var isTrainable: Bool { erased.isTrainable }
}

extension Variable where Scalar: NumericScalar {
  /// Adds to the value, in place where nothing else refers to its memory.
  ///
  /// Errors: another shape.
  public func assignAdd(_ delta: Tensor<Scalar>) { erased.assignAdd(delta.erased, isSubtraction: false) }
  /// Subtracts from the value, in place where nothing else refers to its memory.
  ///
  /// Errors: another shape.
  public func assignSub(_ delta: Tensor<Scalar>) { erased.assignAdd(delta.erased, isSubtraction: true) }
  /// Adds a number to the value of a variable of shape `[]`.
  ///
  /// Errors: another shape.
  public func assignAdd(_ delta: Scalar) { assignAdd(Tensor(delta)) }
  /// Subtracts a number from the value of a variable of shape `[]`.
  ///
  /// Errors: another shape.
  public func assignSub(_ delta: Scalar) { assignSub(Tensor(delta)) }
}

extension Variable {
  /// Part of the value, as a view; see the subscript of ``Tensor``. Assigning replaces that part, in place where nothing else
  /// refers to the memory. As with ``assign(_:)``, that is not differentiated.
  ///
  /// Errors: an index out of range, more indices than axes, a value that does not broadcast.
  public subscript(indices: any TensorIndexing...) -> Tensor<Scalar> {
    get { value[indices.map(\.tensorIndex)] }
    nonmutating set { erased.assign(newValue.erased, to: indices.map(\.tensorIndex)) }
  }
}

extension Variable: TensorConvertible {
  /// The value now.
  @inlinable
  public func asTensor() -> Tensor<Scalar> { value }
}

extension Variable: Hashable, CustomStringConvertible {
  /// Whether both are handles of one variable.
  public static func == (a: Variable, b: Variable) -> Bool { a.erased === b.erased }
  /// Hashes the identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(erased)) }
  /// Name, shape and value.
  public var description: String { "Variable(\(name), shape \(shape)): \(Tensor<Scalar>(unchecked: erased.current))" }
}

/// A variable whose element type is known at run time only.
public final class AnyVariable: Sendable {
  /// The name in listings.
  public let name: String
  /// Whether a tape watches this variable by itself when it is read.
  public let isTrainable: Bool
  /// The sizes along the axes.
  public let shape: Shape
  /// The element type.
  public let dtype: DType
  /// What tapes know the variable by.
  @usableFromInline
  package let identity: UInt64
  private let content: Mutex<AnyTensor>

  package init(_ value: AnyTensor, name: String, isTrainable: Bool) {
    self.name = name
    self.isTrainable = isTrainable
    shape = value.shape
    dtype = value.dtype
    identity = value.detached.identity
    if value.tracerNumber != nil {
      fail(
        "Variable",
        "the first value of \(name) is not known while a function is being compiled or mapped over a batch; make it outside"
      )
    }
    let isKnown = value.tracerNumber == nil && (value.storage.kind != .rows || value.isReadable("Variable"))
    content = Mutex(isKnown ? value : .failed(value.dtype, value.shape))
  }

  /// The value, as the open recorders see it.
  @usableFromInline
  var value: AnyTensor {
    guard Context.isActive else { return current }
    let value = Tracer.innermost?.read(self) ?? renewed
    return dtype.isFloatingPoint ? Recorder.read(self, value) : value
  }

  /// The value under an identity of this read.
  private var renewed: AnyTensor {
    var value = current
    value.renew()
    return value
  }

  /// The value, unseen by recorders.
  package var current: AnyTensor { locked { $0 } }

  /// Runs `body` with the value, and no other thread does so at the same time.
  ///
  /// A thread that has to wait for Swift's `Mutex` does so inside of the standard library, where the thread sanitizer
  /// does not look: it is told of the lock.
  @inline(__always)
  private func locked<Result: Sendable>(_ body: (inout AnyTensor) -> Result) -> Result {
    let address = Unmanaged.passUnretained(self).toOpaque()
    return content.withLock { value in
      nabla_lock_taken(address)
      defer { nabla_lock_given(address) }
      return body(&value)
    }
  }

  /// Whether a value of this shape and type may be assigned; if not, after the error.
  private func accepts(_ value: AnyTensor, _ operation: String) -> Bool {
    guard value.hasShape(shape) && value.dtype == dtype || value.isFailed else {
      fail(
        operation,
        "variable \(name) holds \(dtype) of shape \(shape), and the value is \(value.dtype) of shape \(value.shape)")
      return false
    }
    return acceptsElements(of: value, operation)
  }

  /// Whether there are elements to assign; if not, after the error.
  private func acceptsElements(of value: AnyTensor, _ operation: String) -> Bool {
    if value.isStray {
      fail(
        operation,
        "the value was made while a function was compiled or mapped over a batch, and is known only inside that")
      return false
    }
    if case .rows = value.storage.kind { return value.isReadable(operation) }
    return !ErrorScope.hasFailed && !value.isFailed
  }

  package func assign(_ value: AnyTensor) {
    guard accepts(value, "assign") else { return }
    if let tracer = Tracer.innermost { return tracer.assign(self, value) }
    locked { $0 = value.detached }
  }

  /// Replaces part of the value.
  func assign(_ value: AnyTensor, to indices: [TensorIndex]) {
    guard let part = ResolvedSubscript(indices, shape), part.accepts(value.shape), acceptsElements(of: value, "assign")
    else { return }
    if let tracer = Tracer.innermost {
      return tracer.assign(self, Context.with(tracer) { part.replaced(in: tracer.read(self), by: value) })
    }
    locked { part.replace(in: &$0, by: value) }
  }

  // The updates of optimizers: in place where nothing else refers to the memory, nodes of a graph while compiling. The
  // numbers are closures, because a plan asks for them at each run.

  /// value += scale · delta (axpy).
  package func add(_ delta: AnyTensor, scaledBy scale: @escaping @autoclosure () -> Double, _ operation: String) {
    guard accepts(delta, operation) else { return }
    if let tracer = Tracer.innermost {
      return tracer.assign(self, tracer.read(self) + delta * tracer.scalar(dtype, scale))
    }
    locked { $0.add(delta, scaledBy: scale()) }
  }

  /// value *= factor.
  package func multiply(by factor: @escaping @autoclosure () -> Double) {
    if ErrorScope.hasFailed { return }
    if let tracer = Tracer.innermost { return tracer.assign(self, tracer.read(self) * tracer.scalar(dtype, factor)) }
    locked { $0.scale(by: factor()) }
  }

  /// value += delta, for any numeric type.
  func assignAdd(_ delta: AnyTensor, isSubtraction: Bool) {
    let operation = isSubtraction ? "assignSub" : "assignAdd"
    if dtype.isFloatingPoint && Tracer.innermost == nil {
      return add(delta, scaledBy: isSubtraction ? -1 : 1, operation)
    }
    guard accepts(delta, operation) else { return }
    func changed(_ value: AnyTensor) -> AnyTensor {
      Context.with(Tracer.innermost) { isSubtraction ? value - delta : value + delta }
    }
    if let tracer = Tracer.innermost { return tracer.assign(self, changed(tracer.read(self))) }
    locked { value in
      let before = value
      value = changed(before)
    }
  }

  /// Runs `body` with the value, while every other access waits: how a plan updates in place. It must not lock this
  /// variable again.
  package func withContent(_ body: (inout AnyTensor) -> Void) { locked(body) }

  /// Exchanges the memory for that of `value`, and returns the old: how a plan updates without a copy.
  package func exchange(_ value: AnyTensor) -> AnyTensor {
    locked { content in
      let old = content
      content = value
      return old
    }
  }
}
