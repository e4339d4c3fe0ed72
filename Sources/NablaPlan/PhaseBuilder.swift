import CKernels
import NablaAutodiff
import NablaTensor

/// Lays out a phase: how many rows make a block, where a block's values lie, and the instructions on them.
struct PhaseBuilder {
  let graph: Graph
  let schedule: Schedule
  /// The nodes of the phase, in order.
  let nodes: [Int]
  /// The views of whole values, by node.
  let wholeViews: [Storage?]
  let rows: Int
  private(set) var blockRows = 1
  private(set) var totals: [Phase.Total] = []
  private(set) var arenaBytes = 0
  /// The nodes of the phase that are views of another's memory.
  private var views: Set<Int> = []
  /// For each node of the phase that has memory in a lane, its place there.
  private var offsets: [Int: Int] = [:]

  private let options: PlanOptions
  /// Where row 0 lies, for operations that ask.
  private let position = Storage(movable: .uint8, shape: .scalar)

  /// The part of a lane's program that runs blocks of some number of rows.
  struct Code {
    fileprivate(set) var places = 0..<0
    fileprivate(set) var calls = 0..<0
    /// For each reduction, the view of a block's result.
    fileprivate(set) var targets: [Storage] = []
    /// The rows that come from memory, with the bytes of a block.
    fileprivate(set) var streams: [(view: Storage, bytes: Int)] = []
    /// The values whose rows come from outside of the phase, with the bytes of a row.
    fileprivate(set) var inlets: [(whole: Storage, step: Int)] = []
    fileprivate var views: Set<Int> = []
  }

  init(
    _ graph: Graph, _ schedule: Schedule, _ nodes: [Int], _ wholeViews: [Storage?], _ options: PlanOptions,
    _ program: Program
  ) {
    self.options = options
    self.graph = graph
    self.schedule = schedule
    self.nodes = nodes
    self.wholeViews = wholeViews
    rows = schedule.rows
    blockRows = chooseBlockRows()
    position.move(to: Operands.positionOrigin)
    for node in nodes {
      guard case .reducing = schedule.kinds[node], let primitive = graph.nodes[node].primitive else { continue }
      let (operands, results) = graph.types(of: node)
      totals.append(
        Phase.Total(
          primitive.blockReduction(operands, results)!,
          slots: graph.results(of: node).map { program.slot(of: wholeViews[$0]!) }))
    }
    // Whether there can be a view of an operand depends on the strides there: laying the code out once tells.
    let trial = Storage(.released, dtype: .uint8, shape: .scalar)
    views = Set(nodes)
    views = code(rows: blockRows, trial, Program(parent: program)).views
    assignMemory()
  }

  var blockCount: Int { (rows + blockRows - 1) / blockRows }

  /// The rows of a last block that has fewer than the others.
  var lastRows: Int? { rows % blockRows != 0 && rows > blockRows ? rows % blockRows : nil }

  /// The blocks that one thread takes at a time: at most 64 groups, each a power of two of blocks.
  var groupBlocks: Int {
    var size = 1
    while size * 64 < blockCount { size *= 2 }
    return size
  }

  var usesBLAS: Bool { nodes.contains { traits($0).contains(.product) } }

  /// Whether a kernel may throw because of the numbers.
  var canThrow: Bool { nodes.contains { graph.nodes[$0].primitive?.canThrow ?? false } }

  private func traits(_ node: Int) -> Traits { graph.nodes[node].primitive?.traits ?? [] }

  private func bytesPerRow(_ node: Int) -> Int {
    let type = graph.nodes[node].type
    return type.shape.dropFirst().reduce(1, *) * type.dtype.byteCount
  }

  private func isOfPhase(_ node: Int) -> Bool {
    if case .rows = schedule.kinds[node] { schedule.times[node] == schedule.times[nodes[0]] } else { false }
  }

  /// Bytes of a row of all operands that come from memory row by row.
  private var incomingBytes: Int { max(1, inlets.reduce(0) { $0 + bytesPerRow($1) }) }

  /// The blocks whose rows sources are asked for at a time: a power of two.
  var pieceBlocks: Int {
    var size = 1
    while 2 * size * blockRows * incomingBytes <= options.pieceBytes { size *= 2 }
    return min(size, groupBlocks)
  }

