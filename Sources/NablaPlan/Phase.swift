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
  /// For each reduction, a result for each group.
  private let partials: [Storage]
  private let usesBLAS: Bool
  private let canThrow: Bool
  private unowned let plan: Program
  /// What a run reads, in memory of its own: threads count no references to it.
  private let table = UnsafeMutablePointer<nabla_phase>.allocate(capacity: 1)
  private let tableLanes: UnsafeMutableBufferPointer<UnsafePointer<nabla_lane>?>
  private let tablePartials: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>
  /// Whether a source has failed to give rows.
  private let isBroken = Atomic(false)
  /// What the kernels threw, by the first group in which one did.
  private let failure = Mutex<(group: Int, error: any Error)?>(nil)
  private let announcedPieces: Int
  private let pieceBlocks: Int

  /// An argument of the plan whose rows are to be asked from a source.
  struct Reading {
    /// The argument's number, for messages.
    let position: Int
    let slot: Int32
    let source: any RowSource
    /// The source's row that is the argument's first.
    let firstRow: Int
  }

  /// A reduction over rows, and where its results belong.
  struct Total {
    let reduction: BlockReduction
    /// How two states become one, as the loops in C take it, and what that refers to.
    let merging: nabla_merging
    private let owner: AnyObject?
    /// The results' places in the plan's table.
    let slots: [Int32]

    init(_ reduction: BlockReduction, slots: [Int32]) {
      self.reduction = reduction
      self.slots = slots
      (merging, owner) = reduction.merge.merging
    }

    var byteCount: Int { reduction.stateByteCount }
    func merge(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, into y: UnsafeMutableRawPointer) {
      withUnsafePointer(to: merging) { $0.pointee.merge($0, a, b, y) }
    }
  }

  init(_ builder: PhaseBuilder, _ plan: Program) {
    self.plan = plan
    rows = builder.rows
    nodes = builder.nodes
    blockRows = builder.blockRows
    groupBlocks = builder.groupBlocks
    totals = builder.totals
    lanes = (0..<Parallel.threadCount).map { _ in Lane(builder, plan) }
    let groups = (builder.blockCount + groupBlocks - 1) / groupBlocks
    partials = totals.map { Storage(dtype: .uint8, shape: [groups * $0.byteCount]) }
    usesBLAS = builder.usesBLAS
    canThrow = builder.canThrow
    announcedPieces = builder.announcedPieces
    pieceBlocks = builder.pieceBlocks
    tableLanes = .allocate(capacity: lanes.count)
    _ = tableLanes.initialize(from: lanes.map { UnsafePointer($0.content) })
    tablePartials = .allocate(capacity: partials.count)
    _ = tablePartials.initialize(from: partials.map { $0.base.assumingMemoryBound(to: CChar.self) })
    table.initialize(
      to: nabla_phase(
        lanes: tableLanes.baseAddress, from: nil, rows: blockRows,
        last_index: builder.lastRows == nil ? -1 : builder.blockCount - 1,
        block_count: builder.blockCount, group_blocks: groupBlocks, partials: tablePartials.baseAddress))
  }

  deinit {
    tableLanes.deallocate()
    tablePartials.deallocate()
    table.deallocate()
  }

  var blockCount: Int { (rows + blockRows - 1) / blockRows }
  var groupCount: Int { (blockCount + groupBlocks - 1) / groupBlocks }
  /// Bytes of the lanes and the partial results.
  var byteCount: Int { (lanes.map(\.byteCount) + partials.map(\.count)).reduce(0, +) }

  /// Runs all blocks. Where a source fails to give rows, the results are none, and the error is the calling thread's.
  ///
  /// - Returns: what a kernel threw because of the numbers, in the first group of blocks in which one did.
  func run(_ readings: [Reading]) -> (any Error)? {
    let readings = readings.filter { lanes[0].reads($0.slot) }
    if !readings.isEmpty { announceFirst(readings) }
    usesBLAS ? OpenBLAS.withOneThread { _ in runGroups(readings) } : runGroups(readings)
    if let failure = failure.withLock({ $0.take() }) { return failure.error }
    if isBroken.exchange(false, ordering: .relaxed) { return nil }
    do {
      for index in totals.indices { try mergeGroups(totals[index], partials[index].base) }
      return nil
    } catch { return error }
  }

  private func runGroups(_ readings: [Reading]) {
    let table = table
    table.pointee.from = UnsafePointer(plan.addresses)
    if readings.isEmpty {
      Parallel.forEachOnThreads(groupCount) { thread, group in
        nabla_run_group(table, Int32(thread), group)
        if canThrow { keepFailure(thread, group) }
      }
    } else {
      Parallel.forEachOnThreads(groupCount) { thread, group in runPieces(of: group, on: thread, readings) }
    }
  }

  /// Keeps what a kernel threw in a group, unless one did in an earlier group.
  private func keepFailure(_ thread: Int, _ group: Int) {
    guard let error = lanes[thread].failures.take() else { return }
    failure.withLock { if group < $0?.group ?? .max { $0 = (group, error) } }
  }

  // MARK: Sources

  /// The rows of blocks.
  private func rows(of blocks: Range<Int>) -> Range<Int> {
    blocks.lowerBound * blockRows..<min(blocks.upperBound * blockRows, rows)
  }

  /// Runs the blocks of a group piece by piece, as its sources give rows.
  private func runPieces(of group: Int, on thread: Int, _ readings: [Reading]) {
    let blocks = group * groupBlocks..<min((group + 1) * groupBlocks, blockCount)
    let number = Int32(thread)
    nabla_open_group(table, number)
    for (index, start) in stride(from: blocks.lowerBound, to: blocks.upperBound, by: pieceBlocks).enumerated() {
      if isBroken.load(ordering: .relaxed) { return }
      announce(group, index + announcedPieces, readings)
      let end = min(start + pieceBlocks, blocks.upperBound)
      let hasRun = lanes[thread].withRows(rows(of: start..<end), readings) {
        nabla_run_blocks(table, number, group, start, end)
      }
      if !hasRun { isBroken.store(true, ordering: .relaxed) }
    }
    nabla_close_group(table, number, group)
    if canThrow { keepFailure(thread, group) }
  }

  /// Announces a piece of a group; pieces behind the last one are those of the group that the thread is likely to take
  /// next.
  private func announce(_ group: Int, _ number: Int, _ readings: [Reading]) {
    let pieces = (groupBlocks + pieceBlocks - 1) / pieceBlocks
    let group = group + number / pieces * lanes.count
    let start = group * groupBlocks + number % pieces * pieceBlocks
    if start >= blockCount { return }
    let rows = rows(of: start..<min(start + pieceBlocks, (group + 1) * groupBlocks))
    Subnormals.kept.run {
      for reading in readings { reading.source.willRead(rows.shifted(by: reading.firstRow)) }
    }
  }

  private func announceFirst(_ readings: [Reading]) {
    for group in 0..<min(lanes.count, groupCount) {
      for number in 0..<announcedPieces { announce(group, number, readings) }
    }
  }

  /// Merges neighbours, then neighbours of those, a binary tree in place, and writes the results.
  private func mergeGroups(_ total: Total, _ partial: UnsafeMutableRawPointer) throws {
    var distance = 1
    while distance < groupCount {
      for left in stride(from: 0, to: groupCount - distance, by: 2 * distance) {
        let a = partial + left * total.byteCount
        total.merge(a, a + distance * total.byteCount, into: a)
      }
      distance *= 2
    }
    let results = total.slots.map { plan.address($0) }
    guard let finish = total.reduction.finish else {
      return results[0].copyMemory(from: partial, byteCount: total.byteCount)
    }
    try finish(partial, results)
  }
}

