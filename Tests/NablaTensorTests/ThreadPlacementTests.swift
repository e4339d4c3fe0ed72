#if canImport(Glibc)
import Foundation
import Glibc
import NablaTensor
import Synchronization
import Testing

/// Where the threads of a region run.
@Suite struct ThreadPlacementTests {
  // glibc declares these for GNU sources alone, which Swift's module of it is not.
  private typealias Affinity = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> Int32
  private typealias Processor = @convention(c) () -> Int32
  private static func function<F>(_ name: String, _ type: F.Type) -> F { unsafeBitCast(dlsym(nil, name), to: type) }

  /// The processors that the calling thread may use.
  private static var allowed: [Int] {
    var bits = [UInt8](repeating: 0, count: 128)
    _ = function("sched_getaffinity", Affinity.self)(0, bits.count, &bits)
    return (0..<bits.count * 8).filter { bits[$0 / 8] >> ($0 % 8) & 1 == 1 }
  }

  private static func allow(_ processors: [Int]) {
    var bits = [UInt8](repeating: 0, count: 128)
    for processor in processors { bits[processor / 8] |= 1 << (processor % 8) }
    precondition(function("sched_setaffinity", Affinity.self)(0, bits.count, &bits) == 0)
  }

  private static var current: Int { Int(function("sched_getcpu", Processor.self)()) }

  /// A worker that is put on the caller's processor goes to another one before it works.
  @Test(.enabled(if: allowed.count > 1)) func workersLeaveTheCallersProcessor() async {
    await #expect(processExitsWith: .success) {
      setenv("NABLA_NUM_THREADS", "2", 1)
      let all = Self.allowed
      Parallel.forEach(2) { _ in }  // starts the worker, which may go anywhere
      Self.allow([all[0]])
      let seen = Mutex([Int]())
      for _ in 0..<40 {
        Parallel.forEachOnThreads(2) { thread, _ in
          if thread == 0 {  // long enough for the worker to get a share of this processor
            let end = ContinuousClock.now + .milliseconds(10)
            while ContinuousClock.now < end {}
          } else {
            seen.withLock { $0.append(Self.current) }
            Self.allow([all[0]])
            Self.allow(all)
          }
        }
      }
      let processors = seen.withLock { $0 }
      precondition(!processors.isEmpty, "the worker never joined")
      precondition(!processors.contains(all[0]), "\(processors)")
    }
  }
}
#endif
