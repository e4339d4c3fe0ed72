import NablaMeasurement

/// A bar for each work, from 1 to the ratio of Nabla's time to the best peer's, on a logarithmic axis: to the left of 1
/// Nabla is faster.
struct RatioChart {
  let title: String
  let subtitle: String
  let rows: [(name: String, ratio: Double)]

  private static let (left, right, top, step) = (350.0, 830.0, 100.0, 22.0)
  private static let (faster, slower) = ("#0072B2", "#D55E00")

  /// The chart as a drawing.
  var drawing: SVG {
    let bottom = Self.top + Double(rows.count) * Self.step
    var svg = SVG(width: 900, height: bottom + 60)
    let axis = LogarithmicAxis(holding: rows.map(\.ratio) + [0.5, 2], from: Self.left, to: Self.right)
    svg.text(title, at: (20, 30), size: 18, color: "#111111")
    svg.text(subtitle, at: (20, 50), size: 12, color: "#666666")
    drawAxis(on: &svg, axis, bottom)
    for (index, row) in rows.enumerated() {
      draw(row, on: &svg, axis, y: Self.top + (Double(index) + 0.5) * Self.step)
    }
    svg.line(from: (axis[1], Self.top), to: (axis[1], bottom), color: "#333333", width: 1.5)
    return svg
  }

  private func drawAxis(on svg: inout SVG, _ axis: LogarithmicAxis, _ bottom: Double) {
    for tick in axis.ticks {
      svg.line(from: (axis[tick], Self.top), to: (axis[tick], bottom))
      svg.text(Format.round(tick), at: (axis[tick], bottom + 18), anchor: .middle)
    }
    svg.text("← Nabla faster", at: (axis[1] - 10, Self.top - 12), anchor: .end, color: Self.faster)
    svg.text("Nabla slower →", at: (axis[1] + 10, Self.top - 12), color: Self.slower)
    svg.text("time of Nabla / time of the best peer", at: (axis[1], bottom + 44), anchor: .middle, size: 13)
  }

  private func draw(_ row: (name: String, ratio: Double), on svg: inout SVG, _ axis: LogarithmicAxis, y: Double) {
    let isFaster = row.ratio <= 1
    let (from, to) = (min(axis[row.ratio], axis[1]), max(axis[row.ratio], axis[1]))
    svg.rectangle(x: from, y: y - 7, width: to - from, height: 14, color: isFaster ? Self.faster : Self.slower)
    svg.text(row.name, at: (Self.left - 60, y + 4), anchor: .end)
    svg.text(
      Format.fixed(row.ratio, 2), at: (isFaster ? from - 5 : to + 5, y + 4), anchor: isFaster ? .end : .start, size: 11)
  }
}
