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
    do {
      let solution = try Linalg.leastSquares([Tensor(ones: [data.rowCount, 1]), data.features], data.target)
      weights = solution[1...]
      intercept = solution[0]
    } catch LinalgError.notFinite where data.firstNotFinite() != nil {
      throw data.notFinite()
    } catch LinalgError.rankDeficient(_, let column, let reciprocal) {
      throw CommandError(
        .failure,
        "\(data.source): the columns are linearly dependent (reciprocal condition number "
          + "\(Format.short(reciprocal, digits: 2))); \"\(data.coefficientNames[column])\" is the first to drop")
    }
    seconds = (clock.now - start).seconds
  }
}
