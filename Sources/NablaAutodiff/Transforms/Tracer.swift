import NablaTensor
import Synchronization

/// A context that takes the place of kernels: operations become nodes of a graph, to run later, or operations on batches.
///
/// Tapes and forward mode work inside as they always do, on values that are symbolic; so a gradient or an update becomes
/// part of the graph like any other operation.
open class Tracer: Context {
  /// What its symbols carry, so that one that was kept from another tracer is noticed.
  package final let number: Int

  /// A tracer that is not open yet.
  package init(number: Int = Tracer.nextNumber()) {
    self.number = number
    super.init(isTracer: true)
  }

  /// A number for a tracer, of 31 bits: a symbol has the others for its node.
  package static func nextNumber() -> Int { numbers.add(1, ordering: .relaxed).newValue & 0x7fff_ffff }
  private static let numbers = Atomic<Int>(0)

  /// The tracer that is at work on this thread.
  static var innermost: Tracer? {
    Context.thread.pointee.tracer.map { Unmanaged<Tracer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Whether a symbol stands for something here: it is this tracer's, or that of one outside of it.
  final func knows(_ symbol: AnyTensor) -> Bool {
    if symbol.tracerNumber == number { return true }
    guard let enclosing = outer?.tracer else { return false }
    return unsafeDowncast(enclosing, to: Tracer.self).knows(symbol)
  }

  /// What stands for an operation's results, or their values where no operand is symbolic.
  open func evaluate<P: Primitive>(
    _ primitive: P, _ x: Operands, _ types: ResultTypes
  ) throws(P.Failure) -> ResultTensors {
    fatalError("Nabla: a tracer has to say what becomes of operations")
  }
  /// The node of a variable's value at this point of the function.
  open func read(_ variable: AnyVariable) -> AnyTensor { variable.current.detached }
  /// Gives a variable another value from this point on, and at the end of each run.
  open func assign(_ variable: AnyVariable, _ value: AnyTensor) {}
  /// A scalar that is asked for anew at each run: a learning rate, a step count.
  open func scalar(_ dtype: DType, _ number: @escaping () -> Double) -> AnyTensor { AnyTensor(number(), dtype: dtype) }
  /// Something to do after each run, for an owner.
  open func afterRun(_ owner: AnyObject, _ body: @escaping () -> Void) {}
  /// How many things the owner has asked to be done after each run.
  open func countAfterRun(_ owner: AnyObject) -> Int { 0 }
}

extension AnyTensor {
  /// The number of the tracer whose symbol this is.
  package var tracerNumber: Int? {
    switch storage.kind {
    case .symbolic(let node): node >> 32
    case .mapped(let batch): batch
    case .memory, .released, .failed, .rows: nil
    }
  }
  /// Whether this is a symbol that stands for nothing here: it came out of the function that it was made in.
  var isStray: Bool { tracerNumber != nil && Tracer.innermost?.knows(self) != true }
}

extension AnyVariable {
  /// The value after the updates so far, unseen by tapes.
  package var latest: AnyTensor { Tracer.innermost?.read(self) ?? current }
}

/// Does something now, or after each run of the plan that is being compiled.
package func afterRun(_ owner: AnyObject, _ body: @escaping () -> Void) {
  if let tracer = Tracer.innermost { tracer.afterRun(owner, body) } else { body() }
}

/// How many things the owner has still to do after a run of the plan that is being compiled, at this point of it.
package func countAfterRun(_ owner: AnyObject) -> Int { Tracer.innermost?.countAfterRun(owner) ?? 0 }
