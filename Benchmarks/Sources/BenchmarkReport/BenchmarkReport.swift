import ArgumentParser
import BenchmarkSupport
import Foundation

@main
struct BenchmarkReport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark-report",
    abstract: "Puts the results of several libraries side by side: a table, RESULTS.md and results.svg.")

  @Argument(help: "The files with results, Nabla's first.")
  var files: [String]

  @Option(help: ArgumentHelp("Write RESULTS.md and results.svg into this directory.", valueName: "directory"))
  var output: String?

  @Option(help: ArgumentHelp("The output of matmul-benchmark, to be told in RESULTS.md.", valueName: "file"))
  var matmul: String?

  @Option(help: "The revision of Nabla that was measured.")
  var revision = "unknown"

  @Flag(help: "Say that too few samples were taken to quote.")
  var quick = false

  func run() throws {
    let all = try files.map { try Results(contentsOf: $0) }
    let comparison = Comparison(all)
    print(comparison.table.plain)
    for complaint in comparison.complaints { print("warning: \(complaint)") }
    guard let output else { return }
    let folder = URL(fileURLWithPath: output)
    let document = try markdown(comparison, all)
    try Data(document.utf8).write(to: folder.appendingPathComponent("RESULTS.md"), options: .atomic)
    try chart(comparison).drawing.write(to: folder.appendingPathComponent("results.svg").path)
  }

  private func chart(_ comparison: Comparison) -> RatioChart {
    RatioChart(
      title: "Nabla against the best of its peers", subtitle: "\(Machine.current.processor), \(date)",
      rows: comparison.rows.compactMap { row in row.ratio.map { (row.name, $0) } })
  }

  private var date: String { Date().formatted(.iso8601.year().month().day()) }

  private func markdown(_ comparison: Comparison, _ all: [Results]) throws -> String {
    let versions = all.map { "- \($0.library): \($0.library == Comparison.ours ? "\(revision), " : "")\($0.version)" }
    let products = try matmul.map { try String(contentsOfFile: $0, encoding: .utf8) }
    return """
      # Results

      Written by `Benchmarks/run` on \(date).\(quick ? " **A quick run: too few samples to quote.**" : "")

      - machine: \(Machine.current.description)
      \(versions.joined(separator: "\n"))

      Medians of one call, all libraries one after another on the same machine, each with its own default of threads.
      "eager / best eager" is Nabla's time over that of the fastest peer where both run operation by operation;
      "best / best" takes the faster mode of each. Below 1 Nabla is faster.

      ![Ratios](results.svg)

      \(comparison.table.markdown)
      \(comparison.complaints.map { "\n- \($0)" }.joined())\(products.map(productSection) ?? "")
      """
  }

  private func productSection(_ text: String) -> String {
    """

    ## Matrix products against BLAS and the machine's peak

    ![Rates](matmul.svg)

    ```
    \(text.trimmingCharacters(in: .newlines))
    ```

    """
  }
}
