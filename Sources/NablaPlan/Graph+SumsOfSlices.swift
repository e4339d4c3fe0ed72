import NablaAutodiff

extension Graph {
  /// With sums of values that are zeros but for some slices, as gradients of slices are, made one operation: one pass over
  /// memory instead of one for each. Terms are added in their order.
  var withSumsOfSlices: Graph {
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes.flatMap(\.operands) + outputs + assignments.map(\.node) { readers[node] += 1 }
    var graph = self
    // Of a term that others read too one slice is added once more: less than a pass over all.
    func isFree(_ term: Int, in node: Node) -> Bool {
      nodes[term].type == node.type && (readers[term] == 1 || graph.nodes[term].operands.count == 1)
    }
    for (index, node) in nodes.enumerated() {
      guard case .operation(let sum, let terms) = node.origin, case .sum(isDifference: false) = sum.rewrite,
        terms.count == 2, terms.allSatisfy({ isFree($0, in: node) }),
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
