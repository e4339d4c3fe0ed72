import Nabla
import NablaMeasurement

/// One row of the table. The names are those of the peers' script, word for word.
public struct Work {
  /// What is done, and on which sizes.
  public let name: String
  /// How Nabla runs it.
  public let mode: Results.Mode
  /// What the time must not exceed.
  public let goal: Goal?
  /// Makes the data and returns the call to measure. The data lives as long as that call, so one work's memory is free
  /// before the next begins.
  let prepare: () -> () -> Tensor<Float>

  /// A row of the table.
  init(
    _ name: String, mode: Results.Mode = .eager, goal: Goal? = nil, prepare: @escaping () -> () -> Tensor<Float>
  ) {
    self.name = name
    self.mode = mode
    self.goal = goal
    self.prepare = prepare
  }

  /// Makes the data, and the call ready to be measured.
  func trial(_ sampler: Sampler) -> Trial { Trial(self, sampler: sampler) }

  /// Everything, in the order of the table.
  public static var all: [Work] {
    tutorial + elementwise + chains + matrices + regressions + perceptrons + products
  }

  /// The works whose names hold a text.
  public static func all(holding text: String) -> [Work] { all.filter { text.isEmpty || $0.name.contains(text) } }
}

/// A work that is being measured.
struct Trial {
  private let work: Work
  private let check: Double
  private var series: Series

  /// Makes the data and warms the call up twice.
  ///
  /// The check is the mean absolute value of what the second call returns. The peers draw the same data from the same
  /// stream, so theirs agree; for a training step it is the loss after one update, which a wrong gradient changes.
  fileprivate init(_ work: Work, sampler: Sampler) {
    self.work = work
    let call = work.prepare()
    _ = call()
    check = call().withUnsafeScalars { scalars in
      scalars.reduce(0.0) { $0 + Double(abs($1)) } / Double(max(1, scalars.count))
    }
    series = Series({ consume(call()) }, sampler: sampler)
  }

  var isComplete: Bool { series.isComplete }

  mutating func takeTurn() { series.takeTurn() }

  /// What came out so far.
  var result: Results.Result {
    Results.Result(name: work.name, mode: work.mode, measurement: series.measurement, check: check)
  }
}

/// The stream that all data comes from: NumPy's PCG64, so that the peers work on the same numbers.
struct Draw {
  private var generator = RandomGenerator(seed: 1)

  /// Numbers evenly from `low` to `high`.
  mutating func uniform(_ shape: Shape, _ low: Float = -1, _ high: Float = 1) -> Tensor<Float> {
    .random(.uniform(low, high), shape: shape, using: &generator)
  }

  /// Weights for a layer, by Glorot and Bengio's rule.
  mutating func weights(_ inputs: Int, _ outputs: Int) -> Tensor<Float> {
    let bound = (6 / Float(inputs + outputs)).squareRoot()
    return uniform([inputs, outputs], -bound, bound)
  }

  /// Rows that are 1 at the class of a sample and 0 elsewhere.
  mutating func oneHot(_ samples: Int, classes: Int) -> Tensor<Float> {
    let labels = uniform([samples], 0, Float(classes)).scalars.map { Int($0) }
    return Tensor(shape: [samples, classes]) { scalars in
      scalars.initialize(repeating: 0)
      for (row, label) in labels.enumerated() { scalars[row * classes + label] = 1 }
    }
  }
}
