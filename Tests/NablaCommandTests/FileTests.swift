import Foundation
import Nabla
import TestSupport
import Testing

@testable import NablaCommand

/// `nabla train --file`.
@Suite struct FileTests {
  private func withFile<S: TensorScalar, R>(_ x: Tensor<S>, _ body: (String) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("nabla-\(UUID().uuidString).npy")
    try x.save(npy: url.path)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
  }

  private func run(_ path: String, _ options: String = "") throws -> Executable.Result {
    try Executable.run(["train", "--file", path] + options.split(separator: " ").map(String.init))
  }

  /// A target 2 + 1 x₀ - 3 x₁ + 0.5 x₂ in the last column, or the first.
  private func matrix<S: FloatingPointScalar>(_ type: S.Type, rows: Int = 5000, targetFirst: Bool = false) -> Tensor<S>
  {
    var generator = RandomGenerator(seed: 2)
    let x = Tensor<S>.random(.normal, shape: [rows, 3], using: &generator)
    let y = (matmul(x, Tensor<S>([1, -3, 0.5])) + 2).reshaped(to: [rows, 1])
    return concatenate(targetFirst ? [y, x] : [x, y], axis: 1)
  }

  private func coefficients(_ output: String) -> [Double] {
    output.split(separator: "\n").filter { $0.hasPrefix("  intercept ") || $0.hasPrefix("  column ") }.compactMap {
      Double($0.split(separator: " ")[$0.hasPrefix("  column ") ? 2 : 1])
    }
  }

  private func expectFound(_ result: Executable.Result, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(result.status == 0 && result.error == "", "\(result.error)", sourceLocation: sourceLocation)
    let seen = coefficients(result.output)
    guard seen.count == 4 else {
      Issue.record("\(result.output)", sourceLocation: sourceLocation)
      return
    }
    for (value, expected) in zip(seen, [2, 1, -3, 0.5]) {
      #expect(abs(value - expected) < 2e-3, "\(result.output)", sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [
    "", "--eager", "--optimizer nesterov", "--batch-size 300", "--eager --batch-size 512", "--learning-rate 0.3",
    "--dtype float32", "--solver lstsq", "--target-column 3", "--target-column=-1",
  ]) func findsTheCoefficients(_ options: String) throws {
    try withFile(matrix(Float.self)) { expectFound(try run($0, options)) }
  }

  @Test func targetsAndTypes() throws {
    try withFile(matrix(Double.self)) { path in
      let result = try run(path)
      expectFound(result)
      #expect(result.output.contains("float64"))
    }
    try withFile(matrix(Float.self, targetFirst: true)) { path in
      expectFound(try run(path, "--target-column 0"))
      expectFound(try run(path, "--target-column=-4 --eager"))
    }
    try withFile(matrix(Float.self, rows: 20)) { expectFound(try run($0)) }
  }

  /// Compiled steps on the mapping and eager ones on tensors in memory: the same descent to rounding.
  @Test func agreesWithMemory() throws {
    let whole = matrix(Double.self, rows: 3000)
    try withFile(whole) { path in
      let mapped = try Dataset<Double>(mapping: path, targetColumn: -1)
      var memory = mapped
      memory.matrix = nil
      memory.features = whole[.all, ..<3]
      memory.target = whole[.all, 3]
      var settings = DescentSettings(
        learningRate: .auto, method: .sgd, momentum: 0.9, epochs: 20, batchSize: nil, tolerance: 0, seed: 0,
        isEager: false)
      let a = outcome(mapped, settings)
      settings.isEager = true
      let b = outcome(memory, settings)
      expectClose(a.loss, b.loss, .relative(1e-10))
      expectClose(a.weights, b.weights, .relative(1e-10))
      expectClose(a.intercept, b.intercept, .relative(1e-10))
    }
  }

  private func outcome(_ data: Dataset<Double>, _ settings: DescentSettings) -> DescentOutcome<Double> {
    var progress = Progress(epochs: 20, rows: data.rowCount, tolerance: 0, isTerminal: false, print: { _ in })
    return Descent(data, settings).run(&progress)
  }

  // MARK: Errors

  private func expectError(
    _ result: Executable.Result, _ status: Int32, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == status, "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
    #expect(result.errorLines.count == 1, sourceLocation: sourceLocation)
    #expect(result.error.contains(message), "\(result.error)", sourceLocation: sourceLocation)
  }

  @Test func usageErrors() throws {
    for option in ["--csv x.csv", "--target y", "--rows 5", "--features 5", "--noise 1"] {
      let name = option.split(separator: " ")[0]
      expectError(try run("x.npy", option), 64, "\(name) has no meaning with --file")
    }
    expectError(try Executable.run(["train", "--target-column", "1"]), 64, "it needs --file")
    try withFile(matrix(Float.self, rows: 10)) { path in
      expectError(try run(path, "--dtype float64"), 64, "--dtype float64 is not the file's: \(path) holds float32")
      expectError(try run(path, "--batch-size 11"), 64, "--batch-size 11 is more than the 10 rows of the file")
      expectError(try run(path, "--target-column 1"), 64, "would have to be copied")
      expectError(try run(path, "--target-column 4"), 64, "--target-column 4: the file has 4 columns")
      expectError(try run(path, "--target-column=-5"), 64, "--target-column -5: the file has 4 columns")
    }
  }

  @Test func fileErrors() throws {
    expectError(try run("/no/such.npy"), 66, "/no/such.npy: open: No such file or directory")
    expectError(try run("/dev/null"), 66, "/dev/null: not a regular file")
    try Executable.withFile("x,y\n1,2\n") { path in
      expectError(try run(path), 65, "\(path): byte 0: expected the magic string")
    }
    try withFile(Tensor<Float>(zeros: [3])) { expectError(try run($0), 65, "an array of shape [3] is no matrix") }
    try withFile(Tensor<Float>(zeros: [3, 1])) { expectError(try run($0), 65, "shape [3, 1] is no matrix") }
    try withFile(Tensor<Int32>(zeros: [3, 2])) { expectError(try run($0), 65, "elements are int32") }
  }

  @Test func numbersThatAreNotFinite() throws {
    var x = matrix(Float.self, rows: 100)
    x[7, 3] = Tensor(.nan)
    try withFile(x) { path in
      for options in ["", "--learning-rate 0.1"] {
        let result = try run(path, options)
        #expect(result.status == 65)
        #expect(result.error == "nabla: \(path): row 7, column 3: not a finite number\n")
      }
    }
  }
}
