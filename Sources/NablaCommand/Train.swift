import ArgumentParser
import Nabla

/// `nabla train`: a linear regression through the tape, or by LAPACK.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a linear regression, on synthetic data, a CSV file or a .npy file.",
    discussion: """
      Without options: 1,000,000 rows of 64 normal features, a target y = X w + b + noise, and full-batch descent on \
      the mean squared error through a gradient tape. What was found is compared with the true coefficients and with \
      the closed form by LAPACK.

      Training has converged when the gradient's norm is at most TOLERANCE times that of the first step; with \
      mini-batches, when the mean loss of an epoch differs from the last one's by at most that share of it. The \
      features and the target of a CSV file are brought to mean 0 and deviation 1 for training; coefficients are \
      reported in the file's units.

      A .npy file is mapped, not read: it may be larger than memory, and a compiled full-batch step streams through it \
      once. It holds a matrix of float32 or float64 in C order. Its numbers are used as they are, without a change of \
      scale, and mini-batches take its rows in the order of the file.

      Ctrl-C ends the training after the step at work, prints the result so far and exits with 0; a second one ends \
      the process at once. Exit codes: 0, also when the epochs ran out before convergence; 1 when the training \
      diverged or a closed form does not exist; 64 for bad arguments; 65 for bad data; 66 for a file that cannot be \
      read.
      """)

  @Option(help: "Rows of synthetic data. (default: 1000000)")
  var rows: Int?
  @Option(help: "Features of synthetic data. (default: 64)")
  var features: Int?
  @Option(help: "Standard deviation of the synthetic noise. (default: 0.1)")
  var noise: Double?
  @Option(help: "Seed of all that is random.")
  var seed: UInt64 = 0
  @Option(help: "Element type: float32 or float64. (default: that of the .npy file, else float32)")
  var dtype: ElementType?

  @Option(name: .customLong("csv"), help: "Train on a CSV file: a line of column names, then numbers.")
  var csvPath: String?
  @Option(help: "The column of the CSV file to explain by the others.")
  var target: String?

  @Option(name: .customLong("file"), help: "Train on the matrix in a .npy file.")
  var filePath: String?
  @Option(help: "The column of the matrix to explain: the first or the last; -1 is the last. (default: -1)")
  var targetColumn: Int?

  @Option(help: "tape: descent through the gradient tape. lstsq: the closed form alone.")
  var solver = Solver.tape
  @Option(
    help: """
      Length of a step, or auto: from the largest eigenvalue of the loss's Hessian, by power iteration. \
      (default: auto)
      """)
  var learningRate: LearningRate?
  @Option(help: "sgd, momentum or nesterov. (default: sgd)")
  var optimizer: Method?
  @Option(help: "The momentum of momentum and nesterov. (default: 0.9)")
  var momentum: Double?
  @Flag(help: "Run the steps operation by operation, not as a compiled plan.")
  var eager = false
  @Option(help: "The most passes over the data. (default: 1000)")
  var epochs: Int?
  @Option(help: "Rows of a mini-batch. (default: all rows)")
  var batchSize: Int?
  @Option(help: "When training has converged; see above. (default: 1e-5 for float32, 1e-10 for float64)")
  var tolerance: Double?

  func run() throws {
    Interrupt.install()
    switch try elementType() {
    case .float32: try train(Float.self)
    case .float64: try train(Double.self)
    }
  }

  private func train<S: FloatingPointScalar>(_ type: S.Type) throws {
    try checkMemory(S.self)
    let data: Dataset<S>
    if let filePath {
      data = try Dataset(mapping: filePath, targetColumn: targetColumn ?? -1)
      try checkBatch(data)
      Report.introduce(data.source, rows: data.rowCount, features: data.featureCount, S.dtype)
    } else if let csvPath, let target {
      data = try Dataset(CSVTable(path: csvPath), target: target)
      try checkBatch(data)
      Report.introduce(data.source, rows: data.rowCount, features: data.featureCount, S.dtype)
    } else {
      let settings = syntheticSettings
      Report.introduce(settings.description, rows: settings.rows, features: settings.features, S.dtype)
      data = Dataset(synthetic: settings)
    }
    switch solver {
    case .lstsq: try solveDirectly(data)
    case .tape: try descend(data)
    }
  }

  private func checkBatch<S>(_ data: Dataset<S>) throws {
    if let batchSize, batchSize > data.rowCount {
      throw CommandError(.usage, "--batch-size \(batchSize) is more than the \(data.rowCount) rows of the file")
    }
  }

  private func solveDirectly<S>(_ data: Dataset<S>) throws {
    if Interrupt.isRequested { return Report.nothing() }
    Report.direct(data, try ClosedForm(of: data))
  }

  private func descend<S>(_ data: Dataset<S>) throws {
    let descent = Descent(data, settings(S.self))
    if Interrupt.isRequested { return Report.nothing() }
    if !descent.stepSize.value.isFinite || descent.stepSize.value == 0 { throw data.notFinite() }
    Report.method(descent)
    var progress = Progress(
      epochs: descent.settings.epochs, rows: data.rowCount, tolerance: descent.settings.tolerance)
    let outcome = descent.run(&progress)
    progress.end()
    if outcome.ending == .diverged {
      // From zero, the first loss is that of the data.
      if data.matrix != nil && outcome.epochs == 0 && data.firstNotFinite() != nil { throw data.notFinite() }
      throw CommandError(
        .failure,
        "the training diverged in epoch \(outcome.epochs + 1): the loss is not finite; a lower --learning-rate helps")
    }
    if outcome.rows == 0 { return Report.nothing() }
    Report.outcome(outcome, data)
    Report.comparison(outcome, data)
  }

  private func settings<S: FloatingPointScalar>(_ type: S.Type) -> DescentSettings {
    DescentSettings(
      learningRate: learningRate ?? .auto, method: optimizer ?? .sgd, momentum: momentum ?? 0.9,
      epochs: epochs ?? 1000, batchSize: batchSize, tolerance: tolerance ?? (S.dtype == .float32 ? 1e-5 : 1e-10),
      seed: seed, isEager: eager)
  }

  private var syntheticSettings: SyntheticSettings {
    SyntheticSettings(rows: rows ?? 1_000_000, features: features ?? 64, noise: noise ?? 0.1, seed: seed)
  }
}

extension Train {
  /// An element type by its name.
  enum ElementType: String, ExpressibleByArgument, CaseIterable {
    case float32, float64
  }

  /// A way to the coefficients.
  enum Solver: String, ExpressibleByArgument, CaseIterable {
    case tape, lstsq
  }
}

extension Method: ExpressibleByArgument {}

extension LearningRate: ExpressibleByArgument {
  init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else if let value = Double(argument), value > 0, value.isFinite {
      self = .fixed(value)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { "auto" }
}