  /// The pieces that are announced ahead.
  var announcedPieces: Int { max(1, options.announcedBytes / (pieceBlocks * blockRows * incomingBytes)) }

  /// The operands that come from memory row by row.
  private var inlets: Set<Int> {
    var sources: Set<Int> = []
    for node in nodes {
      for (operand, goesByRow) in zip(graph.nodes[node].operands, rule(node).rowOperands)
      where goesByRow && !isOfPhase(operand) { sources.insert(operand) }
    }
    return sources
  }

  private func rule(_ node: Int) -> RowRule {
    switch schedule.kinds[node] {
    case .rows(let rule), .reducing(let rule): rule
    default: RowRule.none
    }
  }

  private func looksOnly(_ node: Int) -> Bool { traits(node).contains(.view) && !traits(node).contains(.mayCopy) }

  /// A power of two of rows, by the bytes that a row brings in and those that are computed from it.
  private func chooseBlockRows() -> Int {
    // Slices and transposes are views of what came in.
    let computed = nodes.filter { isOfPhase($0) && !looksOnly($0) }
    let incoming = inlets
    if !usesBLAS {
      let widest = max(1, (incoming + computed).map(bytesPerRow).max() ?? 1)
      // A reduction whose merges take their time asks for more rows: they leave the first-level cache, but not the second.
      let wanted = min(nodes.reduce(1) { max($0, rule($1).fewestRows) }, options.tileBytes)
      return powerOfTwo(atMost: max(options.tileBytes / widest, wanted), from: options.smallestTile)
    }
    let computedBytes = max(1, computed.reduce(0) { $0 + bytesPerRow($1) })
    let fitting = min(
      options.operandBytes / incomingBytes, max(options.valueBytes / computedBytes, options.fewestRows))
    let wanted = nodes.reduce(fitting) { max($0, rule($1).fewestRows) }
    return powerOfTwo(atMost: wanted, from: options.smallestBlock)
  }

  private func powerOfTwo(atMost limit: Int, from smallest: Int) -> Int {
    var size = smallest
    while size * 2 <= min(limit, 1 << 14) { size *= 2 }
    return size
  }

  /// Places in the lane's memory, given again once the last reader is done.
  private mutating func assignMemory() {
    var lastUse: [Int: Int] = [:]
    for (position, node) in nodes.enumerated() {
      for operand in graph.nodes[node].operands { lastUse[root(operand)] = position }
    }
    var freeBySize: [Int: [Int]] = [:]
    for (position, node) in nodes.enumerated() {
      if isOfPhase(node) && root(node) == node && !schedule.isMaterialized[node] {
        let size = (bytesPerRow(node) * blockRows + 63) / 64 * 64
        if let place = freeBySize[size]?.popLast() {
          offsets[node] = place
        } else {
          offsets[node] = arenaBytes
          arenaBytes += size
        }
      }
      for operand in Set(graph.nodes[node].operands.map(root)) where lastUse[operand] == position {
        guard let place = offsets[operand] else { continue }
        freeBySize[(bytesPerRow(operand) * blockRows + 63) / 64 * 64, default: []].append(place)
      }
    }
  }

  /// The node of whose memory a view in this phase is one; a node that has memory of its own is its own root.
  private func root(_ node: Int) -> Int { views.contains(node) ? root(graph.nodes[node].operands[0]) : node }

