import CKernels
import NablaAutodiff
import NablaTensor

/// A graph made ready to run: memory assigned, calls prepared. A plan serves one call at a time.
@usableFromInline
final class Plan {
  let graph: Graph
  let schedule: Schedule
  /// What happens at each turn.
  enum Turn {
    /// Nodes that run whole, one after another, and their calls.
    case whole(nodes: [Int], calls: Range<Int>)
    case phase(Phase)
  }
  private(set) var turns: [Turn] = []
  private let options: PlanOptions
  private let program = Program()

  /// The windows on whole values, by node.
  private var windows: [Storage?]
  /// Nodes that only look at another one's memory.
  private(set) var views: Set<Int> = []
  /// Memory that belongs to the plan, by node.
  private var memory: [Storage?]

  // What a run does before it starts, and after.
  private var arguments: [(position: Int, slot: Int32)] = []
  private var variables: [(variable: AnyVariable, slot: Int32)] = []
  private var numbers: [(number: () -> Double, target: AnyTensor)] = []
  private var outputs: [Output] = []
  private var updates: [Update] = []
  /// Variables that are updated in place, in the order in which they are locked, and places in `updates` and the table.
  private var inPlace: [(update: Int, variable: AnyVariable, slot: Int32)] = []
  /// What a run looks at, kept alive until its end.
  private var held: [AnyTensor] = []

  private struct Output {
    let window: Storage
    let slot: Int32
    /// Whether the result is written to the memory that the caller receives; else it is copied.
    let isFresh: Bool
  }

  /// A new value of a variable.
  private struct Update {
    let variable: AnyVariable
    let window: Storage
    let slot: Int32
    let kind: Kind
    /// Memory for the next value, which the variable takes at the end of a run.
    var spare: Storage?

    enum Kind {
      /// The value is another one's as well, and is copied.
      case copied
      /// The value is written to memory of its own, which the variable takes.
      case exchanged
      /// The value may be written where the variable's old value is read; the variable is locked meanwhile.
      case inPlace
    }
  }

  init(_ graph: Graph, _ options: PlanOptions = PlanOptions()) {
    self.options = options
    self.graph = graph
    let schedule = Schedule(graph, options)
    self.schedule = schedule
    windows = [Storage?](repeating: nil, count: graph.nodes.count)
    memory = windows
    let last = schedule.times.max() ?? 0
    for time in 0...(last + last % 2) {
      time % 2 == 0 ? addWhole(at: time) : addPhase(at: time)
    }
    assignMemory()
    findInlets()
    program.seal()
    inPlace.sort { ObjectIdentifier($0.variable) < ObjectIdentifier($1.variable) }
    held.reserveCapacity(variables.count + arguments.count)
  }

  private func findInlets() {
    for (node, entry) in graph.nodes.enumerated() {
      switch entry.origin {
      case .argument(let position): arguments.append((position, program.slot(of: windows[node]!)))
      case .variable(let place):
        let (variable, slot) = (graph.variables[place], program.slot(of: windows[node]!))
        if let update = updates.firstIndex(where: { $0.variable === variable && $0.kind == .inPlace }) {
          inPlace.append((update, variable, slot))
        } else {
          variables.append((variable, slot))
        }
      case .scalar(let place): numbers.append((graph.scalars[place], AnyTensor(memory[node]!)))
      case .constant, .operation: break
      }
    }
  }

  // MARK: Making

  private func addWhole(at time: Int) {
    var nodes: [Int] = []
    let first = program.callCount
    for node in graph.nodes.indices {
      switch schedule.kinds[node] {
      case .source where time == 0: addSource(node)
      case .whole where schedule.times[node] == time:
        addWhole(node)
        nodes.append(node)
      default: break
      }
    }
    if !nodes.isEmpty { turns.append(.whole(nodes: nodes, calls: first..<program.callCount)) }
  }

  private func addSource(_ node: Int) {
    let type = graph.nodes[node].type
    if case .constant(let value) = graph.nodes[node].origin {
      setWindow(node, value.storage)
    } else {
      setWindow(node, Storage(movable: type.dtype, shape: type.shape))
    }
  }

  private func setWindow(_ node: Int, _ window: Storage) {
    windows[node] = window
    program.slot(of: window)
  }

