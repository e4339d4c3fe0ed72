import NablaTensor

/// What a gradient is for a source that the targets do not depend on, where that is not to be nil.
public enum UnconnectedGradients: Sendable {
  /// Zeros of the source's shape.
  case zeros
}

/// What gradients can be asked for: tensors and variables.
public protocol GradientSource: TensorConvertible {
  /// What tapes know it by.
  var gradientIdentity: UInt64 { get }
  /// The sizes along the axes.
  var shape: Shape { get }
}

extension Tensor: GradientSource {
  /// What tapes know it by.
  @inlinable
  public var gradientIdentity: UInt64 { erased.identity }
}
extension Variable: GradientSource {
  /// What tapes know it by.
  @inlinable
  public var gradientIdentity: UInt64 { erased.identity }
}

extension GradientTape {
  /// The gradient of a target with respect to one source: ∂ Σ target / ∂ source, of the source's shape; nil where the
  /// target does not depend on it.
  ///
  /// The target may be of any shape: its gradient is that of the sum of its elements, weighted by `outputGradients`
  /// where given. Intermediate results may be sources; a target that is its own source gives ones.
  ///
  /// Errors: a second call on a tape that is not persistent; output gradients of another shape than the target.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for source: Source, outputGradients: Tensor<T>? = nil
  ) -> Tensor<Source.Scalar>? {
    gradient(of: target, for: [source], outputGradients: outputGradients)[0]
  }
  /// The gradient of a target with respect to one source; zeros where the target does not depend on it.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for source: Source, outputGradients: Tensor<T>? = nil, unconnected: UnconnectedGradients
  ) -> Tensor<Source.Scalar> {
    gradient(of: target, for: [source], outputGradients: outputGradients, unconnected: unconnected)[0]
  }

  /// The gradients of a target with respect to several sources, in their order; nil where it does not depend on one.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for sources: [Source], outputGradients: Tensor<T>? = nil
  ) -> [Tensor<Source.Scalar>?] {
    collected(sources.count) { receive in
      gradient(of: target.erased, seed: outputGradients?.erased, count: sources.count) {
        sources[$0].gradientIdentity
      } into: {
        receive(typed($1, sources[$0]))
      }
    }
  }
  /// The gradients of a target with respect to several sources, in their order; zeros where it does not depend on one.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for sources: [Source], outputGradients: Tensor<T>? = nil, unconnected: UnconnectedGradients
  ) -> [Tensor<Source.Scalar>] {
    collected(sources.count) { receive in
      gradient(of: target.erased, seed: outputGradients?.erased, count: sources.count) {
        sources[$0].gradientIdentity
      } into: {
        receive(typed($1, sources[$0]) ?? Tensor(zeros: sources[$0].shape))
      }
    }
  }

  /// The gradients of the sum of several targets with respect to several sources, in their order; nil where no target depends
  /// on one. A source that is named twice gets its gradient twice.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of targets: [Tensor<T>], for sources: [Source], outputGradients: [Tensor<T>]? = nil
  ) -> [Tensor<Source.Scalar>?] {
    guard haveSeeds(targets.count, outputGradients?.count) else {
      return sources.map { Tensor(unchecked: .failed(Source.Scalar.dtype, $0.shape)) }
    }
    return collected(sources.count) { receive in
      gradient(of: targets.map(\.erased), seeds: outputGradients?.map(\.erased), count: sources.count) {
        sources[$0].gradientIdentity
      } into: {
        receive(typed($1, sources[$0]))
      }
    }
  }
  /// The gradients of the sum of several targets with respect to several sources, in their order; zeros where no target
  /// depends on one.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of targets: [Tensor<T>], for sources: [Source], outputGradients: [Tensor<T>]? = nil,
    unconnected: UnconnectedGradients
  ) -> [Tensor<Source.Scalar>] {
    let gradients = gradient(of: targets, for: sources, outputGradients: outputGradients)
    return zip(gradients, sources).map { $0 ?? Tensor(zeros: $1.shape) }
  }

  /// An array of as many elements as `body` hands over.
  @inlinable @inline(__always)
  func collected<Element>(_ count: Int, _ body: ((consuming Element) -> Void) -> Void) -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    body { elements.append($0) }
    return elements
  }

  /// Whether there is an output gradient for each target, where there are any; if not, after the error.
  @usableFromInline
  func haveSeeds(_ targets: Int, _ seeds: Int?) -> Bool {
    guard let seeds, seeds != targets else { return true }
    fail("gradient", "\(targets) targets have \(seeds) output gradients")
    return false
  }

  /// The gradient of a source with its element type; nil where the targets do not depend on it.
  @inlinable
  func typed<Source: GradientSource>(_ gradient: consuming AnyTensor?, _ source: Source) -> Tensor<Source.Scalar>? {
    if let gradient { return Tensor(unchecked: gradient) }
    // After a mistake everything is connected to it: a stand-in, so that code that unwraps goes on to the throw.
    return tapeHasFailed ? Tensor(unchecked: .failed(Source.Scalar.dtype, source.shape)) : nil
  }

  /// The gradients of a target with respect to sources of several kinds: variables, tensors and intermediate results, Float
  /// beside Double; nil where the target does not depend on one.
  ///
  /// ```swift
  /// let (dw, dx) = tape.gradient(of: loss, for: w, x)
  /// ```
  public func gradient<
    T: FloatingPointScalar, First: GradientSource, Second: GradientSource, each Rest: GradientSource
  >(
    of target: Tensor<T>, for first: First, _ second: Second, _ rest: repeat each Rest
  ) -> (Tensor<First.Scalar>?, Tensor<Second.Scalar>?, repeat Tensor<(each Rest).Scalar>?) {
    var gradients = erasedGradients(of: target, for: first, second, repeat each rest)
    return (next(&gradients, first), next(&gradients, second), repeat next(&gradients, each rest))
  }
  /// The gradients of a target with respect to sources of several kinds; zeros where the target does not depend on one.
  public func gradient<
    T: FloatingPointScalar, First: GradientSource, Second: GradientSource, each Rest: GradientSource
  >(
    of target: Tensor<T>, for first: First, _ second: Second, _ rest: repeat each Rest,
    unconnected: UnconnectedGradients
  ) -> (Tensor<First.Scalar>, Tensor<Second.Scalar>, repeat Tensor<(each Rest).Scalar>) {
    func orZeros<Source: GradientSource>(
      _ gradient: Tensor<Source.Scalar>?, _ source: Source
    ) -> Tensor<Source.Scalar> { gradient ?? Tensor(zeros: source.shape) }
    var gradients = erasedGradients(of: target, for: first, second, repeat each rest)
    return (
      orZeros(next(&gradients, first), first), orZeros(next(&gradients, second), second),
      repeat orZeros(next(&gradients, each rest), each rest)
    )
  }

  private func erasedGradients<
    T: FloatingPointScalar, First: GradientSource, Second: GradientSource, each Rest: GradientSource
  >(of target: Tensor<T>, for first: First, _ second: Second, _ rest: repeat each Rest) -> ArraySlice<AnyTensor?> {
    var identities = [first.gradientIdentity, second.gradientIdentity]
    for source in repeat each rest { identities.append(source.gradientIdentity) }
    var gradients: [AnyTensor?] = []
    gradient(of: target.erased, seed: nil, count: identities.count) {
      identities[$0]
    } into: {
      gradients.append($1)
    }
    return gradients[...]
  }

  private func next<Source: GradientSource>(
    _ gradients: inout ArraySlice<AnyTensor?>, _ source: Source
  ) -> Tensor<Source.Scalar>? { typed(gradients.removeFirst(), source) }

  /// Gives `receive` the gradients for `count` sources in order, by their identities; `seeds` are ones unless given.
  @usableFromInline
  func gradient(
    of targets: [AnyTensor], seeds: [AnyTensor]?, count: Int, source: (Int) -> UInt64,
    into receive: (Int, consuming AnyTensor?) -> Void
  ) {
    backward(count, source, into: receive) { pass in
      for (index, target) in targets.enumerated() where !seed(&pass, target, seeds?[index], number: index) {
        return false
      }
      return true
    }
  }

  /// The same of one target, the usual case.
  @usableFromInline
  func gradient(
    of target: AnyTensor, seed: AnyTensor?, count: Int, source: (Int) -> UInt64,
    into receive: (Int, consuming AnyTensor?) -> Void
  ) {
    backward(count, source, into: receive) { self.seed(&$0, target, seed, number: 0) }
  }

  /// Gives the node of a target its seed; false after an error.
  private func seed(_ pass: inout BackwardPass, _ target: AnyTensor, _ given: AnyTensor?, number: Int) -> Bool {
    let seed = given ?? AnyTensor(repeating: 1, dtype: target.dtype, shape: target.shape)
    guard seed.hasShape(of: target) && seed.dtype == target.dtype else {
      fail("gradient", "target \(number) has shape \(target.shape), its output gradient \(seed.shape)")
      return false
    }
    if let node = node(target.identity) {
      pass.accumulate(seed, at: Int(node))
    } else if target.isMapped && isOutsideOfBatch {
      fail(
        "gradient",
        "target \(number) belongs to a function that is being mapped over a batch, and the tape records outside of it; make the "
          + "tape inside")
      return false
    }
    return true
  }

  /// Walks from the nodes that `seed` begins at to the sources, and hands over what arrived there.
  @inline(__always)
  private func backward(
    _ count: Int, _ source: (Int) -> UInt64, into receive: (Int, consuming AnyTensor?) -> Void,
    from seed: (inout BackwardPass) -> Bool
  ) {
    func receiveNothing() { for index in 0..<count { receive(index, nil) } }
    guard !isSpent else {
      fail("gradient", "a tape that is not persistent gives one set of gradients; make it persistent for more")
      return receiveNothing()
    }
    if ErrorScope.hasFailed { return receiveNothing() }
    var pass = BackwardPass(nodeCount: Int(nodeCount))
    for index in 0..<count { if let node = node(source(index)) { pass.markSource(Int(node)) } }
    guard seed(&pass) else { return receiveNothing() }
    if isPersistent || keepsRecords {
      withRecords { pass.run(over: $0) }
    } else {
      isSpent = true
      var owned = takeRecords()
      pass.run(consuming: &owned)
    }
    for index in 0..<count { receive(index, node(source(index)).flatMap { pass.gradient(at: Int($0)) }) }
  }
}

