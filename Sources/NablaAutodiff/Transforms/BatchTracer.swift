import NablaTensor

/// One map of a function over a batch.
struct Batch: Sendable {
  /// What its symbols carry.
  let number: Int
  /// The elements of the batch.
  let size: Int

  init(number: Int = Tracer.nextNumber(), size: Int) { (self.number, self.size) = (number, size) }

  /// The batch that tensors make up along axis 0; nil after the error.
  static func of(_ tensors: [AnyTensor]) -> Batch? {
    guard !Operands(tensors).refused(byFunction: "vmap") else { return nil }
    guard let first = tensors.first else {
      fail("vmap", "there are no tensors to map over")
      return nil
    }
    for (index, tensor) in tensors.enumerated() {
      guard let size = tensor.shape.first else {
        fail("vmap", "tensor \(index) is a scalar, and has no axis to map over")
        return nil
      }
      if let expected = first.shape.first, size != expected {
        fail(
          "vmap",
          "axis 0 has size \(expected) in tensor 0 of shape \(first.shape) and size \(size) in tensor \(index) of shape "
            + "\(tensor.shape)")
        return nil
      }
    }
    return Batch(size: first.shape[0])
  }

  /// Maps a function over tensors that are batched along axis 0; every result gets that axis.
  func map<Failure: Error>(
    _ x: [AnyTensor], _ body: ([AnyTensor]) throws(Failure) -> [AnyTensor]
  ) throws(Failure) -> [AnyTensor] {
    let tracer = BatchTracer(self)
    return try tracer.inside { () throws(Failure) in try body(x.map(tracer.symbol)) }.map(tracer.spread)
  }
}

/// Maps a function over a batch while it runs once: a value that differs from element to element is a symbol of the shape
/// for one element, which holds the values of all along a leading axis.
///
/// An operation on symbols becomes one on what they hold, by the primitive's batching rule, in the contexts outside of this:
/// those differentiate, compile or batch that as any other operation. Where no operand is a symbol, the operation is that of
/// the contexts outside, and its results are known.
final class BatchTracer: Tracer {
  private var size = 0
  private var batch: Batch { Batch(number: number, size: size) }
  /// The elements of the batch.
  var batchSize: Int { size }

  /// The values that a symbol holds.
  private final class Values: Sendable {
    let tensor: AnyTensor
    init(_ tensor: AnyTensor) { self.tensor = tensor }
  }

  convenience init(_ batch: Batch) {
    self.init(number: batch.number)
    size = batch.size
  }

  /// Runs `body` as the function that is mapped.
  func inside<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    open()
    defer { close() }
    return try body()
  }

  /// What stands for one element of a tensor whose axis 0 is that of the batch.
  func symbol(_ x: AnyTensor) -> AnyTensor {
    let shape = Shape(unchecked: Array(x.shape.dropFirst()))
    if x.isFailed { return .failed(x.dtype, shape) }
    return AnyTensor(Storage(.mapped(batch: number), dtype: x.dtype, shape: shape, owner: Values(x)))
  }

  /// The values of all elements that a symbol holds; nil for what is the same for each.
  func values(_ x: AnyTensor) -> AnyTensor? {
    guard case .mapped(number) = x.storage.kind, let owner = x.storage.owner else { return nil }
    return unsafeDowncast(owner, to: Values.self).tensor
  }

  /// A result for all elements, repeated where it is the same for each.
  func spread(_ x: AnyTensor) -> AnyTensor {
    if let values = values(x) { return values }
    let shape = Shape(unchecked: [size] + x.shape)
    return x.isFailed ? .failed(x.dtype, shape) : x.broadcast(to: shape)
  }

  override func evaluate<P: Primitive>(
    _ primitive: P, _ x: Operands, _ types: ResultTypes
  ) throws(P.Failure) -> ResultTensors {
    let values = x.all.map(values)
    if primitive.isPure && values.allSatisfy({ $0 == nil }) {
      return try outside { () throws(P.Failure) in try primitive.results(of: x, count: types.count) }
    }
    let operands = BatchedOperands(batch, zip(values, x.all).map { $0 ?? $1 }, values.map { $0 != nil })
    let y = try outside { () throws(P.Failure) in try Self.batched(primitive, operands, types) }
    assert(
      (0..<types.count).allSatisfy { y[$0].isFailed || y[$0].shape.dimensions == [size] + types[$0].shape },
      "the batching rule of \(primitive.name) gives another shape than its shape rule")
    return ResultTensors(y.all.map(symbol))
  }

  /// The results for a batch: by the primitive's rule, or, where it has none, element by element and stacked.
  private static func batched<P: Primitive>(
    _ primitive: P, _ x: BatchedOperands, _ types: ResultTypes
  ) throws(P.Failure) -> ResultTensors {
    if let y = try primitive.batched(x) { return y }
    var elements: [ResultTensors] = []
    for index in 0..<x.size { elements.append(try primitive.results(of: x.element(index), count: types.count)) }
    let stacks = (0..<types.count).map { result in
      let row = Shape(unchecked: [1] + types[result].shape)
      if elements.isEmpty {
        return AnyTensor(
          repeating: 0, dtype: types[result].dtype, shape: Shape(unchecked: [0] + types[result].shape))
      }
      return Concatenate(axis: 0).apply(Operands(elements.map { $0[result].reshaped(to: row) }))
    }
    return ResultTensors(stacks)
  }

  // A variable has one value for all elements: the one that the contexts outside know.
  override func read(_ variable: AnyVariable) -> AnyTensor { outside { variable.value } }

  override func assign(_ variable: AnyVariable, _ value: AnyTensor) {
    fail(
      "vmap",
      "variable \(variable.name) is assigned to in a function that is mapped over a batch, where it would hold a value for "
        + "each element; return the value and assign outside")
  }

  override func scalar(_ dtype: DType, _ number: @escaping () -> Double) -> AnyTensor {
    outside { Tracer.innermost?.scalar(dtype, number) ?? super.scalar(dtype, number) }
  }
  override func afterRun(_ owner: AnyObject, _ body: @escaping () -> Void) {
    // A step of an optimizer that was not taken is not counted.
    if !ErrorScope.hasFailed { outside { NablaAutodiff.afterRun(owner, body) } }
  }
  override func countAfterRun(_ owner: AnyObject) -> Int { outside { NablaAutodiff.countAfterRun(owner) } }
}

extension Context {
  /// Whether this is open outside of a map over a batch that is open: it sees what becomes of operations there, not the
  /// operations.
  var isOutsideOfBatch: Bool {
    var isBatch = false
    var context = Context.current
    while let seen = context {
      if seen === self { return isBatch }
      if seen.takesPlaceOfKernels && seen is BatchTracer { isBatch = true }
      context = seen.outer
    }
    return false
  }
}
