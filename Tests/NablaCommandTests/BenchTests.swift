import Foundation
import Nabla
import Testing

@testable import NablaBench
@testable import NablaMeasurement

/// `nabla bench`. No test looks at how fast anything is.
@Suite struct BenchTests {
  private func run(_ arguments: String...) throws -> Executable.Result { try Executable.run(["bench"] + arguments) }

  private func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("nabla-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url)
  }

  /// The lines of a table with their cells, by the first cell.
  private func cells(_ name: String, _ output: String) -> [String] {
    let line = output.split(separator: "\n").first { $0.hasPrefix(name + "  ") } ?? ""
    return line.dropFirst(name.count).split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test func listNamesEveryWorkWithItsGoal() throws {
    let result = try run("--list")
    #expect(result.status == 0 && result.error == "")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == Work.all.count + 1)
    #expect(Set(lines).count == lines.count)
    #expect(cells("matmul, 256", result.output) == ["table", "-", "eager", "≤ 1.03 × any peer"])
    #expect(
      cells("sort, 1000", result.output) == ["order", "f32[1000]", "eager", "faster mode ≤ 1.00 × any peer"])
    let some = try run("--list", "--group", "table", "--only", "least squares").output.split(separator: "\n")
    #expect(some.count == 5)
    #expect(some[2].hasSuffix("compiled  ≤ 0.62 × PyTorch or tf.function"))
  }

