import NablaTensor

/// Maps a function of one element over axis 0 of tensors: the function is written for a row, a sample, a seed, and runs once, in
/// operations on the whole batch.
///
/// ```swift
/// let lengths = vmap(over: points) { sqrt(square($0).sum()) }             // [n, 3] gives [n]
/// let products = vmap(over: matrices, vectors) { matmul($0, $1) }         // [n, m, k] and [n, k] give [n, m]
/// let gradients = vmap(over: X, y) { x, y in gradient(at: w) { loss($0, x, y) } }   // one for each sample
/// ```
/// Each argument is a tensor, of any element type, or a group of them (an array); the function is handed one without axis 0.
/// What it returns gets that axis: tensors whose values do not depend on the arguments are repeated. A batch of size 0 gives
/// empty results of the right shape. Tensors and variables that the function captures are the same for every element.
///
/// Maps nest, with tapes and forward mode inside and outside, and with compiled functions: a tape outside differentiates the
/// whole, one inside gives gradients of each element. An operation that has no rule for batches runs element by element.
///
/// Errors: no tensors, scalars, different sizes of axis 0. In the function: reading values that differ from element to
/// element (`scalars`, `scalar`), and assigning to a variable. A value that is kept from the function is of no use outside.
///
/// - Throws: what the function throws.
public func vmap<each Input: TensorGroup, Output: TensorGroup, Failure: Error>(
  over x: repeat each Input, of f: (repeat each Input) throws(Failure) -> Output
) throws(Failure) -> Output {
  try mapped((repeat each x), f, unpack: { $0.append(to: &$1) }, pack: { $0.replacingTensors(from: &$1) })
}

/// Maps a function that returns two groups of tensors.
public func vmap<each Input: TensorGroup, A: TensorGroup, B: TensorGroup, Failure: Error>(
  over x: repeat each Input, of f: (repeat each Input) throws(Failure) -> (A, B)
) throws(Failure) -> (A, B) {
  try mapped(
    (repeat each x), f,
    unpack: {
      $0.0.append(to: &$1)
      $0.1.append(to: &$1)
    },
    pack: { ($0.0.replacingTensors(from: &$1), $0.1.replacingTensors(from: &$1)) })
}

private func mapped<each Input: TensorGroup, Output, Failure: Error>(
  _ x: (repeat each Input), _ f: (repeat each Input) throws(Failure) -> Output,
  unpack: (Output, inout TensorList) -> Void, pack: (Output, inout TensorList) -> Output
) throws(Failure) -> Output {
  var arguments = TensorList()
  repeat (each x).append(to: &arguments)
  // After an error inside `throwingErrors` the function computes nothing.
  guard let batch = Batch.of(arguments.tensors) else { return try f(repeat each x) }
  let tracer = BatchTracer(batch)
  arguments.tensors = arguments.tensors.map(tracer.symbol)
  let y = try tracer.inside { () throws(Failure) in try f(repeat (each x).replacingTensors(from: &arguments)) }
  var results = TensorList()
  unpack(y, &results)
  results.tensors = results.tensors.map(tracer.spread)
  return pack(y, &results)
}
