import ArgumentParser
import NablaBench
import NablaMeasurement

/// `nabla bench`: the times of operations and training steps, alone or beside those of other libraries.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures operations and training steps, and NumPy, PyTorch, JAX and TensorFlow beside them.",
    discussion: """
      Without options: every work of the table in Nabla, operation by operation and compiled. --group names other \
      groups of works, some two hundred and fifty in shapes beside the long dense row; "all" is every one. With \
      --peers, the libraries that the Python interpreter has and Nabla take turns at each work, and at the end there \
      is a table of all with the ratios and with what Nabla has to reach. Nothing else should run meanwhile.

      Exit codes: 0, also where a goal is missed or a peer is left out; 1 when no peer could be measured or a file \
      cannot be written; 64 for bad arguments; 65 for a file that holds no results; 66 for a file, an interpreter or \
      scripts that are not there.
      """)

  @Option(help: ArgumentHelp("Run the works whose names hold this text.", valueName: "text"))
  var only: String?
  @Option(
    help: ArgumentHelp(
      "Run the works of this group; \"all\" for every one. May be repeated. (default: table)", valueName: "name"))
  var group: [String] = []
  @Flag(help: "Take few samples: whether it runs, not how fast.")
  var quick = false
  @Flag(help: "Name the works by their groups and what they have to reach, and measure nothing.")
  var list = false
  @Option(help: ArgumentHelp("Write medians and samples of all that was measured into this file.", valueName: "file"))
  var json: String?

  @Flag(help: "Measure the peers too, and compare.")
  var peers = false
  @Option(help: ArgumentHelp("The Python interpreter that has the peers. (default: python3)", valueName: "path"))
  var python: String?
  @Option(help: ArgumentHelp("The folder of the peers' scripts. (default: Benchmarks/peers)", valueName: "folder"))
  var scripts: String?
  @Option(
    help: ArgumentHelp(
      "Compare with the results in a file of --json. Nabla's own in it are not measured again. May be repeated.",
      valueName: "file"))
  var read: [String] = []

  @Option(help: ArgumentHelp("Write RESULTS.md and results.svg into this folder.", valueName: "folder"))
  var output: String?
  @Option(help: ArgumentHelp("The revision of Nabla, to be told in RESULTS.md.", valueName: "text"))
  var revision: String?

  func validate() throws {
    for name in group where name != Self.everyGroup && WorkGroup(rawValue: name) == nil {
      let names = [Self.everyGroup] + WorkGroup.allCases.map(\.rawValue)
      throw ValidationError("--group \(name): there are \(names.joined(separator: ", "))")
    }
    if works.isEmpty {
      let place = groups == WorkGroup.allCases ? "" : " in \(groups.map(\.rawValue).joined(separator: ", "))"
      throw ValidationError("--only \(only ?? ""): no work\(place) has this in its name; --list names them")
    }
    if list {
      try refuse(["quick": quick, "peers": peers, "read": !read.isEmpty, "json": json != nil], with: "--list")
    }
    if !read.isEmpty { try refuse(["peers": peers], with: "--read") }
    if !peers { try require("--peers", for: ["python": python, "scripts": scripts]) }
    if !peers && read.isEmpty { try require("--peers or --read", for: ["output": output]) }
    if output == nil { try require("--output", for: ["revision": revision]) }
  }

  private func refuse(_ options: KeyValuePairs<String, Bool>, with other: String) throws {
    for (name, isGiven) in options where isGiven { throw ValidationError("--\(name) has no meaning with \(other)") }
  }

  private func require(_ other: String, for options: KeyValuePairs<String, String?>) throws {
    for (name, value) in options where value != nil { throw ValidationError("--\(name) needs \(other)") }
  }

  func run() throws {
    if list { return Console.line(Work.list(works).plain) }
    let files = BenchFiles(json: json, folder: output)
    try files.prepare()
    var (all, complaints) = try peers ? measureInTurns() : (readResults(), [])
    if !all.contains(where: { $0.library == Contender.ours }) {
      var ours = OwnResults(works, isQuick: quick) { Console.line($0) }
      ours.measureTheRest()
      all.append(ours.results)
    }
    // Nabla's column is the first, wherever its results are from.
    all = all.filter { $0.library == Contender.ours } + all.filter { $0.library != Contender.ours }
    if all.count > 1 || !read.isEmpty {
      let comparison = Comparison(all)
      Console.line("\n\(comparison.table.plain)\n\n\(comparison.summary)")
      complaints += comparison.complaints
    }
    for complaint in complaints { Console.line("warning: \(complaint)") }
    try files.write(all, revision: revision)
  }
}

extension Bench {
  private static let everyGroup = "all"

  /// The groups that are asked for. A list without a choice names them all, a run measures the table.
  private var groups: [WorkGroup] {
    if group.isEmpty { return list ? WorkGroup.allCases : [.table] }
    return WorkGroup.allCases.filter { group.contains($0.rawValue) || group.contains(Self.everyGroup) }
  }

  /// The works that are asked for.
  private var works: [Work] { Work.all(in: groups, holding: only ?? "") }

  /// What the files of --read tell of these works.
  private func readResults() throws -> [Results] {
    var all = try read.flatMap(BenchFiles.read)
    var seen: Set<String> = []
    if let twice = all.first(where: { !seen.insert($0.library).inserted }) {
      throw CommandError(.data, "--read: the files hold results of \(Format.printable(twice.library)) twice")
    }
    for index in all.indices { all[index].results.removeAll { !$0.name.contains(only ?? $0.name) } }
    return all
  }

  /// The peers and Nabla in turns: what makes the machine slower for a while is the same for all.
  private func measureInTurns() throws -> ([Results], [String]) {
    do {
      let peers = try Peers(interpreter: python ?? "python3", folder: scripts ?? "Benchmarks/peers")
      var ours: OwnResults?
      let (results, complaints) = try peers.measure(
        only: only ?? "", in: group.isEmpty ? [] : groups, isQuick: quick, print: Console.line
      ) { name in
        if ours == nil { ours = OwnResults(works, isQuick: quick) { Console.line($0) } }
        ours?.takeTurn(of: name)
      }
      ours?.measureTheRest()
      return (results + (ours.map { [$0.results] } ?? []), complaints)
    } catch let error as PeersError {
      if case .nothingMeasured = error { throw CommandError(.failure, error.description) }
      throw CommandError(.noInput, error.description)
    }
  }
}
