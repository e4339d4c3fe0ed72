import CKernels
import NablaAutodiff
import NablaTensor

/// Lays out a phase: how many rows make a block, where a block's values lie, and the instructions on them.
struct PhaseBuilder {
  let graph: Graph
  let schedule: Schedule
  /// The nodes of the phase, in order.
  let nodes: [Int]
  /// The windows on whole values, by node.
  let windows: [Storage?]
  let rows: Int
  private(set) var blockRows = 1
  private(set) var reductions: [Phase.Reduction] = []
  private(set) var arenaBytes = 0
  /// The nodes of the phase that look at another's memory.
  private var views: Set<Int> = []
  /// For each node of the phase that has memory in a lane, its place there.
  private var offsets: [Int: Int] = [:]

  private let options: PlanOptions

  /// The instructions for blocks of some number of rows.
  final class Code {
    fileprivate(set) var placements: [Placement] = []
    fileprivate(set) var calls: [() -> Void] = []
    fileprivate(set) var reductionTargets: [Storage] = []
    fileprivate(set) var views: Set<Int> = []
    /// The windows that placements move.
    fileprivate var kept: [Storage] = []

    fileprivate func place(_ placement: Placement) {
      placements.append(placement)
      kept.append(placement.window)
    }
  }

  init(_ graph: Graph, _ schedule: Schedule, _ nodes: [Int], _ windows: [Storage?], _ options: PlanOptions) {
    self.options = options
    self.graph = graph
    self.schedule = schedule
    self.nodes = nodes
    self.windows = windows
    rows = schedule.rows
    blockRows = chooseBlockRows()
    for node in nodes {
      guard case .reducing(let rule) = schedule.kinds[node], let combine = rule.combine else { continue }
      let type = graph.nodes[node].type
      // any and all combine bytes.
      let dtype = type.dtype == .bool ? DType.uint8 : type.dtype
      reductions.append(
        Phase.Reduction(
          node: node, count: type.shape.elementCount,
          byteCount: type.shape.elementCount * type.dtype.byteCount,
          combine: nabla_binary_kernel(combine, dtype.rawValue)!, dtype: type.dtype, target: windows[node]!))
    }
    // Whether a view can look at its operand depends on the strides there: laying the code out once tells.
    let trial = Storage(.released, dtype: .uint8, shape: .scalar)
    views = Set(nodes)
    views = code(rows: blockRows, trial).views
    assignMemory()
  }

  /// The blocks that one thread takes at a time: at most 64 groups, each a power of two of blocks.
  static func groupBlocks(_ blocks: Int) -> Int {
    var size = 1
    while size * 64 < blocks { size *= 2 }
    return size
  }

  var usesBLAS: Bool {
    nodes.contains { if case .product = graph.nodes[$0].primitive!.rewrite { true } else { isProductWithFlags($0) } }
  }
  private func isProductWithFlags(_ node: Int) -> Bool { type(of: graph.nodes[node].primitive!).name == "matmul" }

  private func bytesPerRow(_ node: Int) -> Int {
    let type = graph.nodes[node].type
    return type.shape.dropFirst().reduce(1, *) * type.dtype.byteCount
  }

  private func isOfPhase(_ node: Int) -> Bool {
    if case .rows = schedule.kinds[node] { schedule.times[node] == schedule.times[nodes[0]] } else { false }
  }

  /// The operands that come from memory row by row.
  private var rowSources: Set<Int> {
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

  private func looksOnly(_ node: Int) -> Bool {
    guard let primitive = graph.nodes[node].primitive as? any ViewPrimitive else { return false }
    if case .reshape = primitive.rewrite { return false }  // it might copy
    return true
  }

  /// A power of two of rows, by the bytes that a row brings in and those that are computed from it.
  private func chooseBlockRows() -> Int {
    let incoming = rowSources.reduce(0) { $0 + bytesPerRow($1) }
    // Slices and transposes only look at what came in.
    let computed = nodes.filter { isOfPhase($0) && !looksOnly($0) }.reduce(0) { $0 + bytesPerRow($1) }
    let wanted = min(
      options.operandBytes / max(1, incoming), max(options.valueBytes / max(1, computed), options.fewestRows))
    var size = options.smallestBlock
    while size * 2 <= min(wanted, 1 << 14) { size *= 2 }
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

  /// The node whose memory a view in this phase looks at; a node that has memory of its own is its own root.
  private func root(_ node: Int) -> Int { views.contains(node) ? root(graph.nodes[node].operands[0]) : node }

  /// The instructions for blocks of `count` rows, on a lane's memory.
  func code(rows count: Int, _ arena: Storage) -> Code {
    let code = Code()
    var local: [Int: Storage] = [:]
    func rowWindow(_ node: Int) -> Storage {
      if let window = local[node] { return window }
      // Rows of a whole value: a window that moves from block to block.
      let whole = windows[node]!
      let shape = Shape(unchecked: [count] + whole.shape.dropFirst())
      let window = Storage(movable: whole.dtype, shape: shape, strides: whole.strides)
      let step = (whole.strides?[0] ?? whole.shape.dropFirst().reduce(1, *)) * whole.dtype.byteCount
      code.place(Placement(window: window, source: whole, offset: 0, step: step))
      local[node] = window
      return window
    }
    for node in nodes {
      let operands = zip(graph.nodes[node].operands, rule(node).rowOperands).map { operand, goesByRow in
        AnyTensor(goesByRow ? rowWindow(operand) : windows[operand]!)
      }
      let primitive = graph.nodes[node].primitive!.onRows(count)
      let type = graph.nodes[node].type
      guard isOfPhase(node) else {
        let target = Storage(movable: type.dtype, shape: type.shape)
        code.reductionTargets.append(target)
        code.calls.append(primitive.prepared(Operands(operands), type, into: target))
        continue
      }
      if schedule.isMaterialized[node] {
        local[node] = rowWindow(node)
      } else if views.contains(node), let view = primitive.view(of: operands[0].storage) {
        // A last block of one row could be viewed where full ones cannot; its memory is assigned as for those.
        place(view, on: operands[0].storage, code)
        local[node] = view.window
        code.views.insert(node)
        continue
      }
      let blockType = TensorType(type.dtype, Shape(unchecked: [count] + type.shape.dropFirst()))
      let target = local[node] ?? Storage(movable: type.dtype, shape: blockType.shape)
      if local[node] == nil {
        target.move(to: arena.base + offsets[node, default: 0])
        local[node] = target
      }
      code.calls.append(primitive.prepared(Operands(operands), blockType, into: target))
    }
    return code
  }

  /// A view moves with what it looks at; views of the lane's own memory never move.
  private func place(_ view: (window: Storage, offset: Int), on operand: Storage, _ code: Code) {
    view.window.move(to: operand.base + view.offset)
    if let moving = code.placements.first(where: { $0.window === operand }) {
      code.place(
        Placement(
          window: view.window, source: moving.source, offset: moving.offset + view.offset, step: moving.step))
    } else if windows.contains(where: { $0 === operand }) {
      code.place(Placement(window: view.window, source: operand, offset: view.offset))
    }
  }
}
