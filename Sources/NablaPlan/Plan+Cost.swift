import NablaAutodiff
import NablaTensor

/// What a plan, or a step of it, takes: an estimate from shapes.
struct PlanCost: Equatable {
  /// Bytes of operands that come from memory.
  var read = 0
  /// Bytes of values that reach memory.
  var written = 0
  /// Arithmetic operations; see ``NablaAutodiff/Primitive/operationCount(_:_:)``.
  var operations = 0

  static func += (a: inout PlanCost, b: PlanCost) {
    a.read += b.read
    a.written += b.written
    a.operations += b.operations
  }
}

extension Plan {
  /// The estimate for one call.
  var cost: PlanCost { steps.reduce(into: PlanCost()) { $0 += cost(of: $1) } }

  /// The estimate for a step: operands of a phase are read once, whatever number of its operations take them, and its
  /// values stay in the cache unless others need them.
  func cost(of step: Step) -> PlanCost {
    var cost = PlanCost()
    switch step {
    case .whole(let nodes, _):
      for node in nodes where !views.contains(node) {
        cost.read += Set(graph.nodes[node].operands.map(root)).reduce(0) { $0 + bytes($1) }
        cost.written += bytes(node)
        cost.operations += operationCount(node)
      }
    case .phase(let phase):
      cost.read = inlets(phase).reduce(0) { $0 + bytes($1) }
      cost.written = phase.nodes.filter { reachesMemory($0) }.reduce(0) { $0 + bytes($1) }
      cost.operations = phase.nodes.reduce(0) { $0 + operationCount($1) }
    }
    return cost
  }

  /// The values from outside of a phase that it reads: by row, and those that it needs whole.
  func inlets(_ phase: Phase) -> Set<Int> {
    let own = Set(phase.nodes)
    return Set(phase.nodes.flatMap { graph.nodes[$0].operands }.filter { !own.contains($0) }.map(root))
  }

  /// The inlets of a phase that go by row.
  func rowInlets(_ phase: Phase) -> Set<Int> {
    let own = Set(phase.nodes)
    let operands = phase.nodes.flatMap { node in
      zip(graph.nodes[node].operands, rule(node).rowOperands).filter(\.1).map(\.0)
    }
    return Set(operands.filter { !own.contains($0) })
  }

  /// How often a call reads a value from memory: once for each phase, and each operation that runs whole.
  func passes(over value: Int) -> Int {
    steps.reduce(0) { count, step in
      switch step {
      case .whole(let nodes, _):
        count + nodes.filter { !views.contains($0) && graph.nodes[$0].operands.map(root).contains(value) }.count
      case .phase(let phase): count + (inlets(phase).contains(value) ? 1 : 0)
      }
    }
  }

  /// Whether a node of a phase writes its value to memory.
  func reachesMemory(_ node: Int) -> Bool {
    if case .reducing = schedule.kinds[node] { true } else { schedule.isMaterialized[node] }
  }

  /// The node of whose memory a view is one.
  private func root(_ node: Int) -> Int {
    var node = node
    while views.contains(node) { node = graph.nodes[node].operands[0] }
    return node
  }

  /// The bytes of a value in memory. A constant that is the same everywhere is one element there.
  func bytes(_ node: Int) -> Int {
    let type = graph.nodes[node].type
    if case .constant(let value) = graph.nodes[node].origin, value.storage.isUniform { return type.dtype.byteCount }
    return type.shape.elementCount * type.dtype.byteCount
  }

  private func operationCount(_ node: Int) -> Int {
    guard let primitive = graph.nodes[node].primitive else { return 0 }  // another result: the operation counts
    let (operands, results) = graph.types(of: node)
    return primitive.operationCount(operands.map(\.shape), results.all.map(\.shape))
  }

  func rule(_ node: Int) -> RowRule {
    switch schedule.kinds[node] {
    case .rows(let rule), .reducing(let rule): rule
    case .source, .whole: .none
    }
  }
}
