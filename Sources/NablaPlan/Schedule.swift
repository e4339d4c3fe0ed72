import NablaAutodiff
import NablaTensor

/// When and how each node runs.
///
/// Time goes in steps: at even times nodes run whole, one after another; at odd times runs a *phase*, which goes through
/// the rows of large operands block by block. A node joins a phase if its primitive has a row rule for the number of
/// rows; what a phase reduces is known at the next even time.
struct Schedule {
  enum Kind {
    /// An argument, a variable, a constant, a number.
    case source
    /// Runs whole.
    case whole
    /// Runs on blocks of rows, in a phase.
    case rows(RowRule)
    /// Reduces over rows, in a phase.
    case reducing(RowRule)
  }

  /// The rows that phases go through; 0 where nothing is large enough.
  let rows: Int
  private(set) var kinds: [Kind] = []
  private(set) var times: [Int] = []
  /// Nodes whose rows must all be in memory: nodes of phases that others need whole, or in a later phase, and sources that
  /// others need whole.
  private(set) var isMaterialized: [Bool] = []

  private let options: PlanOptions

  init(_ graph: Graph, _ options: PlanOptions) {
    self.options = options
    rows = Self.rows(of: graph, options)
    isMaterialized = [Bool](repeating: false, count: graph.nodes.count)
    for node in graph.nodes.indices { place(node, graph) }
    for node in graph.outputs + graph.assignments.map(\.node) { materialize(node) }
  }

  /// The size of axis 0 that most elements share.
  private static func rows(of graph: Graph, _ options: PlanOptions) -> Int {
    var elements: [Int: Int] = [:]
    for node in graph.nodes {
      if let rows = node.type.shape.first, rows >= options.smallestRows {
        elements[rows, default: 0] += node.type.shape.elementCount
      }
    }
    guard let best = elements.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
      best.value >= options.smallestElements
    else {
      return 0
    }
    return best.key
  }

  private mutating func place(_ node: Int, _ graph: Graph) {
    let primitive: any Primitive
    let operands: [Int]
    switch graph.nodes[node].origin {
    case .operation(let operation, let inputs): (primitive, operands) = (operation, inputs)
    case .result(let number):  // when and how the operation runs
      kinds.append(kinds[node - number])
      times.append(times[node - number])
      return
    case .argument, .variable, .scalar, .constant:
      kinds.append(.source)
      times.append(0)
      return
    }
    guard let rule = rowRule(primitive, node, graph) else {
      kinds.append(.whole)
      times.append(operands.map { timeWhole($0) }.max() ?? 0)
      for operand in operands { materialize(operand) }
      return
    }
    // A row operand of the same phase is handed on; all else must be known before the phase begins.
    let phase = zip(operands, rule.rowOperands).map { operand, goesByRow in
      if goesByRow, case .rows = kinds[operand] { return times[operand] }
      return timeWhole(operand) + 1
    }.max()!
    for (operand, goesByRow) in zip(operands, rule.rowOperands) {
      // Phases read the rows of a source as they come.
      if goesByRow, case .source = kinds[operand] { continue }
      if !goesByRow || times[operand] != phase { materialize(operand) }
    }
    kinds.append(rule.isReducing ? .reducing(rule) : .rows(rule))
    times.append(phase)
  }

  /// The rule by which an operation joins a phase; nil where it runs whole.
  private func rowRule(_ primitive: any Primitive, _ node: Int, _ graph: Graph) -> RowRule? {
    if rows == 0 { return nil }
    let (operands, results) = graph.types(of: node)
    guard let rule = primitive.rowRule(operands.map(\.shape), results.all.map(\.shape), rows: rows) else { return nil }
    // A state is kept for each group of blocks.
    guard rule.isReducing else { return rule }
    guard let reduction = primitive.blockReduction(operands, results),
      reduction.stateByteCount <= options.largestPartial
    else { return nil }
    return rule
  }

  /// For each time, the nodes that run then, in order; sources are there from the start.
  var nodesByTime: [[Int]] {
    var nodes = [[Int]](repeating: [], count: 1 + (times.max() ?? 0))
    for (node, time) in times.enumerated() { nodes[time].append(node) }
    return nodes
  }

  /// The even time at which all of a node's value is in memory.
  private func timeWhole(_ node: Int) -> Int { times[node] + times[node] % 2 }

  private mutating func materialize(_ node: Int) {
    switch kinds[node] {
    case .rows, .source: isMaterialized[node] = true
    case .whole, .reducing: break
    }
  }

  /// Whether the new value of a variable, a node, may be written over the old one: an element is read for the last time
  /// when the element that replaces it is written.
  func canReplace(_ variable: Int, _ node: Int, _ graph: Graph, _ oldValues: OldValues) -> Bool {
    guard let old = oldValues.nodes[variable], !oldValues.areHandedOut[variable],
      graph.nodes[node].primitive?.traits.contains(.elementwise) ?? false,
      graph.nodes[old].type == graph.nodes[node].type
    else { return false }
    return oldValues.readers[variable].allSatisfy { reader in
      let operands = graph.nodes[reader].operands
      // A view of the old value might be read later.
      if graph.nodes[reader].primitive?.traits.contains(.view) ?? false { return false }
      if times[reader] != times[node] { return times[reader] < times[node] }
      switch (kinds[reader], kinds[node]) {
      case (.whole, .whole):  // in order
        return reader <= node
      case (.rows(let rule), .rows), (.reducing(let rule), .rows):  // in order within a block, if no other is needed
        return reader <= node && zip(operands, rule.rowOperands).allSatisfy { $0 != old || $1 }
      default:
        return false
      }
    }
  }
}

/// The values that variables have at the start of a run, by the variable.
struct OldValues {
  /// Their nodes, where they are read.
  private(set) var nodes: [Int?]
  /// The nodes that read them.
  private(set) var readers: [[Int]]
  /// Whether they are returned, or assigned to a variable.
  private(set) var areHandedOut: [Bool]

  init(_ graph: Graph) {
    nodes = [Int?](repeating: nil, count: graph.variables.count)
    readers = [[Int]](repeating: [], count: graph.variables.count)
    areHandedOut = [Bool](repeating: false, count: graph.variables.count)
    func variable(_ node: Int) -> Int? {
      if case .variable(let place) = graph.nodes[node].origin { place } else { nil }
    }
    for (node, entry) in graph.nodes.enumerated() {
      if let place = variable(node) { nodes[place] = node }
      for operand in entry.operands {
        if let place = variable(operand), readers[place].last != node { readers[place].append(node) }
      }
    }
    for node in graph.outputs + graph.assignments.map(\.node) {
      if let place = variable(node) { areHandedOut[place] = true }
    }
  }
}
