import NablaTensor

/// Records operations and differentiates them backwards, with the semantics of TensorFlow 2's tape.
///
/// ```swift
/// let x = Variable<Float>(3)
/// let tape = GradientTape()
/// let y = tape.record { square(x) }
/// tape.gradient(of: y, for: x)                        // 6
/// ```
/// Inside ``record(_:)`` a trainable variable that is read is watched, and so is every floating-point result that
/// depends on something watched. A tape gives one set of gradients and then lets its memory go, unless it is
/// persistent. Tapes nest: the gradient of an inner tape, taken while an outer one records, is differentiated by the
/// outer. A tape belongs to one thread at a time; any number of tasks may each use their own.
public final class GradientTape: Recorder {
  /// One operation: what its pullback needs, and the nodes of its operands and its results, which follow each other.
  struct Record {
    let operation: Operation
    let operandNodes: NodeList
    let firstResultNode: Int32
  }

  /// The nodes of the operands of a record; -1 where one is not watched.
  struct NodeList {
    let first: Int32
    let second: Int32
    let rest: [Int32]
    @inline(__always)
    var isAnyWatched: Bool { first >= 0 || second >= 0 || rest.contains { $0 >= 0 } }
  }

  /// Whether several sets of gradients may be taken.
  public let isPersistent: Bool
  private let watchesAccessedVariables: Bool
  var isSpent = false
  /// Set while several gradients make up one result, a Jacobian.
  var keepsRecords = false
  @exclusivity(unchecked)  // no method of the log calls back
  private var log = Log()

  /// What is recorded.
  struct Log: ~Copyable {
    var isPaused = false
    var records = RecordList()
    /// From the identity of a tensor or variable to its node.
    private(set) var nodes = IdentityTable()
    private(set) var nodeCount: Int32 = 0
    private(set) var variables: [AnyVariable] = []
  }

  /// Runs `body` with the records, which stay.
  func withRecords<Result>(_ body: (borrowing RecordList) -> Result) -> Result { body(log.records) }
  /// The records, which the tape lets go.
  func takeRecords() -> RecordList {
    var taken = RecordList()
    swap(&taken, &log.records)
    return taken
  }
  /// The node of a tensor or variable, if it is watched or was recorded.
  func node(_ identity: UInt64) -> Int32? { log.nodes[identity] }
  var nodeCount: Int32 { log.nodeCount }

  /// An empty tape.
  ///
  /// - Parameters:
  ///   - persistent: keep the records after a set of gradients, so that more can be taken.
  ///   - watchesAccessedVariables: watch trainable variables that are read; else only what ``watch(_:)`` names.
  public init(persistent: Bool = false, watchesAccessedVariables: Bool = true) {
    isPersistent = persistent
    self.watchesAccessedVariables = watchesAccessedVariables
  }

  /// Runs `body` and records its operations. A second call resumes the recording.
  ///
  /// Errors: a tape that is not persistent and has given its gradients; call ``reset()`` first.
  @inlinable
  public func record<Result>(_ body: () throws -> Result) rethrows -> Result {
    let opens = beginRecording()
    defer { if opens { endRecording() } }
    return try body()
  }

  /// Opens the tape; false where it is open already.
  @usableFromInline
  func beginRecording() -> Bool {
    if isSpent { fail("record", "this tape has given its gradients; reset() it, or make it persistent") }
    if isOpen { return false }
    open()
    return true
  }
  @usableFromInline
  func endRecording() { close() }

  /// Watches a tensor: gradients for it can be asked for. Integers and Bool are never watched.
  public func watch<S>(_ tensor: Tensor<S>) { watch(tensor.erased) }
  /// Watches a variable, also one that is not trainable.
  public func watch<S>(_ variable: Variable<S>) {
    if variable.erased.dtype.isFloatingPoint { _ = log.node(watching: variable.erased) }
  }
  func watch(_ tensor: AnyTensor) {
    if tensor.dtype.isFloatingPoint { log.watch(tensor.identity) }
  }

