import Nabla

/// What `nabla train` says before and after the work.
enum Report {
  /// Coefficients that are shown of many.
  private static let shownCount = 10
  private static let allShownCount = 16

  /// What the data is, before it is made or used.
  static func introduce(_ source: String, rows: Int, features: Int, _ dtype: DType) {
    let blas = OpenBLAS.current
    let bytes = Double(rows) * Double(features + 1) * Double(dtype.byteCount)
    Console.line(
      "\(source): \(Format.count(rows)) rows of \(Format.count(features)) features, \(dtype), \(Format.bytes(bytes))")
    Console.line("OpenBLAS \(blas.version), \(blas.coreUsed) kernels, \(OpenBLAS.threadCount) threads")
  }

  static func method<S>(_ descent: Descent<S>) {
    let (settings, step) = (descent.settings, descent.stepSize)
    let batch = settings.batchSize.map { "batches of \(Format.count($0)) rows" } ?? "full batch"
    let momentum = settings.method == .sgd ? "" : " \(Format.short(settings.momentum))"
    let origin = step.curvature.map { " (auto: the Hessian's largest eigenvalue is \(Format.short($0)))" } ?? ""
    Console.line("\(settings.method)\(momentum), \(batch), learning rate \(Format.short(step.value))\(origin)")
    Console.line()
  }

  /// After Ctrl-C before the first step: there may not even be whole data.
  static func nothing() { Console.line("Interrupted before the first step: there is no result.") }

  static func outcome<S>(_ outcome: DescentOutcome<S>, _ data: Dataset<S>) {
    Console.line()
    let epochs = "\(Format.count(outcome.epochs)) \(outcome.epochs == 1 ? "epoch" : "epochs")"
    let time = "\(Format.short(outcome.seconds, digits: 3)) s"
    switch outcome.ending {
    case .converged: Console.line("Converged after \(epochs), \(time).")
    case .interrupted: Console.line("Interrupted after \(epochs), \(time). The result so far:")
    default: Console.line("Not converged after \(epochs), \(time); more --epochs would go on.")
    }
    let rate = Double(outcome.rows) / max(outcome.seconds, 1e-9)
    let bytes = rate * data.byteCount / Double(data.rowCount)
    Console.line("\(Format.rate(rate)), \(Format.short(bytes / 1e9, digits: 3)) GB/s of data")
    Console.line(rSquared(data, outcome.weights, outcome.intercept))
  }

  /// The coefficients of a descent, and beside them the true ones and the closed form where there are such.
  static func comparison<S>(_ outcome: DescentOutcome<S>, _ data: Dataset<S>) {
    let trained = data.scaling.original(outcome.weights, outcome.intercept)
    if let truth = data.truth {
      coefficients(data, [("true", truth), ("trained", trained)], S.self, difference: "error")
    }
    if outcome.ending == .interrupted {
      if data.truth == nil { coefficients(data, [("trained", trained)], S.self) }
      return
    }
    var columns = [("trained", trained)]
    defer { if data.truth == nil { coefficients(data, columns, S.self) } }
    guard let closed = closedForm(data) else { return }
    let exact = data.scaling.original(closed.weights, closed.intercept)
    columns.append(("closed form", exact))
    Console.line(
      "Closed form by LAPACK: \(Format.short(closed.seconds, digits: 3)) s, "
        + "largest difference from the trained coefficients \(Format.short(largestDifference(trained, exact)))")
  }

  /// The closed form, or after a line that says why there is none, nil.
  private static func closedForm<S>(_ data: Dataset<S>) -> ClosedForm<S>? {
    Console.line()
    // It takes a further pass, and more arithmetic than a step by the number of columns.
    if data.matrix != nil && data.byteCount > Machine.memory / 4 {
      Console.line("No closed form to compare with, since the file is large: --solver lstsq computes it.")
      return nil
    }
    do { return try ClosedForm(of: data) } catch {
      Console.line("No closed form to compare with: \((error as? CommandError)?.message ?? "\(error)").")
      return nil
    }
  }

  /// The result of `--solver lstsq`.
  static func direct<S>(_ data: Dataset<S>, _ closed: ClosedForm<S>) {
    Console.line("Closed form by LAPACK: \(Format.short(closed.seconds, digits: 3)) s")
    Console.line(rSquared(data, closed.weights, closed.intercept))
    let solved = data.scaling.original(closed.weights, closed.intercept)
    if let truth = data.truth {
      coefficients(data, [("true", truth), ("solved", solved)], S.self, difference: "error")
    } else {
      coefficients(data, [("solved", solved)], S.self)
    }
  }

  private static func rSquared<S>(_ data: Dataset<S>, _ weights: Tensor<S>, _ intercept: Tensor<S>) -> String {
    guard let value = data.rSquared(weights, intercept) else { return "R² is undefined: the target is constant" }
    return "R² \(Format.short(value, digits: S.dtype == .float32 ? 6 : 12))"
  }

  private static func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }

  /// A table of coefficients, intercept first: all of a few, the first of many. Numbers have the digits that tell them
  /// from all others of the element type.
  private static func coefficients<S: FloatingPointScalar>(
    _ data: Dataset<S>, _ columns: [(title: String, values: [Double])], _ type: S.Type, difference: String? = nil
  ) {
    let names = data.coefficientNames
    let shown = names.count <= allShownCount ? names.count : shownCount
    var rows = [["coefficient"] + columns.map(\.title) + (difference.map { [$0] } ?? [])]
    for index in 0..<shown {
      let cells = columns.map { "\(S($0.values[index]))" }
      let error = columns.count == 2 ? Format.short(columns[1].values[index] - columns[0].values[index], digits: 2) : ""
      rows.append([names[index]] + cells + (difference == nil ? [] : [error]))
    }
    Console.line()
    for line in Format.table(rows) { Console.line(line) }
    if shown < names.count { Console.line("  and \(names.count - shown) more") }
    if difference != nil {
      let largest = largestDifference(columns[0].values, columns[1].values)
      Console.line("  largest error of all: \(Format.short(largest))")
    }
  }
}