/// What one thread needs to run blocks: memory for the values of a block, and a program on it.
private final class Lane {
  private let program: Program
  /// For the values of the plan that come in row by row, where the lane's view of them is, and the bytes of a row.
  private let inlets: [Int32: (slot: Int32, step: Int)]
  private let arena: Storage
  /// For each reduction, the block's result, then memory for its results by level of the binary counter.
  private let counters: [Storage]
  /// The lane as the loop in C takes it, and what that refers to.
  let content = UnsafeMutablePointer<nabla_lane>.allocate(capacity: 1)
  private let full: Block
  private let last: Block

  /// The totals and streams of a block.
  private final class Block {
    let totals: UnsafeMutableBufferPointer<nabla_total>
    let streams: UnsafeMutableBufferPointer<nabla_stream>

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

    /// What is done on a block, as the loop in C takes it.
    func content(_ program: Program, _ code: BlockCode) -> nabla_block {
      nabla_block(
        places: program.places.baseAddress.map { UnsafePointer($0 + code.places.lowerBound) },
        calls: program.calls.baseAddress.map { UnsafePointer($0 + code.calls.lowerBound) },
        totals: totals.baseAddress, streams: streams.baseAddress, place_count: code.places.count,
        call_count: code.calls.count, total_count: totals.count, stream_count: streams.count)
    }
  }

