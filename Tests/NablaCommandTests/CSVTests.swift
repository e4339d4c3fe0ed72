import Testing

@testable import NablaCommand

@Suite struct CSVTests {
  private func read(_ text: String) throws -> CSVTable { try CSVTable(bytes: Array(text.utf8), path: "d.csv") }

  @Test(arguments: [
    "a,b\n1,2\n3,4\n",
    "a,b\n1,2\n3,4",
    "a,b\r\n1,2\r\n3,4\r\n",
    "a,b\n1,2\n3,4\n\n\r\n",
    "\u{FEFF}a,b\n1,2\n3,4\n",
    "\"a\",\"b\"\n\"1\",2\n3,\"4\"\n",
    " a ,\tb\n 1 , 2\n3 ,\t4\n",
    "a,b\n+1,2.\n3.0e0,.4E+1\n",
    "a,b\n1.000000000000000000,20e-1\n0.03e2,4\n",
  ]) func understands(_ text: String) throws {
    let table = try read(text)
    #expect(table.columns == ["a", "b"])
    #expect(table.rowCount == 2)
    #expect(table.values == [1, 2, 3, 4])
  }

  @Test func quotedNamesMayHoldAnything() throws {
    let table = try read("\"a, \"\"b\"\"\nc\",d\n1,2\n")
    #expect(table.columns == ["a, \"b\"\nc", "d"])
    #expect(table.values == [1, 2])
  }

  @Test func columnsWithoutNamesAreNumbered() throws {
    #expect(try read(",b\n1,2\n").columns == ["column 1", "b"])
  }

  /// The short way and strtod agree with Swift's reading of the same text, which rounds correctly.
  @Test func numbersAreRoundedCorrectly() throws {
    let texts = [
      "0.1", "-0.3", "123456789012345", "0.000000000000001", "9007199254740993", "1.7976931348623157e308", "5e-324",
      "2.2250738585072011e-308", "3.141592653589793238462643", "-0", "1e23", "8.5e-7", "0000000000000000000000001.5",
      "1e-400", "0.3333333333333333", "00012", "6.02214076e23",
    ]
    let table = try read("x\n" + texts.joined(separator: "\n") + "\n")
    for (text, value) in zip(texts, table.values) {
      #expect(value.bitPattern == Double(text)?.bitPattern, "\(text) was read as \(value)")
    }
  }

  @Test func sampleOfRandomNumbersRoundTrips() throws {
    var generator = SystemRandomNumberGenerator()
    let values = (0..<2000).map { _ in Double.random(in: -1e3...1e3, using: &generator) }
    #expect(try read("x\n" + values.map { "\($0)" }.joined(separator: "\n")).values == values)
  }

  static let mistakes: [(text: String, message: String)] = [
    ("", "d.csv: the file is empty"),
    ("\n\r\n", "d.csv: the file is empty"),
    ("\u{FEFF}", "d.csv: the file is empty"),
    ("a,b\n", "d.csv, line 1: no rows follow the line of column names"),
    ("a,b,a\n1,2,3\n", "d.csv, line 1, column \"a\": the name occurs twice"),
    ("a,b\n1,2\n3\n", "d.csv, line 3, column \"b\": no value: the line has 1 of 2 columns"),
    ("a,b\n1,2\n3,4,5\n", "d.csv, line 3, column \"b\": the line goes on after the last of 2 columns"),
    ("a,b\n1,2,\n", "d.csv, line 2, column \"b\": the line goes on after the last of 2 columns"),
    ("a,b\n1,2\n\n3,4\n", "d.csv, line 3, column \"a\": the line is blank"),
    ("a,b\n1,\n", "d.csv, line 2, column \"b\": the cell is empty"),
    ("a,b\n,1\n", "d.csv, line 2, column \"a\": the cell is empty"),
    ("a,b\n1,\"\"\n", "d.csv, line 2, column \"b\": the cell is empty"),
    ("a,b\n1,x2\n", "d.csv, line 2, column \"b\": \"x2\" is not a finite number"),
    ("a,b\n1,2x\n", "d.csv, line 2, column \"b\": \"2x\" is not a finite number"),
    ("a,b\n1,2 3\n", "d.csv, line 2, column \"b\": \"2 3\" is not a finite number"),
    ("a,b\n1,nan\n", "d.csv, line 2, column \"b\": \"nan\" is not a finite number"),
    ("a,b\n1,-inf\n", "d.csv, line 2, column \"b\": \"-inf\" is not a finite number"),
    ("a,b\n1,1e999\n", "d.csv, line 2, column \"b\": \"1e999\" is not a finite number"),
    ("a,b\n1,0x10\n", "d.csv, line 2, column \"b\": \"0x10\" is not a finite number"),
    ("a,b\n1,1e\n", "d.csv, line 2, column \"b\": \"1e\" is not a finite number"),
    ("a,b\n1,.\n", "d.csv, line 2, column \"b\": \".\" is not a finite number"),
    ("a,b\n1,2\r3,4\n", "d.csv, line 2, column \"b\": \"2\u{FFFD}3\" is not a finite number"),
    ("a,b\n1,\u{1B}[31m\n", "d.csv, line 2, column \"b\": \"\u{FFFD}[31m\" is not a finite number"),
    ("a,b\n1,\0\n", "d.csv, line 2, column \"b\": \"\u{FFFD}\" is not a finite number"),
    ("a,b\n\"1\n\",2\n", "d.csv, line 2, column \"a\": \"1\u{FFFD}\" is not a finite number"),
    ("\"a\nb\",c\n1,x\n", "d.csv, line 3, column \"c\": \"x\" is not a finite number"),
    ("a,b\n1,\"2\n3,4\n", "d.csv, line 2, column \"b\": the quote is not closed"),
    ("a,b\n\"1\"2,3\n", "d.csv, line 2, column \"a\": text follows the closing quote"),
    ("\"a\"x,b\n1,2\n", "d.csv, line 1: text follows the closing quote"),
  ]

  @Test(arguments: mistakes) func refuses(_ mistake: (text: String, message: String)) {
    #expect(throws: CommandError(.data, mistake.message)) { try read(mistake.text) }
  }

  @Test func refusesWhatCannotBeRead() {
    #expect(throws: CommandError(.noInput, "/no/such.csv: No such file or directory")) {
      try CSVTable(path: "/no/such.csv")
    }
    #expect(throws: CommandError(.noInput, "/: Is a directory")) { try CSVTable(path: "/") }
  }

  @Test func longCellsAreCutInMessages() {
    let cell = String(repeating: "x", count: 1000)
    let shown = String(repeating: "x", count: 40) + "…"
    #expect(throws: CommandError(.data, "d.csv, line 2, column \"a\": \"\(shown)\" is not a finite number")) {
      try read("a\n\(cell)\n")
    }
  }
}