/// Whether a mistake was made in the innermost ``throwingErrors(_:)``.
@usableFromInline
var tapeHasFailed: Bool { ErrorScope.hasFailed }

/// What the backward pass knows of a node.
private struct BackwardNode {
  var gradient: AnyTensor?
  var isSource = false
  /// Whether this is a source or depends on one: nothing is computed for the others.
  var leadsToSource = false
}

extension UnsafeMutableBufferPointer<BackwardNode> {
  fileprivate func leadsToSource(_ node: Int32) -> Bool { node >= 0 && self[Int(node)].leadsToSource }
}

/// The walk from targets to sources. Records lie in one array in the order of execution, so the walk is a loop, and a
/// tape of any length is freed without recursion.
private struct BackwardPass: ~Copyable {
  // Plain memory, as in `IdentityTable`.
  private let nodes: UnsafeMutableBufferPointer<BackwardNode>

  init(nodeCount: Int) {
    nodes = .allocateShortLived(capacity: nodeCount)
    nodes.initialize(repeating: BackwardNode())
  }
  deinit {
    nodes.deinitialize()
    nodes.deallocateShortLived()
  }

  mutating func markSource(_ node: Int) {
    nodes[node].isSource = true
    nodes[node].leadsToSource = true
  }

  func gradient(at node: Int) -> AnyTensor? { nodes[node].gradient }

