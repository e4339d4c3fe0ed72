import CKernels
import Synchronization

/// Work that is shared over the cores. Small work stays on the calling thread.
package enum Parallel {
  /// The threads that share work, the calling one included.
  package static var threadCount: Int { Int(nabla_thread_count()) }

  /// Whether work that is handed out now is shared: no other is, neither around the caller nor beside it.
  package static var isFree: Bool { nabla_threads_are_free() != 0 }

  /// Elements of a piece of an element-wise loop: large enough that handing it over is cheap beside it, small enough to
  /// stay in a second-level cache.
  package static let grain = 16_384

  /// Fewer elements than this stay on one thread: a call that another thread must be woken for costs more.
  package static let threshold = 4 * grain

  /// Calls `body` with 0 ..< count, on all threads or on as many as `threads`. The calls may run in any order and at the
  /// same time.
  package static func forEach(_ count: Int, threads: Int = .max, _ body: (Int) -> Void) {
    forEachOnThreads(count, threads: threads) { _, index in body(index) }
  }

  /// Calls `body` with the number of the thread, from 0 on, and each of 0 ..< count. What belongs to a number is one
  /// thread's at a time.
  package static func forEachOnThreads(_ count: Int, threads: Int = .max, _ body: (_ thread: Int, Int) -> Void) {
    if count == 1 { return body(0, 0) }
    let threads = Int32(clamping: threads)
    guard let scope = ErrorScope.innermost else { return share(count, threads, body) }
    // Other threads are not inside the caller's scope: each call has one of its own, and the first index's error counts.
    let first = Mutex((index: Int.max, error: NablaError?.none))
    share(count, threads) { thread, index in
      let own = ErrorScope()
      own.run { body(thread, index) }
      guard let error = own.error else { return }
      first.withLock { if index < $0.index { $0 = (index, error) } }
    }
    if scope.error == nil, let error = first.withLock({ $0.error }) {
      scope.keep(NablaError(operation: error.operation, message: error.message))  // on the caller's stack
    }
  }

  /// A closure that threads borrow: a copy would count its references at each call, and the count would go to and fro
  /// between cores.
  private struct Work: ~Copyable {
    let body: (Int, Int) -> Void
    borrowing func run(_ thread: Int, _ index: Int) { body(thread, index) }
  }

  private static func share(_ count: Int, _ threads: Int32, _ body: (Int, Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var work = Work(body: body)
      withUnsafeMutablePointer(to: &work) { pointer in
        nabla_parallel(
          count, threads, { $0!.assumingMemoryBound(to: Work.self).pointee.run(Int($1), $2) }, pointer)
      }
    }
  }

  /// Calls `body` with ranges that cut 0 ..< count: one range where the work is small, pieces of the grain elsewhere.
  /// `cost` is the work of one index in elements.
  @inline(__always)
  package static func forEachPiece(
    of count: Int, cost: Int = 1, grain: Int = grain, _ body: (Range<Int>) -> Void
  ) {
    if count &* cost < threshold { return body(0..<count) }
    let size = max(1, (grain + cost - 1) / cost)
    forEach((count + size - 1) / size) { piece in
      body(piece * size..<min(count, (piece + 1) * size))
    }
  }
}

/// A value for each thread that shares work, made when the thread first asks for it.
package final class PerThread<Value> {
  // What belongs to a thread's number is that thread's alone: see `Parallel.forEachOnThreads`.
  private let values: UnsafeMutableBufferPointer<Value?>
  private let make: () -> Value

  package init(_ make: @escaping () -> Value) {
    self.make = make
    values = .allocate(capacity: Parallel.threadCount)
    values.initialize(repeating: nil)
  }
  deinit {
    values.deinitialize()
    values.deallocate()
  }

  package subscript(thread: Int) -> Value {
    if let value = values[thread] { return value }
    let value = make()
    values[thread] = value
    return value
  }
}
