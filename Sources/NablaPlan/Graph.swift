import NablaAutodiff
import NablaTensor

/// What a compiled function computes: operations on arguments, variables and constants, in an order that respects
/// dependences.
struct Graph {
  /// Where the value of a node comes from.
  enum Origin {
    /// An argument of the function, by position.
    case argument(Int)
    /// The value that a variable has at the start of a run.
    case variable(Int)
    /// A number that is asked for at each run.
    case scalar(Int)
    case constant(AnyTensor)
    /// The first result of an operation. The nodes of its other results follow at once.
    case operation(any Primitive, [Int])
    /// Another result of an operation: the number of the result, behind the operation's node by as much.
    case result(Int)
  }

  struct Node {
    let origin: Origin
    let type: TensorType

    /// The nodes that this one is computed from.
    var operands: [Int] { if case .operation(_, let operands) = origin { operands } else { [] } }
    /// Which of an operation's results this is; 0 for all that are no operation's.
    var resultNumber: Int { if case .result(let number) = origin { number } else { 0 } }
    var primitive: (any Primitive)? { if case .operation(let primitive, _) = origin { primitive } else { nil } }
  }

  var nodes: [Node] = []
  var variables: [AnyVariable] = []
  // An array of closures would keep each in a general form, which is called through two others.
  struct Scalar { let value: () -> Double }
  struct Action { let body: () -> Void }
  var scalars: [Scalar] = []
  var afterRun: [Action] = []
  /// The nodes that the function returns.
  var outputs: [Int] = []
  /// The new values of variables.
  var assignments: [(variable: Int, node: Int)] = []

  /// The node of the operation that a node is a result of.
  func operation(of node: Int) -> Int { node - nodes[node].resultNumber }

  /// The nodes of the results of an operation.
  func results(of operation: Int) -> Range<Int> {
    var end = operation + 1
    while end < nodes.count && nodes[end].resultNumber > 0 { end += 1 }
    return operation..<end
  }

  /// The types of the operands and of the results of an operation.
  func types(of operation: Int) -> (operands: [TensorType], results: ResultTypes) {
    (nodes[operation].operands.map { nodes[$0].type }, ResultTypes(results(of: operation).map { nodes[$0].type }))
  }

  /// Without the nodes that neither an output nor an assignment needs.
  var withoutDeadNodes: Graph {
    var isLive = [Bool](repeating: false, count: nodes.count)
    var pending = outputs + assignments.map(\.node)
    while let node = pending.popLast() {
      let operation = operation(of: node)
      if isLive[operation] { continue }
      // The kernel writes all results: those that no one reads live on with the others.
      for result in results(of: operation) { isLive[result] = true }
      pending += nodes[operation].operands
    }
    // Arguments stay, so that positions remain those of the call.
    for (index, node) in nodes.enumerated() { if case .argument = node.origin { isLive[index] = true } }
    var renamed = [Int](repeating: -1, count: nodes.count)
    var graph = self
    graph.nodes = []
    for (index, node) in nodes.enumerated() where isLive[index] {
      renamed[index] = graph.nodes.count
      if case .operation(let primitive, let operands) = node.origin {
        graph.nodes.append(Node(origin: .operation(primitive, operands.map { renamed[$0] }), type: node.type))
      } else {
        graph.nodes.append(node)
      }
    }
    graph.outputs = outputs.map { renamed[$0] }
    graph.assignments = assignments.map { ($0.variable, renamed[$0.node]) }
    return graph
  }
}
