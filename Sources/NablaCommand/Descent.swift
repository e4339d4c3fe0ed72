import Nabla

/// A way to descend.
enum Method: String, CaseIterable {
  case sgd, momentum, nesterov
}

/// The length of a step.
enum LearningRate: Equatable {
  case auto
  case fixed(Double)
}

/// How to descend.
struct DescentSettings {
  var learningRate: LearningRate
  var method: Method
  var momentum: Double
  /// The most passes over the data.
  var epochs: Int
  /// Rows of a mini-batch; nil for all.
  var batchSize: Int?
  var tolerance: Double
  var seed: UInt64
  /// Whether steps run operation by operation, not as a compiled plan.
  var isEager: Bool
}

/// What a descent came to.
struct DescentOutcome<S: FloatingPointScalar> {
  enum Ending {
    case converged, epochsDone, interrupted, diverged
  }

  let ending: Ending
  /// Whole passes over the data.
  let epochs: Int
  /// Rows that steps were made with.
  let rows: Int
  let seconds: Double
  let loss: Double
  let weights: Tensor<S>
  let intercept: Tensor<S>
}

/// Linear regression by descent on a tape, as a user of the library writes it; compiled, so that a step reads the data
/// once.
struct Descent<S: FloatingPointScalar> {
  let settings: DescentSettings
  let stepSize: StepSize
  let rowCount: Int
  private let data: Dataset<S>
  private let update: (Range<Int>) -> [Tensor<S>]
  private let weights: Variable<S>
  private let intercept: Variable<S>

  /// A descent from zero.
  init(_ data: Dataset<S>, _ settings: DescentSettings) {
    self.settings = settings
    rowCount = data.rowCount
    // Rows of a mapped file stay where they are: another order would be a copy of the file.
    let isShuffled = settings.batchSize != nil && data.truth == nil && data.matrix == nil
    let data = isShuffled ? data.shuffled(seed: settings.seed) : data
    self.data = data
    stepSize = StepSize(data, settings)
    let optimizer = SGD<S>(
      learningRate: S(stepSize.value), momentum: settings.method == .sgd ? 0 : S(settings.momentum),
      nesterov: settings.method == .nesterov)
    let weights = Variable(Tensor<S>(zeros: [data.featureCount]), name: "weights")
    let intercept = Variable<S>(0, name: "intercept")
    (self.weights, self.intercept) = (weights, intercept)
    let step = { (x: Tensor<S>, y: Tensor<S>, _: [Tensor<S>]) -> [Tensor<S>] in
      let tape = GradientTape()
      let loss = tape.record { square(matmul(x, weights) + intercept - y).mean() }
      let gradients = tape.gradient(of: loss, for: [weights, intercept]).map { $0! }
      optimizer.applyGradients(gradients, to: [weights, intercept])
      return [loss, square(gradients[0]).sum() + square(gradients[1])]
    }
    if settings.isEager {
      update = { rows in
        if rows.count == data.rowCount { return step(data.features, data.target, []) }
        return step(data.features[rows], data.target[rows], [])
      }
    } else {
      let plan = data.compiled(step)
      update = { plan($0, []) }
    }
  }

  /// Takes a step; the loss and the squared norm of its gradient before it.
  private func step(_ rows: Range<Int>) -> (loss: Double, squaredNorm: Double) {
    let result = update(rows)
    return (Double(result[0].scalar), Double(result[1].scalar))
  }

  /// Descends until convergence, the last epoch, Ctrl-C, or a loss that is no number.
  func run(_ progress: inout Progress) -> DescentOutcome<S> {
    let clock = ContinuousClock()
    let start = clock.now
    var convergence = Convergence(tolerance: settings.tolerance, isFullBatch: settings.batchSize == nil)
    var ending = DescentOutcome<S>.Ending.epochsDone
    var (epochs, rows, loss) = (0, 0, Double.nan)
    while epochs < settings.epochs {
      guard let pass = epoch(epochs, &rows, &progress) else {
        ending = .interrupted
        break
      }
      guard pass.loss.isFinite && pass.squaredNorm.isFinite else {
        ending = .diverged
        break
      }
      loss = pass.loss
      epochs += 1
      let isConverged = convergence.isReached(loss: pass.loss, gradientNorm: pass.squaredNorm.squareRoot())
      progress.epochDone(epochs, loss: loss, share: convergence.share, isLast: isConverged || epochs == settings.epochs)
      if isConverged {
        ending = .converged
        break
      }
    }
    return DescentOutcome(
      ending: ending, epochs: epochs, rows: rows, seconds: (clock.now - start).seconds, loss: loss,
      weights: weights.value, intercept: intercept.value)
  }

  /// One pass: the mean loss, and the mean squared norm of the gradients. Nil after Ctrl-C.
  private func epoch(
    _ number: Int, _ rows: inout Int, _ progress: inout Progress
  ) -> (loss: Double, squaredNorm: Double)? {
    let size = settings.batchSize ?? rowCount
    if size == rowCount {
      if Interrupt.isRequested { return nil }
      rows += rowCount
      return step(0..<rowCount)
    }
    var (loss, squaredNorm) = (0.0, 0.0)
    for start in stride(from: 0, to: rowCount, by: size) {
      if Interrupt.isRequested { return nil }
      let batch = start..<min(rowCount, start + size)
      let result = step(batch)
      if !result.loss.isFinite { return result }
      rows += batch.count
      let share = Double(batch.count) / Double(rowCount)
      loss += result.loss * share
      squaredNorm += result.squaredNorm * share
      progress.batchDone(Double(number) + Double(batch.upperBound) / Double(rowCount), loss: result.loss)
    }
    return (loss, squaredNorm)
  }
}

/// When a descent is done.
struct Convergence {
  let tolerance: Double
  let isFullBatch: Bool
  private var first: Double?
  private var lastLoss: Double?
  /// How far the measure of convergence has fallen: 1 at first, the tolerance when done. Nil while unknown.
  private(set) var share: Double?

  init(tolerance: Double, isFullBatch: Bool) {
    self.tolerance = tolerance
    self.isFullBatch = isFullBatch
  }

  /// Full batches: the gradient against the first one. Mini-batches, whose gradients stay noisy in the end: the change
  /// of an epoch's mean loss. Batches keep their order from epoch to epoch, so the iterates settle into a cycle and the
  /// change goes to zero.
  mutating func isReached(loss: Double, gradientNorm: Double) -> Bool {
    defer { lastLoss = loss }
    if isFullBatch {
      let start = first ?? gradientNorm
      first = start
      share = start > 0 ? gradientNorm / start : 0
      return gradientNorm <= tolerance * start
    }
    guard let lastLoss else { return false }
    return abs(loss - lastLoss) <= tolerance * lastLoss
  }
}

extension Dataset {
  /// The rows in random order: those of a file may be sorted, and then batches tell little of the whole.
  fileprivate func shuffled(seed: UInt64) -> Dataset {
    var generator = RandomGenerator(seed: seed)
    let order = Tensor((0..<Int64(rowCount)).shuffled(using: &generator))
    var result = self
    result.features = gather(features, indices: order)
    result.target = gather(target, indices: order)
    return result
  }
}

extension Duration {
  /// In seconds.
  var seconds: Double { self / .seconds(1) }
}
