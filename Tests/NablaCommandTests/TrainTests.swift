import Foundation
import Testing

@testable import NablaCommand

@Suite struct TrainTests {
  private func run(_ arguments: String, _ more: String...) throws -> Executable.Result {
    try Executable.run(arguments.split(separator: " ").map(String.init) + more)
  }

  /// The numbers behind a name in a table of the output.
  private func row(_ name: String, _ output: String) -> [Double] {
    let line = output.split(separator: "\n").first { $0.hasPrefix("  \(name) ") } ?? ""
    return line.split(separator: " ").dropFirst().compactMap { Double($0) }
  }

  /// The number behind a text in the output.
  private func number(after text: String, _ output: String) throws -> Double {
    let start = try #require(output.range(of: text), "\(output)").upperBound
    return try #require(Double(output[start...].prefix { !$0.isWhitespace }.drop { $0 == " " }), "\(output)")
  }

  @Test(arguments: [
    "", "--dtype float64", "--optimizer momentum", "--optimizer nesterov --momentum 0.5", "--batch-size 300",
    "--batch-size 256 --optimizer momentum --dtype float64", "--batch-size 5000", "--learning-rate 0.3", "--seed 7",
    "--solver lstsq", "--noise 0", "--eager", "--eager --batch-size 300 --optimizer momentum",
  ]) func recoversTheCoefficients(_ options: String) throws {
    let result = try run("train --rows 5000 --features 5 \(options)")
    #expect(result.status == 0)
    #expect(result.error == "")
    #expect(try number(after: "largest error of all: ", result.output) < 1e-2)
    #expect(try number(after: "R² ", result.output) > 0.97)
    if !options.contains("lstsq") {
      #expect(result.output.contains("Converged after "), "\(result.output)")
      #expect(try number(after: "largest difference from the trained coefficients ", result.output) < 1e-2)
    }
    #expect(!result.output.contains("\u{1B}") && !result.output.contains("\r"))
  }

  @Test func progressTakesAFewLinesWhenPiped() throws {
    let result = try run("train --rows 200 --features 2 --tolerance 0 --epochs 3000")
    let lines = result.output.split(separator: "\n").filter { $0.hasPrefix("epoch ") }
    #expect((10...25).contains(lines.count), "\(result.output)")
    #expect(lines.last?.hasPrefix("epoch 3000/3000  loss ") == true)
    #expect(result.output.contains("Not converged after 3,000 epochs"))
  }

  @Test func longleyHasTheCertifiedCoefficients() throws {
    struct Certified: Decodable { let beta: [Double] }
    let file = URL(fileURLWithPath: Executable.resource("longley_certified.json"))
    let certified = try JSONDecoder().decode(Certified.self, from: Data(contentsOf: file)).beta
    let result = try run(
      "train --target employed --dtype float64 --solver lstsq --csv", Executable.resource("longley.csv"))
    #expect(result.status == 0, "\(result.error)")
    let names = ["intercept", "deflator", "gnp", "unemployed", "armed_forces", "population", "year"]
    for (name, expected) in zip(names, certified) {
      let seen = try #require(row(name, result.output).first)
      #expect(abs(seen - expected) <= 1e-10 * abs(expected), "\(name): expected \(expected), seen \(seen)")
    }
    #expect(try abs(number(after: "R² ", result.output) - 0.995479004577296) < 1e-11)
  }

  @Test func longleyByTape() throws {
    let result = try run(
      "train --target employed --dtype float64 --optimizer nesterov --momentum 0.99 --epochs 100000 --csv",
      Executable.resource("longley.csv"))
    #expect(result.output.contains("Converged after "), "\(result.output)")
    let year = row("year", result.output)
    #expect(year.count == 2)
    #expect(abs(year[0] - 1829.15146461355) < 1e-4)
  }

  @Test func linearlyDependentColumnsAreNamed() throws {
    try Executable.withFile("a,b,y\n1,5,1\n2,5,2\n3,5,3\n4,5,4\n") { path in
      let result = try run("train --target y --csv", path)
      #expect(result.status == 0)
      #expect(result.output.contains("No closed form to compare with: \(path): the columns are linearly dependent"))
      #expect(result.output.contains("\"b\" is the first to drop"))
      #expect(abs(row("a", result.output)[0] - 1) < 1e-3)
    }
  }

  @Test func constantTarget() throws {
    try Executable.withFile("a,y\n1,5\n2,5\n4,5\n") { path in
      let result = try run("train --target y --csv", path)
      #expect(result.status == 0)
      #expect(result.output.contains("R² is undefined: the target is constant"))
      #expect(row("intercept", result.output)[0] == 5)
    }
  }

  @Test(arguments: ["", "--batch-size 100"])
  func interruptGivesTheResultSoFar(_ options: String) throws {
    let arguments = "train --rows 2000 --features 3 --epochs 1000000000 --tolerance 0 --learning-rate 1e-7 \(options)"
    let run = try Executable.Run(arguments.split(separator: " ").map(String.init))
    run.wait(for: "epoch 2/")
    run.interrupt()
    let result = run.finish()
    #expect(result.status == 0)
    #expect(result.error == "")
    #expect(result.output.contains("Interrupted after "))
    #expect(try number(after: "R² ", result.output) <= 1)
    #expect(result.output.contains("largest error of all: "))
  }

  /// A seed gives the same data on every run, another seed other data, and no block repeats another.
  @Test func syntheticDataIsSeeded() {
    let settings = SyntheticSettings(rows: 3000, features: 40, noise: 0.1, seed: 3)
    let (a, b) = (Dataset<Float>(synthetic: settings), Dataset<Float>(synthetic: settings))
    #expect(a.features == b.features && a.target == b.target)
    var other = settings
    other.seed = 4
    #expect(Dataset<Float>(synthetic: other).features != a.features)
    // Rows of different blocks differ.
    #expect(a.features[0].scalars != a.features[1638].scalars)
    #expect(abs(a.features.mean().scalar) < 0.02 && abs(a.features.variance().scalar - 1) < 0.02)
  }

  @Test func infoTellsWhatIsUsed() throws {
    let result = try run("info")
    #expect(result.status == 0)
    for name in ["OpenBLAS ", "Kernels found", "Kernels used", "Threads", "Nabla's own loops", "Memory", "pooled"] {
      #expect(result.output.contains(name), "\(result.output)")
    }
  }
}
