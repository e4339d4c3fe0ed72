import Nabla
import NablaMeasurement

extension Work {
  /// Measures works and prints each as soon as it is known.
  public static func measure(_ works: [Work], isQuick: Bool, print: (String) -> Void) -> Results {
    let library = OpenBLAS.current
    let version = "OpenBLAS \(library.version), core \(library.coreUsed), \(Processor.instructionSet) loops"
    print("machine  \(Machine.current.description)")
    print("Nabla    \(version), \(OpenBLAS.threadCount) threads\n")
    let table = Table(
      ["work", "mode", "median", "best", "samples"],
      leastWidths: [works.map(\.name.count).max() ?? 0, "compiled".count, 7, 7, 7])
    print(table.headerLine)
    let results = works.map { work in
      let result = work.measure(isQuick ? .quick : .full)
      let times = [result.median, result.samples.min()].map { Format.time(microseconds: $0) }
      print(table.line([result.name, result.mode.rawValue] + times + [String(result.samples.count)]))
      return result
    }
    return Results(library: Contender.ours, version: version, isQuick: isQuick, results: results)
  }

  /// Works by name, with what they have to reach.
  public static func list(_ works: [Work]) -> Table {
    var table = Table(["work", "mode", "wanted"])
    for work in works { table.append([work.name, work.mode.rawValue, work.goal?.description ?? "-"]) }
    return table
  }
}
