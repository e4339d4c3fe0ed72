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
  let reductions: [Reduction]
  private let lanes: [Lane]
  private let free: Mutex<[Int]>
  /// For each reduction, a result for each group.
  private let partials: [Storage]
  private let usesBLAS: Bool

  /// A reduction over rows.
  struct Reduction {
    let node: Int
    let count: Int
    let byteCount: Int
    let combine: nabla_binary
    let dtype: DType
    /// Where the result belongs; the plan keeps it.
    unowned(unsafe) let target: Storage

    /// a = a combined with b, or b with a.
    @inline(__always)
    func combine(_ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, into y: UnsafeMutableRawPointer) {
      combine(a, 1, b, 1, y, count)
    }
  }

  init(_ builder: PhaseBuilder) {
    rows = builder.rows
    nodes = builder.nodes
    blockRows = builder.blockRows
    let blocks = (rows + builder.blockRows - 1) / builder.blockRows
    groupBlocks = PhaseBuilder.groupBlocks(blocks)
    reductions = builder.reductions
    lanes = (0..<Parallel.threadCount).map { _ in Lane(builder) }
    free = Mutex(Array(lanes.indices))
    let groups = (blocks + groupBlocks - 1) / groupBlocks
    partials = reductions.map { Storage(dtype: .uint8, shape: [groups * $0.byteCount]) }
    usesBLAS = builder.usesBLAS
  }

  var blockCount: Int { (rows + blockRows - 1) / blockRows }
  var groupCount: Int { (blockCount + groupBlocks - 1) / groupBlocks }
  /// Bytes of the lanes and the partial results.
  var byteCount: Int {
    lanes.reduce(0) { $0 + $1.byteCount } + reductions.reduce(0) { $0 + groupCount * $1.byteCount }
  }

  func run() {
    usesBLAS ? OpenBLAS.withOneThread { runGroups() } : runGroups()
    for (reduction, partial) in zip(reductions, partials) { combineGroups(reduction, partial.base) }
  }

  private func runGroups() {
    Parallel.forEach(groupCount) { group in
      let lane = free.withLock { $0.removeLast() }
      let blocks = group * groupBlocks..<min((group + 1) * groupBlocks, blockCount)
      lanes[lane].run(blocks, blockRows: blockRows, rows: rows, reductions)
      for (index, reduction) in reductions.enumerated() {
        (partials[index].base + group * reduction.byteCount).copyMemory(
          from: lanes[lane].total(index), byteCount: reduction.byteCount)
      }
      free.withLock { $0.append(lane) }
    }
  }

  /// Combines neighbours, then neighbours of those: a binary tree in place.
  private func combineGroups(_ reduction: Reduction, _ partial: UnsafeMutableRawPointer) {
    var distance = 1
    while distance < groupCount {
      for left in stride(from: 0, to: groupCount - distance, by: 2 * distance) {
        let a = partial + left * reduction.byteCount
        reduction.combine(a, a + distance * reduction.byteCount, into: a)
      }
      distance *= 2
    }
    reduction.target.base.copyMemory(from: partial, byteCount: reduction.byteCount)
  }
}

/// What one thread needs to run blocks: memory for the values of a block, and the instructions on it.
final class Lane {
  private let arena: Storage
  private let full: PhaseBuilder.Code
  /// For the last block, which may have fewer rows.
  private let last: PhaseBuilder.Code?
  /// For each reduction, its results by level of the binary counter; the current block's comes first.
  private let counters: [Storage]
  private let levels: Int
  private let byteCounts: [Int]

  init(_ builder: PhaseBuilder) {
    arena = Storage(dtype: .uint8, shape: [max(64, builder.arenaBytes)])
    full = builder.code(rows: min(builder.blockRows, builder.rows), arena)
    let rest = builder.rows % builder.blockRows
    last = rest == 0 || builder.rows < builder.blockRows ? nil : builder.code(rows: rest, arena)
    let blocks = (builder.rows + builder.blockRows - 1) / builder.blockRows
    levels = Int.bitWidth - PhaseBuilder.groupBlocks(blocks).leadingZeroBitCount + 1
    byteCounts = builder.reductions.map(\.byteCount)
    let levels = levels
    counters = byteCounts.map { Storage(dtype: .uint8, shape: [(levels + 1) * $0]) }
    for code in [full, last].compactMap({ $0 }) {
      for (target, counter) in zip(code.reductionTargets, counters) { target.move(to: counter.base) }
    }
  }

  var byteCount: Int { builderBytes + zip(counters, byteCounts).reduce(0) { $0 + $1.1 * (levels + 1) } }
  private var builderBytes: Int { arena.shape.elementCount }

  /// Runs blocks in order; the results of reductions are then in `total`.
  func run(_ blocks: Range<Int>, blockRows: Int, rows: Int, _ reductions: [Phase.Reduction]) {
    for block in blocks {
      let code = (block + 1) * blockRows > rows ? last ?? full : full
      // In place: copies of what the arrays hold would count references for each call.
      code.placements.withUnsafeBufferPointer { placements in
        for index in placements.indices { placements[index].run(row: block * blockRows) }
      }
      code.calls.withUnsafeBufferPointer { calls in
        for index in calls.indices { calls[index]() }
      }
      for index in counters.indices { carry(index, block - blocks.lowerBound, reductions[index]) }
    }
    for index in counters.indices { close(index, blocks.count, reductions[index]) }
  }

  private func level(_ index: Int, _ level: Int) -> UnsafeMutableRawPointer {
    counters[index].base + (level + 1) * byteCounts[index]
  }

  /// Adds block number `block`'s result to the counter: equal levels combine.
  private func carry(_ index: Int, _ block: Int, _ reduction: Phase.Reduction) {
    let current = counters[index].base
    var at = 0
    while block >> at & 1 == 1 {
      reduction.combine(level(index, at), current, into: current)
      at += 1
    }
    level(index, at).copyMemory(from: current, byteCount: byteCounts[index])
  }

  /// Combines what is left at each level, smallest first.
  private func close(_ index: Int, _ blocks: Int, _ reduction: Phase.Reduction) {
    let current = counters[index].base
    var isFirst = true
    for at in 0..<levels where blocks >> at & 1 == 1 {
      if isFirst {
        current.copyMemory(from: level(index, at), byteCount: byteCounts[index])
        isFirst = false
      } else {
        reduction.combine(level(index, at), current, into: current)
      }
    }
  }

  func total(_ index: Int) -> UnsafeMutableRawPointer { counters[index].base }
}
