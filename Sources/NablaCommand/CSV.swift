#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A table of numbers with named columns.
struct CSVTable: Equatable {
  /// Where it was read from, for messages.
  let path: String
  let columns: [String]
  let rowCount: Int
  /// The numbers in row-major order.
  let values: [Double]

  /// Reads a file: a line of column names, then lines of numbers, with commas between. Quotes as in RFC 4180, line ends
  /// of either kind, a byte order mark and blank lines at the end are understood. Numbers are decimal and finite.
  ///
  /// Throws a ``CommandError`` that names the file, the line and the column.
  init(path: String) throws { try self.init(bytes: readFile(path), path: path) }

  /// Reads the contents of a file.
  init(bytes: [UInt8], path: String) throws {
    // The zero ends strtod on the last number.
    self = try (bytes + [0]).withUnsafeBufferPointer { buffer in
      var reader = CSVReader(bytes: buffer, path: path)
      return try reader.table()
    }
  }

  fileprivate init(path: String, columns: [String], rowCount: Int, values: [Double]) {
    (self.path, self.columns, self.rowCount, self.values) = (path, columns, rowCount, values)
  }
}

private let comma = UInt8(ascii: ",")
private let quote = UInt8(ascii: "\"")
private let newline = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")

/// One pass over the bytes of a file. Cells become numbers where they lie; only quoted ones are copied.
private struct CSVReader {
  /// The file's bytes and a zero.
  let bytes: UnsafeBufferPointer<UInt8>
  let path: String
  private var end: Int { bytes.count - 1 }
  private var position = 0
  private var line = 1

  init(bytes: UnsafeBufferPointer<UInt8>, path: String) {
    self.bytes = bytes
    self.path = path
  }

  mutating func table() throws -> CSVTable {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    if restIsBlank { throw CommandError(.data, "\(Format.printable(path)): the file is empty") }
    let columns = try header()
    var values: [Double] = []
    // A digit and a comma are the least that a number takes; most take more.
    values.reserveCapacity((end - position) / 6)
    var rows = 0
    while !restIsBlank {
      try row(columns, &values)
      rows += 1
    }
    if rows == 0 { throw error(1, nil, "no rows follow the line of column names") }
    return CSVTable(path: path, columns: columns, rowCount: rows, values: values)
  }

  /// Whether nothing but line ends follows.
  private var restIsBlank: Bool {
    var next = position
    while next < end {
      if bytes[next] != newline && bytes[next] != carriageReturn { return false }
      next += 1
    }
    return true
  }

  private mutating func header() throws -> [String] {
    var columns: [String] = []
    repeat {
      let text = trimmed(String(decoding: try cell(nil), as: UTF8.self))
      let name = text.isEmpty ? "column \(columns.count + 1)" : text
      if columns.contains(name) { throw error(1, name, "the name occurs twice") }
      columns.append(name)
    } while try endCell(nil)
    return columns
  }

  private mutating func row(_ columns: [String], _ values: inout [Double]) throws {
    let start = line
    if isLineEnd { throw error(start, columns[0], "the line is blank") }
    for index in columns.indices {
      values.append(try number(columns[index]))
      let hasMore = try endCell(columns[index])
      if hasMore == (index + 1 < columns.count) { continue }
      if hasMore {
        throw error(start, columns[index], "the line goes on after the last of \(columns.count) columns")
      }
      throw error(start, columns[index + 1], "no value: the line has \(index + 1) of \(columns.count) columns")
    }
  }

  private var isLineEnd: Bool {
    bytes[position] == newline || bytes[position] == carriageReturn && bytes[position + 1] == newline
  }

  /// Steps over what ends a cell; true where another cell of the line follows.
  private mutating func endCell(_ column: String?) throws -> Bool {
    if position == end { return false }
    if bytes[position] == comma {
      position += 1
      return true
    }
    guard isLineEnd else { throw error(line, column, "text follows the closing quote") }
    position += bytes[position] == newline ? 1 : 2
    line += 1
    return false
  }

  // MARK: Cells

  /// The text of the next cell, without its quotes.
  private mutating func cell(_ column: String?) throws -> [UInt8] {
    if bytes[position] == quote && position < end { return try quotedCell(column) }
    let start = position
    while position < end && bytes[position] != comma && !isLineEnd { position += 1 }
    return Array(bytes[start..<position])
  }

  private mutating func quotedCell(_ column: String?) throws -> [UInt8] {
    let start = line
    var text: [UInt8] = []
    position += 1
    while true {
      if position >= end { throw error(start, column, "the quote is not closed") }
      let byte = bytes[position]
      position += 1
      if byte == quote {
        if bytes[position] != quote { return text }
        position += 1
      }
      if byte == newline { line += 1 }
      text.append(byte)
    }
  }

  /// The number in the next cell.
  private mutating func number(_ column: String) throws -> Double {
    let begin = bytes.baseAddress! + position
    if let (value, length) = DecimalNumber.read(begin) {
      let after = position + length
      let last = bytes[after]
      if after == end || last == comma || last == newline || last == carriageReturn && bytes[after + 1] == newline {
        position = after
        return value
      }
    }
    // Quotes, blanks around the number, or no number.
    let start = line
    let text = trimmed(String(decoding: try cell(column), as: UTF8.self))
    if text.isEmpty { throw error(start, column, "the cell is empty") }
    var copy = text
    let value = copy.withUTF8 { utf8 in
      (Array(utf8) + [0]).withUnsafeBufferPointer { terminated in
        DecimalNumber.read(terminated.baseAddress!).flatMap { $0.length == utf8.count ? $0.value : nil }
      }
    }
    guard let value else {
      throw error(start, column, "\"\(Format.printable(text, limit: 40))\" is not a finite number")
    }
    return value
  }

  private func trimmed(_ text: String) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }

  private func error(_ line: Int, _ column: String?, _ message: String) -> CommandError {
    let place = column.map { ", column \"\(Format.printable($0))\"" } ?? ""
    return CommandError(.data, "\(Format.printable(path)), line \(line)\(place): \(message)")
  }
}

/// All bytes of a file.
private func readFile(_ path: String) throws -> [UInt8] {
  func failure() -> CommandError {
    CommandError(.noInput, "\(Format.printable(path)): \(String(cString: strerror(errno)))")
  }
  let descriptor = open(path, O_RDONLY)
  if descriptor < 0 { throw failure() }
  defer { close(descriptor) }
  var status = stat()
  if fstat(descriptor, &status) != 0 { throw failure() }
  var bytes: [UInt8] = []
  // One more than the size, so that the end is seen without growing. A pipe says 0 and grows.
  var capacity = max(1 << 16, Int(status.st_size) + 1)
  while true {
    let part = try [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      repeat { count = read(descriptor, buffer.baseAddress, min(capacity, 1 << 30)) } while count < 0 && errno == EINTR
      if count < 0 {
        count = 0
        throw failure()
      }
    }
    if part.isEmpty { return bytes }
    if bytes.isEmpty { bytes = part } else { bytes += part }
    capacity = 1 << 20
  }
}