  @Test func groups() throws {
    #expect(Set(Work.all(in: [.table], holding: "").map(\.name)).count == 30)
    for group in WorkGroup.allCases where group != .table {
      let works = group.declared
      #expect(!works.isEmpty && works.allSatisfy { $0.group == group }, "\(group)")
      for work in works { #expect(Input.all(work.inputs).count == work.inputs.split(separator: ";").count) }
    }
    #expect(Set(Work.all.map(\.name)).count >= 150)
    let some = try run("--list", "--group", "order", "--group", "draws").output.split(separator: "\n").dropFirst()
    #expect(some.count == WorkGroup.order.declared.count + WorkGroup.draws.declared.count)
    #expect(some.allSatisfy { $0.contains("  order  ") || $0.contains("  draws  ") })
    #expect(try run("--list", "--group", "all").output == run("--list").output)

    let unknown = try run("--group", "sorting")
    #expect(unknown.status == 64 && unknown.error.contains("--group sorting: there are all, table, elementwise, "))
    let elsewhere = try run("--only", "topK")
    #expect(elsewhere.status == 64 && elsewhere.error.contains("--only topK: no work in table has this in its name"))
  }

  @Test func inputsAreDrawnAsTheySay() {
    var draw = Draw()
    let inputs = Input.all("f32[2,3]; f64[1000] 0.5..2; i64[1000] 3..<5; bool[1000]; f32[]; f64[2,4,4] spd")
    let whole: Tensor<Float> = draw.tensor(inputs[0])
    #expect(whole.shape == [2, 3] && whole.scalars.allSatisfy { $0 >= -1 && $0 < 2 })
    let positive: Tensor<Double> = draw.tensor(inputs[1])
    #expect(positive.min().scalar >= 0.5 && positive.max().scalar < 2 && positive.max().scalar > 1.5)
    let integers: Tensor<Int64> = draw.tensor(inputs[2])
    #expect(Set(integers.scalars) == [3, 4])
    let mask: Tensor<Bool> = draw.tensor(inputs[3])
    #expect(Set(mask.scalars) == [false, true])
    let scalar: Tensor<Float> = draw.tensor(inputs[4])
    #expect(scalar.shape == [])
    let definite: Tensor<Double> = draw.tensor(inputs[5])
    #expect(definite.shape == [2, 4, 4] && definite.allClose(definite.transposed(permutation: [0, 2, 1])))
    #expect(throws: Never.self) { try Linalg.cholesky(definite) }
  }

  /// The figures are those of peers/measuring.py.
  @Test func checksTellResultsApart() {
    let x: Tensor<Double> = [1, 2, 3, -4]
    #expect(Check.size(x) == 2.5)
    #expect(abs(Check.elements(x) - 4.972_135_947_085_917) < 1e-12)
    #expect(abs(Check.elements(x.reversed(axis: 0)) - Check.elements(x)) > 0.1)
    #expect(Check.distribution(Tensor<Double>([0.5021])) == 0.5 && Check.distribution(Tensor<Double>([497])) == 500)
  }

  /// The declarations of both languages, word for word.
  @Test(.enabled(if: Peers.isNumPyHere)) func thePeersScriptsHaveTheSameWorks() throws {
    let (status, output) = try Peers.python(Peers.scripts + "/peers.py", "--list")
    #expect(status == 0)
    var own: [String] = []
    for work in Work.all {
      let line = [work.name, work.group.rawValue, work.inputs.isEmpty ? "-" : work.inputs].joined(separator: "  ")
      if own.last != line { own.append(line) }
    }
    #expect(own == output.split(separator: "\n").map(String.init))
  }

  @Test func aGroupRunsInBothModesAndItsGoalIsThatOfTheFaster() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("results.json").path
      let result = try run("--quick", "--group", "elementwise", "--only", "add, Double, 16", "--json", file)
      #expect(result.status == 0 && result.error == "", "\(result.error)")
      let own = try Results.read(file)[0]
      #expect(own.results.map(\.name) == ["add, Double, 16", "add, Double, 16"])
      #expect(own.results.map(\.mode) == [.eager, .compiled] && own.results[0].check == own.results[1].check)
    }
    func results(_ library: String, _ times: [Results.Mode: Double]) -> Results {
      let all = times.map { mode, time in
        Results.Result(name: "sort, 1000", mode: mode, measurement: Measurement(samples: [time * 1e-6]), check: 1)
      }
      return Results(library: library, version: "1", isQuick: false, results: all)
    }
    let peers =
      ["NumPy", "PyTorch"].map { results($0, [.eager: 8]) }
      + ["JAX", "TensorFlow"].map { results($0, [.eager: 12, .compiled: 9]) }
    for (time, seen) in [(6.0, "0.75"), (12, "1.25 missed")] {
      let comparison = Comparison([results("Nabla", [.eager: 10, .compiled: time])] + peers)
      #expect(comparison.rows[0].outcomes.map(\.cell) == [seen])
      #expect(comparison.rows[0].wanted == "≤ 1.00 × any peer")
    }
  }

  @Test func everyWorkHasAGoalInSomeMode() {
    for (name, works) in Dictionary(grouping: Work.all, by: \.name) {
      #expect(works.contains { $0.goal != nil }, "\(name)")
      #expect(Set(works.map(\.mode)).count == works.count, "\(name) twice in one mode")
    }
  }

  @Test func quickRunWritesResultsThatDecode() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("results.json").path
      let result = try run("--quick", "--only", "a step", "--json", file)
      #expect(result.status == 0 && result.error == "", "\(result.error)")
      let row = cells("tutorial loop, a step", result.output)
      #expect(row.count == 4 && row[0] == "eager", "\(result.output)")
      let all = try Results.read(file)
      #expect(all.map(\.library) == ["Nabla"])
      let results = all[0].results
      #expect(results.map(\.name) == ["tutorial loop, a step", "tutorial loop, a step"])
      #expect(results.map(\.mode) == [.eager, .compiled])
      #expect(all[0].isQuick == true && all[0].date != nil && all[0].machine != nil)
      for result in results {
        #expect(result.unit == "µs" && result.samples.count >= 3 && result.median > 0)
        #expect(result.samples.allSatisfy { $0 > 0 })
      }
      // The second step's loss: the same eager and compiled, and not that of the first.
      #expect(abs(results[0].check - results[1].check) <= 1e-6 * results[0].check)
    }
  }

  @Test func reportFromFiles() throws {
    try withFolder { folder in
      let files = ["bench_nabla.json", "bench_numpy.json", "bench_tensorflow.json"].map(Executable.resource)
      let result = try run(
        "--read", files[1], "--read", files[0], "--read", files[2], "--output", folder.path, "--revision", "abc")
      #expect(result.status == 0 && result.error == "", "\(result.error)")
      #expect(
        cells("work", result.output).prefix(5) == ["Nabla", "Nabla compiled", "NumPy", "TensorFlow", "tf.function"])
      #expect(cells("add, 16", result.output).suffix(5) == ["NumPy", "0.75", "0.75", "≤ 0.80 × NumPy", "0.75"])
      #expect(cells("exp, 16", result.output).last == "0.95 missed")
      #expect(
        cells("tutorial loop, a step", result.output).suffix(2)
          == ["≤ 3.00 µs, compiled ≤ 400 ns", "2.50 µs, 500 ns missed"])
      // 9000 of tf.function's 12500 is a miss, whatever PyTorch takes. 0.5 of NumPy's time is none yet: others may be
      // faster.
      #expect(cells("least squares step, 100,000 x 1,000", result.output).last == "0.72 missed")
      #expect(cells("logistic regression step, 1,000,000 x 64", result.output).last == "0.50 ?")
      #expect(cells("sum, 1e5", result.output).last == "-")
      #expect(result.output.contains("\n2 of 7 goals reached, 2 open (?)"), "\(result.output)")
      let warning = "NumPy computed something else in \"exp, 16\": check 3.0\n"
      #expect(result.output.contains("\nwarning: " + warning), "\(result.output)")
      #expect(!result.output.contains("something else in \"logistic"))

      let page = try String(contentsOf: folder.appendingPathComponent("RESULTS.md"), encoding: .utf8)
      for text in [
        "measured on 2026-01-02.\n",
        "- machine: an example\n- Nabla: abc, OpenBLAS 0.0.0, core Example\n- NumPy: 1.2.3\n",
        "- not measured: PyTorch, JAX\n", "![Ratios](results.svg)", " wanted |", " 0.95 missed |",
        "2 of 7 goals reached", "\n- " + warning,
      ] { #expect(page.contains(text), "\(text) in \(page)") }
      let chart = try String(contentsOf: folder.appendingPathComponent("results.svg"), encoding: .utf8)
      #expect(chart.hasPrefix("<svg ") && chart.contains(">add, 16</text>") && chart.contains("an example, 2026-01-02"))
    }
  }

  @Test func onlyHoldsForFilesToo() throws {
    let result = try run("--read", Executable.resource("bench_nabla.json"), "--only", "add, 16")
    #expect(result.status == 0)
    #expect(cells("add, 16", result.output).first == "150 ns")
    #expect(!result.output.contains("exp, 16"))
  }

  @Test func filesThatHoldNoResults() throws {
    let missing = try run("--read", "/no/such.json")
    #expect(missing.status == 66 && missing.error == "nabla: /no/such.json: No such file or directory\n")
    let results = #"{"library": "NumPy", "version": "1", "results": [{"name": "add, 16", "mode": "eager", "#
    for (contents, message) in [
      ("{}", "no \"library\""), ("[", "not valid JSON"), ("{\"library\": 1}", "found number instead at library"),
      (
        results + #""unit": "s", "median": 1, "samples": [1], "check": 1}]}"#,
        "the times of \"add, 16\" are in s, not in µs"
      ),
    ] {
      try Executable.withFile(contents) { path in
        let result = try run("--read", path)
        #expect(result.status == 65 && result.output == "" && result.errorLines.count == 1)
        #expect(result.error.hasPrefix("nabla: \(path): ") && result.error.contains(message), "\(result.error)")
      }
    }
    let file = Executable.resource("bench_nabla.json")
    #expect(try run("--read", file, "--read", file).error.contains("--read: the files hold results of Nabla twice"))
  }

  @Test func filesThatCannotBeWrittenAreToldBeforeTheMeasuring() throws {
    let result = try run("--json", "/no/such/folder.json")
    #expect(result.status == 1 && result.output == "")
    #expect(result.error == "nabla: /no/such/folder.json: cannot be written: No such file or directory\n")
  }
}

