import NablaMeasurement

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What `nabla bench` writes of a comparison: RESULTS.md and results.svg.
public struct ComparisonReport {
  private let all: [Results]
  private let comparison: Comparison
  private let revision: String?

  /// The report of Nabla's results and those of its peers. `revision` tells which Nabla it was.
  public init(_ all: [Results], revision: String? = nil) {
    self.all = all
    self.revision = revision
    comparison = Comparison(all)
  }

  private var nabla: Results? { all.first { $0.library == Contender.ours } }
  private var date: String { nabla?.date ?? "a day unknown" }
  private var machine: String { nabla?.machine ?? "unknown" }

  /// Writes RESULTS.md and results.svg into a folder.
  public func write(into folder: String) throws {
    let folder = URL(fileURLWithPath: folder, isDirectory: true)
    try Data(markdown.utf8).write(to: folder.appendingPathComponent("RESULTS.md"), options: .atomic)
    try chart.write(to: folder.appendingPathComponent("results.svg").path)
  }

  /// The rows of the chart: two hundred bars tell no one anything, where the table is there.
  private var charted: [Comparison.Row] {
    let table = comparison.rows.filter { $0.group == .table }
    return table.isEmpty ? comparison.rows : table
  }

  /// The tables, one for each group where there are several.
  private var tables: String {
    var groups: [WorkGroup?] = []
    for row in comparison.rows where !groups.contains(row.group) { groups.append(row.group) }
    if groups.count < 2 { return comparison.table.markdown }
    return groups.map { group in
      "## \(group?.rawValue ?? "others")\n\n"
        + comparison.table(of: comparison.rows.filter { $0.group == group }).markdown
    }.joined(separator: "\n\n")
  }

  /// The bars of the ratios.
  var chart: SVG {
    RatioChart(
      title: "Nabla against the best of its peers", subtitle: "\(machine), \(date)",
      rows: charted.compactMap { row in row.ratio.map { (row.name, $0) } }
    ).drawing
  }

  /// The text of RESULTS.md.
  var markdown: String {
    let isQuick = all.contains { $0.isQuick == true }
    let paragraphs = [
      "# Results",
      "Written by `nabla bench` from what was measured on \(date)."
        + (isQuick ? " **A quick run: too few samples to quote.**" : ""),
      list(["machine: \(machine)"] + versions),
      Self.legend,
      "![Ratios](results.svg)",
      tables,
      comparison.summary + ".",
      list(comparison.complaints),
    ]
    return paragraphs.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private static let legend = """
    Medians of one call. The libraries take \(Sampler.full.turns) turns at each work on the same machine, in both orders, each with its
    own default of threads; at the works of other groups than the table, \(Sampler.brief.turns).
    "eager / best eager" is Nabla's time over that of the fastest peer where both run operation by operation;
    "best / best" takes the faster mode of each. Below 1 Nabla is faster. "wanted" is what Nabla's time must not exceed:
    a time, or a share of a peer's, of the fastest one's where several are named. "seen" is the same figure as measured.
    """

  private func list(_ items: [String]) -> String { items.map { "- \($0)" }.joined(separator: "\n") }

  /// The libraries with their versions, and those that are not there.
  private var versions: [String] {
    let here = all.map { results in
      let revision = results.library == Contender.ours ? revision.map { "\($0), " } ?? "" : ""
      return "\(results.library): \(revision)\(results.version)"
    }
    let absent = Peers.libraries.filter { name in !all.contains { $0.library == name } }
    return here + (absent.isEmpty ? [] : ["not measured: " + absent.joined(separator: ", ")])
  }
}