  /// Adds the calls for blocks of `count` rows, on a lane's memory, to its program.
  func code(rows count: Int, _ arena: Storage, _ program: Program) -> Code {
    var code = Code()
    let (firstPlace, firstCall) = (program.placeCount, program.callCount)
    var local: [Int: Storage] = [:]
    var wholes: [Int: Storage] = [:]
    /// Where row views begin in whole values.
    var origins: [ObjectIdentifier: (source: Storage, offset: Int, step: Int)] = [:]
    func follow(_ view: Storage, _ source: Storage, offset: Int, step: Int) {
      program.place(view, on: program.linked(source), offset: offset, step: step)
      origins[ObjectIdentifier(view)] = (source, offset, step)
    }
    func rowView(_ node: Int) -> Storage {
      if let view = local[node] { return view }
      // Rows of a whole value: a view that moves from block to block.
      let whole = wholeViews[node]!
      let shape = Shape(unchecked: [count] + whole.shape.dropFirst())
      let view = Storage(movable: whole.dtype, shape: shape, strides: whole.strides)
      let step = (whole.strides?[0] ?? whole.shape.dropFirst().reduce(1, *)) * whole.dtype.byteCount
      follow(view, whole, offset: 0, step: step)
      if !isOfPhase(node) { code.inlets.append((whole, step)) }
      if whole.isDense && !isOfPhase(node) { code.streams.append((view, count * step)) }
      local[node] = view
      return view
    }
    /// A value that is needed whole.
    func wholeView(_ node: Int) -> Storage {
      if let view = wholes[node] { return view }
      let view = program.linked(wholeViews[node]!)
      wholes[node] = view
      return view
    }
    /// Memory for a block of a value.
    func target(_ node: Int) -> Storage {
      if schedule.isMaterialized[node] { return rowView(node) }
      if let target = local[node] { return target }
      let type = graph.nodes[node].type
      let target = Storage(movable: type.dtype, shape: Shape(unchecked: [count] + type.shape.dropFirst()))
      target.move(to: arena.base + offsets[node, default: 0])
      local[node] = target
      return target
    }
    /// Where the block's rows lie in the whole: an address that moves by one byte a row.
    var positionView: AnyTensor {
      let view = Storage(movable: .uint8, shape: .scalar)
      follow(view, position, offset: 0, step: 1)
      return AnyTensor(view)
    }
    for node in nodes {
      guard let whole = graph.nodes[node].primitive else { continue }  // another result: the operation writes it
      let primitive = whole.onRows(count)
      var operands = zip(graph.nodes[node].operands, rule(node).rowOperands).map { operand, goesByRow in
        AnyTensor(goesByRow ? rowView(operand) : wholeView(operand))
      }
      if primitive.traits.contains(.readsPosition) { operands.append(positionView) }
      guard isOfPhase(node) else {
        let (types, results) = graph.types(of: node)
        let reduction = whole.blockReduction(types, results)!
        // Where the state is the result, it is of that type.
        let target =
          reduction.finish == nil
          ? Storage(movable: results.first.dtype, shape: results.first.shape)
          : Storage(movable: .uint8, shape: Shape(unchecked: [reduction.stateByteCount]))
        code.targets.append(target)
        program.append(primitive.preparedState(Operands(operands), results, into: target))
        continue
      }
      if !schedule.isMaterialized[node], views.contains(node), let view = primitive.view(of: operands[0].storage) {
        // A last block of one row could be viewed where full ones cannot; its memory is assigned as for those.
        // A view moves with what it is one of; views of the lane's own memory never move.
        view.view.move(to: operands[0].storage.base + view.offset)
        if let origin = origins[ObjectIdentifier(operands[0].storage)] {
          follow(view.view, origin.source, offset: origin.offset + view.offset, step: origin.step)
        } else if let whole = wholes.first(where: { $0.value === operands[0].storage }) {
          follow(view.view, wholeViews[whole.key]!, offset: view.offset, step: 0)
        }
        local[node] = view.view
        code.views.insert(node)
        continue
      }
      let targets = graph.results(of: node).map { target($0) }
      let types = targets.map { TensorType($0.dtype, $0.shape) }
      program.append(primitive.prepared(Operands(operands), ResultTypes(types), into: targets))
    }
    if code.streams.reduce(0, { $0 + $1.bytes }) > options.streamBytes { code.streams = [] }
    code.places = firstPlace..<program.placeCount
    code.calls = firstCall..<program.callCount
    return code
  }
}

extension Primitive {
  /// The view that the operation makes of an operand's view, with its offset in bytes; nil where it computes.
  func view(of operand: @autoclosure () -> Storage) -> (view: Storage, offset: Int)? {
    guard traits.contains(.view) else { return nil }
    let operand = operand()
    if traits.contains(.mayCopy), operand.strides != nil { return nil }
    guard let result = view(Operands(AnyTensor(operand))) else { return nil }
    let view = Storage(movable: result.dtype, shape: result.shape, strides: result.strides)
    return (view, result.address - operand.base)
  }
}