  init(_ builder: PhaseBuilder, _ plan: Program) {
    let arena = Storage(dtype: .uint8, shape: [max(64, builder.arenaBytes)])
    self.arena = arena
    let levels = Int.bitWidth - builder.groupBlocks.leadingZeroBitCount
    counters = builder.totals.map { Storage(dtype: .uint8, shape: [(levels + 1) * $0.byteCount]) }
    let program = Program(parent: plan)
    let full = builder.code(rows: min(builder.blockRows, builder.rows), arena, program)
    let last = builder.lastRows.map { builder.code(rows: $0, arena, program) }
    let counters = counters
    func block(_ code: BlockCode) -> Block {
      let totals = builder.totals.indices.map { index in
        let (total, counter) = (builder.totals[index], counters[index])
        code.targets[index].move(to: counter.base)
        return nabla_total(
          view: program.slot(of: code.targets[index]), how: total.merging, bytes: total.byteCount,
          levels: (counter.base + total.byteCount).assumingMemoryBound(to: CChar.self))
      }
      // The largest last: it is what a call fetches while it computes.
      let streams = code.streams.sorted { $0.bytes < $1.bytes }
      return Block(totals, streams.map { nabla_stream(view: program.slot(of: $0.view), bytes: $0.bytes) })
    }
    inlets = Dictionary(
      uniqueKeysWithValues: full.inlets.map { whole, step in
        (plan.slot(of: whole), (program.slot(of: program.linked(whole)), step))
      })
    self.full = block(full)
    self.last = last.map(block) ?? self.full
    program.seal()
    self.program = program
    content.initialize(
      to: nabla_lane(
        block: self.full.content(program, full), last: self.last.content(program, last ?? full),
        links: program.links.baseAddress, link_count: program.links.count, at: program.addresses))
  }

  deinit { content.deallocate() }

  /// What the lane's calls throw.
  var failures: RunFailures { program.failures }

  var byteCount: Int { counters.reduce(arena.count + program.byteCount) { $0 + $1.count } }

  /// Whether a value of the plan comes in row by row.
  func reads(_ slot: Int32) -> Bool { inlets[slot] != nil }

  /// Runs `body` while the sources hold some rows; false, after the error, where one fails to give them.
  func withRows(_ rows: Range<Int>, _ readings: [Phase.Reading], _ body: () -> Void) -> Bool {
    guard let reading = readings.first else {
      body()
      return true
    }
    let range = rows.shifted(by: reading.firstRow)
    do {
      // A source's code is not the plan's, and rounds as it is used to.
      let address = try Subnormals.kept.run { try reading.source.beginReading(range) }
      defer { Subnormals.kept.run { reading.source.endReading(range, at: address) } }
      let (slot, step) = inlets[reading.slot]!
      program.move(slot, to: UnsafeMutableRawPointer(mutating: address) - rows.lowerBound * step)
      return withRows(rows, Array(readings.dropFirst()), body)
    } catch {
      reading.fail(range, error)
      return false
    }
  }
}

extension Phase.Reading {
  /// Reports that the source did not give rows.
  func fail(_ rows: Range<Int>, _ error: any Error) {
    NablaTensor.fail("compiled", "argument \(position): its source does not give rows \(rows): \(error)")
  }
}

extension Range<Int> {
  fileprivate func shifted(by distance: Int) -> Range<Int> { lowerBound + distance..<upperBound + distance }
}
