import NablaAutodiff
import NablaTensor

/// A graph made ready to run: memory assigned, calls prepared. A plan serves one call at a time.
final class Plan {
  let graph: Graph
  let schedule: Schedule
  /// What happens at each turn.
  enum Turn {
    case whole([Step])
    case phase(Phase)
  }
  enum Step {
    case call(Instruction)
    case look(Placement)
  }
  private(set) var turns: [Turn] = []
  private let options: PlanOptions

  /// The windows on whole values, by node.
  private(set) var windows: [Storage?]
  /// Memory that belongs to the plan, by node.
  private var memory: [Storage?]
  /// For each assignment: memory for the next value, which the variable takes at the end of a run.
  private var spares: [Storage?]
  private var outputs: [(node: Int, isFresh: Bool)] = []

  // What a run sets before it starts.
  private var argumentWindows: [(position: Int, window: Storage)] = []
  private var variableWindows: [(variable: AnyVariable, window: Storage)] = []
  private var numbers: [(number: () -> Double, target: AnyTensor)] = []
  /// The calls of each turn, as bare closures.
  private var calls: [() -> Void] = []

  init(_ graph: Graph, _ options: PlanOptions = PlanOptions()) {
    self.options = options
    self.graph = graph
    let schedule = Schedule(graph, options)
    self.schedule = schedule
    windows = [Storage?](repeating: nil, count: graph.nodes.count)
    memory = windows
    spares = graph.assignments.map { _ in nil }
    let last = schedule.times.max() ?? 0
    for time in 0...(last + last % 2) {
      time % 2 == 0 ? addWhole(at: time) : addPhase(at: time)
    }
    assignMemory()
    findInlets()
    for turn in turns {
      switch turn {
      case .phase(let phase): calls.append { phase.run() }
      case .whole(let steps):
        for step in steps {
          switch step {
          case .call(let instruction): calls.append(instruction.run)
          case .look(let placement): calls.append { placement.run() }
          }
        }
      }
    }
  }

  private func findInlets() {
    for (node, entry) in graph.nodes.enumerated() {
      switch entry.origin {
      case .argument(let position): argumentWindows.append((position, windows[node]!))
      case .variable(let place): variableWindows.append((graph.variables[place], windows[node]!))
      case .scalar(let place): numbers.append((graph.scalars[place], AnyTensor(memory[node]!)))
      case .constant, .operation: break
      }
    }
  }

  // MARK: Making

  private func addWhole(at time: Int) {
    var steps: [Step] = []
    for node in graph.nodes.indices {
      switch schedule.kinds[node] {
      case .source where time == 0: addSource(node)
      case .whole where schedule.times[node] == time: steps.append(step(node))
      default: break
      }
    }
    if !steps.isEmpty { turns.append(.whole(steps)) }
  }

  private func addSource(_ node: Int) {
    let type = graph.nodes[node].type
    if case .constant(let value) = graph.nodes[node].origin {
      windows[node] = value.storage
    } else {
      windows[node] = Storage(movable: type.dtype, shape: type.shape)
    }
  }

  private func step(_ node: Int) -> Step {
    let operands = graph.nodes[node].operands.map { AnyTensor(windows[$0]!) }
    let primitive = graph.nodes[node].primitive!
    let type = graph.nodes[node].type
    if let view = primitive.view(of: operands[0].storage) {
      windows[node] = view.window
      return .look(Placement(window: view.window, source: operands[0].storage, offset: view.offset))
    }
    let target = Storage(movable: type.dtype, shape: type.shape)
    windows[node] = target
    return .call(Instruction(primitive: primitive, operands: Operands(operands), type: type, target: target))
  }

  private func addPhase(at time: Int) {
    let nodes = graph.nodes.indices.filter { node in
      switch schedule.kinds[node] {
      case .rows, .reducing: schedule.times[node] == time
      default: false
      }
    }
    guard !nodes.isEmpty else { return }
    for node in nodes {
      if case .rows = schedule.kinds[node], !schedule.isMaterialized[node] { continue }
      let type = graph.nodes[node].type
      windows[node] = Storage(movable: type.dtype, shape: type.shape)
    }
    turns.append(.phase(Phase(PhaseBuilder(graph, schedule, nodes, windows, options))))
  }