  mutating func run(over records: borrowing RecordList) {
    mark(records)
    for index in (0..<records.count).reversed() where !ErrorScope.hasFailed { pull(records[index]) }
  }

  /// As `run(over:)`, letting each record go as soon as it is done, so that memory falls on the way.
  mutating func run(consuming records: inout RecordList) {
    mark(records)
    while let record = records.popLast(), !ErrorScope.hasFailed { pull(record) }
  }

  private mutating func mark(_ records: borrowing RecordList) {
    for index in 0..<records.count {
      let (first, second) = (records[index].operandNodes.first, records[index].operandNodes.second)
      let isWanted =
        nodes.leadsToSource(first) || nodes.leadsToSource(second)
        || records[index].operandNodes.rest.contains(where: nodes.leadsToSource)
      guard isWanted else { continue }
      let result = Int(records[index].firstResultNode)
      for node in result..<result + records[index].operation.results.count { nodes[node].leadsToSource = true }
    }
  }

  private mutating func pull(_ record: borrowing GradientTape.Record) {
    let node = Int(record.firstResultNode)
    guard nodes[node].leadsToSource, let incoming = takeGradients(record) else { return }
    let (first, second) = (record.operandNodes.first, record.operandNodes.second)
    var cotangents = Cotangents(
      first: nodes.leadsToSource(first), second: nodes.leadsToSource(second),
      rest: record.operandNodes.rest.isEmpty ? nil : record.operandNodes.rest.map { (nodes.leadsToSource($0), nil) })
    record.operation.primitive.vjp(incoming, record.operation.operands, record.operation.results, &cotangents)
    if let value = cotangents.takeFirst() {
      if let slice = cotangents.slice {
        accumulate(value, slice, of: record.operation.operands[0].shape, at: Int(first))
      } else {
        accumulate(value, at: Int(first))
      }
    }
    if let value = cotangents.takeSecond() { accumulate(value, at: Int(second)) }
    guard let rest = cotangents.rest else { return }
    for (node, cotangent) in zip(record.operandNodes.rest, rest) {
      if let value = cotangent.value { accumulate(value, at: Int(node)) }
    }
  }

