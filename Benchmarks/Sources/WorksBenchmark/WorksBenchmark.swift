import ArgumentParser
import BenchmarkSupport
import Nabla

@main
struct WorksBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "works-benchmark",
    abstract: "Operations and training steps in Nabla, operation by operation and compiled.")

  @Option(help: ArgumentHelp("Write medians and samples into this file.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Run the works whose names hold this text.", valueName: "text"))
  var only: String?

  @Flag(help: "Take few samples.")
  var quick = false

  func run() throws {
    let library = OpenBLAS.current
    let version = "OpenBLAS \(library.version), core \(library.coreUsed), \(Processor.instructionSet) loops"
    print("machine  \(Machine.current.description)\nNabla    \(version), \(OpenBLAS.threadCount) threads\n")
    let works = Work.all.filter { work in only.map(work.name.contains) ?? true }
    let results = works.map { $0.measure(quick ? .quick : .full) }
    var table = Table(["work", "mode", "median", "best", "samples"])
    for result in results {
      table.append([
        result.name, result.mode.rawValue, Format.time(microseconds: result.median),
        Format.time(microseconds: result.samples.min()), String(result.samples.count),
      ])
    }
    print(table.plain)
    if let json { try Results(library: "Nabla", version: version, results: results).write(to: json) }
  }
}
