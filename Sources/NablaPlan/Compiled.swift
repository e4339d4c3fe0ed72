import NablaAutodiff
import NablaTensor

/// What a compiled function takes and returns: a tensor, a list of such, or nothing.
public protocol TensorGroup {
  /// The tensors, in order.
  var erasedTensors: [AnyTensor] { get }
  /// The numbers of elements that make up the form, in order: groups of one form have one plan.
  var form: [Int] { get }
  /// A group of the same form with other tensors, taken from the front of a list.
  func replacingTensors(from tensors: inout ArraySlice<AnyTensor>) -> Self
}

extension Tensor: TensorGroup {
  /// Itself.
  public var erasedTensors: [AnyTensor] { [erased] }
  /// Nothing: a tensor has one form.
  public var form: [Int] { [] }
  /// The first tensor of the list.
  public func replacingTensors(from tensors: inout ArraySlice<AnyTensor>) -> Tensor { Tensor(tensors.removeFirst()) }
}

extension Array: TensorGroup where Element: TensorGroup {
  /// The tensors of the elements, in order.
  public var erasedTensors: [AnyTensor] { flatMap(\.erasedTensors) }
  /// The number of elements, and their forms.
  public var form: [Int] { [count] + flatMap(\.form) }
  /// A list of as many elements.
  public func replacingTensors(from tensors: inout ArraySlice<AnyTensor>) -> [Element] {
    map { $0.replacingTensors(from: &tensors) }
  }
}

extension Optional: TensorGroup where Wrapped: TensorGroup {
  /// The tensors of the value, if there is one.
  public var erasedTensors: [AnyTensor] { self?.erasedTensors ?? [] }
  /// Whether there is a value, and its form.
  public var form: [Int] { map { [1] + $0.form } ?? [0] }
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
  private var latest: (signature: Signature, entry: Entry)?

  private struct Entry {
    let plan: Plan
    /// What the function returned when it was traced: the form of its results.
    let output: Output
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
    // Inside another compiled function, or where a tape records, the body runs as if it were written there.
    if Recorder.isObserving { return body(repeat each input) }
    var arguments: [AnyTensor] = []
    var form: [Int] = []
    for group in repeat each input {
      arguments += group.erasedTensors
      form += group.form
    }
    let entry = entry(for: arguments, form, repeat each input)
    var results = entry.plan.run(arguments)[...]
    return pack(entry.output, &results)
  }

  private func entry(for arguments: [AnyTensor], _ form: [Int], _ input: repeat each Input) -> Entry {
    if let latest, latest.signature.matches(arguments, form) { return latest.entry }
    let signature = Signature(types: arguments.map { TensorType($0.dtype, $0.shape) }, form: form)
    let entry = plans[signature] ?? trace(signature.types, repeat each input)
    if !ErrorScope.hasFailed { plans[signature] = entry }
    latest = ErrorScope.hasFailed ? nil : (signature, entry)
    return entry
  }

  private func trace(_ types: [TensorType], _ input: repeat each Input) -> Entry {
    let tracer = FunctionTracer()
    var symbols = types.enumerated().map { tracer.argument($0, $1) }[...]
    let output = tracer.run { body(repeat (each input).replacingTensors(from: &symbols)) }
    return Entry(plan: Plan(tracer.finish(unpack(output)), options), output: output)
  }

  /// A readable description of the plan that ran last: phases, blocks, fused operations, bytes and work.
  public var plan: String {
    latest.map { $0.entry.plan.description } ?? "no plan yet: the function has not been called"
  }
}

/// What calls with one plan have in common.
private struct Signature: Hashable {
  var types: [TensorType]
  var form: [Int]

  @inline(__always)
  func matches(_ arguments: [AnyTensor], _ form: [Int]) -> Bool {
    guard types.count == arguments.count, form == self.form else { return false }
    for index in types.indices
    where types[index].dtype != arguments[index].dtype || types[index].shape != arguments[index].shape { return false }
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
