import Foundation
import Nabla
import Synchronization

/// One function: Nabla's loop, and the C library's in Double, whose error is nothing beside a unit of Float.
private struct Function: Sendable {
  let name: String
  let limit: Double
  let loop: @Sendable (Tensor<Float>) -> Tensor<Float>
  let reference: @Sendable (Double) -> Double

  static let all: [Function] = [
    Function(name: "sqrt", limit: 1, loop: { Nabla.sqrt($0) }, reference: { $0.squareRoot() }),
    Function(name: "reciprocal", limit: 1, loop: { reciprocal($0) }, reference: { 1 / $0 }),
    Function(name: "exp", limit: 2, loop: { Nabla.exp($0) }, reference: { Foundation.exp($0) }),
    Function(name: "expm1", limit: 2, loop: { Nabla.expm1($0) }, reference: { Foundation.expm1($0) }),
    Function(name: "log", limit: 2, loop: { Nabla.log($0) }, reference: { Foundation.log($0) }),
    Function(name: "log1p", limit: 2, loop: { Nabla.log1p($0) }, reference: { Foundation.log1p($0) }),
    Function(name: "sin", limit: 2, loop: { Nabla.sin($0) }, reference: { Foundation.sin($0) }),
    Function(name: "cos", limit: 2, loop: { Nabla.cos($0) }, reference: { Foundation.cos($0) }),
    Function(name: "tanh", limit: 2, loop: { Nabla.tanh($0) }, reference: { Foundation.tanh($0) }),
    Function(
      name: "sigmoid", limit: 2, loop: { sigmoid($0) },
      reference: { x in
        let e = Foundation.exp(-abs(x))
        return (x >= 0 ? 1 : e) / (1 + e)
      }),
    Function(
      name: "softplus", limit: 2, loop: { softplus($0) },
      reference: { x in (x > 0 || x.isNaN ? x : 0) + Foundation.log1p(Foundation.exp(-abs(x))) }),
    Function(name: "erf", limit: 4, loop: { Nabla.erf($0) }, reference: { Foundation.erf($0) }),
  ]
}

/// The worst error over a range of bit patterns.
private struct Worst: Sendable {
  var ulps = 0.0
  var at: Float = 0
  /// Results that should be NaN, infinite or zero and are something else, beyond two units of the smallest Float.
  var special = 0

  mutating func note(_ x: Float, _ seen: Float, _ exact: Double) {
    let rounded = Float(exact)
    if rounded.isNaN || rounded.isInfinite || rounded == 0 {
      let agrees = rounded.isNaN ? seen.isNaN : seen == rounded
      if !agrees && !(abs(Double(seen) - exact) <= 2 * Double(Float.leastNonzeroMagnitude)) { special += 1 }
      return
    }
    let error = abs(Double(seen) - exact) / Double(rounded.ulp)
    if !(error <= ulps) { (ulps, at) = (error, x) }
  }

  mutating func merge(_ other: Worst) {
    if !(other.ulps <= ulps) { (ulps, at) = (other.ulps, other.at) }
    special += other.special
  }
}

/// Compares every Float, or every `--step`-th bit pattern, and prints the table that ACCURACY.md holds.
@main
enum AccuracyBenchmark {
  static func main() {
    let arguments = CommandLine.arguments
    let step = arguments.firstIndex(of: "--step").flatMap { UInt64(arguments[$0 + 1]) } ?? 1
    print("Worst errors over \(step == 1 ? "all 2³² Floats" : "every \(step)-th Float"), in units in the last place;")
    print(
      "\(Processor.instructionSet) loops. \"special\" counts results that should be NaN, infinite or zero and are not.\n"
    )
    print("| function | worst error | at | limit | special |")
    print("| --- | --- | --- | --- | --- |")
    var isWithin = true
    for function in Function.all {
      let worst = measure(function, step)
      isWithin = isWithin && worst.ulps <= function.limit && worst.special == 0
      let hundredths = (worst.ulps * 1000).rounded() / 1000
      print("| \(function.name) | \(hundredths) | \(worst.at) | \(Int(function.limit)) | \(worst.special) |")
    }
    if !isWithin { exit(1) }
  }

  private static func measure(_ function: Function, _ step: UInt64) -> Worst {
    let block: UInt64 = 1 << 14
    let blocks = Int(((1 << 32) / step + block - 1) / block)
    let total = Mutex(Worst())
    DispatchQueue.concurrentPerform(iterations: blocks) { index in
      let first = UInt64(index) * block
      let patterns = (first..<first + block).map { $0 * step }.filter { $0 < 1 << 32 }
      let x = patterns.map { Float(bitPattern: UInt32($0)) }
      var worst = Worst()
      for (x, y) in zip(x, function.loop(Tensor(x)).scalars) { worst.note(x, y, function.reference(Double(x))) }
      total.withLock { $0.merge(worst) }
    }
    return total.withLock { $0 }
  }
}
