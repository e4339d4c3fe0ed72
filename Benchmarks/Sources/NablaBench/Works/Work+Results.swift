import Nabla
import NablaMeasurement

/// Nabla's side of a run: works that are measured in turns, each printed as soon as it is known.
public struct OwnResults {
  private let works: [Work]
  private let isQuick: Bool
  private let print: (String) -> Void
  private let table: Table
  private var trials: [Int: Trial] = [:]
  private var measured: [Int: Results.Result] = [:]

  /// Prints the head of the table.
  public init(_ works: [Work], isQuick: Bool, print: @escaping (String) -> Void) {
    self.works = works
    self.isQuick = isQuick
    self.print = print
    table = Table(
      ["work", "mode", "median", "best", "samples"],
      leastWidths: [works.map(\.name.count).max() ?? 0, "compiled".count, 7, 7, 7])
    print("machine  \(Machine.current.description)")
    print("Nabla    \(Self.version), \(OpenBLAS.threadCount) threads\n")
    print(table.headerLine)
  }

  private static var version: String {
    let library = OpenBLAS.current
    return "OpenBLAS \(library.version), core \(library.coreUsed), \(Processor.instructionSet) loops"
  }

  /// Measures for one turn the works of a name, in each mode: the data of a work lives from its first turn to its last.
  public mutating func takeTurn(of name: String) {
    for index in works.indices where measured[index] == nil && works[index].name == name {
      // Taken out of the list meanwhile, and so not kept twice.
      var trial = trials.removeValue(forKey: index) ?? works[index].trial(works[index].group.sampler(isQuick: isQuick))
      trial.takeTurn()
      if trial.isComplete { finish(index, trial.result) } else { trials[index] = trial }
    }
    Sampler.rest()
  }

  /// Measures for all turns what has not been measured.
  public mutating func measureTheRest() {
    for (index, work) in works.enumerated() where measured[index] == nil {
      while measured[index] == nil { takeTurn(of: work.name) }
    }
  }

  private mutating func finish(_ index: Int, _ result: Results.Result) {
    let times = [result.median, result.samples.min()].map { Format.time(microseconds: $0) }
    print(table.line([result.name, result.mode.rawValue] + times + [String(result.samples.count)]))
    measured[index] = result
  }

  /// What was measured, in the order of the works.
  public var results: Results {
    Results(
      library: Contender.ours, version: Self.version, isQuick: isQuick,
      results: works.indices.compactMap { measured[$0] })
  }
}

extension Work {
  /// Works by name, with what they work on and what they have to reach.
  public static func list(_ works: [Work]) -> Table {
    var table = Table(["work", "group", "inputs", "mode", "wanted"])
    for work in works {
      let inputs = work.inputs.isEmpty ? "-" : work.inputs
      table.append([work.name, work.group.rawValue, inputs, work.mode.rawValue, work.wanted])
    }
    return table
  }

  /// The goal in words.
  private var wanted: String {
    guard let goal else { return "-" }
    return (group.judgesFasterMode ? "faster mode " : "") + goal.description
  }
}
