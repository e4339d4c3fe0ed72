#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A logarithmic axis: values from `low` to `high` on pixels from `start` to `end`.
public struct LogarithmicAxis: Sendable {
  private let low: Double
  private let high: Double
  private let start: Double
  private let end: Double

  /// An axis that holds all the values, widened to full steps of `1, 2, 5, 10, …`. Values that have no logarithm are
  /// left out.
  public init(holding values: [Double], from start: Double, to end: Double) {
    let usable = values.filter { $0 > 0 && $0.isFinite }
    let least = usable.min() ?? 1
    let largest = Swift.max(usable.max() ?? 10, least * 2)
    low = Self.steps(around: least, least).last { $0 <= least } ?? least
    high = Self.steps(around: largest, largest).first { $0 >= largest } ?? largest
    self.start = start
    self.end = end
  }

  /// An axis with fixed ends.
  public init(_ range: ClosedRange<Double>, from start: Double, to end: Double) {
    low = range.lowerBound
    high = range.upperBound
    self.start = start
    self.end = end
  }

  /// The pixel of a value.
  public subscript(value: Double) -> Double {
    start + (end - start) * log(value / low) / log(high / low)
  }

  /// The values to label: `1, 2, 5, 10, …`, or powers of ten alone where those would be too many.
  public var ticks: [Double] {
    let all = Self.steps(around: low, high).filter { $0 >= low * 0.999 && $0 <= high * 1.001 }
    return all.count <= 12 ? all : all.filter { isPowerOfTen($0) }
  }

  private func isPowerOfTen(_ value: Double) -> Bool { abs(log10(value) - log10(value).rounded()) < 1e-9 }

  /// The steps of the decades from that of `low` to that of `high`.
  private static func steps(around low: Double, _ high: Double) -> [Double] {
    let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.down)) + 1
    return decades.flatMap { decade in [1, 2, 5].map { $0 * pow(10, Double(decade)) } }
  }
}
