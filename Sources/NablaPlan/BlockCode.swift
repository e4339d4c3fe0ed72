import CKernels
import NablaAutodiff
import NablaTensor

/// The part of a lane's program that runs blocks of some number of rows.
struct BlockCode {
  fileprivate(set) var places = 0..<0
  fileprivate(set) var calls = 0..<0
  /// For each reduction, the view of a block's result.
  fileprivate(set) var targets: [Storage] = []
  /// The rows that come from memory, with the bytes of a block.
  fileprivate(set) var streams: [(view: Storage, bytes: Int)] = []
  /// The values whose rows come from outside of the phase, with the bytes of a row.
  fileprivate(set) var inlets: [(whole: Storage, step: Int)] = []
  /// The nodes that are views of another's memory.
  fileprivate(set) var views: Set<Int> = []
}

/// Writes the calls for blocks of a phase into the program of a lane.
struct BlockWriter {
  private let phase: PhaseBuilder
  private let count: Int
  private let arena: Storage
  private let program: Program
  private var code = BlockCode()
  /// Views of blocks of rows, by node.
  private var blocks: [Int: Storage] = [:]
  /// Views of values that are needed whole, by node.
  private var wholes: [Int: Storage] = [:]
  /// The nodes of those.
  private var wholeNodes: [ObjectIdentifier: Int] = [:]
  /// Where views of blocks begin in whole values.
  private var origins: [ObjectIdentifier: (source: Storage, offset: Int, step: Int)] = [:]

  /// For blocks of `count` rows, whose values lie in `arena`.
  init(_ phase: PhaseBuilder, rows count: Int, _ arena: Storage, _ program: Program) {
    self.phase = phase
    self.count = count
    self.arena = arena
    self.program = program
  }

  /// Writes the calls of all nodes.
  mutating func write() -> BlockCode {
    let (firstPlace, firstCall) = (program.placeCount, program.callCount)
    for node in phase.nodes {
      // Of an operation with several results the first node stands for all.
      guard let primitive = phase.graph.nodes[node].primitive else { continue }
      let operands = operands(of: node, primitive)
      if !phase.isOfPhase(node) {
        writeReduction(node, primitive, operands)
      } else if !writeView(node, primitive, operands) {
        let targets = phase.graph.results(of: node).map { target($0) }
        let types = targets.map { TensorType($0.dtype, $0.shape) }
        program.append(primitive.onRows(count).prepared(Operands(operands), ResultTypes(types), into: targets))
      }
    }
    if code.streams.reduce(0, { $0 + $1.bytes }) > phase.options.streamBytes { code.streams = [] }
    code.places = firstPlace..<program.placeCount
    code.calls = firstCall..<program.callCount
    return code
  }

  // MARK: Nodes

  /// The state of a block of rows.
  private mutating func writeReduction(_ node: Int, _ primitive: any Primitive, _ operands: [AnyTensor]) {
    let (types, results) = phase.graph.types(of: node)
    let reduction = primitive.blockReduction(types, results)!
    // Where the state is the result, it is of that type.
    let target =
      reduction.finish == nil
      ? Storage(movable: results.first.dtype, shape: results.first.shape)
      : Storage(movable: .uint8, shape: Shape(unchecked: [reduction.stateByteCount]))
    code.targets.append(target)
    program.append(primitive.onRows(count).preparedState(Operands(operands), results, into: target))
  }

  /// A view of the first operand's block, where there is one; false where the operation computes.
  private mutating func writeView(_ node: Int, _ primitive: any Primitive, _ operands: [AnyTensor]) -> Bool {
    // A last block of one row could be viewed where full ones cannot; its memory is assigned as for those.
    guard !phase.schedule.isMaterialized[node], phase.views.contains(node) else { return false }
    guard let view = primitive.onRows(count).view(of: operands[0].storage) else { return false }
    // A view moves with what it is one of; views of the lane's own memory never move.
    view.view.move(to: operands[0].storage.base + view.offset)
    if let origin = origins[ObjectIdentifier(operands[0].storage)] {
      follow(view.view, origin.source, offset: origin.offset + view.offset, step: origin.step)
    } else if let whole = wholeNodes[ObjectIdentifier(operands[0].storage)] {
      follow(view.view, phase.wholeViews[whole]!, offset: view.offset, step: 0)
    }
    blocks[node] = view.view
    code.views.insert(node)
    return true
  }

  // MARK: Views

  private mutating func operands(of node: Int, _ primitive: any Primitive) -> [AnyTensor] {
    var operands: [AnyTensor] = []
    for (operand, goesByRow) in zip(phase.graph.nodes[node].operands, phase.rule(node).rowOperands) {
      operands.append(AnyTensor(goesByRow ? rows(of: operand) : whole(operand)))
    }
    if primitive.traits.contains(.readsPosition) { operands.append(position()) }
    return operands
  }

  /// The block's rows of a value.
  private mutating func rows(of node: Int) -> Storage {
    if let view = blocks[node] { return view }
    // Rows of a whole value: a view that moves from block to block.
    let whole = phase.wholeViews[node]!
    let shape = Shape(unchecked: [count] + whole.shape.dropFirst())
    let view = Storage(movable: whole.dtype, shape: shape, strides: whole.strides)
    let step = (whole.strides?[0] ?? whole.shape.dropFirst().reduce(1, *)) * whole.dtype.byteCount
    follow(view, whole, offset: 0, step: step)
    if !phase.isOfPhase(node) { code.inlets.append((whole, step)) }
    if whole.isDense && !phase.isOfPhase(node) { code.streams.append((view, count * step)) }
    blocks[node] = view
    return view
  }

  /// A value that is needed whole.
  private mutating func whole(_ node: Int) -> Storage {
    if let view = wholes[node] { return view }
    let view = program.linked(phase.wholeViews[node]!)
    wholes[node] = view
    wholeNodes[ObjectIdentifier(view)] = node
    return view
  }

  /// Memory for a block of a value.
  private mutating func target(_ node: Int) -> Storage {
    if phase.schedule.isMaterialized[node] { return rows(of: node) }
    if let target = blocks[node] { return target }
    let type = phase.graph.nodes[node].type
    let target = Storage(movable: type.dtype, shape: Shape(unchecked: [count] + type.shape.dropFirst()))
    target.move(to: arena.base + phase.offsets[node, default: 0])
    blocks[node] = target
    return target
  }

  /// Where the block's rows lie in the whole: an address that moves by one byte a row.
  private mutating func position() -> AnyTensor {
    let view = Storage(movable: .uint8, shape: .scalar)
    follow(view, phase.position, offset: 0, step: 1)
    return AnyTensor(view)
  }

  /// Lets a view begin so many bytes after a whole value does, and move by `step` with each row.
  private mutating func follow(_ view: Storage, _ source: Storage, offset: Int, step: Int) {
    program.place(view, on: program.linked(source), offset: offset, step: step)
    origins[ObjectIdentifier(view)] = (source, offset, step)
  }
}

extension Primitive {
  /// The view that the operation makes of an operand's view, with its offset in bytes; nil where it computes.
  func view(of operand: @autoclosure () -> Storage) -> (view: Storage, offset: Int)? {
    guard traits.contains(.view) else { return nil }
    let operand = operand()
    guard let result = view(Operands(AnyTensor(operand))) else { return nil }
    let view = Storage(movable: result.dtype, shape: result.shape, strides: result.strides)
    return (view, result.address - operand.base)
  }
}
