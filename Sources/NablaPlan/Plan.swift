import CKernels
import NablaAutodiff
import NablaTensor

/// A graph made ready to run: memory assigned, calls prepared. A plan serves one call at a time.
@usableFromInline
final class Plan {
  let graph: Graph
  let schedule: Schedule
  /// What happens at each step.
  enum Step {
    /// Nodes that run whole, one after another, and their calls.
    case whole(nodes: [Int], calls: Range<Int>)
    case phase(Phase)
  }
  private(set) var steps: [Step] = []
  private let options: PlanOptions
  private let program = Program()

  /// The views of whole values, by node.
  private var wholeViews: [Storage?]
  /// Nodes that are views of another one's memory.
  private(set) var views: Set<Int> = []
  /// Memory that belongs to the plan: for values, and for the numbers that are asked for at each run, by node.
  private var buffers: [Storage] = []
  private var numbers: [Int: Storage] = [:]

  private var parts = Execution.Parts()
  // Set at the end of `init`, and not changed after that.
  private var execution: Execution!

  init(_ graph: Graph, _ options: PlanOptions = PlanOptions()) {
    self.options = options
    let joined = graph.withSumsOfSlices
    let first = Schedule(joined, options)
    let graph = joined.withMultiplyAdds { first.times[$0] == first.times[$1] }
    self.graph = graph
    let schedule = Schedule(graph, options)
    self.schedule = schedule
    wholeViews = [Storage?](repeating: nil, count: graph.nodes.count)
    for (time, nodes) in schedule.nodesByTime.enumerated() where !nodes.isEmpty {
      time % 2 == 0 ? addWhole(nodes) : addPhase(nodes)
    }
    assignMemory()
    findInlets()
    program.seal()
    parts.steps = steps.map { step in
      switch step {
      case .whole(_, let calls): .calls(calls)
      case .phase(let phase): .phase(Unmanaged.passUnretained(phase))
      }
    }
    parts.owners = graph.variables + wholeViews.compactMap { $0 }
    execution = Execution(
      parts, program, options, canThrow: graph.nodes.contains { $0.primitive?.canThrow ?? false },
      afterRun: graph.afterRun)
  }

  private func findInlets() {
    var inPlace: [UnsafeMutableRawPointer: Int] = [:]
    for (index, update) in parts.updates.enumerated() where update.kind == .inPlace {
      inPlace[update.variable.toOpaque()] = index
    }
    for (node, entry) in graph.nodes.enumerated() {
      switch entry.origin {
      case .argument(let position):
        let isNeededWhole = schedule.isMaterialized[node]
        parts.arguments.append(
          Execution.Argument(
            position: position, slot: program.slot(of: wholeViews[node]!), isNeededWhole: isNeededWhole))
      case .variable(let place):
        let (variable, slot) = (Unmanaged.passUnretained(graph.variables[place]), program.slot(of: wholeViews[node]!))
        if let update = inPlace[variable.toOpaque()] {
          parts.replacements.append(Execution.Replacement(update: update, variable: variable, slot: slot))
        } else {
          parts.variables.append(Execution.Reading(variable: variable, slot: slot))
        }
      case .scalar(let place):
        parts.numbers.append(Execution.Number(graph.scalars[place].value, into: AnyTensor(numbers[node]!)))
      case .constant, .operation, .result: break
      }
    }
  }

  // MARK: Making

  /// Adds the nodes of an even time.
  private func addWhole(_ nodes: [Int]) {
    var whole: [Int] = []
    let first = program.callCount
    for node in nodes {
      if case .source = schedule.kinds[node] {
        addSource(node)
      } else {
        addWhole(node)
        whole.append(node)
      }
    }
    if !whole.isEmpty { steps.append(.whole(nodes: whole, calls: first..<program.callCount)) }
  }

  private func addSource(_ node: Int) {
    let type = graph.nodes[node].type
    if case .constant(let value) = graph.nodes[node].origin {
      setView(node, value.storage)
    } else {
      setView(node, Storage(movable: type.dtype, shape: type.shape))
    }
  }

  private func setView(_ node: Int, _ view: Storage) {
    wholeViews[node] = view
    program.slot(of: view)
  }

  private func addWhole(_ node: Int) {
    guard let primitive = graph.nodes[node].primitive else { return }  // another result: the operation writes it
    let operands = graph.nodes[node].operands.map { AnyTensor(wholeViews[$0]!) }
    if let view = primitive.view(of: operands[0].storage) {
      setView(node, view.view)
      views.insert(node)
      program.place(view.view, on: operands[0].storage, offset: view.offset)
    } else {
      let results = graph.results(of: node)
      let targets = results.map { Storage(movable: graph.nodes[$0].type.dtype, shape: graph.nodes[$0].type.shape) }
      for (result, target) in zip(results, targets) { setView(result, target) }
      program.append(primitive.prepared(Operands(operands), graph.types(of: node).results, into: targets))
    }
  }