  /// Runs `body` without recording on this tape.
  public func withoutRecording<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = log.isPaused
    log.isPaused = true
    defer { log.isPaused = before }
    return try body()
  }

  /// Forgets all records and everything watched.
  public func reset() {
    log = Log()
    isSpent = false
  }

  /// The variables that are watched, in the order in which that began.
  public var watchedVariables: [AnyVariable] { log.variables }

  /// The names of the recorded operations, in order.
  public var recordedOperations: [String] {
    withRecords { records in records.indices.map { records[$0].operation.primitive.name } }
  }

  /// The bytes of the tensors that the tape keeps for its gradients: operands and results that derivatives read, each block of
  /// memory once.
  public var byteCount: Int {
    var seen: Set<ObjectIdentifier> = []
    return withRecords { records in
      records.indices.reduce(0) { bytes, index in
        (records[index].operation.operands.all + records[index].operation.results.all).reduce(bytes) { bytes, tensor in
          guard tensor.hasMemory, seen.insert(tensor.memoryIdentity).inserted else { return bytes }
          return bytes + tensor.memoryByteCount
        }
      }
    }
  }

  override func observeRead(of variable: AnyVariable, as identity: UInt64) {
    log.observeRead(of: variable, as: identity, watches: watchesAccessedVariables && variable.isTrainable)
  }

  override func observe(_ operation: consuming Operation) { log.observe(operation) }
}

extension GradientTape.Log {
  private mutating func newNode() -> Int32 {
    nodeCount += 1
    return nodeCount - 1
  }

  mutating func watch(_ identity: UInt64) {
    if nodes[identity] == nil { nodes.insert(identity, newNode()) }
  }

  mutating func node(watching variable: AnyVariable) -> Int32 {
    if let node = nodes[variable.identity] { return node }
    let node = newNode()
    nodes.insert(variable.identity, node)
    if variables.isEmpty { variables.reserveCapacity(4) }  // not one, then two
    variables.append(variable)
    return node
  }

  mutating func observeRead(of variable: AnyVariable, as identity: UInt64, watches: Bool) {
    if isPaused { return }
    if watches || nodes[variable.identity] != nil { nodes.insert(identity, node(watching: variable)) }
  }

  mutating func observe(_ operation: consuming Recorder.Operation) {
    if isPaused { return }
    let operandNodes = nodes(of: operation.operands)
    guard operandNodes.isAnyWatched else { return }
    let first = newNode()
    nodes.insert(operation.results.first.identity, first)
    if !operation.results.isOne {
      for index in 1..<operation.results.count { nodes.insert(operation.results[index].identity, newNode()) }
    }
    // Small values are kept, whatever the derivative reads.
    if !(operation.operands.areSmall && operation.results.areSmall) {
      let kept = residuals(of: operation, operandNodes)
      operation.operands = operation.operands.keeping(kept)
      operation.results = operation.results.keeping(kept)
    }
    records.append(GradientTape.Record(operation: operation, operandNodes: operandNodes, firstResultNode: first))
  }

  /// What the derivatives with respect to the watched operands read.
  private func residuals(
    of operation: borrowing Recorder.Operation, _ nodes: borrowing GradientTape.NodeList
  ) -> Residuals {
    var kept: Residuals = []
    let primitive = operation.primitive
    if nodes.first >= 0 { kept.formUnion(primitive.residuals(toward: 0)) }
    if nodes.second >= 0 { kept.formUnion(primitive.residuals(toward: 1)) }
    for (index, node) in nodes.rest.enumerated() where node >= 0 {
      kept.formUnion(primitive.residuals(toward: index + 2))
    }
    return kept
  }

  private func nodes(of x: borrowing Operands) -> GradientTape.NodeList {
    GradientTape.NodeList(
      first: x.count > 0 ? nodes[x[0].identity] ?? -1 : -1, second: x.count > 1 ? nodes[x[1].identity] ?? -1 : -1,
      rest: x.count > 2 ? (2..<x.count).map { [x = copy x] in nodes[x[$0].identity] ?? -1 } : [])
  }
}
