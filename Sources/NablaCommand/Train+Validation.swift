import ArgumentParser
import Nabla

// What the command line may ask for.
extension Train {
  mutating func validate() throws {
    try requirePositive(rows, "rows")
    try requirePositive(features, "features")
    try requirePositive(epochs, "epochs")
    try requirePositive(batchSize, "batch-size")
    if let noise, !(noise >= 0 && noise.isFinite) {
      throw ValidationError("--noise \(noise) is not a number from 0 on")
    }
    if let momentum, !(0..<1).contains(momentum) {
      throw ValidationError("--momentum \(momentum) is not in 0 ..< 1")
    }
    if let tolerance, !(0..<1).contains(tolerance) {
      throw ValidationError("--tolerance \(tolerance) is not in 0 ..< 1")
    }
    if momentum != nil && (optimizer ?? .sgd) == .sgd {
      throw ValidationError("--momentum needs --optimizer momentum or nesterov")
    }
    try validateSource()
    try validateSolver()
  }

  private func requirePositive(_ value: Int?, _ name: String) throws {
    if let value, value < 1 { throw ValidationError("--\(name) \(value) is not a whole number from 1 on") }
  }

  private func validateSource() throws {
    if filePath != nil {
      let others = [
        ("csv", csvPath != nil), ("target", target != nil), ("rows", rows != nil), ("features", features != nil),
        ("noise", noise != nil),
      ]
      return try refuse(others, "--file")
    }
    if targetColumn != nil {
      throw ValidationError("--target-column counts the columns of a .npy file: it needs --file")
    }
    if csvPath != nil {
      if target == nil { throw ValidationError("--csv needs --target, the column to explain") }
      try refuse([("rows", rows != nil), ("features", features != nil), ("noise", noise != nil)], "--csv")
      return
    }
    if target != nil { throw ValidationError("--target names a column of a file: it needs --csv") }
    let (rows, features) = (rows ?? 1_000_000, features ?? 64)
    if rows > Int(Int32.max) || features >= Int(Int32.max) {
      throw ValidationError("--rows \(rows) --features \(features): BLAS counts rows and columns up to \(Int32.max)")
    }
    if let batchSize, batchSize > rows {
      throw ValidationError("--batch-size \(batchSize) is more than the \(rows) rows")
    }
    if solver == .lstsq && rows <= features {
      throw ValidationError("--rows \(rows) do not determine the \(features + 1) coefficients of --solver lstsq")
    }
  }

  private func validateSolver() throws {
    guard solver == .lstsq else { return }
    try refuse(
      [
        ("learning-rate", learningRate != nil), ("optimizer", optimizer != nil), ("epochs", epochs != nil),
        ("batch-size", batchSize != nil), ("tolerance", tolerance != nil), ("eager", eager),
      ], "--solver lstsq")
  }

  /// An option that would do nothing is a mistake of its user's.
  private func refuse(_ options: [(name: String, isGiven: Bool)], _ other: String) throws {
    if let option = options.first(where: \.isGiven) {
      throw ValidationError("--\(option.name) has no meaning with \(other)")
    }
  }

  /// Refuses synthetic data that the machine cannot hold.
  func checkMemory<S: FloatingPointScalar>(_ type: S.Type) throws {
    if csvPath != nil || filePath != nil { return }
    let (rows, features) = (rows ?? 1_000_000, features ?? 64)
    // The features once, and vectors of the rows' length. Both sizes fit 32 bits, so the Double loses nothing that counts.
    let needed = Double(rows) * (Double(features) + 8) * Double(S.dtype.byteCount)
    if needed > Machine.memory {
      throw CommandError(
        .usage,
        "--rows \(rows) --features \(features) need \(Format.bytes(needed)), and the machine has "
          + Format.bytes(Machine.memory))
    }
  }
}
