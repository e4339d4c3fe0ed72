import Nabla

/// The length of a step, and where it is from.
struct StepSize {
  let value: Double
  /// The estimate of the Hessian's largest eigenvalue, where it was needed.
  let curvature: Double?

  /// The length that the settings name, or one that converges.
  ///
  /// The loss mean((X w + b - y)²) has the Hessian H = (2/n) [X 1]ᵀ[X 1]. With its largest eigenvalue λ:
  /// - Full batches take 0.95 / λ. Descent converges below 2 / λ, with momentum m below 2 (1 + m) / λ, with Nesterov's
  ///   below 2 (1 + m) / ((1 + 2 m) λ), never less than 4 / (3 λ). So an estimate of λ that is a quarter too small is
  ///   still safe.
  /// - Batches of B rows take 0.95 B / (β + (B - 1) λ), where β is the largest curvature of a single row, 2 (1 + ‖x‖²)
  ///   (Ma, Bassily and Belkin, "The Power of Interpolation", ICML 2018), and with momentum that times 1 - m, since
  ///   the noise of the gradients adds up over 1 / (1 - m) steps.
  init<S>(_ data: Dataset<S>, _ settings: DescentSettings) {
    if case .fixed(let value) = settings.learningRate {
      self.value = value
      curvature = nil
      return
    }
    let largest = data.largestCurvature(seed: settings.seed)
    curvature = largest
    guard let size = settings.batchSize, size < data.rowCount else {
      value = 0.95 / largest
      return
    }
    let batch = Double(size)
    let plain = 0.95 * batch / (data.largestRowCurvature() + (batch - 1) * largest)
    value = settings.method == .sgd ? plain : plain * (1 - settings.momentum)
  }
}

extension Dataset {
  /// The largest eigenvalue of (2/n) [X 1]ᵀ[X 1] by power iteration, from below: ‖H v‖ for a unit vector v.
  ///
  /// Ends when it grows by less than a thousandth, after eight rounds at the least and fifty at the most: from a random
  /// start, k rounds are expected to miss at most 0.871 ln(columns) / (k - 1) of it, however close the eigenvalues lie
  /// (Kuczyński and Woźniakowski, SIAM J. Matrix Anal. Appl. 13(4), 1992).
  func largestCurvature(seed: UInt64) -> Double {
    var generator = RandomGenerator(seed: seed)
    var v = Tensor<S>.random(.normal, shape: [featureCount], using: &generator)
    var c = Tensor<S>.random(.normal, shape: [], using: &generator)
    var norm = (square(v).sum() + square(c)).scalar.squareRoot()
    let product = compiled { x, _, more in
      let u = matmul(x, more[0]) + more[1]
      return [matmul(x.transposed(), u) * S(2 / Double(rowCount)), u.mean() * 2]
    }
    for round in 1...50 where !Interrupt.isRequested {
      let next = product(0..<rowCount, [v / norm, c / norm])
      (v, c) = (next[0], next[1])
      let previous = norm
      norm = (square(v).sum() + square(c)).scalar.squareRoot()
      if round >= 8 && norm <= previous * 1.001 { break }
    }
    return Double(norm)
  }

  /// The largest 2 (1 + ‖x‖²) of all rows x.
  func largestRowCurvature() -> Double {
    let block = max(1, (1 << 20) / featureCount)
    let norms = stride(from: 0, to: rowCount, by: block).map { start in
      square(features[start..<min(rowCount, start + block)]).sum(axis: 1).max().scalar
    }
    return 2 * (1 + Double(norms.max() ?? 0))
  }
}
