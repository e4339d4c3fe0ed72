import NablaAutodiff
import NablaTensor

/// Builds the graph of a function while it runs once on symbolic values.
///
/// Operations whose operands are all known are computed on the spot (constants fold by themselves), an operation that
/// is there already is found again (common subexpressions), and a few are rewritten on the way in, see `simplified`.
@usableFromInline
final class FunctionTracer: Tracer {
  private(set) var graph = Graph()
  /// The node that holds a variable's value at this point, by the variable's place.
  private var latest: [Int] = []
  private var places: [ObjectIdentifier: Int] = [:]
  private var isAssigned: [Bool] = []
  private var constants: [UInt64: Int] = [:]
  private var afterRunCounts: [ObjectIdentifier: Int] = [:]
  /// The elements of constants that are the same everywhere, by the constant's node.
  private var elements: [Int: Int] = [:]
  private var known: [Key: Int] = [:]

  private struct Key: Hashable {
    let primitive: AnyHashable
    let operands: [Int]
  }

  // MARK: Sources

  private func append(_ origin: Graph.Origin, _ type: TensorType) -> Int {
    graph.nodes.append(Graph.Node(origin: origin, type: type))
    return graph.nodes.count - 1
  }

  func argument(_ position: Int, _ type: TensorType) -> AnyTensor { symbol(append(.argument(position), type)) }

  private func symbol(_ node: Int) -> AnyTensor {
    let type = graph.nodes[node].type
    return AnyTensor(Storage(.symbolic(node: number << 32 | node), dtype: type.dtype, shape: type.shape))
  }

  /// The node of a value, which may be a constant.
  private func node(_ x: AnyTensor) -> Int {
    if let node = x.node, node >> 32 == number { return node & 0xffff_ffff }
    if !x.hasMemory {
      fail("compiled", "a value of shape \(x.shape) that is returned or assigned does not belong to this function")
    }
    if let node = constants[x.identity] { return node }
    let node = append(.constant(x), TensorType(x.dtype, x.shape))
    constants[x.identity] = node
    return node
  }

  private func place(of variable: AnyVariable) -> Int {
    if let place = places[ObjectIdentifier(variable)] { return place }
    let place = graph.variables.count
    places[ObjectIdentifier(variable)] = place
    graph.variables.append(variable)
    isAssigned.append(false)
    latest.append(append(.variable(place), TensorType(variable.dtype, variable.shape)))
    return place
  }

  override func read(_ variable: AnyVariable) -> AnyTensor { symbol(latest[place(of: variable)]) }

  override func assign(_ variable: AnyVariable, _ value: AnyTensor) {
    let place = place(of: variable)
    latest[place] = node(value)
    isAssigned[place] = true
  }

  override func scalar(_ dtype: DType, _ number: @escaping () -> Double) -> AnyTensor {
    graph.scalars.append(Graph.Scalar(value: number))
    return symbol(append(.scalar(graph.scalars.count - 1), TensorType(dtype, .scalar)))
  }

  override func afterRun(_ owner: AnyObject, _ body: @escaping () -> Void) {
    graph.afterRun.append(Graph.Action(body: body))
    afterRunCounts[ObjectIdentifier(owner), default: 0] += 1
  }
  override func countAfterRun(_ owner: AnyObject) -> Int { afterRunCounts[ObjectIdentifier(owner), default: 0] }

  /// Runs the function on symbols.
  @usableFromInline
  func trace<Result>(_ body: () -> Result) -> Result { run(body) }

  /// The finished graph.
  func finish(_ outputs: [AnyTensor]) -> Graph {
    graph.outputs = outputs.map(node)
    graph.assignments = isAssigned.indices.filter { isAssigned[$0] }.map { ($0, latest[$0]) }
    return graph.withoutDeadNodes
  }

  // MARK: Operations

  override func evaluate<P: Primitive>(_ primitive: P, _ x: Operands, _ types: ResultTypes) -> ResultTensors {
    let operands = x.all
    // What may fail because of the numbers fails at the run, never here.
    if primitive.isPure && !primitive.canThrow && operands.allSatisfy({ $0.node == nil }) {
      return folded(primitive, x, types)
    }
    let first = add(primitive, operands.map(node), types)
    return ResultTensors((first..<first + types.count).map(symbol))
  }

  /// The results of an operation whose operands are all known.
  private func folded(_ primitive: any Primitive, _ x: Operands, _ types: ResultTypes) -> ResultTensors {
    if let value = uniformResult(primitive, x.all, types) { return ResultTensors(value) }
    do { return try primitive.results(x, types) } catch { fatalError("Nabla: \(primitive.name) cannot throw, but did") }
  }

