import NablaAutodiff
import NablaTensor

/// A compiled function that cannot throw.
public typealias CompiledFunction<Output, each Input: TensorGroup> =
  ThrowingCompiledFunction<Output, Never, repeat each Input>

/// A function that was traced once for each signature and runs as a plan: see ``compiled(subnormals:_:)``. It throws what its
/// closure throws; ``CompiledFunction`` is one that cannot.
///
/// One call runs at a time; a function belongs to one task, like the variables' optimizers that it may contain.
public final class ThrowingCompiledFunction<Output, Failure: Error, each Input: TensorGroup> {
  // Calls are inlined into the module that makes them: what is generic over a pack costs more than a small step there.
  @usableFromInline let body: (repeat each Input) throws(Failure) -> Output
  @usableFromInline let unpack: (Output, inout TensorList) -> Void
  @usableFromInline let pack: (Output, inout TensorList) -> Output
  @usableFromInline let plans: PlanCache
  /// What the function returned when it was traced, for each plan.
  // By address, as the lists of `PlanCache`.
  @usableFromInline let forms = UnsafeMutablePointer<[Output]>.allocate(capacity: 1)

  @inlinable
  init(
    _ subnormals: Subnormals, _ body: @escaping (repeat each Input) throws(Failure) -> Output,
    unpack: @escaping (Output, inout TensorList) -> Void, pack: @escaping (Output, inout TensorList) -> Output
  ) {
    self.body = body
    self.unpack = unpack
    self.pack = pack
    plans = PlanCache(subnormals, throwsErrors: Failure.self != Never.self)
    forms.initialize(to: [])
  }
  deinit {
    forms.deinitialize(count: 1)
    forms.deallocate()
  }

  /// Runs the function. The first call for each combination of shapes and element types traces it.
  ///
  /// - Throws: what the closure throws: at the trace what it throws itself, at the run what a kernel threw because of the
  ///   numbers (``NablaLinalg/LinalgError``). Variables and optimizers are then as before the call.
  @inlinable
  public func callAsFunction(_ input: repeat each Input) throws(Failure) -> Output {
    if PlanCache.runsBody { return try body(repeat each input) }
    let (arguments, results) = (plans.arguments, plans.results)
    repeat (each input).append(to: &arguments.pointee)
    defer {
      arguments.pointee.clear()
      results.pointee.clear()
    }
    if let number = plans.runLatest() { return try packed(number) }
    guard plans.isReadable else { return try body(repeat each input) }
    if let number = plans.runKnown() { return try packed(number) }
    let (plan, form) = try trace(repeat each input)
    // After an error inside `throwingErrors` there is no plan; the form is stand-ins, which that drops.
    guard let plan else { return form }
    let number = plans.runNew(plan)
    // The number of a plan that was dropped is given again.
    if number < forms.pointee.count { forms.pointee[number] = form } else { forms.pointee.append(form) }
    return try packed(number)
  }

  /// The results of the run that was made, in the form of a plan; or its error.
  @inlinable @inline(__always)
  func packed(_ number: Int) throws(Failure) -> Output {
    if plans.hasFailure { try throwFailure() }
    return pack(forms.pointee[number], &results.pointee)
  }
  @usableFromInline
  func throwFailure() throws(Failure) {
    guard let error = plans.takeFailure() else { return }
    if let error = error as? Failure { throw error }
    if let error = error as? any ReportedFailure { return fail(error.operation, error.message) }
    // A closure that catches what its operations throw, or forces them, cannot do so for a run.
    fail("compiled", "\(error); the function's closure does not throw this, so its runs cannot either")
  }
  @usableFromInline var results: UnsafeMutablePointer<TensorList> { plans.results }

  @inlinable
  func trace(_ input: repeat each Input) throws(Failure) -> (Plan?, Output) {
    let tracer = plans.tracer()
    var symbols = plans.symbols(tracer)
    // A closure that throws typed errors is not taken by the tracer's scope as one: what it throws is kept.
    let traced = tracer.trace { () -> Swift.Result<Output, Failure> in
      do throws(Failure) { return .success(try body(repeat (each input).replacingTensors(from: &symbols))) } catch {
        return .failure(error)
      }
    }
    let form = try traced.get()
    var results = TensorList()
    unpack(form, &results)
    return (plans.plan(tracer, results), form)
  }

  package var options: PlanOptions {
    get { plans.options }
    set { plans.options = newValue }
  }

  /// A readable description of the plan that ran last: phases, blocks, fused operations, bytes and work; and how many plans there
  /// are.
  public var plan: String { plans.description }

  /// How many plans are kept, one for each signature; beyond that the least recently used go.
  public var planLimit: PlanLimit {
    get { plans.limit }
    set { plans.limit = newValue }
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
/// and end them, so a training step reads its data once. Variables are updated in place where nobody else holds their
/// value, and locked for the time of the run. Results do not depend on the number of threads, to the bit: blocks, and the
/// pieces of products that run whole, follow from shapes alone.
///
/// Results too small for normal numbers are zero, unless `subnormals` is `.kept`: see ``Subnormals``.
///
/// A closure that throws gives a function that throws, of the same type of error (`throws(LinalgError)` where the closure says
/// so, else `any Error`). What depends on the numbers, a matrix that is not positive definite, is thrown by the run, and leaves
/// variables and optimizers as they were; the trace never throws it.
///
/// What the closure does besides tensor operations (printing, reading files) happens when it is traced, not when the plan
/// runs; random draws are made anew by each run. Errors: reading a value (`scalars`, `scalar`) inside.
@inlinable
public func compiled<each Input: TensorGroup, Output: TensorGroup, Failure: Error>(
  subnormals: Subnormals = .flushed, _ body: @escaping (repeat each Input) throws(Failure) -> Output
) -> ThrowingCompiledFunction<Output, Failure, repeat each Input> {
  ThrowingCompiledFunction(subnormals, body, unpack: { $0.append(to: &$1) }, pack: { $0.replacingTensors(from: &$1) })
}

/// Compiles a function that returns two groups of tensors.
@inlinable
public func compiled<each Input: TensorGroup, A: TensorGroup, B: TensorGroup, Failure: Error>(
  subnormals: Subnormals = .flushed, _ body: @escaping (repeat each Input) throws(Failure) -> (A, B)
) -> ThrowingCompiledFunction<(A, B), Failure, repeat each Input> {
  ThrowingCompiledFunction(
    subnormals, body,
    unpack: {
      $0.0.append(to: &$1)
      $0.1.append(to: &$1)
    },
    pack: { ($0.0.replacingTensors(from: &$1), $0.1.replacingTensors(from: &$1)) })
}

/// Compiles a function that returns nothing: it updates variables.
@inlinable
public func compiled<each Input: TensorGroup, Failure: Error>(
  subnormals: Subnormals = .flushed, _ body: @escaping (repeat each Input) throws(Failure) -> Void
) -> ThrowingCompiledFunction<Void, Failure, repeat each Input> {
  ThrowingCompiledFunction(subnormals, body, unpack: { _, _ in }, pack: { _, _ in () })
}
