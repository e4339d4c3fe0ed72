#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#endif

/// Printing, as NumPy 2 prints arrays: columns aligned, the fewest digits that tell the elements apart (at most eight
/// after the point), arrays of more than a thousand elements cut to three at either end of each axis.
extension Tensor: CustomStringConvertible {
  /// The elements, nested in brackets by axis; a scalar as its number alone.
  public var description: String {
    if let node = erased.node { return "Tensor<\(Scalar.self)>(node \(node & 0xffff_ffff), shape \(shape))" }
    if erased.isMapped { return "Tensor<\(Scalar.self)>(mapped over a batch, shape \(shape))" }
    if erased.isFailed { return "Tensor<\(Scalar.self)>(failed)" }
    if erased.storage.kind == .rows { return "Tensor<\(Scalar.self)>(rows of a source, shape \(shape))" }
    if rank == 0 { return Scalar.dtype.withScalarType { string(of: scalar, as: $0) } }
    if count == 0 { return "[]" }
    let layout = TensorLayout(shape: shape)
    let all = scalars
    let shown = layout.visit { all[$0] }
    return layout.render(Scalar.dtype.withScalarType { strings(of: shown, as: $0) })
  }

  private func string<S: StoredScalar>(of value: Scalar, as type: S.Type) -> String { (value as! S).string }

  /// All of one width.
  private func strings<S: StoredScalar>(of values: [Scalar], as type: S.Type) -> [String] {
    let strings = S.strings(of: values as! [S])
    let width = strings.map(\.count).max() ?? 0
    return strings.map { String(repeating: " ", count: width - $0.count) + $0 }
  }
}

/// Which elements are shown, and how their strings are laid out.
private struct TensorLayout {
  let shape: Shape
  let isCut: Bool
  static let limit = 1000
  static let edge = 3
  static let lineWidth = 75

  init(shape: Shape) {
    self.shape = shape
    isCut = shape.elementCount > Self.limit
  }

  private func shownIndices(_ axis: Int) -> [Int?] {
    let size = shape[axis]
    guard isCut, size > 2 * Self.edge else { return Array(0..<size) }
    return Array(0..<Self.edge) + [nil] + Array((size - Self.edge)..<size)
  }

  /// The shown elements in row-major order.
  func visit<Element>(_ element: (Int) -> Element) -> [Element] {
    var result: [Element] = []
    func walk(_ axis: Int, _ offset: Int) {
      if axis == shape.rank { return result.append(element(offset)) }
      for case let index? in shownIndices(axis) { walk(axis + 1, offset * shape[axis] + index) }
    }
    walk(0, 0)
    return result
  }

  func render(_ strings: [String]) -> String {
    var rest = strings[...]
    func walk(_ axis: Int) -> String {
      if axis == shape.rank - 1 { return renderRow(shownIndices(axis).map { $0 == nil ? "..." : rest.removeFirst() }) }
      let separator = String(repeating: "\n", count: shape.rank - 1 - axis) + String(repeating: " ", count: axis + 1)
      return "[" + shownIndices(axis).map { $0 == nil ? "..." : walk(axis + 1) }.joined(separator: separator) + "]"
    }
    return walk(0)
  }

  /// A row, broken where it passes the width of a line, less one column for each bracket that may close there.
  private func renderRow(_ items: [String]) -> String {
    let indent = String(repeating: " ", count: shape.rank)
    var lines = [""]
    for item in items {
      let line = lines[lines.count - 1]
      if !line.isEmpty && shape.rank + line.count + 1 + item.count > Self.lineWidth - shape.rank {
        while lines[lines.count - 1].last == " " { lines[lines.count - 1].removeLast() }
        lines.append(item)
      } else {
        lines[lines.count - 1] = line.isEmpty ? item : line + " " + item
      }
    }
    return "[" + lines.joined(separator: "\n" + indent) + "]"
  }
}

extension StoredScalar {
  package static func strings(of values: [Self]) -> [String] { values.map { "\($0)" } }
  package var string: String { "\(self)" }
}
extension StoredScalar where Self: FloatingPointScalar {
  package static func strings(of values: [Self]) -> [String] { FloatFormat.strings(values) }
  package var string: String { FloatFormat.string(self) }
}
extension Bool {
  package static func strings(of values: [Bool]) -> [String] { values.map { $0 ? " True" : "False" } }
  package var string: String { self ? "True" : "False" }
}

/// Numbers with a point, by NumPy's rules: fixed notation, or scientific where magnitudes differ by more than a
/// thousand, fall below 10⁻⁴, or have more digits before the point than the type tells apart (10⁶ for `Float`, 10⁸ for
/// `Double`).
private enum FloatFormat {
  static let precision = 8

