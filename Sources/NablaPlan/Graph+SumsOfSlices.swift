import NablaAutodiff

extension Graph {
  /// With sums of values that are zeros but for some slices, as gradients of slices are, made one operation: one pass over
  /// memory instead of one for each. Terms are added in their order.
  var withSumsOfSlices: Graph {
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes.flatMap(\.operands) + outputs + assignments.map(\.node) { readers[node] += 1 }
    var graph = self
    for (index, node) in nodes.enumerated() {
      guard case .operation(let sum, let terms) = node.origin, case .sum(isDifference: false) = sum.rewrite,
        terms.count == 2, terms.allSatisfy({ readers[$0] == 1 && nodes[$0].type == node.type }),
        case .operation(let first, let left) = graph.nodes[terms[0]].origin,
        case .sumOfSlices(let joined) = first.rewrite,
        case .operation(let second, let right) = graph.nodes[terms[1]].origin,
        case .sumOfSlices = second.rewrite, let both = joined(second)
      else { continue }
      graph.nodes[index] = Node(origin: .operation(both, left + right), type: node.type)
    }
    return graph.withoutDeadNodes
  }
}
