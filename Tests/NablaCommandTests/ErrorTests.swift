import Testing

@testable import NablaCommand

/// Every mistake is one line on standard error with its exit code, and nothing on standard output.
@Suite struct ErrorTests {
  static let usage: [(arguments: String, message: String)] = [
    ("train --rows 0", "--rows 0 is not a whole number from 1 on"),
    ("train --rows=-5", "--rows -5 is not a whole number from 1 on"),
    ("train --features 0", "--features 0 is not a whole number from 1 on"),
    ("train --epochs 0", "--epochs 0 is not a whole number from 1 on"),
    ("train --batch-size 0", "--batch-size 0 is not a whole number from 1 on"),
    ("train --noise=-1", "--noise -1.0 is not a number from 0 on"),
    ("train --noise nan", "--noise nan is not a number from 0 on"),
    ("train --momentum 1 --optimizer momentum", "--momentum 1.0 is not in 0 ..< 1"),
    ("train --momentum 0.5", "--momentum needs --optimizer momentum or nesterov"),
    ("train --tolerance 2", "--tolerance 2.0 is not in 0 ..< 1"),
    ("train --rows 10 --batch-size 11", "--batch-size 11 is more than the 10 rows"),
    ("train --rows 3000000000", "BLAS counts rows and columns up to 2147483647"),
    ("train --rows 2000000000 --features 2000000000", "and the machine has"),
    ("train --rows 99999999999999999999", "--rows"),
    ("train --rows ten", "--rows"),
    ("train --learning-rate 0", "--learning-rate"),
    ("train --learning-rate fast", "--learning-rate"),
    ("train --dtype float16", "--dtype"),
    ("train --optimizer adam", "--optimizer"),
    ("train --solver qr", "--solver"),
    ("train --csv x.csv", "--csv needs --target, the column to explain"),
    ("train --target y", "--target names a column of a file: it needs --csv"),
    ("train --csv x.csv --target y --rows 5", "--rows has no meaning with --csv"),
    ("train --solver lstsq --epochs 5", "--epochs has no meaning with --solver lstsq"),
    ("train --solver lstsq --rows 64", "--rows 64 do not determine the 65 coefficients of --solver lstsq"),
    ("train --colour red", "--colour"),
    ("train extra", "extra"),
    ("info --all", "--all"),
    ("bench --only nothing", "--only nothing: no work in table has this in its name; --list names them"),
    ("bench --list --quick", "--quick has no meaning with --list"),
    ("bench --list --peers", "--peers has no meaning with --list"),
    ("bench --list --json x", "--json has no meaning with --list"),
    ("bench --list --output x", "--output needs --peers or --read"),
    ("bench --peers --read x", "--peers has no meaning with --read"),
    ("bench --python x", "--python needs --peers"),
    ("bench --scripts x", "--scripts needs --peers"),
    ("bench --output x", "--output needs --peers or --read"),
    ("bench --peers --revision x", "--revision needs --output"),
    ("bench fast", "fast"),
    ("flop", "flop"),
  ]

  @Test(arguments: usage) func usageErrors(_ row: (arguments: String, message: String)) throws {
    let result = try Executable.run(row.arguments.split(separator: " ").map(String.init))
    expectError(result, .usage)
    #expect(result.error.contains(row.message), "\(result.error)")
  }

  private func expectError(_ result: Executable.Result, _ status: CommandError.Status) {
    #expect(result.status == status.rawValue)
    #expect(result.output == "")
    #expect(result.errorLines.count == 1 && result.error.hasPrefix("nabla: "), "\(result.error)")
  }

  private func train(_ path: String, _ more: String...) throws -> Executable.Result {
    try Executable.run(["train", "--csv", path, "--target", "y"] + more)
  }

  @Test func missingFile() throws {
    let result = try train("/no/such.csv")
    expectError(result, .noInput)
    #expect(result.error == "nabla: /no/such.csv: No such file or directory\n")
  }

  static let files: [(contents: String, message: String)] = [
    ("", ": the file is empty"),
    ("x,y\n1,2\n3\n", ", line 3, column \"y\": no value: the line has 1 of 2 columns"),
    ("x,y\n1,2\n3,four\n", ", line 3, column \"y\": \"four\" is not a finite number"),
    ("x,z\n1,2\n3,4\n", ", line 1: no column \"y\" among x, z"),
    ("y\n1\n", ", line 1: no column besides the target \"y\""),
  ]

  @Test(arguments: files) func dataErrors(_ row: (contents: String, message: String)) throws {
    try Executable.withFile(row.contents) { path in
      let result = try train(path)
      expectError(result, .data)
      #expect(result.error == "nabla: \(path)\(row.message)\n")
    }
  }

  @Test func batchLargerThanTheFile() throws {
    try Executable.withFile("x,y\n1,2\n3,4\n") { path in
      let result = try train(path, "--batch-size", "3")
      expectError(result, .usage)
      #expect(result.error == "nabla: --batch-size 3 is more than the 2 rows of the file\n")
    }
  }

  @Test func tooFewRowsForTheClosedForm() throws {
    try Executable.withFile("a,b,y\n1,2,3\n4,5,6\n") { path in
      let result = try train(path, "--solver", "lstsq")
      #expect(result.status == 65)
      #expect(result.error == "nabla: \(path): 2 rows do not determine 3 coefficients\n")
    }
  }

  @Test func dependentColumnsForTheClosedForm() throws {
    try Executable.withFile("a,b,y\n1,2,1\n2,4,3\n3,6,2\n4,8,5\n") { path in
      let result = try train(path, "--solver", "lstsq")
      #expect(result.status == 1)
      #expect(result.errorLines.count == 1)
      #expect(result.error.contains("\(path): the columns are linearly dependent"))
    }
  }

  @Test func divergence() throws {
    let result = try Executable.run(
      "train --rows 100 --features 2 --learning-rate 10".split(separator: " ").map(String.init))
    #expect(result.status == 1)
    #expect(result.errorLines.count == 1 && result.error.contains("the training diverged in epoch"))
  }

  @Test func helpSucceeds() throws {
    for arguments in [["--help"], ["train", "--help"], ["help", "info"]] {
      let result = try Executable.run(arguments)
      #expect(result.status == 0)
      #expect(result.output.contains("USAGE"))
      #expect(result.error == "")
    }
  }
}
