/// A table of text: as plain columns, or in Markdown.
public struct Table: Sendable {
  private let header: [String]
  private let leastWidths: [Int]
  private var rows: [[String]] = []

  /// A table with a header and no rows. Columns are at least as wide as `leastWidths` says.
  public init(_ header: [String], leastWidths: [Int] = []) {
    self.header = header
    self.leastWidths = header.indices.map { max(header[$0].count, $0 < leastWidths.count ? leastWidths[$0] : 0) }
  }

  /// Adds a row; missing cells are empty.
  public mutating func append(_ cells: [String]) {
    rows.append(cells + Array(repeating: "", count: max(0, header.count - cells.count)))
  }

  /// The header of a table that is printed while it grows. Such a table's least widths must suffice.
  public var headerLine: String { line(header) }

  /// A row of a table that is printed while it grows.
  public func line(_ cells: [String]) -> String { pad(cells, to: leastWidths).joined(separator: "  ") }

  /// The first column to the left, the others to the right.
  public var plain: String {
    padded.map { $0.joined(separator: "  ") }.joined(separator: "\n")
  }

  /// The same in Markdown.
  public var markdown: String {
    let rule = header.indices.map { $0 == 0 ? ":--" : "--:" }
    return ([padded[0], rule] + padded.dropFirst()).map { "| " + $0.joined(separator: " | ") + " |" }
      .joined(separator: "\n")
  }

  /// Header and rows, padded to the width of their columns.
  private var padded: [[String]] {
    let all = [header] + rows
    let widths = header.indices.map { column in
      all.reduce(leastWidths[column]) { max($0, $1[column].count) }
    }
    return all.map { pad($0, to: widths) }
  }

  private func pad(_ cells: [String], to widths: [Int]) -> [String] {
    zip(cells, widths).enumerated().map { column, cell in
      let space = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return column == 0 ? cell.0 + space : space + cell.0
    }
  }
}
