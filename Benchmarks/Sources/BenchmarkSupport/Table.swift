/// A table of text: as plain columns, or in Markdown.
public struct Table: Sendable {
  private let header: [String]
  private var rows: [[String]] = []

  /// A table with a header and no rows.
  public init(_ header: [String]) { self.header = header }

  /// Adds a row; missing cells are empty.
  public mutating func append(_ cells: [String]) {
    rows.append(cells + Array(repeating: "", count: max(0, header.count - cells.count)))
  }

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
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      zip(row, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + space : space + cell.0
      }
    }
  }
}
