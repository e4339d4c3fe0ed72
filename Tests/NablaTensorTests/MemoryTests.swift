import CKernels
import Nabla
import NablaTensor
import Testing

// One after the other: they look at counters of the whole process. Other suites run beside them, so bounds are those
// of blocks much larger than what others use.
@Suite(.serialized) struct MemoryTests {
  private let size = 1 << 28

  @Test func countersFollowTensors() {
    let before = Memory.counters
    do {
      let t = Tensor<UInt8>(shape: [size]) { _ in }
      #expect(t.count == size && Memory.counters.inUse >= before.inUse - size / 4 + size)
      #expect(Memory.counters.peak >= size)
    }
    #expect(Memory.counters.inUse <= before.inUse + size / 2)
    #expect(Memory.counters.pooled >= size)
    Memory.trim()
    #expect(Memory.counters.pooled < size / 2)
  }

  @Test func freedBlocksAreUsedAgain() {
    let first = Tensor<UInt8>(shape: [size - 7]) { _ in }.erased.storage.base
    let second = Tensor<UInt8>(shape: [size - 9]) { _ in }.erased.storage.base  // of the same class
    #expect(first == second)
    Memory.trim()
  }

  @Test func thePoolIsBounded() {
    let limit = Memory.counters.limit
    #expect(limit == 1 << 30)
    Memory.setLimit(bytes: size / 2)
    #expect(Memory.counters.limit == size / 2)
    _ = Tensor<UInt8>(shape: [size]) { _ in }
    #expect(Memory.counters.pooled <= size / 2)
    Memory.setLimit(bytes: limit)
    _ = Tensor<UInt8>(shape: [size]) { _ in }
    #expect(Memory.counters.pooled >= size)
    Memory.setLimit(bytes: 0)  // trims what is above
    #expect(Memory.counters.pooled == 0)
    Memory.setLimit(bytes: -5)
    #expect(Memory.counters.limit == 0)
    Memory.setLimit(bytes: limit)
  }

  @Test func blocksAreAligned() {
    for bytes in [0, 1, 63, 64, 65, 1023, 1024, 1025, 4097, 100_000, 3 << 20] {
      let block = nabla_allocate(bytes)!
      #expect(UInt(bitPattern: block) % 64 == 0, "\(bytes)")
      block.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
      nabla_free(block, bytes)
    }
    #expect(nabla_allocate(Int.max) == nil && nabla_allocate(1 << 60) == nil)
  }

  /// Blocks of every size, allocated, written and freed in another order: none overlaps another.
  @Test func blocksDoNotOverlap() {
    var blocks: [(UnsafeMutableRawPointer, Int)] = []
    var sizes = Array(1...1100) + stride(from: 1100, to: 300_000, by: 977)
    for round in 0..<3 {
      for size in sizes {
        let block = nabla_allocate(size)!
        block.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: size), count: size)
        blocks.append((block, size))
      }
      for (block, size) in blocks {
        let bytes = UnsafeRawBufferPointer(start: block, count: size)
        #expect(bytes.first == UInt8(truncatingIfNeeded: size) && bytes.last == bytes.first, "\(round), \(size)")
        nabla_free(block, size)
      }
      blocks = []
      sizes.reverse()
    }
    Memory.trim()
  }
}
