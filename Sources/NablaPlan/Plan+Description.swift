import NablaAutodiff
import NablaTensor

extension Plan {
  /// See ``CompiledFunction/plan``.
  var description: String {
    var lines = ["plan: \(graph.nodes.count) nodes, \(format(byteCount)) of buffers"]
    for turn in turns {
      switch turn {
      case .whole(let nodes, _): lines += describe(nodes)
      case .phase(let phase): lines += describe(phase)
      }
    }
    for (variable, _) in graph.assignments { lines.append("assign \(graph.variables[variable].name)") }
    return lines.joined(separator: "\n")
  }

  private func describe(_ nodes: [Int]) -> [String] {
    let calls = nodes.filter { !views.contains($0) }.map { node in
      let type = graph.nodes[node].type
      return "  \(name(graph.nodes[node].primitive!)) -> \(type.dtype) \(type.shape)"
    }
    return calls.isEmpty ? [] : ["whole:"] + calls
  }

  private func describe(_ phase: Phase) -> [String] {
    let inputs = Set(
      phase.nodes.flatMap { node in
        zip(graph.nodes[node].operands, rule(node).rowOperands).filter { $1 && !phase.nodes.contains($0) }.map(\.0)
      })
    let bytes = inputs.reduce(0) { $0 + graph.nodes[$1].type.shape.elementCount * graph.nodes[$1].type.dtype.byteCount }
    var lines = [
      "phase: \(phase.rows) rows in \(phase.blockCount) blocks of \(phase.blockRows), "
        + "\(phase.groupCount) groups, \(Parallel.threadCount) threads; one pass over \(inputs.count) row operands, "
        + "\(format(bytes))"
    ]
    for node in phase.nodes {
      let type = graph.nodes[node].type
      var line = "  \(name(graph.nodes[node].primitive!)) -> \(type.dtype) \(type.shape)"
      if case .reducing = schedule.kinds[node] { line += ", reduced over rows" }
      if schedule.isMaterialized[node] { line += ", kept" }
      lines.append(line)
    }
    return lines
  }

  private func rule(_ node: Int) -> RowRule {
    switch schedule.kinds[node] {
    case .rows(let rule), .reducing(let rule): rule
    default: .none
    }
  }

  private func name(_ primitive: any Primitive) -> String { type(of: primitive).name }

  private func format(_ bytes: Int) -> String {
    bytes < 1 << 20 ? "\(bytes) bytes" : "\((bytes * 10 + (1 << 19)) >> 20 / 10) MiB"
  }
}
