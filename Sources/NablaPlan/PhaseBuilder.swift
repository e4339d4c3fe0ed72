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
  private(set) var views: Set<Int> = []
  /// The node of whose memory a view in this phase is one, by the view.
  private var roots: [Int: Int] = [:]
  /// The operands that come from memory row by row, and the bytes of a row of all of them.
  private var inlets: Set<Int> = []
  private var incomingBytes = 1
  /// For each node of the phase that has memory in a lane, its place there.
  private(set) var offsets: [Int: Int] = [:]

  let options: PlanOptions
  /// Where row 0 lies, for operations that ask.
  let position = Storage(movable: .uint8, shape: .scalar)

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
    inlets = Set(
      nodes.flatMap { node in
        zip(graph.nodes[node].operands, rule(node).rowOperands).filter { $0.1 && !isOfPhase($0.0) }.map(\.0)
      })
    incomingBytes = max(1, inlets.reduce(0) { $0 + bytesPerRow($1) })
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

  func isOfPhase(_ node: Int) -> Bool {
    if case .rows = schedule.kinds[node] { schedule.times[node] == schedule.times[nodes[0]] } else { false }
  }

  /// The blocks whose rows sources are asked for at a time: a power of two.
  var pieceBlocks: Int {
    var size = 1
    while 2 * size * blockRows * incomingBytes <= options.pieceBytes { size *= 2 }
    return min(size, groupBlocks)
  }

  /// The pieces that are announced ahead.
  var announcedPieces: Int { max(1, options.announcedBytes / (pieceBlocks * blockRows * incomingBytes)) }

  func rule(_ node: Int) -> RowRule {
    switch schedule.kinds[node] {
    case .rows(let rule), .reducing(let rule): rule
    default: RowRule.none
    }
  }

  private func isView(_ node: Int) -> Bool { traits(node).contains(.view) && !traits(node).contains(.mayCopy) }

  /// A power of two of rows, by the bytes that a row brings in and those that are computed from it.
  private func chooseBlockRows() -> Int {
    // Slices and transposes are views of what came in.
    let computed = nodes.filter { isOfPhase($0) && !isView($0) }
    if !usesBLAS {
      // A tile of middling width fits the first-level cache several times; a wide value among narrow ones would leave these a
      // few rows, so it is all tiles together that must stay near.
      let widths = (inlets + computed).map(bytesPerRow)
      let sum = max(1, widths.reduce(0, +))
      let fitting = min(options.tileBytes * widths.count / sum, options.valueBytes / sum)
      // A reduction whose merges take their time asks for more rows: they leave the first-level cache, but not the second.
      let wanted = min(nodes.reduce(1) { max($0, rule($1).fewestRows) }, options.tileBytes)
      return powerOfTwo(atMost: max(fitting, wanted), from: options.smallestTile)
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
    for node in nodes where views.contains(node) { roots[node] = root(graph.nodes[node].operands[0]) }
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

  /// The node of whose memory a node is a view; one that has memory of its own is its own root.
  private func root(_ node: Int) -> Int { roots[node] ?? node }

  /// Adds the calls for blocks of `count` rows, on a lane's memory, to its program.
  func code(rows count: Int, _ arena: Storage, _ program: Program) -> BlockCode {
    var writer = BlockWriter(self, rows: count, arena, program)
    return writer.write()
  }
}
