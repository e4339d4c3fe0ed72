import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

@Suite struct LongTapeTests {
  /// A chain of 100,000 operations: walked and freed in loops. Recursion would not fit the stack of a quarter of a
  /// mebibyte.
  @Test func aHundredThousandOperations() async {
    await withCheckedContinuation { done in
      let thread = Thread {
        differentiateALongChain()
        done.resume()
      }
      thread.stackSize = 1 << 18
      thread.start()
    }
  }

  private func differentiateALongChain() {
    let x = Variable<Double>(1)
    for persistent in [false, true] {
      let tape = GradientTape(persistent: persistent)
      var y = tape.record { x * 1 }
      tape.record { for _ in 0..<99_999 { y = y * (1 + 1e-6) } }
      #expect(tape.recordedOperations.count == 100_000)
      // y = x · factor⁹⁹⁹⁹⁹; each product rounds once, and so does each step back.
      let g = tape.gradient(of: y, for: x)?.scalar ?? 0
      expectClose(g, y.scalar, .relative(1e5 * Double.ulpOfOne))
      expectClose(g, Foundation.exp(99_999 * Foundation.log1p(1e-6)), .relative(1e5 * Double.ulpOfOne))
    }
  }

  /// In a process of its own: the counters are the whole process's.
  @Test func memoryFallsOnTheWay() async {
    await #expect(processExitsWith: .success) {
      let x = Variable<Float>(Tensor(ones: [1 << 16]))
      let before = Memory.counters.inUse
      let tape = GradientTape()
      let y = tape.record { (0..<64).reduce(x.value) { y, _ in sin(y) } }
      precondition(Memory.counters.inUse - before > 50 << 18)  // the operands of 64 sines
      precondition(tape.gradient(of: y, for: x) != nil)
      precondition(Memory.counters.inUse - before < 16 << 18)  // the tape has let go
    }
  }
}
