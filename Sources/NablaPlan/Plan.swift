import CKernels
import NablaAutodiff
import NablaTensor

/// A graph made ready to run: memory assigned, calls prepared. A plan serves one call at a time.
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
  private var arguments: [(position: Int, slot: Int32, isNeededWhole: Bool)] = []
  private var variables: [(variable: AnyVariable, slot: Int32)] = []
  private var numbers: [(number: () -> Double, target: AnyTensor)] = []
  private var outputs: [Output] = []
  private var updates: [Update] = []
  /// What a run looks at, kept alive until its end.
  private var held: [AnyTensor] = []
  /// The arguments whose rows a run asks from sources.
  private var readings: [Phase.Reading] = []

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
    /// Memory for the next value, which the variable takes at the end of a run; nil where the value is copied.
    var spare: Storage?
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
    held.reserveCapacity(variables.count + arguments.count)
  }

  private func findInlets() {
    for (node, entry) in graph.nodes.enumerated() {
      switch entry.origin {
      case .argument(let position):
        arguments.append((position, program.slot(of: windows[node]!), schedule.isMaterialized[node]))
      case .variable(let place): variables.append((graph.variables[place], program.slot(of: windows[node]!)))
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
      let spare = isFresh ? Storage(dtype: window.dtype, shape: window.shape) : nil
      updates.append(
        Update(variable: graph.variables[place], window: window, slot: program.slot(of: window), spare: spare))
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

  func run(_ operands: [AnyTensor]) -> [AnyTensor] {
    for (position, slot, isNeededWhole) in arguments {
      let value = operands[position]
      if value.storage.owner != nil, let rows = value.rowSource {
        read(position, slot, value, rows.source, rows.firstRow, isNeededWhole)
      } else {
        look(slot, value)
      }
    }
    for (variable, slot) in variables { look(slot, variable.current) }
    for (number, target) in numbers { target.store(number()) }
    var results: [AnyTensor] = []
    results.reserveCapacity(outputs.count)
    for output in outputs {
      guard output.isFresh else {
        results.append(AnyTensor.failed(output.window.dtype))
        continue
      }
      let result = Storage(dtype: output.window.dtype, shape: output.window.shape)
      program.move(output.slot, to: result.base)
      results.append(AnyTensor(result))
    }
    for update in updates { if let spare = update.spare { program.move(update.slot, to: spare.base) } }
    program.runPlaces()
    for turn in turns {
      if !readings.isEmpty && ErrorScope.hasFailed { break }  // a source has failed
      switch turn {
      case .whole(_, let calls): program.run(calls)
      case .phase(let phase): phase.run(readings)
      }
    }
    if ErrorScope.hasFailed {  // a mistake that only the data shows: nothing changes
      letGo()
      return graph.outputs.map { .failed(graph.nodes[$0].type.dtype, graph.nodes[$0].type.shape) }
    }
    for index in outputs.indices where !outputs[index].isFresh {
      results[index] = copy(outputs[index].window, outputs[index].slot)
    }
    let copies =
      updates.contains { $0.spare == nil } ? updates.map { $0.spare ?? copy($0.window, $0.slot).storage } : []
    letGo()  // so that a variable's old memory can serve the next run
    for index in updates.indices { update(index, copies.isEmpty ? updates[index].spare! : copies[index]) }
    for body in graph.afterRun { body() }
    return results
  }

  /// Lets a window look at a value, and keeps that.
  @inline(__always)
  private func look(_ slot: Int32, _ value: AnyTensor) {
    let value = value.isDense ? value : value.dense
    program.move(slot, to: value.address)
    held.append(value)
  }

  /// Lets phases ask a source for an argument's rows. What needs all of them at once looks at them in place, or in memory
  /// for this run.
  private func read(
    _ position: Int, _ slot: Int32, _ value: AnyTensor, _ source: any RowSource, _ firstRow: Int, _ isNeededWhole: Bool
  ) {
    let reading = Phase.Reading(position: position, slot: slot, source: source, firstRow: firstRow)
    if value.hasMemory || !isNeededWhole { readings.append(reading) }
    if value.hasMemory { return look(slot, value) }
    guard isNeededWhole else { return held.append(value) }
    do { look(slot, try AnyTensor(readingRowsOf: source)) } catch {
      reading.fail(0..<value.shape[0], error)
      readings.append(reading)  // so that the run ends here
    }
  }

  /// Forgets what a run looked at.
  private func letGo() {
    held.removeAll(keepingCapacity: true)
    readings.removeAll(keepingCapacity: true)
  }

  private func copy(_ window: Storage, _ slot: Int32) -> AnyTensor {
    window.move(to: program.address(slot))
    return AnyTensor(window).copied
  }

  /// Gives a variable its new value, and keeps its old memory for the next run, unless someone holds it.
  private func update(_ index: Int, _ value: Storage) {
    var old = updates[index].variable.exchange(AnyTensor(value))
    guard updates[index].spare != nil else { return }
    let isReusable = isKnownUniquelyReferenced(&old.storage) && old.storage.owner == nil && old.isDense
    updates[index].spare = isReusable ? old.storage : Storage(dtype: old.dtype, shape: old.shape)
  }
}
