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
  public func assignAdd(_ delta: Tensor<Scalar>) { erased.assignAdd(delta.erased, scaledBy: 1, "assignAdd") }
  /// Subtracts from the value, in place where nothing else refers to its memory.
  ///
  /// Errors: another shape.
  public func assignSub(_ delta: Tensor<Scalar>) { erased.assignAdd(delta.erased, scaledBy: -1, "assignSub") }
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

  init(_ value: AnyTensor, name: String, isTrainable: Bool) {
    self.name = name
    self.isTrainable = isTrainable
    shape = value.shape
    dtype = value.dtype
    identity = value.detached.identity
    content = Mutex(value)
  }

  /// The value, as the open recorders see it.
  @usableFromInline
  var value: AnyTensor {
    let value = current
    return Context.isActive && dtype.isFloatingPoint ? Recorder.read(self, value) : value
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

  func assign(_ value: AnyTensor) {
    guard value.shape == shape || value.isFailed else {
      return fail("assign", "variable \(name) has shape \(shape), and the value \(value.shape)")
    }
    if ErrorScope.hasFailed || value.isFailed { return }
    locked { $0 = value.detached }
  }

  /// value += scale · delta.
  package func assignAdd(_ delta: AnyTensor, scaledBy scale: Double, _ operation: String) {
    guard delta.shape == shape || delta.isFailed else {
      return fail(operation, "variable \(name) has shape \(shape), and the change \(delta.shape)")
    }
    if ErrorScope.hasFailed || delta.isFailed { return }
    if dtype.isFloatingPoint {
      locked { $0.add(delta, scaledBy: scale) }
    } else {
      let change = scale == 1 ? delta : Negate()(delta)
      locked { value in value = Context.with(nil) { [value] in Add()(value, change) } }
    }
  }

  /// Changes the value in place under the lock. `body` leaves shape and type as they are.
  package func update(_ body: (inout AnyTensor) -> Void) {
    if ErrorScope.hasFailed { return }
    locked { body(&$0) }
  }
}
