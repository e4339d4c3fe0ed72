import Nabla
import NablaMeasurement

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One row of the table. The names are those of the peers' script, word for word.
public struct Work {
  /// What is done, and on which sizes.
  public let name: String
  /// How Nabla runs it.
  public let mode: Results.Mode
  /// What the time must not exceed.
  public let goal: Goal?
  /// What it is measured and told together with.
  public internal(set) var group = WorkGroup.table
  /// What it works on, in the words that the peers' script uses too; empty where the code alone says so.
  public internal(set) var inputs = ""
  /// Makes the data and returns the call to measure. The data lives as long as that call, so one work's memory is free
  /// before the next begins.
  let prepare: () -> Call

  /// What is measured, and what its result is known by.
  struct Call {
    /// Does the work and drops the result.
    let run: () -> Void
    /// Does the work and returns the check number of the result.
    let check: () -> Double

    /// A call with a result, and the number that shows whether libraries did the same work.
    init<S>(_ call: @escaping () -> Tensor<S>, check: @escaping (Tensor<S>) -> Double) {
      run = { consume(call()) }
      self.check = { check(call()) }
    }
  }

  /// A row of the table.
  init(_ name: String, mode: Results.Mode = .eager, goal: Goal? = nil, calling prepare: @escaping () -> Call) {
    self.name = name
    self.mode = mode
    self.goal = goal
    self.prepare = prepare
  }

  /// A row whose check number is the mean absolute value of its result.
  init<S: NumericScalar>(
    _ name: String, mode: Results.Mode = .eager, goal: Goal? = nil, prepare: @escaping () -> () -> Tensor<S>
  ) {
    self.init(name, mode: mode, goal: goal) { Call(prepare(), check: Check.size) }
  }

  /// Makes the data, and the call ready to be measured.
  func trial(_ sampler: Sampler) -> Trial { Trial(self, sampler: sampler) }

  /// Everything: the works of the table in its order, then those of the other groups.
  public static var all: [Work] {
    tutorial + elementwise + chains + matrices + regressions + perceptrons + products
      + WorkGroup.allCases.flatMap(\.declared)
  }

  /// The works of some groups whose names hold a text.
  public static func all(in groups: [WorkGroup], holding text: String) -> [Work] {
    all.filter { groups.contains($0.group) && (text.isEmpty || $0.name.contains(text)) }
  }
}

/// A work that is being measured.
struct Trial {
  private let work: Work
  private let check: Double
  private var series: Series

  /// Makes the data and warms the call up twice.
  ///
  /// The check is that of what the second call returns. The peers draw the same data from the same stream, so theirs
  /// agree; for a training step it is the loss after one update, which a wrong gradient changes.
  fileprivate init(_ work: Work, sampler: Sampler) {
    self.work = work
    let call = work.prepare()
    call.run()
    check = call.check()
    series = Series(call.run, sampler: sampler)
  }

  var isComplete: Bool { series.isComplete }

  mutating func takeTurn() { series.takeTurn() }

  /// What came out so far.
  var result: Results.Result {
    Results.Result(name: work.name, mode: work.mode, measurement: series.measurement, check: check)
  }
}

/// Numbers that a result is known by.
enum Check {
  /// The mean absolute value.
  static func size<S>(_ y: Tensor<S>) -> Double { of(y, withPlaces: false) }

  /// The mean absolute value to two digits: draws of different generators agree no further.
  static func distribution<S>(_ y: Tensor<S>) -> Double {
    let size = of(y, withPlaces: false)
    let unit = pow(10, log10(size).rounded(.down) - 1)
    return (size / unit).rounded() * unit
  }

  /// The mean absolute value, and how the elements lie: a sum with weights that depend on the place, which another order
  /// of the elements changes by as much as it is long.
  static func elements<S>(_ y: Tensor<S>) -> Double { of(y, withPlaces: true) }

  private static func of<S>(_ y: Tensor<S>, withPlaces: Bool) -> Double {
    Tensor<Double>(castingFrom: y).withUnsafeScalars { scalars in
      let count = Double(max(1, scalars.count))
      let size = scalars.reduce(0.0) { $0 + abs($1) } / count
      if !withPlaces { return size }
      var (sum, place) = (0.0, UInt32(0))
      for scalar in scalars {
        sum += scalar * (Double(place) * 0x1p-31 - 1)
        place &+= 2_654_435_761  // 2³² over the golden ratio
      }
      return size + abs(sum) / count.squareRoot()
    }
  }
}
