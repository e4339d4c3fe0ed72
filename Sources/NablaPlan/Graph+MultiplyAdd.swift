import NablaAutodiff

extension Graph {
  /// With products made part of sums, where nothing else reads the product: one pass over memory instead of two. Roundings
  /// stay as they were. `areTogether` tells whether two nodes run at the same time; elsewhere the product, one value, would
  /// have to be kept as two.
  func withMultiplyAdds(where areTogether: (Int, Int) -> Bool) -> Graph {
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes.flatMap(\.operands) + outputs + assignments.map(\.node) { readers[node] += 1 }
    var graph = self
    for (index, node) in nodes.enumerated() {
      guard let (form, operands) = multiplyAdd(node, where: { readers[$0] == 1 && areTogether($0, index) }) else {
        continue
      }
      graph.nodes[index] = Node(origin: .operation(MultiplyAdd(form), operands), type: node.type)
    }
    return graph.withoutDeadNodes
  }

  /// What a node, a sum of a product that may be used up, is together with that.
  private func multiplyAdd(_ node: Node, where isFree: (Int) -> Bool) -> (MultiplyAdd.Form, [Int])? {
    guard case .operation(let sum, let terms) = node.origin, case .sum(let isDifference) = sum.rewrite,
      node.type.dtype.isFloatingPoint
    else { return nil }
    for (term, other) in [(0, 1), (1, 0)] where isFree(terms[term]) && nodes[terms[term]].type == node.type {
      guard case .operation(let product, let factors) = nodes[terms[term]].origin,
        case .multiplication = product.rewrite
      else { continue }
      let form: MultiplyAdd.Form = !isDifference ? .sum : term == 0 ? .minusAddend : .minusProduct
      return (form, [factors[0], factors[factors.count - 1], terms[other]])
    }
    return nil
  }
}
