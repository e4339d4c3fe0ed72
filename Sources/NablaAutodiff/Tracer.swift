import NablaTensor

/// A context that takes the place of kernels: operations become nodes of a graph, to run later.
///
/// Tapes and forward mode work inside as they always do, on values that are symbolic; so a gradient or an update becomes
/// part of the graph like any other operation.
open class Tracer: Context {
  /// A tracer that is not open yet.
  package init() { super.init(isTracer: true) }

  /// The tracer that is at work on this thread.
  static var innermost: Tracer? {
    Context.thread.pointee.tracer.map { Unmanaged<Tracer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Whether a symbolic value belongs to this tracer's graph.
  open func owns(_ node: Int) -> Bool { false }
  /// The nodes of an operation's results, or their values where no operand is symbolic.
  open func evaluate(_ primitive: any Primitive, _ x: Operands, _ types: ResultTypes) -> ResultTensors {
    fatalError("Nabla: a tracer has to say what becomes of operations")
  }
  /// The node of a variable's value at this point of the function.
  open func read(_ variable: AnyVariable) -> AnyTensor { variable.current }
  /// Gives a variable another value from this point on, and at the end of each run.
  open func assign(_ variable: AnyVariable, _ value: AnyTensor) {}
  /// A scalar that is asked for anew at each run: a learning rate, a step count.
  open func scalar(_ dtype: DType, _ number: @escaping () -> Double) -> AnyTensor { AnyTensor(number(), dtype: dtype) }
  /// Something to do after each run, for an owner.
  open func afterRun(_ owner: AnyObject, _ body: @escaping () -> Void) {}
  /// How many things the owner has asked to be done after each run.
  open func countAfterRun(_ owner: AnyObject) -> Int { 0 }
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