  /// What arrived at the results of a record; nil where nothing did.
  @inline(__always)
  private mutating func takeGradients(_ record: borrowing GradientTape.Record) -> Derivatives? {
    let node = Int(record.firstResultNode)
    if record.operation.results.isOne { return takeGradient(node).map { Derivatives($0) } }
    return takeGradients(node..<node + record.operation.results.count)
  }
  @inline(never)
  private mutating func takeGradients(_ nodes: Range<Int>) -> Derivatives? {
    var gradients: [AnyTensor?] = []
    for node in nodes { gradients.append(takeGradient(node)) }
    return gradients.allSatisfy { $0 == nil } ? nil : Derivatives(gradients)
  }

  /// The gradient of a node, which only sources keep.
  @inline(__always)
  private mutating func takeGradient(_ node: Int) -> AnyTensor? {
    let node = nodes.baseAddress! + node
    if node.pointee.isSource { return node.pointee.gradient }
    return node.pointee.gradient.take()
  }

  /// Adds to the gradient of a node, in place where nothing else sees it.
  mutating func accumulate(_ value: consuming AnyTensor, at node: Int) {
    let node = nodes.baseAddress! + node
    guard node.pointee.gradient != nil else {
      node.pointee.gradient = value
      return
    }
    if Context.isActive || !node.pointee.gradient!.isOwn() {
      node.pointee.gradient = node.pointee.gradient! + value
    } else {
      node.pointee.gradient!.add(value, scaledBy: 1)
    }
  }

  /// Adds to a slice of the gradient of a node, of a shape, in place where nothing else sees it.
  @inline(never)
  private mutating func accumulate(_ value: AnyTensor, _ slice: Slice, of shape: Shape, at node: Int) {
    let node = nodes.baseAddress! + node
    if node.pointee.gradient == nil {
      node.pointee.gradient = Unslice(slice: slice, shape: shape)(value)
    } else if !value.isFailed {
      node.pointee.gradient!.add(value, starts: slice.starts, sizes: slice.sizes, steps: slice.steps)
    }
  }
}
