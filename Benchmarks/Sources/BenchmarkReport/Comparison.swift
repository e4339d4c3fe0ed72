import BenchmarkSupport

/// The results of all libraries side by side.
struct Comparison {
  /// A library in one of its modes.
  struct Column: Hashable {
    let library: String
    let mode: Results.Mode

    /// The heading: compiled functions go by the name that each library gives them.
    var title: String {
      switch (library, mode) {
      case (_, .eager): library
      case ("JAX", .compiled): "JAX jit"
      case ("TensorFlow", .compiled): "tf.function"
      case (_, .compiled): library + " compiled"
      }
    }
  }

  /// One work in every column that has it.
  struct Row {
    let name: String
    let results: [Column: Results.Result]

    /// The fastest of the columns that a condition holds for.
    private func fastest(where condition: (Column) -> Bool) -> (column: Column, median: Double)? {
      results.filter { condition($0.key) }.map { (column: $0.key, median: $0.value.median) }
        .min { $0.median < $1.median }
    }

    /// The fastest of the peers, in any mode.
    var bestPeer: (column: Column, median: Double)? { fastest { $0.library != Comparison.ours } }
    /// The time of Nabla's faster mode over that of the fastest peer.
    var ratio: Double? { ratio { _ in true } }
    /// The same among those that run operation by operation.
    var eagerRatio: Double? { ratio { $0.mode == .eager } }

    private func ratio(_ condition: (Column) -> Bool) -> Double? {
      guard let nabla = fastest(where: { $0.library == Comparison.ours && condition($0) }),
        let peer = fastest(where: { $0.library != Comparison.ours && condition($0) })
      else { return nil }
      return nabla.median / peer.median
    }

    /// The columns whose check number is not Nabla's, to a thousandth: they did some other work.
    var disagreeing: [Column] {
      guard let own = results.first(where: { $0.key.library == Comparison.ours })?.value.check else { return [] }
      return results.filter { !(abs($0.value.check - own) <= 1e-3 * abs(own)) }.map(\.key)
    }
  }

  /// The library that the others are compared with.
  static let ours = "Nabla"
  let columns: [Column]
  let rows: [Row]

  /// The comparison of some libraries. The works keep the order in which the first library lists them.
  init(_ all: [Results]) {
    var columns: [Column] = []
    var names: [String] = []
    var table: [String: [Column: Results.Result]] = [:]
    for results in all {
      for result in results.results {
        let column = Column(library: results.library, mode: result.mode)
        if !columns.contains(column) { columns.append(column) }
        if table[result.name] == nil { names.append(result.name) }
        table[result.name, default: [:]][column] = result
      }
    }
    self.columns = columns
    rows = names.map { Row(name: $0, results: table[$0] ?? [:]) }
  }

  /// What the works took, and the ratios.
  var table: Table {
    var table = Table(["work"] + columns.map(\.title) + ["best peer", "eager / best eager", "best / best"])
    for row in rows {
      table.append(
        [row.name] + columns.map { Format.time(microseconds: row.results[$0]?.median) } + [
          row.bestPeer?.column.title ?? "-", Format.fixed(row.eagerRatio, 2), Format.fixed(row.ratio, 2),
        ])
    }
    return table
  }

  /// A line for each result that shows other work than Nabla's.
  var complaints: [String] {
    rows.flatMap { row in
      row.disagreeing.map { column in
        "\(column.title) computed something else in \"\(row.name)\": check \(row.results[column]?.check ?? .nan)"
      }
    }
  }
}
