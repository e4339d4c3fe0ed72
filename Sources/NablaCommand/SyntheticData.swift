import Nabla

/// What synthetic data is asked for.
struct SyntheticSettings {
  var rows: Int
  var features: Int
  var noise: Double
  var seed: UInt64

  var description: String { "Synthetic data, noise \(Format.short(noise)), seed \(seed)" }
}

extension Dataset {
  /// y = X w + b + noise with normal X, w and b.
  ///
  /// Rows are drawn in blocks, each from a generator of its own, whose seed depends on the block's number alone: the
  /// data is the same on any number of processors.
  init(synthetic settings: SyntheticSettings) {
    let (rows, columns) = (settings.rows, settings.features)
    var generator = RandomGenerator(seed: settings.seed)
    let weights = Tensor<S>.random(.normal, shape: [columns], using: &generator)
    let intercept = Tensor<S>.random(.normal, shape: [], using: &generator)
    // The blocks of one seed must not be those of the next: the base is spread over all 64 bits.
    let base = generator.next()
    let blockRows = max(1, (1 << 16) / columns)
    var noise = Tensor<S>(zeros: [0])
    features = Tensor(shape: [rows, columns]) { scalars in
      let x = scalars
      noise = Tensor(shape: [rows]) { scalars in
        let e = scalars
        // No two blocks write the same elements.
        Parallel.forEach((rows + blockRows - 1) / blockRows) { block in
          if Interrupt.isRequested { return }
          let start = block * blockRows
          let end = min(rows, start + blockRows)
          var generator = RandomGenerator(seed: base &+ UInt64(block))
          generator.fill(UnsafeMutableBufferPointer(rebasing: x[start * columns..<end * columns]), .normal)
          generator.fill(
            UnsafeMutableBufferPointer(rebasing: e[start..<end]),
            .normal(mean: 0, standardDeviation: S(settings.noise)))
        }
      }
    }
    target = matmul(features, weights) + intercept + noise
    source = settings.description
    names = (1...columns).map { "x\($0)" }
    scaling = .identity(columns)
    truth = [Double(intercept.scalar)] + weights.scalars.map { Double($0) }
  }
}
