import NablaTensor

/// What a gradient is for a source that the targets do not depend on.
public enum UnconnectedGradients: Sendable {
  /// Nil.
  case none
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
    of target: Tensor<T>, for source: Source, outputGradients: Tensor<T>? = nil,
    unconnected: UnconnectedGradients = .none
  ) -> Tensor<Source.Scalar>? {
    gradient(
      of: [target], for: [source], outputGradients: outputGradients.map { [$0] }, unconnected: unconnected)[0]
  }

  /// The gradients of a target with respect to several sources, in their order.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for sources: [Source], outputGradients: Tensor<T>? = nil,
    unconnected: UnconnectedGradients = .none
  ) -> [Tensor<Source.Scalar>?] {
    gradient(of: [target], for: sources, outputGradients: outputGradients.map { [$0] }, unconnected: unconnected)
  }

  /// The gradients of the sum of several targets with respect to several sources, in their order. A source that is
  /// named twice gets its gradient twice.
  @inlinable
  public func gradient<T: FloatingPointScalar, Source: GradientSource>(
    of targets: [Tensor<T>], for sources: [Source], outputGradients: [Tensor<T>]? = nil,
    unconnected: UnconnectedGradients = .none
  ) -> [Tensor<Source.Scalar>?] {
    if let seeds = outputGradients, seeds.count != targets.count {
      fail("gradient", "\(targets.count) targets have \(seeds.count) output gradients")
      return sources.map { Tensor(unchecked: .failed(Source.Scalar.dtype, $0.shape)) }
    }
    let gradients = gradient(
      of: targets.map(\.erased), for: sources.map(\.gradientIdentity), seeds: outputGradients?.map(\.erased))
    return zip(sources, gradients).map { source, gradient in
      if let gradient { return Tensor(unchecked: gradient) }
      // After a mistake everything is connected to it: a stand-in, so that code that unwraps goes on to the throw.
      if tapeHasFailed { return Tensor(unchecked: .failed(Source.Scalar.dtype, source.shape)) }
      return unconnected == .zeros ? Tensor(zeros: source.shape) : nil
    }
  }

  /// The gradients of a target with respect to sources of several kinds: variables, tensors and intermediate results, Float
  /// beside Double.
  ///
  /// ```swift
  /// let (dw, dx) = tape.gradient(of: loss, for: w, x)
  /// ```
  public func gradient<
    T: FloatingPointScalar, First: GradientSource, Second: GradientSource, each Rest: GradientSource
  >(
    of target: Tensor<T>, for first: First, _ second: Second, _ rest: repeat each Rest
  ) -> (Tensor<First.Scalar>?, Tensor<Second.Scalar>?, repeat Tensor<(each Rest).Scalar>?) {
    var identities = [first.gradientIdentity, second.gradientIdentity]
    for source in repeat each rest { identities.append(source.gradientIdentity) }
    var gradients = gradient(of: [target.erased], for: identities, seeds: nil)[...]
    return (next(&gradients, first), next(&gradients, second), repeat next(&gradients, each rest))
  }

  private func next<Source: GradientSource>(
    _ gradients: inout ArraySlice<AnyTensor?>, _ source: Source
  ) -> Tensor<Source.Scalar>? {
    if let gradient = gradients.removeFirst() { return Tensor(unchecked: gradient) }
    return tapeHasFailed ? Tensor(unchecked: .failed(Source.Scalar.dtype, source.shape)) : nil
  }

  /// The gradients by identity; `seeds` are ones unless given.
  @usableFromInline
  func gradient(of targets: [AnyTensor], for sources: [UInt64], seeds: [AnyTensor]?) -> [AnyTensor?] {
    guard !isSpent else {
      fail("gradient", "a tape that is not persistent gives one set of gradients; make it persistent for more")
      return sources.map { _ in nil }
    }
    if ErrorScope.hasFailed { return sources.map { _ in nil } }
    let sourceNodes = sources.map { node($0) }
    var pass = BackwardPass(nodeCount: Int(nodeCount), sources: sourceNodes)
    for (index, target) in targets.enumerated() {
      let seed = seeds?[index] ?? AnyTensor(repeating: 1, dtype: target.dtype, shape: target.shape)
      guard seed.shape == target.shape && seed.dtype == target.dtype else {
        fail("gradient", "target \(index) has shape \(target.shape), its output gradient \(seed.shape)")
        return sources.map { _ in nil }
      }
      if let node = node(target.identity) { pass.accumulate(seed, at: Int(node)) }
    }
    if isPersistent || keepsRecords {
      pass.run(over: records)
    } else {
      isSpent = true
      var owned = records
      records = []
      pass.run(consuming: &owned)
    }
    return sourceNodes.map { $0.flatMap { pass.gradients[Int($0)] } }
  }
}

/// Whether a mistake was made in the innermost ``throwingErrors(_:)``.
@usableFromInline
var tapeHasFailed: Bool { ErrorScope.hasFailed }

/// The walk from targets to sources. Records lie in one array in the order of execution, so the walk is a loop, and a
/// tape of any length is freed without recursion.
private struct BackwardPass {
  var gradients: [AnyTensor?]
  private let isSource: [Bool]
  /// Whether a node is a source or depends on one: nothing is computed for the others.
  private var leadsToSource: [Bool]

  init(nodeCount: Int, sources: [Int32?]) {
    gradients = [AnyTensor?](repeating: nil, count: nodeCount)
    var marks = [Bool](repeating: false, count: nodeCount)
    for case let node? in sources { marks[Int(node)] = true }
    isSource = marks
    leadsToSource = marks
  }

  mutating func run(over records: [GradientTape.Record]) {
    mark(records)
    for record in records.reversed() where !ErrorScope.hasFailed { pull(record) }
  }

  /// As `run(over:)`, letting each record go as soon as it is done, so that memory falls on the way.
  mutating func run(consuming records: inout [GradientTape.Record]) {
    mark(records)
    while let record = records.popLast(), !ErrorScope.hasFailed { pull(record) }
  }

  private mutating func mark(_ records: [GradientTape.Record]) {
    records.withUnsafeBufferPointer { records in
      for index in records.indices {
        let isWanted =
          isWanted(records[index].operandNodes.first) || isWanted(records[index].operandNodes.second)
          || records[index].operandNodes.rest.contains(where: isWanted)
        if isWanted { leadsToSource[Int(records[index].resultNode)] = true }
      }
    }
  }

  private mutating func pull(_ record: GradientTape.Record) {
    let node = Int(record.resultNode)
    guard leadsToSource[node], let gradient = gradients[node] else { return }
    if !isSource[node] { gradients[node] = nil }
    let nodes = record.operandNodes
    var cotangents = Cotangents(
      first: isWanted(nodes.first), second: isWanted(nodes.second), rest: nodes.rest.map(isWanted))
    record.primitive.vjp(gradient, record.operands, record.result, &cotangents)
    if let value = cotangents.first { accumulate(value, at: Int(nodes.first)) }
    if let value = cotangents.second { accumulate(value, at: Int(nodes.second)) }
    for (operand, value) in cotangents.rest { accumulate(value, at: Int(nodes[operand])) }
  }

  private func isWanted(_ node: Int32) -> Bool { node >= 0 && leadsToSource[Int(node)] }

  /// Adds to the gradient of a node, in place where nothing else sees it.
  mutating func accumulate(_ value: AnyTensor, at node: Int) {
    guard let present = gradients[node] else {
      gradients[node] = value
      return
    }
    if Context.isActive {
      gradients[node] = present + value
    } else {
      gradients[node]!.add(value, scaledBy: 1)
    }
  }
}
