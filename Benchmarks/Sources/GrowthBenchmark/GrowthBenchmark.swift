import ArgumentParser
import Nabla

/// Prints what one operation takes where there are 100 of them, 1,000 and so on: a cost that grows along a row is a defect.
@main
struct GrowthBenchmark: ParsableCommand {
  @Option(help: "The largest count of operations, of elements or of rows.")
  var most = 100_000

  func run() {
    let counts = Array(sequence(first: 100) { $0 * 10 <= most ? $0 * 10 : nil })
    print("Nanoseconds for one, the least of three.\n")
    print("| | " + counts.map { "\($0)" }.joined(separator: " | ") + " |")
    print("| --- |" + counts.map { _ in " ---: |" }.joined())
    let x = Tensor<Float>([1, 2, 3])
    row("recording", counts) { count in
      let tape = GradientTape()
      tape.watch(x)
      return { _ = tape.record { chain(x, count) } }
    }
    row("gradient of a recording", counts) { count in { _ = gradient(at: x) { chain($0, count).sum() } } }
    row("planning", counts) { count in { _ = compiled { (x: Tensor<Float>) in chain(x, count) }(x) } }
    row("planning a gradient", counts) { count in
      { _ = compiled { (x: Tensor<Float>) in gradient(at: x) { chain($0, count).sum() } }(x) }
    }
    row("planning assignments of variables", counts.filter { $0 <= 10_000 }) { count in
      let variables = (0..<count).map { _ in Variable<Float>(x) }
      return {
        let step = compiled { (x: Tensor<Float>) in
          for variable in variables { variable.assign(variable.value * 0.5) }
          return x
        }
        _ = step(x)
      }
    }
    row("assigning a row of 10", counts) { count in
      var rows = Tensor<Float>(zeros: [count, 10])
      let row = Tensor<Float>(ones: [10])
      return { for index in 0..<count { rows[index] = row } }
    }
    row("reading an element", counts) { count in
      let vector = Tensor<Float>(rangeFrom: 0, to: Float(count), stride: 1)
      return {
        var sum: Float = 0
        for index in 0..<count { sum += vector[index].scalar }
        precondition(sum >= 0)
      }
    }
    row("gradient of an element in a loop", counts.filter { $0 <= 10_000 }) { count in
      let vector = Tensor<Float>(rangeFrom: 0, to: Float(count), stride: 1)
      return { _ = gradient(at: vector) { v in (0..<count).reduce(Tensor(0)) { $0 + v[$1] } } }
    }
  }

  private func chain(_ x: Tensor<Float>, _ count: Int) -> Tensor<Float> { (0..<count).reduce(x, link) }

  private func link(_ y: Tensor<Float>, _ index: Int) -> Tensor<Float> {
    if index % 2 == 0 { return sin(y) }
    let factor = Float(index % 7 + 1) / 2
    return y * factor
  }

  /// A row of the table; `make` prepares the work for a count.
  private func row(_ name: String, _ counts: [Int], _ make: (Int) -> () -> Void) {
    let cells = counts.map { count in
      let least = (0..<3).map { _ in
        let work = make(count)
        return ContinuousClock().measure { work() } / .nanoseconds(1)
      }.min()!
      return "\(Int((least / Double(count)).rounded()))"
    }
    print("| \(name) | " + cells.joined(separator: " | ") + " |")
  }
}