  /// Adds the nodes of an odd time.
  private func addPhase(_ nodes: [Int]) {
    for node in nodes {
      if case .rows = schedule.kinds[node], !schedule.isMaterialized[node] { continue }
      let type = graph.nodes[node].type
      setView(node, Storage(movable: type.dtype, shape: type.shape))
    }
    steps.append(.phase(Phase(PhaseBuilder(graph, schedule, nodes, wholeViews, options, program), program)))
  }

  /// Whether a node's value lies in memory of its own.
  private func ownsMemory(_ node: Int) -> Bool {
    switch schedule.kinds[node] {
    case .source: false
    case .rows: schedule.isMaterialized[node]
    case .reducing: true
    case .whole: !views.contains(node)
    }
  }

  private func assignMemory() {
    // What the caller receives, and what variables take, is written to memory of its own at each run.
    var handed: Set<Int> = []
    for node in graph.outputs {
      let view = wholeViews[node]!
      let isFresh = ownsMemory(node) && handed.insert(node).inserted
      parts.outputs.append(
        Execution.Output(view: Unmanaged.passUnretained(view), slot: program.slot(of: view), isFresh: isFresh))
    }
    let oldValues = OldValues(graph)
    for (place, node) in graph.assignments {
      let view = wholeViews[node]!
      let isFresh = ownsMemory(node) && handed.insert(node).inserted
      let kind: Execution.Update.Kind =
        !isFresh ? .copied : schedule.canReplace(place, node, graph, oldValues) ? .inPlace : .exchanged
      parts.updates.append(
        Execution.Update(
          variable: Unmanaged.passUnretained(graph.variables[place]), view: Unmanaged.passUnretained(view),
          slot: program.slot(of: view), kind: kind))
    }
    for (node, entry) in graph.nodes.enumerated() {
      guard case .scalar = entry.origin else { continue }
      numbers[node] = Storage(dtype: entry.type.dtype, shape: entry.type.shape)
      wholeViews[node]!.move(to: numbers[node]!.base)
    }
    let plan = BufferPlan(lifetimes(of: graph.nodes.indices.filter { !handed.contains($0) && ownsMemory($0) }))
    buffers = plan.byteCounts.map { Storage(dtype: .uint8, shape: [$0]) }
    for (node, buffer) in plan.buffers { wholeViews[node]!.move(to: buffers[buffer].base) }
  }

  /// From when to when the values of nodes are needed. A phase is one step, and so is each node that runs whole.
  private func lifetimes(of nodes: [Int]) -> [BufferPlan.Value] {
    var step = [Int](repeating: 0, count: graph.nodes.count)
    var now = 0
    for this in steps {
      switch this {
      case .whole(let nodes, _):
        for node in nodes {
          if graph.nodes[node].resultNumber == 0 { now += 1 }  // an operation writes all its results
          step[node] = now
        }
      case .phase(let phase):
        now += 1
        for node in phase.nodes { step[node] = now }
      }
    }
    var death = step
    // Backwards, so that what a view's readers need reaches the node that it is a view of.
    for node in graph.nodes.indices.reversed() {
      for operand in graph.nodes[node].operands {
        death[operand] = max(death[operand], step[node], views.contains(node) ? death[node] : 0)
      }
    }
    // What is copied out at the end of a run.
    for node in graph.outputs + graph.assignments.map(\.node) { keep(node, until: now + 1, &death) }
    return nodes.map { node in
      let type = graph.nodes[node].type
      let bytes = (max(1, type.shape.elementCount * type.dtype.byteCount) + 63) / 64 * 64
      return BufferPlan.Value(node: node, byteCount: bytes, birth: step[node], death: death[node])
    }
  }

  /// Lets a value, and what it is a view of, live on.
  private func keep(_ node: Int, until step: Int, _ death: inout [Int]) {
    var node = node
    // Where one lives so long already, so does what it is a view of.
    while death[node] < step {
      death[node] = step
      if views.contains(node) { node = graph.nodes[node].operands[0] }
    }
  }

  /// Bytes of the memory that belongs to the plan.
  var byteCount: Int {
    buffers.reduce(execution.spareBytes + program.byteCount) { $0 + $1.count }
      + steps.reduce(0) { if case .phase(let phase) = $1 { $0 + phase.byteCount } else { $0 } }
  }

  /// Runs on arguments, and adds the results to an empty list.
  /// - Returns: what a kernel threw because of the numbers; nothing has changed then.
  func run(
    _ arguments: UnsafeMutablePointer<TensorList>, _ results: UnsafeMutablePointer<TensorList>,
    sameArguments: Bool = false
  ) -> (any Error)? {
    execution.run(arguments, results, sameArguments: sameArguments)
  }
}
