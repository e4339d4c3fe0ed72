import NablaTensor

/// The records of a tape in the order of execution, in memory of its own.
///
/// An array would copy a record to hand it out, with a reference counted for each tensor in it; here a record that is taken is
/// moved, and one that is read is borrowed.
struct RecordList: ~Copyable {
  private var memory: UnsafeMutableBufferPointer<GradientTape.Record>
  private(set) var count = 0

  // Blocks of up to a KiB come from a list for the thread, larger ones take several times as long.
  init() { memory = .allocateShortLived(capacity: 1024 / MemoryLayout<GradientTape.Record>.stride) }
  deinit {
    _ = memory.extracting(..<count).deinitialize()
    memory.deallocateShortLived()
  }

  var indices: Range<Int> { 0..<count }

  /// A record, borrowed.
  @inline(__always)
  subscript(index: Int) -> GradientTape.Record {
    _read {
      precondition(index < count)
      yield memory[index]
    }
  }

  @inline(__always)
  mutating func append(_ record: consuming GradientTape.Record) {
    if count == memory.count { grow() }
    (memory.baseAddress! + count).initialize(to: record)
    count += 1
  }

  /// The last record, moved out; nil where there is none.
  @inline(__always)
  mutating func popLast() -> GradientTape.Record? {
    if count == 0 { return nil }
    count -= 1
    return (memory.baseAddress! + count).move()
  }

  private mutating func grow() {
    let larger = UnsafeMutableBufferPointer<GradientTape.Record>.allocateShortLived(capacity: 2 * memory.count)
    (larger.baseAddress!).moveInitialize(from: memory.baseAddress!, count: count)
    memory.deallocateShortLived()
    memory = larger
  }
}