extension Peers {
  /// The folder of the scripts in these sources.
  fileprivate static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Benchmarks/peers").path

  /// Whether python3 has what the scripts make their data with.
  fileprivate static var isNumPyHere: Bool {
    let question = "import importlib.util, sys; sys.exit(importlib.util.find_spec('numpy') is None)"
    return (try? python("-c", question))?.status == 0
  }

  fileprivate static func python(_ arguments: String...) throws -> (status: Int32, output: String) {
    var lines: [String] = []
    let status = try Subprocess.run("python3", arguments) { line in
      lines.append(line)
      return nil
    }
    return (status, lines.joined(separator: "\n"))
  }
}

/// The peers' scripts, played by a script for the shell.
@Suite struct PeersTests {
  /// Runs one work with a `peers.py` of these contents. Its arguments begin with `--turns`, `--output` and a folder.
  private func run(
    _ script: String, interpreter: String = "/bin/sh", _ options: String...
  ) throws -> Executable.Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nabla-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(script.utf8).write(to: folder.appendingPathComponent("peers.py"))
    return try Executable.run(
      [
        "bench", "--quick", "--only", "add, 16", "--peers", "--python", interpreter, "--scripts", folder.path,
      ] + options)
  }

  @Test func aPeerThatFailsIsToldAndLeftOut() throws {
    let numpy = Executable.resource("bench_numpy.json")
    let result = try run("cp '\(numpy)' \"$3/NumPy.json\"; echo '{' >\"$3/JAX.json\"; echo \"$4 $5\"; exit 1")
    #expect(result.status == 0 && result.error == "", "\(result.error)")
    #expect(result.output.hasPrefix("--only=add, 16 --quick\n"), "\(result.output)")
    #expect(result.output.contains("best peer"))
    for text in [
      "warning: PyTorch was not measured and is left out\n", "warning: TensorFlow was not measured and is left out\n",
      "warning: JAX is left out: its results cannot be read (",
    ] { #expect(result.output.contains(text), "\(result.output)") }
  }

  @Test func groupsAreToldToTheScripts() throws {
    let numpy = Executable.resource("bench_numpy.json")
    let result = try run(
      "cp '\(numpy)' \"$3/NumPy.json\"; echo \"$4 $5 $6 $7\"", "--group", "draws", "--group", "table")
    #expect(result.output.hasPrefix("--only=add, 16 --quick --group=table --group=draws\n"), "\(result.output)")
  }

  /// Nabla measures when it is its turn, and only then the scripts go on; a work of two turns is known after the second.
  @Test func worksAreMeasuredInTurns() throws {
    let numpy = Executable.resource("bench_numpy.json")
    let result = try run(
      "cp '\(numpy)' \"$3/NumPy.json\"; echo before; echo 'turn: add, 16'; read line; echo \"between$line.\"; "
        + "echo 'turn: add, 16'; read line; echo \"after$line.\"; echo 'turn: another'; read line || exit 1; echo end")
    #expect(result.status == 0 && result.error == "", "\(result.error)")
    let lines = result.output.split(separator: "\n").map(String.init)
    let order = ["before", "machine", "between.", "add, 16 ", "after.", "end"].map { start in
      lines.firstIndex { $0.hasPrefix(start) } ?? -1
    }
    #expect(order == order.sorted() && order.first == 0, "\(order): \(result.output)")
    #expect(lines.count { $0.hasPrefix("add, 16 ") && $0.contains("eager") } == 1, "\(result.output)")
  }

  @Test func noPeerAtAll() throws {
    let result = try run("exit 3")
    #expect(result.status == 1 && result.output == "" && result.errorLines.count == 1)
    #expect(result.error.hasPrefix("nabla: no peer could be measured: --python names"), "\(result.error)")
  }

  @Test func noInterpreter() throws {
    let result = try run("", interpreter: "no-such-python")
    #expect(result.status == 66 && result.output == "")
    #expect(
      result.error
        == "nabla: the Python interpreter no-such-python cannot be started: No such file or directory; --python names "
        + "another one\n")
  }

  @Test func noScripts() throws {
    let result = try Executable.run(["bench", "--peers", "--scripts", "/no/such"])
    #expect(result.status == 66 && result.output == "")
    #expect(result.error.hasPrefix("nabla: /no/such has no peers.py; --scripts names the folder"), "\(result.error)")
  }
}
