#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// How samples are taken of how long calls last.
///
/// Every call is warmed up first. Calls that are shorter than `sampleSeconds` are timed in loops of that length, so that
/// the clock's own cost and steps vanish. The peers' scripts follow the same rules.
public struct Sampler: Sendable {
  /// What the samples of one call, or of one set of alternating calls, may take in all.
  public var budgetSeconds: Double
  /// The least length of one sample.
  public var sampleSeconds: Double
  /// The least number of samples, unless a single call takes more than the whole budget.
  public var minimumCount: Int
  /// The largest number of samples.
  public var maximumCount: Int
  /// In how many turns they are taken; between two of them, others have theirs.
  public var turns: Int
  /// How long a call runs at the start of a turn before samples are taken: caches and the clock are as others left them, and
  /// the host of a virtual machine finds a place for processors that wake up. It counts to the budget.
  public var warmUpSeconds: Double

  /// Enough samples for a median that holds.
  public static let full = Sampler(
    budgetSeconds: 2, sampleSeconds: 2e-3, minimumCount: 21, maximumCount: 210, turns: 21, warmUpSeconds: 0.04)
  /// For many calls of which each is compared with a bound: a fifth of the time.
  public static let brief = Sampler(
    budgetSeconds: 0.3, sampleSeconds: 1e-3, minimumCount: 5, maximumCount: 60, turns: 5, warmUpSeconds: 0.01)
  /// Few samples: whether it runs, not how fast.
  public static let quick = Sampler(
    budgetSeconds: 0.1, sampleSeconds: 5e-4, minimumCount: 4, maximumCount: 20, turns: 2, warmUpSeconds: 1e-3)

  /// The part of it that one turn has, where `count` calls share the budget.
  fileprivate func part(ofCalls count: Int) -> Sampler {
    var part = self
    part.budgetSeconds /= Double(turns * count)
    part.minimumCount = (minimumCount + turns - 1) / turns
    part.maximumCount = (maximumCount + turns - 1) / turns
    return part
  }

  /// Samples of one call that has all turns alone.
  public func measure(_ call: @escaping () -> Void) -> Measurement {
    var series = Series(call, sampler: self)
    while !series.isComplete { series.takeTurn() }
    return series.measurement
  }

  /// Samples of several calls that take turns, so that what disturbs the machine disturbs all of them alike. Every
  /// second round runs in reverse order: none profits from always following another.
  public func measure(alternating calls: [() -> Void]) -> [Measurement] {
    var all = calls.map { Series($0, sampler: self, sharingWith: calls.count - 1) }
    for round in 0..<turns {
      for index in round.isMultiple(of: 2) ? Array(calls.indices) : calls.indices.reversed() {
        all[index].takeTurn()
        Self.rest()
      }
    }
    return all.map(\.measurement)
  }

  /// Waits until the threads of this process have ceased to spin for more work, which would slow down who is next: until
  /// they take less than a tenth of a processor, and a third of a second at most.
  public static func rest() {
    let step = 0.02
    for _ in 0..<16 {
      let before = clock()
      usleep(UInt32(step * 1e6))
      if Double(clock() - before) / Double(CLOCKS_PER_SEC) < step / 10 { return }
    }
  }
}

/// A call that is measured in turns, and the samples of it so far.
public struct Series {
  private let call: () -> Void
  private let turn: Sampler
  private let loops: Int
  private var turnsLeft: Int
  private var samples: [Double] = []

  /// Warms a call up and finds how many of it make a sample. It shares the sampler's budget with `others`.
  ///
  /// A call that takes more than the budget is measured by that one.
  public init(_ call: @escaping () -> Void, sampler: Sampler, sharingWith others: Int = 0) {
    self.call = call
    turn = sampler.part(ofCalls: others + 1)
    let warmUp = Self.seconds(of: call, count: 1)
    if warmUp > sampler.budgetSeconds / Double(others + 1) {
      samples = [warmUp]
      loops = 1
      turnsLeft = 0
    } else {
      loops = max(1, Int((sampler.sampleSeconds / Self.seconds(of: call, count: 1)).rounded(.up)))
      turnsLeft = sampler.turns
    }
  }

  /// Whether all turns were taken.
  public var isComplete: Bool { turnsLeft == 0 }

  /// What was measured so far.
  public var measurement: Measurement { Measurement(samples: samples) }

  /// Warms up, and takes samples until this turn's share of the budget is used, or there are enough of them. Nothing
  /// happens where all turns were taken.
  public mutating func takeTurn() {
    guard turnsLeft > 0 else { return }
    turnsLeft -= 1
    let start = ContinuousClock.now
    repeat { call() } while start.duration(to: .now).inSeconds < turn.warmUpSeconds
    for count in 0..<turn.maximumCount {
      if count >= turn.minimumCount && start.duration(to: .now).inSeconds > turn.budgetSeconds { break }
      samples.append(Self.seconds(of: call, count: loops))
    }
  }

  /// The seconds of one of `count` calls.
  private static func seconds(of call: () -> Void, count: Int) -> Double {
    let start = ContinuousClock.now
    for _ in 0..<count { call() }
    // A call that the clock does not see still takes some time: the quotients stay finite.
    return max(start.duration(to: .now).inSeconds, 1e-9) / Double(count)
  }
}

/// The samples of one call, in seconds.
public struct Measurement: Sendable {
  /// The seconds of one call, in the order in which they were taken.
  public let samples: [Double]
  /// Their median.
  public var median: Double { samples.median }
  /// The shortest.
  public var best: Double { samples.min() ?? .nan }
}

extension Collection where Element == Double {
  /// The middle value, or the mean of the two middle ones; NaN where there is none.
  public var median: Double {
    let sorted = self.sorted()
    if sorted.isEmpty { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

extension Duration {
  /// This length in seconds.
  public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// Uses a value, so that the compiler cannot drop what computed it.
@inline(never)
public func consume<Value>(_ value: Value) {}
