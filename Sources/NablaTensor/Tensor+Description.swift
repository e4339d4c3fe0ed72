/// Printing, as NumPy prints arrays: columns aligned, the fewest digits that tell the elements apart (at most eight
/// after the point), long arrays cut to three elements at either end.
extension Tensor: CustomStringConvertible {
  /// The elements, nested in brackets by axis; a scalar as its number alone.
  public var description: String {
    if let node = erased.node { return "Tensor<\(Scalar.self)>(node \(node), shape \(shape))" }
    if erased.isFailed { return "Tensor<\(Scalar.self)>(failed)" }
    if rank == 0 { return "\(scalar)" }
    if count == 0 { return "[]" + (rank == 1 ? "" : " (shape \(shape))") }
    let layout = TensorLayout(shape: shape)
    let all = scalars
    let shown = layout.visit { all[$0] }
    return layout.render(ElementFormat(shown).strings)
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

  /// A row, broken where it passes the width of a line.
  private func renderRow(_ items: [String]) -> String {
    let indent = String(repeating: " ", count: shape.rank)
    var lines = [""]
    for item in items {
      let line = lines[lines.count - 1]
      if !line.isEmpty && shape.rank + line.count + 1 + item.count > Self.lineWidth {
        lines.append(item)
      } else {
        lines[lines.count - 1] = line.isEmpty ? item : line + " " + item
      }
    }
    return "[" + lines.joined(separator: "\n" + indent) + "]"
  }
}

/// The strings of the shown elements, of one width.
private struct ElementFormat {
  var strings: [String]

  init<Scalar: TensorScalar>(_ values: [Scalar]) {
    if let floats = values as? [Float] {
      strings = FloatFormat.strings(floats.map { Double($0) }) { "\(Float($0))" }
    } else if let doubles = values as? [Double] {
      strings = FloatFormat.strings(doubles) { "\($0)" }
    } else if let flags = values as? [Bool] {
      strings = flags.map { $0 ? "True" : "False" }
    } else {
      strings = values.map { "\($0)" }
    }
    let width = strings.map(\.count).max() ?? 0
    strings = strings.map { String(repeating: " ", count: width - $0.count) + $0 }
  }
}

/// Numbers with a point: fixed notation, or scientific where magnitudes differ by more than a thousand, reach 10⁸ or
/// fall below 10⁻⁴; NumPy's rule.
private enum FloatFormat {
  static let precision = 8

  static func strings(_ values: [Double], shortest: (Double) -> String) -> [String] {
    let magnitudes = values.filter { $0.isFinite && $0 != 0 }.map(abs)
    let (low, high) = (magnitudes.min() ?? 1, magnitudes.max() ?? 1)
    let isScientific = high >= 1e8 || low < 1e-4 || high / low > 1000
    let parts = values.map { $0.isFinite ? digits(of: shortest($0), isScientific) : nil }
    let places = parts.compactMap { $0?.fraction.count }.max() ?? 0
    return zip(values, parts).map { value, part in
      guard let part else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
      // Fixed notation pads with spaces, so that points align; scientific with zeros, so that exponents do.
      let padding = String(repeating: isScientific ? "0" : " ", count: places - part.fraction.count)
      return part.sign + part.whole + "." + part.fraction + padding + part.exponent
    }
  }

  private struct Parts {
    var sign: String
    var whole: String
    var fraction: String
    var exponent: String
  }

  /// The digits of a shortest decimal, rounded to the precision.
  private static func digits(of shortest: String, _ isScientific: Bool) -> Parts {
    let isNegative = shortest.hasPrefix("-")
    let pieces = shortest.drop { $0 == "-" }.split(separator: "e", omittingEmptySubsequences: false)
    let mantissa = pieces[0].split(separator: ".", omittingEmptySubsequences: false)
    let exponent = pieces.count > 1 ? Int(pieces[1]) ?? 0 : 0
    let tail = mantissa.count > 1 ? String(mantissa[1]) : ""
    var all = Array((mantissa[0] + tail).utf8).map { Int($0) - 48 }
    var point = mantissa[0].count + exponent  // digits before the point
    let zeros = all.prefix { $0 == 0 }.count
    if zeros == all.count {
      return Parts(
        sign: isNegative ? "-" : "", whole: "0", fraction: isScientific ? "0" : "",
        exponent: isScientific ? "e+00" : "")
    }
    all.removeFirst(zeros)
    point -= zeros
    round(&all, &point, to: isScientific ? 1 + precision : point + precision)
    while all.count > 1 && all[all.count - 1] == 0 && all.count > (isScientific ? 1 : max(point, 1)) {
      all.removeLast()
    }
    func text(_ digits: some Sequence<Int>) -> String { digits.map(String.init).joined() }
    if isScientific {
      let power = point - 1
      return Parts(
        sign: isNegative ? "-" : "", whole: text(all.prefix(1)), fraction: text(all.dropFirst()),
        exponent: "e" + (power < 0 ? "-" : "+") + (abs(power) < 10 ? "0" : "") + "\(abs(power))")
    }
    if point <= 0 { all = [Int](repeating: 0, count: 1 - point) + all }
    let whole = max(point, 1)
    if all.count < whole { all += [Int](repeating: 0, count: whole - all.count) }
    var fraction = Array(all[whole...])
    while fraction.last == 0 { fraction.removeLast() }
    return Parts(
      sign: isNegative ? "-" : "", whole: text(all[..<whole]), fraction: text(fraction), exponent: "")
  }

  /// Keeps `count` leading digits, rounding half up in decimal; the decimal is exact to the type already.
  private static func round(_ digits: inout [Int], _ point: inout Int, to count: Int) {
    guard count < digits.count else { return }
    guard count >= 0 else {
      digits = [0]
      point = 1
      return
    }
    let carries = digits[count] >= 5
    digits.removeSubrange(count...)
    guard carries else {
      if digits.isEmpty { (digits, point) = ([0], 1) }
      return
    }
    var index = count - 1
    while index >= 0 && digits[index] == 9 {
      digits[index] = 0
      index -= 1
    }
    if index >= 0 {
      digits[index] += 1
    } else {
      digits.insert(1, at: 0)
      point += 1
    }
  }
}
