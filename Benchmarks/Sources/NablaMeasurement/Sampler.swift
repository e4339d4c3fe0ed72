#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Takes samples of how long calls last.
///
/// Every call is warmed up once. Calls that are shorter than `sampleSeconds` are timed in loops of that length, so that
/// the clock's own cost and steps vanish. The peers' script follows the same rules.
public struct Sampler: Sendable {
  /// What one call, or one set of alternating calls, may take in all.
  public var budgetSeconds: Double
  /// The least length of one sample.
  public var sampleSeconds: Double
  /// The least number of samples, unless a single call takes more than the whole budget.
  public var minimumCount: Int
  /// The largest number of samples.
  public var maximumCount: Int
  /// The pause before another of several calls, after which the threads of the last have ceased to spin for more work.
  public var settlingSeconds: Double

  /// Enough samples for a median that holds.
  public static let full = Sampler(
    budgetSeconds: 2, sampleSeconds: 2e-3, minimumCount: 7, maximumCount: 200, settlingSeconds: 0.3)
  /// Few samples: whether it runs, not how fast.
  public static let quick = Sampler(
    budgetSeconds: 0.1, sampleSeconds: 5e-4, minimumCount: 3, maximumCount: 20, settlingSeconds: 0.01)

  /// Samples of one call.
  public func measure(_ call: @escaping () -> Void) -> Measurement { measure(alternating: [call])[0] }

  /// Samples of several calls that take turns, so that what disturbs the machine disturbs all of them alike. Every
  /// second round runs in reverse order: none profits from always following another.
  public func measure(alternating calls: [() -> Void]) -> [Measurement] {
    let warmUps = calls.map { seconds(of: $0, count: 1) }
    if warmUps.reduce(0, +) > budgetSeconds { return warmUps.map { Measurement(samples: [$0]) } }
    let counts = calls.map { max(1, Int((sampleSeconds / seconds(of: $0, count: 1)).rounded(.up))) }
    let rounds = calls.count == 1 ? 1 : minimumCount
    let turn = Sampler(
      budgetSeconds: budgetSeconds / Double(rounds * calls.count), sampleSeconds: sampleSeconds,
      minimumCount: (minimumCount + rounds - 1) / rounds, maximumCount: (maximumCount + rounds - 1) / rounds,
      settlingSeconds: settlingSeconds)
    var samples = calls.map { _ in [Double]() }
    for round in 0..<rounds {
      for index in round.isMultiple(of: 2) ? Array(calls.indices) : calls.indices.reversed() {
        if calls.count > 1 { usleep(UInt32(settlingSeconds * 1e6)) }
        samples[index] += turn.samples(calls[index], count: counts[index])
      }
    }
    return samples.map(Measurement.init)
  }

  /// Samples until the budget is used or there are enough of them.
  private func samples(_ call: () -> Void, count: Int) -> [Double] {
    var samples: [Double] = []
    let start = ContinuousClock.now
    while samples.count < maximumCount {
      if samples.count >= minimumCount && start.duration(to: .now).inSeconds > budgetSeconds { break }
      samples.append(seconds(of: call, count: count))
    }
    return samples
  }

  /// The seconds of one of `count` calls.
  private func seconds(of call: () -> Void, count: Int) -> Double {
    let start = ContinuousClock.now
    for _ in 0..<count { call() }
    // A call that the clock does not see still takes some time: the quotients below stay finite.
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
