import NablaAutodiff
import NablaTensor

/// What a compiled function takes and returns: a tensor, a list of such, or nothing.
public protocol TensorGroup {
  /// The tensors, in order.
  var erasedTensors: [AnyTensor] { get }
  /// What sets groups with the same tensors apart: the counts of lists, whether optional values are there. Empty for a
  /// tensor.
  var tensorLayout: [Int] { get }
  /// A group of the same form with other tensors, taken from the front of a list.
  func replacingTensors(from tensors: inout ArraySlice<AnyTensor>) -> Self
}

extension Tensor: TensorGroup {
  /// Itself.
  public var erasedTensors: [AnyTensor] { [erased] }
  /// Nothing.
  public var tensorLayout: [Int] { [] }
  /// The first tensor of the list.
  public func replacingTensors(from tensors: inout ArraySlice<AnyTensor>) -> Tensor { Tensor(tensors.removeFirst()) }
}

extension Array: TensorGroup where Element: TensorGroup {
  /// The tensors of the elements, in order.
  public var erasedTensors: [AnyTensor] { flatMap(\.erasedTensors) }
  /// The count, then the layouts of the elements.
  public var tensorLayout: [Int] { reduce(into: [count]) { $0 += $1.tensorLayout } }
  /// A list of as many elements.
  public func replacingTensors(from tensors: inout ArraySlice<AnyTensor>) -> [Element] {
    map { $0.replacingTensors(from: &tensors) }
  }
}

extension Optional: TensorGroup where Wrapped: TensorGroup {
  /// The tensors of the value, if there is one.
  public var erasedTensors: [AnyTensor] { self?.erasedTensors ?? [] }
  /// Whether there is a value, then its layout.
  public var tensorLayout: [Int] { map { [1] + $0.tensorLayout } ?? [0] }
  /// A value where there was one.
  public func replacingTensors(from tensors: inout ArraySlice<AnyTensor>) -> Wrapped? {
    map { $0.replacingTensors(from: &tensors) }
  }
}

/// A function that was traced once for each signature and runs as a plan: see ``compiled(_:)``.
///
/// One call runs at a time; a function belongs to one task, like the variables' optimizers that it may contain.
public final class CompiledFunction<Output, each Input: TensorGroup> {
  private let body: (repeat each Input) -> Output
  private let unpack: (Output) -> [AnyTensor]
  private let pack: (Output, inout ArraySlice<AnyTensor>) -> Output
  package var options = PlanOptions()
  private var plans: [Signature: Entry] = [:]
  private var latest: Entry?

  /// What one signature came to. A class: a tuple of generic parts is looked up anew at each use.
  private final class Entry {
    let signature: Signature
    /// No plan after an error inside `throwingErrors`; the form is then stand-ins, which that drops.
    let plan: Plan?
    /// What the function returned when it was traced.
    let form: Output

    init(_ signature: Signature, _ plan: Plan?, _ form: Output) {
      (self.signature, self.plan, self.form) = (signature, plan, form)
    }
  }

  init(
    _ body: @escaping (repeat each Input) -> Output, unpack: @escaping (Output) -> [AnyTensor],
    pack: @escaping (Output, inout ArraySlice<AnyTensor>) -> Output
  ) {
    self.body = body
    self.unpack = unpack
    self.pack = pack
  }

  /// Runs the function. The first call for each combination of shapes and element types traces it.
  public func callAsFunction(_ input: repeat each Input) -> Output {
    // Inside another compiled function, or a tape, the body runs as if it were written there.
    // After an error in `throwingErrors` it computes nothing either way.
    if Context.isActive && (Context.seesOperations || ErrorScope.hasFailed) { return body(repeat each input) }
    var arguments: [AnyTensor] = []
    var layout: [Int] = []
    for group in repeat each input {
      arguments += group.erasedTensors
      layout += group.tensorLayout
    }
    for (position, argument) in arguments.enumerated() where !argument.hasMemory && argument.storage.kind != .rows {
      let reason = argument.isFailed ? "the result of an operation that failed" : "a value of another compiled function"
      fail("compiled", "argument \(position) is \(reason)")
      return body(repeat each input)
    }
    let entry = entry(for: arguments, layout, repeat each input)
    guard let plan = entry.plan else { return entry.form }
    var results = plan.run(arguments)[...]
    return pack(entry.form, &results)
  }

