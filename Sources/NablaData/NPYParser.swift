import NablaTensor

/// Reads the header of a .npy file byte by byte; every error names the byte.
struct NPYParser {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private let mapping: FileMapping
  private var position = 0
  /// Where what is being read ends.
  private var end: Int

  init(_ mapping: FileMapping) {
    self.mapping = mapping
    end = mapping.bytes.count
  }

  /// A value, and the byte at which it is written.
  typealias Located<Value> = (value: Value, offset: Int)

  /// What the dictionary says.
  struct Fields {
    var type: (dtype: DType, offset: Int)
    var isFortranOrder: Bool
    var sizes: Located<[Int]>
  }

  func error(_ offset: Int, _ expected: String, _ seen: String) -> DataError {
    .malformed(path: mapping.path, offset: offset, expected: expected, seen: seen)
  }

  /// The error that something else stands here.
  private func unexpected(_ expected: String) -> DataError { error(position, expected, seen(from: position)) }

  /// The next bytes, for a message.
  private func seen(from start: Int) -> String {
    if start >= mapping.bytes.count { return "the end of the file" }
    if start >= end { return "the end of the header" }
    let part = mapping.bytes[start..<min(end, start + 16)]
    let isText = part.allSatisfy { $0 >= 32 && $0 < 127 || $0 == 10 }
    if isText {
      let text = String(decoding: part, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      return "\"\(text.joined(separator: "\\n"))\""
    }
    return "bytes " + part.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }

  // MARK: Before the dictionary

  /// The bytes of the dictionary.
  mutating func preamble() throws(DataError) -> (begin: Int, end: Int) {
    guard end >= 6, mapping.bytes[..<6].elementsEqual(Self.magic) else {
      throw unexpected("the magic string \\x93NUMPY")
    }
    position = 6
    guard end >= 8, mapping.bytes[6] == 1 || mapping.bytes[6] == 2, mapping.bytes[7] == 0 else {
      let seen = end >= 8 ? "\(mapping.bytes[6]).\(mapping.bytes[7])" : "the end of the file"
      throw error(6, "format version 1.0 or 2.0", seen)
    }
    position = 8
    let width = mapping.bytes[6] == 1 ? 2 : 4
    guard end >= 8 + width else { throw error(end, "a header length of \(width) bytes", "the end of the file") }
    let length = (0..<width).reduce(0) { $0 | Int(mapping.bytes[8 + $1]) << (8 * $1) }
    guard length <= end - 8 - width else {
      throw error(end, "a header of \(length) bytes", "the end of the file after \(end - 8 - width)")
    }
    return (8 + width, 8 + width + length)
  }

  // MARK: The dictionary

  /// The three entries, in any order, each once.
  mutating func dictionary(_ range: Range<Int>) throws(DataError) -> Fields {
    (position, end) = (range.lowerBound, range.upperBound)
    var type: (dtype: DType, offset: Int)?
    var order: Bool?
    var sizes: Located<[Int]>?
    try take("{", "a dictionary")
    while !isNext("}") {
      let key = try string("a key in quotes")
      try take(":", "a colon")
      switch key.value {
      case "descr" where type == nil: type = try elementType()
      case "fortran_order" where order == nil: order = try truth()
      case "shape" where sizes == nil: sizes = try tuple()
      default: throw error(key.offset, "'descr', 'fortran_order' and 'shape', each once", "'\(key.value)'")
      }
      if !isNext("}") { try take(",", "a comma or a closing brace") }
    }
    let close = position
    try take("}", "a closing brace")
    skipBlanks()
    if position < end { throw unexpected("nothing but blanks behind the dictionary") }
    guard let type else { throw error(close, "the key 'descr'", "the end of the dictionary") }
    guard let order else { throw error(close, "the key 'fortran_order'", "the end of the dictionary") }
    guard let sizes else { throw error(close, "the key 'shape'", "the end of the dictionary") }
    return Fields(type: type, isFortranOrder: order, sizes: sizes)
  }

  private mutating func elementType() throws(DataError) -> (dtype: DType, offset: Int) {
    let names = DType.allCases.map { "'\(NPYHeader.name(of: $0))'" }.joined(separator: ", ")
    let name = try string("one of \(names)")
    guard let dtype = DType.allCases.first(where: { NPYHeader.name(of: $0) == name.value }) else {
      throw error(name.offset, "one of \(names)", "'\(name.value)'")
    }
    return (dtype, name.offset)
  }

  private mutating func truth() throws(DataError) -> Bool {
    skipBlanks()
    for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw unexpected("True or False")
  }

  private mutating func tuple() throws(DataError) -> Located<[Int]> {
    try take("(", "a tuple of sizes")
    let offset = position - 1
    var sizes: [Int] = []
    while !isNext(")") {
      sizes.append(try size())
      if !isNext(")") { try take(",", "a comma or a closing parenthesis") }
    }
    try take(")", "a closing parenthesis")
    return (sizes, offset)
  }

  private mutating func size() throws(DataError) -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while position < end, let digit = Self.digit(mapping.bytes[position]) {
      let (product, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = product.addingReportingOverflow(digit)
      if first || second { throw error(start, "a size of at most \(Int.max)", seen(from: start)) }
      value = sum
      position += 1
    }
    if position == start { throw unexpected("a size of digits") }
    if position < end && mapping.bytes[position] == UInt8(ascii: "L") { position += 1 }  // Python 2 wrote 3L
    return value
  }

  private static func digit(_ byte: UInt8) -> Int? { byte >= 48 && byte < 58 ? Int(byte) - 48 : nil }

  private mutating func string(_ expected: String) throws(DataError) -> Located<String> {
    skipBlanks()
    let start = position
    guard position < end, mapping.bytes[start] == UInt8(ascii: "'") || mapping.bytes[start] == UInt8(ascii: "\"") else {
      throw unexpected(expected)
    }
    let quote = mapping.bytes[start]
    position += 1
    while position < end && mapping.bytes[position] != quote { position += 1 }
    if position == end { throw error(start, "a closing quote", "the end of the header") }
    position += 1
    return (String(decoding: mapping.bytes[(start + 1)..<(position - 1)], as: UTF8.self), start)
  }

  // MARK: Characters

  private var rest: Slice<UnsafeRawBufferPointer> { mapping.bytes[position..<end] }

  private mutating func skipBlanks() {
    while position < end, [32, 9, 10, 13].contains(mapping.bytes[position]) { position += 1 }
  }

  /// Whether a character is the next that is no blank.
  private mutating func isNext(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    return position < end && mapping.bytes[position] == UInt8(ascii: character)
  }

  private mutating func take(_ character: Unicode.Scalar, _ expected: String) throws(DataError) {
    guard isNext(character) else { throw unexpected(expected) }
    position += 1
  }
}
