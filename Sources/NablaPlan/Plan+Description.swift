import NablaAutodiff
import NablaTensor

/// What a plan does, in lines: a summary, the inputs with the passes over each, then what happens step by step.
///
/// Bytes and operations are estimates from shapes. Bytes are those that come from memory or reach it: what is handed from
/// one operation of a fused group to the next stays in the cache.
extension Plan {
  var description: String {
    let lines = ["plan: \(graph.nodes.count) nodes, \(format(byteCount, "B")) of buffers; a call \(format(cost))"]
    let assignments = graph.assignments.map { "assign \(graph.variables[$0.variable].name)" }
    return (lines + inputs + steps.flatMap(describe) + assignments).joined(separator: "\n")
  }

  /// A line for each argument, variable and constant.
  private var inputs: [String] {
    graph.nodes.indices.compactMap { node in
      let what: String
      switch graph.nodes[node].origin {
      case .argument(let position): what = "argument \(position)"
      case .variable(let place): what = graph.variables[place].name
      case .constant(let value) where value.count > 1: what = "constant"
      case .constant, .scalar, .operation, .result: return nil
      }
      let passes = passes(over: node)
      return "input: \(what), \(type(node)), \(format(bytes(node), "B")), \(passes) \(passes == 1 ? "pass" : "passes")"
    }
  }

  private func describe(_ step: Step) -> [String] {
    switch step {
    case .whole(let nodes, _):
      let calls = nodes.filter { !views.contains($0) }
      if calls.isEmpty { return [] }
      return ["whole: \(format(cost(of: step)))"] + calls.map { "  \(name($0)) -> \(type($0))" }
    case .phase(let phase):
      return [
        "phase: \(phase.rows) rows in \(phase.blockCount) blocks of \(phase.blockRows), \(phase.groupCount) groups, "
          + "\(Parallel.threadCount) threads; one pass over \(rowInlets(phase).count) row operands; "
          + "\(format(phase.byteCount, "B")) of buffers; \(format(cost(of: step)))"
      ] + fusedGroups(phase).flatMap { ["  fused:"] + $0.map { "    \(describe($0))" } }
    }
  }

  /// The nodes of a phase that hand rows to each other in the cache, in order.
  private func fusedGroups(_ phase: Phase) -> [[Int]] {
    var groups: [[Int]] = []
    for node in phase.nodes {
      let operands = graph.nodes[node].operands
      let (joined, others) = (
        groups.filter { $0.contains(where: operands.contains) },
        groups.filter { !$0.contains(where: operands.contains) }
      )
      groups = others + [joined.flatMap { $0 } + [node]]
    }
    return groups.map { $0.sorted() }.sorted { $0[0] < $1[0] }
  }

  private func describe(_ node: Int) -> String {
    var line = "\(name(node)) -> \(type(node))"
    if case .reducing = schedule.kinds[node] { line += ", reduced over rows" }
    if schedule.isMaterialized[node] { line += ", kept" }
    return line
  }

  private func type(_ node: Int) -> String { "\(graph.nodes[node].type.dtype) \(graph.nodes[node].type.shape)" }

  private func name(_ node: Int) -> String {
    let number = graph.nodes[node].resultNumber
    let name = graph.nodes[node - number].primitive!.name
    return number == 0 ? name : "\(name), result \(number)"
  }

  private func format(_ cost: PlanCost) -> String {
    "reads \(format(cost.read, "B")), writes \(format(cost.written, "B")), \(format(cost.operations, "FLOP"))"
  }

  /// A count with at most four digits: 17 B, 1.2 kB, 25.6 MB.
  private func format(_ count: Int, _ unit: String) -> String {
    if count < 1000 { return "\(count) \(unit)" }
    var (tenths, prefix) = ((count + 50) / 100, 0)
    while tenths >= 10_000 { (tenths, prefix) = ((tenths + 500) / 1000, prefix + 1) }
    let digits = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    return "\(digits) \(["k", "M", "G", "T", "P", "E"][prefix])\(unit)"
  }
}
