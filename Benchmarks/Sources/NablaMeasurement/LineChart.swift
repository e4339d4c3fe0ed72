/// Lines over a logarithmic plane, with a legend to the right.
public struct LineChart: Sendable {
  /// A named line through points.
  public struct Line: Sendable {
    /// What the legend says.
    public var name: String
    /// The points, from left to right.
    public var points: [(x: Double, y: Double)]
    /// Whether it is a bound to compare with, drawn in dashes without dots.
    public var isBound: Bool

    /// A line.
    public init(_ name: String, _ points: [(x: Double, y: Double)], isBound: Bool = false) {
      self.name = name
      self.points = points
      self.isBound = isBound
    }
  }

  /// The heading.
  public var title: String
  /// What stands below the heading.
  public var subtitle: String
  /// The name of the horizontal axis.
  public var xLabel: String
  /// The name of the vertical axis.
  public var yLabel: String
  /// The lines.
  public var lines: [Line]

  /// A chart.
  public init(title: String, subtitle: String, xLabel: String, yLabel: String, lines: [Line]) {
    self.title = title
    self.subtitle = subtitle
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.lines = lines
  }

  private static let frame = (left: 70.0, top: 70.0, right: 640.0, bottom: 430.0)

  /// The chart as a drawing.
  public var drawing: SVG {
    let frame = Self.frame
    let points = lines.flatMap(\.points)
    let sizes = Array(Set(points.map(\.x))).sorted()
    let x = LogarithmicAxis((sizes.first ?? 1)...(sizes.last ?? 2), from: frame.left + 20, to: frame.right - 20)
    let y = LogarithmicAxis(holding: points.map(\.y), from: frame.bottom, to: frame.top)
    var svg = SVG(width: 860, height: 500)
    drawAxes(on: &svg, x, sizes, y)
    for (index, line) in lines.enumerated() {
      draw(line, line.isBound ? "#888888" : SVG.palette[index % SVG.palette.count], on: &svg, x, y)
    }
    drawLegend(on: &svg)
    return svg
  }

  private func drawAxes(on svg: inout SVG, _ x: LogarithmicAxis, _ sizes: [Double], _ y: LogarithmicAxis) {
    let frame = Self.frame
    svg.text(title, at: (frame.left, 28), size: 18, color: "#111111")
    svg.text(subtitle, at: (frame.left, 48), size: 12, color: "#666666")
    for tick in y.ticks {
      svg.line(from: (frame.left, y[tick]), to: (frame.right, y[tick]))
      svg.text(Format.round(tick), at: (frame.left - 8, y[tick] + 4), anchor: .end)
    }
    for size in sizes {
      svg.line(from: (x[size], frame.top), to: (x[size], frame.bottom), color: "#eeeeee")
      svg.text(Format.round(size), at: (x[size], frame.bottom + 18), anchor: .middle)
    }
    svg.line(from: (frame.left, frame.bottom), to: (frame.right, frame.bottom), color: "#333333")
    svg.text(xLabel, at: ((frame.left + frame.right) / 2, frame.bottom + 44), anchor: .middle, size: 13)
    svg.text(yLabel, at: (22, (frame.top + frame.bottom) / 2), anchor: .middle, size: 13, degrees: -90)
  }

  private func draw(_ line: Line, _ color: String, on svg: inout SVG, _ x: LogarithmicAxis, _ y: LogarithmicAxis) {
    let pixels = line.points.map { (x: x[$0.x], y: y[$0.y]) }
    if line.isBound, let first = pixels.first, let last = pixels.last {
      return svg.line(from: first, to: last, color: color, width: 1.5, dashes: "6 4")
    }
    svg.path(through: pixels, color: color)
    for pixel in pixels { svg.dot(at: pixel, color: color) }
  }

  private func drawLegend(on svg: inout SVG) {
    let left = Self.frame.right + 20
    for (index, line) in lines.enumerated() {
      let y = Self.frame.top + 20 + Double(index) * 24
      let color = line.isBound ? "#888888" : SVG.palette[index % SVG.palette.count]
      svg.line(
        from: (left, y), to: (left + 26, y), color: color, width: line.isBound ? 1.5 : 2,
        dashes: line.isBound ? "6 4" : nil)
      if !line.isBound { svg.dot(at: (left + 13, y), color: color) }
      svg.text(line.name, at: (left + 34, y + 4))
    }
  }
}