  static func strings<S: FloatingPointScalar>(_ values: [S]) -> [String] {
    let finite = values.filter(\.isFinite)
    let magnitudes = finite.filter { $0 != 0 }.map(abs)
    let (low, high) = (magnitudes.min() ?? 1, magnitudes.max() ?? 1)
    let isScientific = high >= (S.dtype == .float32 ? 1e6 : 1e8) || low < 1e-4 || high / low > 1000
    var formatted = (isScientific ? scientific(finite) : fixed(finite))[...]
    return values.map { $0.isFinite ? formatted.removeFirst() : nonFinite($0) }
  }

  /// A number that stands alone: all its digits.
  static func string<S: FloatingPointScalar>(_ value: S) -> String {
    guard value.isFinite else { return nonFinite(value) }
    let digits = Digits(value)
    let magnitude = Double(abs(value))
    if magnitude == 0 || (magnitude >= 1e-4 && magnitude < (S.dtype == .float32 ? 1e6 : 1e16)) {
      let (whole, fraction) = digits.fixed
      return whole + "." + (fraction.isEmpty ? "0" : fraction)
    }
    let exponent = Swift.abs(digits.exponent)
    return digits.sign + digits.text.prefix(1) + (digits.text.count > 1 ? "." : "") + digits.text.dropFirst() + "e"
      + (digits.exponent < 0 ? "-" : "+") + (exponent < 10 ? "0" : "") + "\(exponent)"
  }

  private static func nonFinite<S: FloatingPointScalar>(_ value: S) -> String {
    value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
  }

  /// d.ddde±dd with equally many digits everywhere: where a number needs fewer than another, its own further digits.
  private static func scientific<S: FloatingPointScalar>(_ values: [S]) -> [String] {
    let places =
      values.map { value in
        let count = Digits(value).text.count - 1
        if count <= precision { return max(0, count) }
        return withoutZeros(printed(value, precision, "e").split(separator: "e")[0].split(separator: ".")[1]).count
      }.max() ?? 0
    let parts = values.map { printed($0, places, "e").split(separator: "e") }
    let width = parts.map { $0[1].count - 1 }.max() ?? 0
    return parts.map { part in
      let zeros = String(repeating: "0", count: width + 1 - part[1].count)
      return part[0] + (places == 0 ? "." : "") + "e" + part[1].prefix(1) + zeros + part[1].dropFirst()
    }
  }

  /// Each with the digits that it needs, then spaces, so that points align.
  private static func fixed<S: FloatingPointScalar>(_ values: [S]) -> [String] {
    let parts = values.map { value -> (String, String) in
      let (whole, fraction) = Digits(value).fixed
      if fraction.count <= precision { return (whole, fraction) }
      let rounded = printed(value, precision, "f").split(separator: ".")
      return (String(rounded[0]), String(withoutZeros(rounded[1])))
    }
    let places = parts.map(\.1.count).max() ?? 0
    return parts.map { $0 + "." + $1 + String(repeating: " ", count: places - $1.count) }
  }

  private static func withoutZeros(_ digits: Substring) -> Substring {
    digits.lastIndex { $0 != "0" }.map { digits[...$0] } ?? ""
  }

  /// The exact value rounded to some places, as C prints it.
  private static func printed<S: FloatingPointScalar>(_ value: S, _ places: Int, _ conversion: String) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let length = withVaList([Int32(places), Double(value)]) { vsnprintf(&buffer, 400, "%.*" + conversion, $0) }
    return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// The shortest decimal that reads back as the same number: 0.0125 is the digits "125" with exponent -2.
private struct Digits {
  var sign: String
  /// Without zeros at either end; "0" for zero.
  var text: String
  /// That of the first digit.
  var exponent: Int

  init<S: FloatingPointScalar>(_ value: S) {
    sign = value.sign == .minus ? "-" : ""
    let pieces = "\(abs(value))".split(separator: "e")
    let mantissa = pieces[0].split(separator: ".", omittingEmptySubsequences: false)
    let all = mantissa.joined()
    let zeros = all.prefix { $0 == "0" }.count
    let end = all.lastIndex { $0 != "0" }
    text = end.map { String(all[...$0].dropFirst(zeros)) } ?? "0"
    exponent = end == nil ? 0 : (pieces.count > 1 ? Int(pieces[1])! : 0) + mantissa[0].count - 1 - zeros
  }

  /// The digits before the point, with the sign, and those after it.
  var fixed: (whole: String, fraction: String) {
    if text == "0" { return (sign + "0", "") }
    if exponent < 0 { return (sign + "0", String(repeating: "0", count: -exponent - 1) + text) }
    let whole = text.prefix(exponent + 1)
    return (
      sign + whole + String(repeating: "0", count: exponent + 1 - whole.count), String(text.dropFirst(exponent + 1))
    )
  }
}
