import ArgumentParser
import CReference
import Foundation
import Nabla
import Synchronization

/// Compares Nabla's loops with the C library in a wider type and prints the tables that ACCURACY.md holds.
@main
struct AccuracyBenchmark: ParsableCommand {
  @Option(help: "Take every n-th block or bit pattern of a sample.")
  var step: UInt64 = 1
  @Option(help: "The type: Float or Double. Both by default.")
  var type: String?
  @Argument(help: "The functions to measure. All by default.")
  var names: [String] = []

  func run() throws {
    var isWithin = true
    if type != "Double" {
      print(
        "## Float\n\nOver \(step == 1 ? "all 2³² Floats" : "every \(step)-th Float"), and 2²⁶ pairs for pow and atan2.\n"
      )
      isWithin = table(of: Float.self, \.float, reference_double, .every(step)) && isWithin
    }
    if type != "Float" {
      print("## Double\n\nOver 1.5 · 10⁸ Doubles of every binade, and 2²⁶ pairs for pow and atan2.\n")
      isWithin = table(of: Double.self, \.double, reference_long_double, .everyBinade(step)) && isWithin
    }
    if !isWithin { throw ExitCode.failure }
  }

  /// Prints the rows of one type and returns whether all are within their limits.
  private func table<S: FloatingPointScalar & BinaryFloatingPoint>(
    of type: S.Type, _ loop: KeyPath<Function, Function.Loop<S>>, _ reference: @escaping reference_loop,
    _ sample: Sample<S>
  ) -> Bool {
    print("| function | worst error | at | limit | special |\n| --- | --- | --- | --- | --- |")
    var isWithin = true
    for function in Function.all where names.isEmpty || names.contains(function.name) {
      let worst = measure(function, function[keyPath: loop], reference, function.isPair ? .pairs(step) : sample)
      isWithin = isWithin && worst.ulps <= function.limit && worst.special == 0
      let thousandths = (worst.ulps * 1000).rounded() / 1000
      let place = function.isPair ? "\(worst.x), \(worst.y)" : "\(worst.x)"
      print("| \(function.name) | \(thousandths) | \(place) | \(Int(function.limit)) | \(worst.special) |")
      fflush(nil)
    }
    print()
    return isWithin
  }

  private func measure<S: FloatingPointScalar & BinaryFloatingPoint>(
    _ function: Function, _ loop: @escaping Function.Loop<S>, _ reference: @escaping reference_loop,
    _ sample: Sample<S>
  ) -> Worst<S> {
    let total = Mutex(Worst<S>())
    DispatchQueue.concurrentPerform(iterations: sample.blocks) { number in
      let (x, y) = sample.block(number)
      let worst = Worst<S>(function, loop, reference, x, y)
      total.withLock { $0.merge(worst) }
    }
    return total.withLock { $0 }
  }
}
