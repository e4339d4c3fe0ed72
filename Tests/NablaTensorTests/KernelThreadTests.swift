import CKernels
import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

/// What kernels for indices, order, cumulative sums and draws write, by name; large enough to be shared.
private enum SharedKernels {
  /// A hash of the bits that a kernel writes (FNV-1a).
  private static func hash(_ bytes: Int, _ body: (UnsafeMutableRawPointer) -> Void) -> UInt64 {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    body(memory)
    return UnsafeRawBufferPointer(start: memory, count: bytes).reduce(0xcbf2_9ce4_8422_2325) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
  }

  static func hashes() -> [(String, UInt64)] {
    var generator = RandomGenerator(seed: 1)
    let count = 150_000
    let x = Tensor((0..<count).map { _ in generator.normalFloat() }).erased
    let rows = AnyTensor(Tensor<Float>(x).reshaped(to: [count / 50, 50]).erased.storage)
    let few = Tensor((0..<count).map { _ in Int64(generator.below(300)) }).erased
    let many = Tensor((0..<count).map { _ in Int32(generator.below(140_000)) }).erased
    let list = Tensor((0..<count / 50).map { _ in Int64(generator.below(5000)) }).erased
    return [
      ("gather", hash(count * 4) { _ = Indexing.gather(x, many, axis: 0, into: $0) }),
      ("scatterAdd few", hash(300 * 4) { _ = Indexing.scatterAdd(x, few, axis: 0, size: 300, into: $0) }),
      ("scatterAdd many", hash(140_000 * 4) { _ = Indexing.scatterAdd(x, many, axis: 0, size: 140_000, into: $0) }),
      ("scatterAdd rows", hash(5000 * 200) { _ = Indexing.scatterAdd(rows, list, axis: 0, size: 5000, into: $0) }),
      ("cumulativeSum", hash(count * 4) { Scan.cumulativeSum(x, axis: 0, into: $0) }),
      ("cumulativeSum columns", hash(count * 4) { Scan.cumulativeSum(rows, axis: 0, reversed: true, into: $0) }),
      ("sort", hash(count * 4) { Order.sort(x, axis: 0, values: $0, indices: nil) }),
      (
        "argsort",
        hash(count * 8) { Order.sort(x, axis: 0, values: nil, indices: $0.assumingMemoryBound(to: Int64.self)) }
      ),
      ("sort rows", hash(count * 4) { Order.sort(rows, axis: 1, descending: true, values: $0, indices: nil) }),
      (
        "topK",
        hash(800) { Order.topK(x, count: 100, axis: 0, values: nil, indices: $0.assumingMemoryBound(to: Int64.self)) }
      ),
      ("normal", hash(count * 4) { Draws.fill(Draws.normal(.float32), key: 1, counter: 0, count: count, into: $0) }),
    ]
  }
}

/// The same bits however many threads take part.
@Suite struct KernelThreadTests {
  private func output(threads: Int) async -> [String] {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) { [threads] in
      setenv("NABLA_NUM_THREADS", "\(threads)", 1)  // before anything has started threads
      for (name, hash) in SharedKernels.hashes() { print("bits: \(name) \(hash)") }
      print("threads: \(Parallel.threadCount)")
    }
    let lines = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self).split(separator: "\n").map(
      String.init)
    #expect(lines.contains("threads: \(threads)"))
    return lines.filter { $0.hasPrefix("bits: ") }
  }

  @Test func anyNumberOfThreads() async {
    let one = await output(threads: 1)
    #expect(one.count == 11 && Set(one.map { $0.split(separator: " ").last! }).count == 11)
    for threads in [2, 3, 7] {
      let seen = await output(threads: threads)
      #expect(seen == one, "\(threads) threads")
    }
  }
}