  /// Whether a node's value lies in memory of its own.
  private func ownsMemory(_ node: Int) -> Bool {
    switch schedule.kinds[node] {
    case .source: return false
    case .rows: return schedule.isMaterialized[node]
    case .reducing: return true
    case .whole:
      for case .whole(let steps) in turns {
        for case .look(let placement) in steps where placement.window === windows[node] { return false }
      }
      return true
    }
  }

  private func assignMemory() {
    // What the caller receives, and what variables take, is written to memory of its own at each run.
    var handed: Set<Int> = []
    for node in graph.outputs { outputs.append((node, ownsMemory(node) && handed.insert(node).inserted)) }
    for (index, assignment) in graph.assignments.enumerated()
    where ownsMemory(assignment.node) && handed.insert(assignment.node).inserted {
      spares[index] = Storage(
        dtype: graph.nodes[assignment.node].type.dtype, shape: graph.nodes[assignment.node].type.shape)
    }
    for (node, entry) in graph.nodes.enumerated() where !handed.contains(node) {
      let needsMemory: Bool
      if case .scalar = entry.origin { needsMemory = true } else { needsMemory = ownsMemory(node) }
      guard needsMemory else { continue }
      let storage = Storage(dtype: entry.type.dtype, shape: entry.type.shape)
      memory[node] = storage
      windows[node]!.move(to: storage.base)
    }
  }

  /// Bytes of the memory that belongs to the plan.
  var byteCount: Int {
    let values = memory.compactMap { $0 } + spares.compactMap { $0 }
    return values.reduce(0) { $0 + $1.shape.elementCount * $1.dtype.byteCount }
      + turns.reduce(0) { if case .phase(let phase) = $1 { $0 + phase.byteCount } else { $0 } }
  }

  // MARK: Running

  func run(_ arguments: [AnyTensor]) -> [AnyTensor] {
    // What a run looks at is kept alive until its end.
    var held: [AnyTensor] = []
    held.reserveCapacity(variableWindows.count)
    for (position, window) in argumentWindows {
      if arguments[position].isDense {
        window.move(to: arguments[position].address)
      } else {
        held.append(arguments[position].dense)
        window.move(to: held[held.count - 1].address)
      }
    }
    for (variable, window) in variableWindows {
      let value = variable.current.dense
      window.move(to: value.address)
      held.append(value)
    }
    for (number, target) in numbers { target.store(number()) }
    var results = outputs.map { output in
      guard output.isFresh, let window = windows[output.node] else { return AnyTensor.failed(.float32) }
      let result = AnyTensor(Storage(dtype: window.dtype, shape: window.shape))
      window.move(to: result.address)
      return result
    }
    for (index, assignment) in graph.assignments.enumerated() {
      if let spare = spares[index] { windows[assignment.node]!.move(to: spare.base) }
    }
    let values = withExtendedLifetime((arguments, held)) {
      calls.withUnsafeBufferPointer { calls in
        for index in calls.indices { calls[index]() }
      }
      for index in results.indices where !outputs[index].isFresh {
        results[index] = AnyTensor(windows[outputs[index].node]!).copied
      }
      return newValues()
    }
    if ErrorScope.hasFailed {  // a mistake that only the data shows: nothing changes
      return graph.outputs.map { .failed(graph.nodes[$0].type.dtype, graph.nodes[$0].type.shape) }
    }
    held = []  // so that a variable's old memory can serve the next run
    assign(values)
    for body in graph.afterRun { body() }
    return results
  }

  /// The values that variables take: memory of its own where the node has some, else a copy.
  private func newValues() -> [AnyTensor] {
    graph.assignments.indices.map { index in
      AnyTensor(spares[index] ?? AnyTensor(windows[graph.assignments[index].node]!).copied.storage)
    }
  }

  /// Gives variables their new values, and keeps their old memory for the next run, unless someone holds it.
  private func assign(_ values: [AnyTensor]) {
    for (index, assignment) in graph.assignments.enumerated() {
      var old = graph.variables[assignment.variable].exchange(values[index])
      guard spares[index] != nil else { continue }
      let isReusable = isKnownUniquelyReferenced(&old.storage) && old.storage.owner == nil && old.isDense
      spares[index] = isReusable ? old.storage : Storage(dtype: old.dtype, shape: old.shape)
    }
  }
}
