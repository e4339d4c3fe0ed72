#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Numbers and text as the reports show them. printf's conversions, without the weight of Foundation at every start.
enum Format {
  /// A number with some significant digits: printf's `%.*g`.
  static func short(_ value: Double, digits: Int = 4) -> String { printf("%.\(digits)g", value) }

  /// A number with a fixed count of digits behind the point: printf's `%.*f`.
  static func fixed(_ value: Double, _ digits: Int) -> String { printf("%.\(digits)f", value) }

  private static func printf(_ format: String, _ value: Double) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
      let count = withVaList([value]) { vsnprintf(buffer.baseAddress, buffer.count, format, $0) }
      return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// A count with its thousands parted: `1,000,000`.
  static func count(_ value: Int) -> String {
    let digits = Array(String(value))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A number of bytes: `260 MB`.
  static func bytes(_ value: Double) -> String {
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where value >= size {
      return "\(short(value / size, digits: 3)) \(unit)"
    }
    return "\(Int(value)) bytes"
  }

  /// Rows a second: `19.5 M rows/s`.
  static func rate(_ rows: Double) -> String {
    if rows >= 1e6 { return "\(fixed(rows / 1e6, 1)) M rows/s" }
    return rows >= 1e3 ? "\(fixed(rows / 1e3, 1)) k rows/s" : "\(fixed(rows, 1)) rows/s"
  }

  /// A time to come or gone: `0:07`, `1:02:03`.
  static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite && seconds < 1e9 else { return "long" }
    let total = Int(seconds.rounded(.up))
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let (hours, minutes) = (total / 3600, total / 60 % 60)
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(total % 60))" : "\(minutes):\(two(total % 60))"
  }

  /// Text from outside on one line: control characters are replaced, and a long text is cut.
  static func printable(_ text: String, limit: Int = 200) -> String {
    let visible = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
    let shown = String(String.UnicodeScalarView(visible.prefix(limit)))
    return visible.count > limit ? shown + "…" : shown
  }

  /// Rows of cells in columns: the first column starts at the left, the others end at the right.
  static func table(_ rows: [[String]]) -> [String] {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).enumerated().map { column, cell in
        let padding = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + padding : padding + cell.0
      }
      return "  " + cells.joined(separator: "  ")
    }
  }
}
