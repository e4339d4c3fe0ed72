import CKernels
import NablaAutodiff
import NablaTensor
import Synchronization

/// A run of nodes that goes through rows block by block, on all threads.
///
/// Rows are cut into blocks, and blocks into groups, by rules of the shapes alone. A thread takes a group, runs its
/// blocks one after another in its own *lane* (memory for one block's values), and adds the results of reductions up as
/// a binary counter does; the groups' results are combined the same way. So the order of every sum is fixed, whatever
/// the number of threads.
final class Phase {
  let rows: Int
  let blockRows: Int
  let groupBlocks: Int
  let nodes: [Int]
  private let totals: [Total]
  private let lanes: [Lane]
  private let free: Mutex<[Int]>
  /// For each reduction, a result for each group.
  private let partials: [Storage]
  private let usesBLAS: Bool
  private unowned let plan: Program

  /// A reduction over rows, and where its result belongs.
  struct Total {
    let combine: nabla_binary
    let count: Int
    let byteCount: Int
    let slot: Int32
  }

  init(_ builder: PhaseBuilder, _ plan: Program) {
    self.plan = plan
    rows = builder.rows
    nodes = builder.nodes
    blockRows = builder.blockRows
    groupBlocks = builder.groupBlocks
    totals = builder.totals
    lanes = (0..<Parallel.threadCount).map { _ in Lane(builder, plan) }
    free = Mutex(Array(lanes.indices))
    let groups = (builder.blockCount + groupBlocks - 1) / groupBlocks
    partials = totals.map { Storage(dtype: .uint8, shape: [groups * $0.byteCount]) }
    usesBLAS = builder.usesBLAS
  }

  var blockCount: Int { (rows + blockRows - 1) / blockRows }
  var groupCount: Int { (blockCount + groupBlocks - 1) / groupBlocks }
  /// Bytes of the lanes and the partial results.
  var byteCount: Int { (lanes.map(\.byteCount) + partials.map(\.count)).reduce(0, +) }

  func run() {
    usesBLAS ? OpenBLAS.withOneThread { _ in runGroups() } : runGroups()
    for index in totals.indices { combineGroups(totals[index], partials[index].base) }
  }

  private func runGroups() {
    Parallel.forEach(groupCount) { group in
      let lane = free.withLock { $0.removeLast() }
      lanes[lane].run(group * groupBlocks..<min((group + 1) * groupBlocks, blockCount))
      for index in totals.indices {
        let bytes = totals[index].byteCount
        (partials[index].base + group * bytes).copyMemory(from: lanes[lane].total(index), byteCount: bytes)
      }
      free.withLock { $0.append(lane) }
    }
  }

  /// Combines neighbours, then neighbours of those: a binary tree in place.
  private func combineGroups(_ total: Total, _ partial: UnsafeMutableRawPointer) {
    var distance = 1
    while distance < groupCount {
      for left in stride(from: 0, to: groupCount - distance, by: 2 * distance) {
        let a = partial + left * total.byteCount
        total.combine(a, 1, a + distance * total.byteCount, 1, a, total.count)
      }
      distance *= 2
    }
    plan.address(total.slot).copyMemory(from: partial, byteCount: total.byteCount)
  }
}

/// What one thread needs to run blocks: memory for the values of a block, and a program on it.
private final class Lane {
  private let plan: Program
  private let program: Program
  private let arena: Storage
  private let blockRows: Int
  /// The number of a last block with fewer rows, or -1.
  private let lastIndex: Int
  /// For each reduction, the block's result, then memory for its results by level of the binary counter.
  private let counters: [Storage]
  private let full: Block
  private let last: Block

  /// What is done on a block, as the loop in C takes it.
  private final class Block {
    let totals: UnsafeMutableBufferPointer<nabla_total>
    let streams: UnsafeMutableBufferPointer<nabla_stream>
    var content = nabla_block()

    init(_ totals: [nabla_total], _ streams: [nabla_stream]) {
      self.totals = .allocate(capacity: totals.count)
      _ = self.totals.initialize(from: totals)
      self.streams = .allocate(capacity: streams.count)
      _ = self.streams.initialize(from: streams)
    }
    deinit {
      totals.deallocate()
      streams.deallocate()
    }

    func fill(_ program: Program, _ code: PhaseBuilder.Code) {
      content = nabla_block(
        places: program.places.baseAddress.map { UnsafePointer($0 + code.places.lowerBound) },
        calls: program.calls.baseAddress.map { UnsafePointer($0 + code.calls.lowerBound) },
        totals: totals.baseAddress, streams: streams.baseAddress, place_count: code.places.count,
        call_count: code.calls.count, total_count: totals.count, stream_count: streams.count)
    }
  }

  init(_ builder: PhaseBuilder, _ plan: Program) {
    self.plan = plan
    blockRows = builder.blockRows
    arena = Storage(dtype: .uint8, shape: [max(64, builder.arenaBytes)])
    let levels = Int.bitWidth - builder.groupBlocks.leadingZeroBitCount
    counters = builder.totals.map { Storage(dtype: .uint8, shape: [(levels + 1) * $0.byteCount]) }
    let program = Program(parent: plan)
    let full = builder.code(rows: min(builder.blockRows, builder.rows), arena, program)
    let rest = builder.rows % builder.blockRows
    let hasLast = rest != 0 && builder.rows > builder.blockRows
    lastIndex = hasLast ? builder.blockCount - 1 : -1
    let last = hasLast ? builder.code(rows: rest, arena, program) : full
    let counters = counters
    func block(_ code: PhaseBuilder.Code) -> Block {
      let totals = builder.totals.indices.map { index in
        let (total, counter) = (builder.totals[index], counters[index])
        code.targets[index].move(to: counter.base)
        return nabla_total(
          window: program.slot(of: code.targets[index]), combine: total.combine, count: total.count,
          bytes: total.byteCount, levels: (counter.base + total.byteCount).assumingMemoryBound(to: CChar.self))
      }
      return Block(totals, code.streams.map { nabla_stream(window: program.slot(of: $0.window), bytes: $0.bytes) })
    }
    self.full = block(full)
    self.last = hasLast ? block(last) : self.full
    program.seal()
    self.program = program
    self.full.fill(program, full)
    if hasLast { self.last.fill(program, last) }
  }

  var byteCount: Int { counters.reduce(arena.count) { $0 + $1.count } }

  /// Runs blocks in order; the results of reductions are then in `total`.
  func run(_ blocks: Range<Int>) {
    program.link()
    nabla_run_blocks(
      &full.content, &last.content, lastIndex, blockRows, blocks.lowerBound, blocks.upperBound, plan.addresses,
      program.addresses)
  }

  func total(_ index: Int) -> UnsafeMutableRawPointer { counters[index].base }
}
