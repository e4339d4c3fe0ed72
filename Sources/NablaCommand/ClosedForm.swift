import Nabla

/// The least squares solution by LAPACK's orthogonal factorization of [1 X].
struct ClosedForm<S: FloatingPointScalar> {
  let weights: Tensor<S>
  let intercept: Tensor<S>
  let seconds: Double

  /// Solves.
  ///
  /// Throws a ``CommandError`` where the data does not determine the coefficients.
  init(of data: Dataset<S>) throws {
    guard data.rowCount > data.featureCount else {
      throw CommandError(
        .data,
        "\(data.source): \(data.rowCount) rows do not determine \(data.featureCount + 1) coefficients")
    }
    let clock = ContinuousClock()
    let start = clock.now
    let ones = Tensor<S>(ones: [data.rowCount, 1])
    do {
      let solution = try Linalg.leastSquares(concatenate([ones, data.features], axis: 1), data.target)
      weights = solution[1...]
      intercept = solution[0]
    } catch LinalgError.rankDeficient(_, let column, let reciprocal) {
      throw CommandError(
        .failure,
        "\(data.source): the columns are linearly dependent (reciprocal condition number "
          + "\(Format.short(reciprocal, digits: 2))); \"\(data.coefficientNames[column])\" is the first to drop")
    }
    seconds = (clock.now - start).seconds
  }

  /// Whether memory suffices. What is mapped so that it takes no memory should not take most of it here.
  static func fits(_ data: Dataset<S>) -> Bool {
    let needed = bytesNeeded(for: data)
    return data.matrix == nil ? data.byteCount + needed <= Machine.memory : needed <= Machine.memory / 4
  }

  /// The bytes that solving takes beside the data: the matrix with its column of ones, its squares and its factor.
  static func bytesNeeded(for data: Dataset<S>) -> Double { 3 * data.byteCount }
}
