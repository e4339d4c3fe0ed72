import CKernels
import NablaTensor
import Synchronization

/// A reduction over rows as a merge of states: what a block of rows leaves behind, and how two of these become one.
///
/// Blocks are merged in a fixed binary tree of neighbours, the earlier rows first, so that results do not depend on the
/// number of threads.
public struct BlockReduction: Sendable {
  /// How two states become one.
  package enum Merge: Sendable {
    /// Element by element, by a kernel of two operands: the state is the result.
    case elementwise(nabla_binary_op, DType, count: Int)
    /// As a reduction of the kernels says, for so many results.
    case states(nabla_reduction_op, DType, count: Int)
    /// y = a, then b.
    case custom(@Sendable (_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) -> Void)
  }

  /// The bytes of a state.
  public let stateByteCount: Int
  package let merge: Merge
  /// Writes the results of a state; nil where the state is the one result.
  package let finish: (@Sendable (_ state: UnsafeRawPointer, _ y: [UnsafeMutableRawPointer]) throws -> Void)?

  package init(
    stateByteCount: Int, _ merge: Merge,
    finish: (@Sendable (UnsafeRawPointer, [UnsafeMutableRawPointer]) throws -> Void)? = nil
  ) {
    self.stateByteCount = stateByteCount
    self.merge = merge
    self.finish = finish
  }

  /// A reduction with a state of its own.
  ///
  /// - Parameters:
  ///   - stateByteCount: the bytes of a state.
  ///   - merge: writes to y what rows of a and then rows of b leave behind; y may be a or b.
  ///   - finish: writes the results of a state; nil where the state is the one result.
  public init(
    stateByteCount: Int,
    merge: @escaping @Sendable (_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) -> Void,
    finish: (@Sendable (_ state: UnsafeRawPointer, _ y: [UnsafeMutableRawPointer]) throws -> Void)?
  ) {
    self.init(stateByteCount: stateByteCount, .custom(merge), finish: finish)
  }

  /// The sum of the blocks' results.
  package static func sum(_ y: TensorType) -> BlockReduction {
    BlockReduction(stateByteCount: y.byteCount, .elementwise(NABLA_ADD, y.dtype, count: y.shape.elementCount))
  }
}

// MARK: - How states become one

extension BlockReduction.Merge {
  /// The merge as the loops in C take it, and an object that it refers to.
  package var merging: (nabla_merging, AnyObject?) {
    var how = nabla_merging()
    switch self {
    case .elementwise(let op, let dtype, let count):
      how.merge = nabla_merge_elements
      how.by.binary = nabla_binary_kernel(op, dtype.rawValue)
      how.count = count
    case .states(let op, let dtype, let count):
      how.merge = nabla_merge_states
      how.by.states = nabla_reduction_kernel(op, dtype.rawValue)
      how.count = count
    case .custom(let body):
      let owner = CustomMerge(body)
      how.merge = { how, a, b, y in
        Unmanaged<CustomMerge>.fromOpaque(how!.pointee.by.owner)._withUnsafeGuaranteedRef { $0.body(a!, b!, y!) }
      }
      how.by.owner = UnsafeRawPointer(Unmanaged.passUnretained(owner).toOpaque())
      return (how, owner)
    }
    return (how, nil)
  }
}

/// A merge that is a closure.
private final class CustomMerge {
  let body: (UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
  init(_ body: @escaping (UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void) { self.body = body }
}

// MARK: - Outside of plans

extension BlockReduction {
  /// The state of `count` blocks, merged in a tree that follows from their number alone, on all threads.
  ///
  /// `state` writes that of a block; it is told the number of the thread, whose calls come one after the other.
  /// - Throws: what `state` throws, of the first group of blocks in which it does.
  package func merged(
    blocks count: Int, _ state: (_ thread: Int, _ block: Int, _ y: UnsafeMutableRawPointer) throws -> Void
  ) throws -> Storage {
    let groups = BlockGroups(count)
    let states = Storage(dtype: .uint8, shape: [groups.count * stateByteCount])
    guard states.kind == .memory else { return states }
    let counters = PerThread { Storage(dtype: .uint8, shape: [(groups.levels + 1) * stateByteCount]) }
    let (merging, owner) = merge.merging
    let failure = Mutex<(group: Int, error: any Error)?>(nil)
    withExtendedLifetime(owner) {
      withUnsafePointer(to: merging) { merging in
        let merge: BlockCounter.Merge = { merging.pointee.merge(merging, $0, $1, $2) }
        Parallel.forEachOnThreads(groups.count) { thread, group in
          let memory = counters[thread]
          guard memory.kind == .memory else { return }
          let counter = BlockCounter(at: memory.base, byteCount: stateByteCount, merge)
          do {
            for (index, block) in groups[group].enumerated() {
              try state(thread, block, counter.block)
              counter.add(index)
            }
            counter.finish(groups[group].count, into: states.base + group * stateByteCount)
          } catch {
            failure.withLock { if group < $0?.group ?? .max { $0 = (group, error) } }
          }
        }
        if failure.withLock({ $0 == nil }) { mergeNeighbours(states.base, groups.count, merge) }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
    return states
  }

  /// Merges neighbours, then neighbours of those, in place; the first state is then that of all.
  private func mergeNeighbours(_ states: UnsafeMutableRawPointer, _ count: Int, _ merge: BlockCounter.Merge) {
    var distance = 1
    while distance < count {
      let pairs = (count - distance + 2 * distance - 1) / (2 * distance)
      Parallel.forEach(pairs) { pair in
        let a = states + 2 * pair * distance * stateByteCount
        merge(a, a + distance * stateByteCount, a)
      }
      distance *= 2
    }
  }
}

/// Blocks in groups: at most 64, each a power of two of blocks.
private struct BlockGroups {
  private let blocks: Int
  private let size: Int

  init(_ blocks: Int) {
    self.blocks = blocks
    var size = 1
    while size * 64 < blocks { size *= 2 }
    self.size = size
  }
  var count: Int { (blocks + size - 1) / size }
  /// States that a group's counter holds at most.
  var levels: Int { Int.bitWidth - size.leadingZeroBitCount }
  subscript(group: Int) -> Range<Int> { group * size..<min((group + 1) * size, blocks) }
}

/// States of blocks merged as a binary counter counts: that of level l stands for 2^l blocks.
private struct BlockCounter {
  typealias Merge = (UnsafeRawPointer?, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Void
  /// Where the state of the next block is written.
  let block: UnsafeMutableRawPointer
  private let byteCount: Int
  private let merge: Merge

  init(at memory: UnsafeMutableRawPointer, byteCount: Int, _ merge: @escaping Merge) {
    (block, self.byteCount, self.merge) = (memory, byteCount, merge)
  }

  private func level(_ number: Int) -> UnsafeMutableRawPointer { block + (number + 1) * byteCount }

  /// Adds the state of a block by its number in the group.
  func add(_ index: Int) {
    var number = 0
    while index >> number & 1 == 1 {
      merge(level(number), block, block)
      number += 1
    }
    level(number).copyMemory(from: block, byteCount: byteCount)
  }

  /// Writes what `count` blocks leave behind.
  func finish(_ count: Int, into y: UnsafeMutableRawPointer) {
    var isFirst = true
    for number in 0..<Int.bitWidth - count.leadingZeroBitCount where count >> number & 1 == 1 {
      if isFirst { y.copyMemory(from: level(number), byteCount: byteCount) } else { merge(level(number), y, y) }
      isFirst = false
    }
  }
}
