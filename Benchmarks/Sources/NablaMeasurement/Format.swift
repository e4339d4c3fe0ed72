#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Numbers as the tables show them. printf's conversions, without the weight of Foundation at every start of `nabla`.
public enum Format {
  /// A number with a fixed number of decimals; "-" where there is none.
  public static func fixed(_ value: Double?, _ decimals: Int) -> String {
    guard let value, value.isFinite else { return "-" }
    return printf("%.\(decimals)f", value)
  }

  /// Three significant digits, without an exponent; "-" where there is none.
  public static func significant(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "-" }
    let magnitude = value == 0 ? 0 : Int(log10(abs(value)).rounded(.down))
    return fixed(value, min(4, max(0, 2 - magnitude)))
  }

  /// The shortest way to write a round number, as axes do.
  public static func round(_ value: Double) -> String { printf("%g", value) }

  private static func printf(_ format: String, _ value: Double) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
      let count = withVaList([value]) { vsnprintf(buffer.baseAddress, buffer.count, format, $0) }
      return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// A time in the unit in which it reads best.
  public static func time(microseconds: Double?) -> String {
    guard let microseconds, microseconds.isFinite else { return "-" }
    switch microseconds {
    case ..<1: return significant(microseconds * 1e3) + " ns"
    case ..<1e3: return significant(microseconds) + " µs"
    case ..<1e6: return significant(microseconds * 1e-3) + " ms"
    default: return significant(microseconds * 1e-6) + " s"
    }
  }

  /// A whole number with its thousands apart: `1,000,000`.
  public static func grouped(_ value: Int) -> String {
    var digits = Array(String(value))
    for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
    return String(digits)
  }
}