  private func entry(for arguments: [AnyTensor], _ layout: [Int], _ input: repeat each Input) -> Entry {
    if let latest, latest.signature.matches(arguments, layout) { return latest }
    let signature = Signature(types: arguments.map { TensorType($0.dtype, $0.shape) }, layout: layout)
    let entry = plans[signature] ?? trace(signature, repeat each input)
    guard entry.plan != nil else { return entry }
    plans[signature] = entry
    latest = entry
    return entry
  }

  private func trace(_ signature: Signature, _ input: repeat each Input) -> Entry {
    let tracer = FunctionTracer()
    var symbols = signature.types.enumerated().map { tracer.argument($0, $1) }[...]
    let form = tracer.run { body(repeat (each input).replacingTensors(from: &symbols)) }
    let graph = tracer.finish(unpack(form))
    return Entry(signature, ErrorScope.hasFailed ? nil : Plan(graph, options), form)
  }

  /// A readable description of the plan that ran last: phases, blocks, fused operations, bytes and work.
  public var plan: String { latest?.plan?.description ?? "no plan yet: the function has not been called" }
}

/// What a plan is made for: the tensors' types, and how they are grouped.
private struct Signature: Hashable {
  let types: [TensorType]
  let layout: [Int]

  @inline(__always)
  func matches(_ arguments: [AnyTensor], _ layout: [Int]) -> Bool {
    guard types.count == arguments.count, self.layout == layout else { return false }
    for index in types.indices
    where types[index].dtype != arguments[index].dtype || types[index].shape != arguments[index].shape {
      return false
    }
    return true
  }
}

/// Compiles a function of tensors, as `tf.function` does: the closure runs once for each signature on symbolic values,
/// tapes, gradients, variable reads and optimizer updates included, and later calls replay a plan.
///
/// ```swift
/// let step = compiled { (X: Tensor<Float>, y: Tensor<Float>) in
///   let tape = GradientTape()
///   let loss = tape.record { square(matmul(X, w) - y).mean() }
///   optimizer.applyGradients(zip(tape.gradient(of: loss, for: [w]), [w]))
///   return loss
/// }
/// ```
/// In the plan, element-wise chains run block by block in the cache together with the products and reductions that begin
/// and end them, so a training step reads its data once. What runs in blocks does not depend on the number of threads, to
/// the bit; matrix products that run whole are OpenBLAS's, which promises less.
///
/// What the closure does besides tensor operations (printing, reading files, drawing random numbers) happens when it is
/// traced, not when the plan runs. Errors: reading a value (`scalars`, `scalar`) inside.
public func compiled<each Input: TensorGroup, Output: TensorGroup>(
  _ body: @escaping (repeat each Input) -> Output
) -> CompiledFunction<Output, repeat each Input> {
  CompiledFunction(body, unpack: { $0.erasedTensors }, pack: { $0.replacingTensors(from: &$1) })
}

/// Compiles a function that returns two groups of tensors.
public func compiled<each Input: TensorGroup, A: TensorGroup, B: TensorGroup>(
  _ body: @escaping (repeat each Input) -> (A, B)
) -> CompiledFunction<(A, B), repeat each Input> {
  CompiledFunction(
    body, unpack: { $0.0.erasedTensors + $0.1.erasedTensors },
    pack: { ($0.0.replacingTensors(from: &$1), $0.1.replacingTensors(from: &$1)) })
}

/// Compiles a function that returns nothing: it updates variables.
public func compiled<each Input: TensorGroup>(
  _ body: @escaping (repeat each Input) -> Void
) -> CompiledFunction<Void, repeat each Input> {
  CompiledFunction(body, unpack: { _ in [] }, pack: { _, _ in () })
}
