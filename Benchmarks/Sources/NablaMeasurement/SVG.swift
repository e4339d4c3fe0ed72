#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A drawing: elements are added one by one, later ones above earlier ones. The origin is the upper left corner.
public struct SVG: Sendable {
  private let width: Double
  private let height: Double
  private var elements: [String] = []

  /// Where a text stands to its point.
  public enum Anchor: String, Sendable {
    /// It starts at the point.
    case start
    /// It is centred on the point.
    case middle
    /// It ends at the point.
    case end
  }

  /// Colours that stay apart for those who confuse red and green (Okabe and Ito, 2008).
  public static let palette = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

  /// A white drawing.
  public init(width: Double, height: Double) {
    self.width = width
    self.height = height
    rectangle(x: 0, y: 0, width: width, height: height, color: "#ffffff")
  }

  /// A straight line.
  public mutating func line(
    from a: (x: Double, y: Double), to b: (x: Double, y: Double), color: String = "#dddddd", width: Double = 1,
    dashes: String? = nil
  ) {
    elements.append(
      "<line x1=\"\(text(a.x))\" y1=\"\(text(a.y))\" x2=\"\(text(b.x))\" y2=\"\(text(b.y))\" stroke=\"\(color)\" "
        + "stroke-width=\"\(text(width))\"\(dashes.map { " stroke-dasharray=\"\($0)\"" } ?? "")/>")
  }

  /// A line through points.
  public mutating func path(through points: [(x: Double, y: Double)], color: String) {
    let list = points.map { "\(text($0.x)),\(text($0.y))" }.joined(separator: " ")
    elements.append("<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"/>")
  }

  /// A filled rectangle.
  public mutating func rectangle(x: Double, y: Double, width: Double, height: Double, color: String) {
    elements.append(
      "<rect x=\"\(text(x))\" y=\"\(text(y))\" width=\"\(text(width))\" height=\"\(text(height))\" fill=\"\(color)\"/>")
  }

  /// A dot.
  public mutating func dot(at point: (x: Double, y: Double), radius: Double = 3.5, color: String) {
    elements.append(
      "<circle cx=\"\(text(point.x))\" cy=\"\(text(point.y))\" r=\"\(text(radius))\" fill=\"\(color)\"/>")
  }

  /// A text; `degrees` turns it about its point.
  public mutating func text(
    _ content: String, at point: (x: Double, y: Double), anchor: Anchor = .start, size: Double = 12,
    color: String = "#333333", degrees: Double = 0
  ) {
    let turn = degrees == 0 ? "" : " transform=\"rotate(\(text(degrees)) \(text(point.x)) \(text(point.y)))\""
    elements.append(
      "<text x=\"\(text(point.x))\" y=\"\(text(point.y))\" text-anchor=\"\(anchor.rawValue)\" "
        + "font-size=\"\(text(size))\" fill=\"\(color)\"\(turn)>\(escaped(content))</text>")
  }

  /// The document.
  public var document: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(text(width)) \(text(height))" width="\(text(width))" \
    height="\(text(height))" font-family="Helvetica, Arial, sans-serif">
    \(elements.joined(separator: "\n"))
    </svg>

    """
  }

  /// Writes the document to a file.
  public func write(to path: String) throws {
    try Data(document.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  private func text(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }

  private func escaped(_ content: String) -> String {
    content.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
