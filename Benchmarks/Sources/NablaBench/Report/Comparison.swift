import NablaMeasurement

/// The results of all libraries side by side, and what became of Nabla's goals.
public struct Comparison {
  /// One work in every column that has it.
  struct Row {
    let name: String
    let results: [Contender: Results.Result]
    /// What it is told together with; nil where a file names a work that is not known.
    let group: WorkGroup?
    /// What Nabla's times must not exceed, by how it runs; without a mode, that of its faster one.
    let goals: [(mode: Results.Mode?, goal: Goal)]

    /// The fastest of the columns that a condition holds for.
    private func fastest(where condition: (Contender) -> Bool) -> (column: Contender, median: Double)? {
      results.filter { condition($0.key) }.map { (column: $0.key, median: $0.value.median) }
        .min { $0.median < $1.median }
    }

    /// The fastest of the peers, in any mode.
    var bestPeer: (column: Contender, median: Double)? { fastest { !$0.isOurs } }
    /// The time of Nabla's faster mode over that of the fastest peer.
    var ratio: Double? { ratio { _ in true } }
    /// The same among those that run operation by operation.
    var eagerRatio: Double? { ratio { $0.mode == .eager } }

    private func ratio(_ condition: (Contender) -> Bool) -> Double? {
      guard let nabla = fastest(where: { $0.isOurs && condition($0) }),
        let peer = fastest(where: { !$0.isOurs && condition($0) })
      else { return nil }
      return nabla.median / peer.median
    }

    /// The goals in words.
    var wanted: String {
      let all = goals.map { ($0.mode == .compiled ? "compiled " : "") + $0.goal.description }
      return all.isEmpty ? "-" : all.joined(separator: ", ")
    }

    /// What became of the goals; none of a mode in which Nabla was not measured.
    var outcomes: [Goal.Outcome] {
      goals.compactMap { mode, goal in
        fastest { $0.isOurs && (mode == nil || $0.mode == mode) }
          .map { goal.outcome($0.median, beside: results.mapValues(\.median)) }
      }
    }

    /// The columns whose check number is not Nabla's, to a thousandth: they did some other work.
    var disagreeing: [Contender] {
      guard let own = results.first(where: { $0.key.isOurs })?.value.check else { return [] }
      return results.filter { !(abs($0.value.check - own) <= 1e-3 * abs(own)) }.map(\.key)
    }
  }

  let columns: [Contender]
  let rows: [Row]

  /// The comparison of some libraries. The works keep the order in which the first library lists them.
  public init(_ all: [Results]) {
    let works = Dictionary(grouping: Work.all, by: \.name)
    var columns: [Contender] = []
    var names: [String] = []
    var table: [String: [Contender: Results.Result]] = [:]
    for results in all {
      for result in results.results {
        let column = Contender(results.library, result.mode)
        if !columns.contains(column) { columns.append(column) }
        if table[result.name] == nil { names.append(result.name) }
        table[result.name, default: [:]][column] = result
      }
    }
    self.columns = columns
    rows = names.map { name in
      let own = works[name, default: []]
      return Row(
        name: name, results: table[name] ?? [:], group: own.first?.group,
        goals: own.compactMap { work in work.goal.map { (work.group.judgesFasterMode ? nil : work.mode, $0) } })
    }
  }

  /// What the works took, the ratios, and the goals.
  public var table: Table { table(of: rows) }

  /// The same for some of the rows.
  func table(of rows: [Row]) -> Table {
    var table = Table(
      ["work"] + columns.map(\.title) + ["best peer", "eager / best eager", "best / best", "wanted", "seen"])
    for row in rows {
      let outcomes = row.outcomes.map(\.cell).joined(separator: ", ")
      table.append(
        [row.name] + columns.map { Format.time(microseconds: row.results[$0]?.median) } + [
          row.bestPeer?.column.title ?? "-", Format.fixed(row.eagerRatio, 2), Format.fixed(row.ratio, 2), row.wanted,
          outcomes.isEmpty ? "-" : outcomes,
        ])
    }
    return table
  }

  /// How many goals were reached, and which were not.
  public var summary: String {
    let verdicts = rows.flatMap { $0.outcomes.map(\.verdict) }
    let missed = rows.filter { $0.outcomes.contains { $0.verdict == .missed } }.map { "\"\($0.name)\"" }
    let open = verdicts.count { $0 == .open }
    return "\(verdicts.count { $0 == .reached }) of \(verdicts.count) goals reached"
      + (open == 0 ? "" : ", \(open) open (?) since not all of their peers were measured")
      + (missed.isEmpty ? "" : "; missed: " + missed.joined(separator: ", "))
  }

  /// A line for each result that shows other work than Nabla's.
  public var complaints: [String] {
    rows.flatMap { row in
      row.disagreeing.map { column in
        "\(column.title) computed something else in \"\(row.name)\": check \(row.results[column]?.check ?? .nan)"
      }
    }
  }
}