  private func addWhole(_ node: Int) {
    let operands = graph.nodes[node].operands.map { AnyTensor(windows[$0]!) }
    let primitive = graph.nodes[node].primitive!
    let type = graph.nodes[node].type
    if let view = primitive.view(of: operands[0].storage) {
      setWindow(node, view.window)
      views.insert(node)
      program.place(view.window, on: operands[0].storage, offset: view.offset)
    } else {
      let target = Storage(movable: type.dtype, shape: type.shape)
      setWindow(node, target)
      program.append(primitive.prepared(Operands(operands), type, into: target))
    }
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
      setWindow(node, Storage(movable: type.dtype, shape: type.shape))
    }
    turns.append(.phase(Phase(PhaseBuilder(graph, schedule, nodes, windows, options, program), program)))
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
      let isFresh = ownsMemory(node) && handed.insert(node).inserted
      outputs.append(Output(window: windows[node]!, slot: program.slot(of: windows[node]!), isFresh: isFresh))
    }
    for (place, node) in graph.assignments {
      let window = windows[node]!
      let isFresh = ownsMemory(node) && handed.insert(node).inserted
      let kind: Update.Kind = !isFresh ? .copied : schedule.canReplace(place, node, graph) ? .inPlace : .exchanged
      updates.append(
        Update(variable: graph.variables[place], window: window, slot: program.slot(of: window), kind: kind))
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
    let values = memory.compactMap { $0 } + updates.compactMap(\.spare)
    return values.reduce(0) { $0 + $1.count * $1.dtype.byteCount }
      + turns.reduce(0) { if case .phase(let phase) = $1 { $0 + phase.byteCount } else { $0 } }
  }

  // MARK: Running

  /// Runs on the arguments in a list, which then holds the results instead.
  func run(_ list: inout TensorList) {
    for (position, slot) in arguments { look(slot, list.tensors[position]) }
    for (variable, slot) in variables { look(slot, variable.current) }
    for (number, target) in numbers { target.store(number()) }
    list.clear()
    for output in outputs {
      guard output.isFresh else {
        list.append(.failed(output.window.dtype))
        continue
      }
      let result = Storage(dtype: output.window.dtype, shape: output.window.shape)
      program.move(output.slot, to: result.base)
      list.append(AnyTensor(result))
    }
    for index in updates.indices where updates[index].kind == .exchanged { prepareSpare(index) }
    if inPlace.isEmpty { runCalls() } else { runLocked(0, changesInPlace: !program.canFail || !ErrorScope.isOpen) }
    for index in outputs.indices where !outputs[index].isFresh {
      list.tensors[index] = copy(outputs[index].window, outputs[index].slot)
    }
    if ErrorScope.hasFailed {  // a mistake that only the data shows: nothing changes
      held.removeAll(keepingCapacity: true)
      list.clear()
      for node in graph.outputs { list.append(.failed(graph.nodes[node].type.dtype, graph.nodes[node].type.shape)) }
      return
    }
    // All copies are made before the first variable changes: they might be of another one's old value.
    for index in updates.indices where updates[index].kind == .copied {
      updates[index].spare = copy(updates[index].window, updates[index].slot).storage
    }
    held.removeAll(keepingCapacity: true)  // so that a variable's old memory can serve the next run
    for index in updates.indices where updates[index].kind != .inPlace { update(index) }
    for body in graph.afterRun { body() }
  }

  private func runCalls() {
    program.runPlaces()
    for turn in turns {
      switch turn {
      case .whole(_, let calls): program.run(calls)
      case .phase(let phase): phase.run()
      }
    }
  }

  /// Locks the variables from `index` on, one inside the other, and runs the calls. A value that nobody else holds is
  /// replaced where it lies.
  private func runLocked(_ index: Int, changesInPlace: Bool) {
    guard index < inPlace.count else { return runCalls() }
    let (number, variable, slot) = inPlace[index]
    variable.withContent { value in
      if !value.isDense { value = value.dense }
      program.move(slot, to: value.address)
      if changesInPlace && isKnownUniquelyReferenced(&value.storage) && value.storage.owner == nil {
        program.move(updates[number].slot, to: value.address)
        runLocked(index + 1, changesInPlace: changesInPlace)
        value = value.detached
      } else {
        prepareSpare(number)
        runLocked(index + 1, changesInPlace: changesInPlace)
        if ErrorScope.hasFailed { return }
        value = AnyTensor(updates[number].spare!)
        updates[number].spare = nil
      }
    }
  }

  /// Lets the new value of a variable be written to memory of its own.
  private func prepareSpare(_ index: Int) {
    let window = updates[index].window
    let spare = updates[index].spare ?? Storage(dtype: window.dtype, shape: window.shape)
    updates[index].spare = spare
    program.move(updates[index].slot, to: spare.base)
  }

  /// Lets a window look at a value, and keeps that.
  @inline(__always)
  private func look(_ slot: Int32, _ value: AnyTensor) {
    let value = value.isDense ? value : value.dense
    program.move(slot, to: value.address)
    held.append(value)
  }

  private func copy(_ window: Storage, _ slot: Int32) -> AnyTensor {
    window.move(to: program.address(slot))
    return AnyTensor(window).copied
  }

  /// Gives a variable its new value, and keeps its old memory for the next run, unless someone holds it.
  private func update(_ index: Int) {
    var old = updates[index].variable.exchange(AnyTensor(updates[index].spare!))
    updates[index].spare = nil
    guard updates[index].kind == .exchanged else { return }
    if isKnownUniquelyReferenced(&old.storage) && old.storage.owner == nil && old.isDense {
      updates[index].spare = old.storage
    }
  }
}