  /// The result of an element-wise operation on constants that are the same everywhere, such as the gradient of a sum:
  /// one element, repeated.
  private func uniformResult(_ primitive: any Primitive, _ operands: [AnyTensor], _ types: ResultTypes) -> AnyTensor? {
    let type = types.first
    guard primitive.traits.contains(.elementwise), type.shape.elementCount > 1,
      operands.allSatisfy(\.storage.isUniform)
    else { return nil }
    let elements = Operands(operands.map { $0.view(.scalar, []) })
    let value = try? primitive.results(elements, ResultTypes(TensorType(type.dtype, .scalar)))
    return value?.first.view(broadcastTo: type.shape)
  }

  /// The node of the first result of an operation; those of the others follow it.
  private func add(_ primitive: any Primitive, _ operands: [Int], _ types: ResultTypes) -> Int {
    if types.count == 1, let node = simplified(primitive, operands, types.first) { return node }
    let key = Key(primitive: AnyHashable(primitive), operands: operands)
    if primitive.isPure, let node = known[key] { return node }
    let node = append(.operation(primitive, operands), types.first)
    for number in 1..<max(1, types.count) { _ = append(.result(number), types[number]) }
    if primitive.isPure { known[key] = node }
    return node
  }

  private func add(_ primitive: any Primitive, _ operands: [Int], _ type: TensorType) -> Int {
    add(primitive, operands, ResultTypes(type))
  }

  /// The node that does the same with less: one that exists, or another operation.
  private func simplified(_ primitive: any Primitive, _ operands: [Int], _ type: TensorType) -> Int? {
    if operands.isEmpty { return nil }
    let before = graph.nodes[operands[0]]
    switch primitive.rewrite {
    case .identity:
      return operands[0]
    case .reshape where before.type == type:
      return operands[0]
    case .reshape:
      // A reshape of a reshape is one of the original.
      guard case .operation(let inner, let source) = before.origin, case .reshape = inner.rewrite else { return nil }
      return add(primitive, source, type)
    case .product(let build):
      return transposedProduct(build, operands, type)
    case .multiplication:
      if let one = operands.first(where: isOne), let other = operands.first(where: { $0 != one }),
        graph.nodes[other].type == type
      {
        return other
      }
      return withoutBroadcasts(primitive, operands, type)
    case .none, .sum:
      return primitive.traits.contains(.elementwise) ? withoutBroadcasts(primitive, operands, type) : nil
    case .broadcast, .transpose, .sumOfSlices:
      return nil
    }
  }

  /// Whether a node is a constant in which every element is 1.
  private func isOne(_ node: Int) -> Bool { uniformValue(node) == 1 }

  /// The one value of a constant whose elements are all the same memory.
  private func uniformValue(_ node: Int) -> Double? {
    guard case .constant(let value) = graph.nodes[node].origin, value.dtype.isFloatingPoint, value.count > 0,
      value.count == 1 || value.resolvedStrides.allSatisfy({ $0 == 0 })
    else { return nil }
    return value.scalarAsDouble
  }

  /// Element-wise operations repeat their operands themselves: a broadcast before them, of a node or of a constant, is
  /// dropped where another operand still gives the shape.
  private func withoutBroadcasts(_ primitive: any Primitive, _ operands: [Int], _ type: TensorType) -> Int? {
    var shorter = operands
    for index in operands.indices {
      guard let source = broadcastSource(operands[index]) else { continue }
      var candidate = shorter
      candidate[index] = source
      let shapes = candidate.map { graph.nodes[$0].type.shape }
      let common = shapes.dropFirst().reduce(Optional(shapes[0])) { $0?.broadcast(with: $1) }
      if common == type.shape { shorter = candidate }
    }
    return shorter == operands ? nil : add(primitive, shorter, type)
  }

  /// What a node repeats: the operand of a broadcast, or the one element of a constant that is the same everywhere, as
  /// the gradient of a mean is.
  private func broadcastSource(_ node: Int) -> Int? {
    switch graph.nodes[node].origin {
    case .operation(let primitive, let operands):
      if case .broadcast = primitive.rewrite { return operands[0] }
      return nil
    case .constant(let value):
      guard value.count > 1, value.resolvedStrides.allSatisfy({ $0 == 0 }) else { return nil }
      if let element = elements[node] { return element }
      let element = self.node(value.view(.scalar, []))
      elements[node] = element
      return element
    case .argument, .variable, .scalar, .result:
      return nil
    }
  }

  /// Transposes before a matrix product become its flags.
  private func transposedProduct(
    _ build: (_ transposesLeft: Bool, _ transposesRight: Bool) -> any Primitive, _ operands: [Int], _ type: TensorType
  ) -> Int? {
    func untransposed(_ node: Int) -> Int? {
      guard case .operation(let inner, let source) = graph.nodes[node].origin,
        case .transpose(let permutation) = inner.rewrite
      else { return nil }
      let rank = permutation.count
      let exchanged = Array(0..<rank - 2) + [rank - 1, rank - 2]
      return permutation == exchanged ? source[0] : nil
    }
    let (left, right) = (untransposed(operands[0]), untransposed(operands[1]))
    if left == nil && right == nil { return nil }
    return add(build(left != nil, right != nil), [left ?? operands[0], right ?? operands[1]], type)
  }
}
