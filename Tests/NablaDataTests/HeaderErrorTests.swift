import Foundation
import Nabla
import TestSupport
import Testing

/// Every malformed header is an error that names the file, the byte, what was expected and what was seen.
@Suite struct HeaderErrorTests {
  /// A file of version 1.0 with this dictionary and 64 bytes of elements; the dictionary begins at byte 10.
  private static func file(_ dictionary: String, version: [UInt8] = [1, 0], elements: Int = 64) -> [UInt8] {
    let text = Array(dictionary.utf8)
    let total = (10 + text.count + 63) / 64 * 64
    let padding = [UInt8](repeating: 32, count: total - 10 - text.count)
    let length = text.count + padding.count
    return [0x93] + Array("NUMPY".utf8) + version + [UInt8(length & 255), UInt8(length >> 8)] + text + padding
      + [UInt8](repeating: 0, count: elements)
  }

  private static let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
  private static let types =
    "one of '<f4', '<f8', '|b1', '|i1', '<i2', '<i4', '<i8', '|u1', '<u2', '<u4', '<u8'"

  static let cases: [(bytes: [UInt8], message: String)] = [
    ([], "byte 0: expected the magic string \\x93NUMPY, seen the end of the file"),
    (Array("hello, world".utf8), "byte 0: expected the magic string \\x93NUMPY, seen \"hello, world\""),
    ([0x93] + Array("NUMPY".utf8), "byte 6: expected format version 1.0 or 2.0, seen the end of the file"),
    (file(good, version: [3, 0]), "byte 6: expected format version 1.0 or 2.0, seen 3.0"),
    (Array(file(good)[..<9]), "byte 9: expected a header length of 2 bytes, seen the end of the file"),
    (Array(file(good)[..<50]), "byte 50: expected a header of 118 bytes, seen the end of the file after 40"),
    (
      file(good, elements: 23),
      "byte 151: expected 24 bytes of elements for float32 of shape [2, 3], seen the end of the file after 23"
    ),
    (file("['descr']"), "byte 10: expected a dictionary, seen \"['descr']       \""),
    (file("{descr: '<f4'}"), "byte 11: expected a key in quotes, seen \"descr: '<f4'}   \""),
    (file("{'descr' '<f4'}"), "byte 19: expected a colon, seen \"'<f4'}          \""),
    (file("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}"), "byte 20: expected \(types), seen '>f4'"),
    (file("{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}"), "byte 20: expected \(types), seen '<c8'"),
    (file("{'descr': [('a', '<f4')]}"), "byte 20: expected \(types), seen \"[('a', '<f4')]} \""),
    (file("{'descr': '<f4}"), "byte 20: expected a closing quote, seen the end of the header"),
    (file("{'descr': '<f4', 'fortran_order': 0}"), "byte 44: expected True or False, seen \"0}              \""),
    (file("{'shape': 3}"), "byte 20: expected a tuple of sizes, seen \"3}              \""),
    (file("{'shape': (-3,)}"), "byte 21: expected a size of digits, seen \"-3,)}           \""),
    (file("{'shape': (3 4)}"), "byte 23: expected a comma or a closing parenthesis, seen \"4)}             \""),
    (
      file("{'shape': (99999999999999999999,)}"),
      "byte 21: expected a size of at most 9223372036854775807, seen \"9999999999999999\""
    ),
    (file("{'descr': '<f4' 'shape': (2,)}"), "byte 26: expected a comma or a closing brace, seen \"'shape': (2,)}  \""),
    (
      file("{'descr': '<f4', 'descr': '<f4'}"),
      "byte 27: expected 'descr', 'fortran_order' and 'shape', each once, seen 'descr'"
    ),
    (file("{'colour': 1}"), "byte 11: expected 'descr', 'fortran_order' and 'shape', each once, seen 'colour'"),
    (file("{}"), "byte 11: expected the key 'descr', seen the end of the dictionary"),
    (file("{'descr': '<f4'}"), "byte 25: expected the key 'fortran_order', seen the end of the dictionary"),
    (
      file("{'descr': '<f4', 'fortran_order': True}"),
      "byte 48: expected the key 'shape', seen the end of the dictionary"
    ),
    (file(good + "x"), "byte 69: expected nothing but blanks behind the dictionary, seen \"x               \""),
    (
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (3037000500, 3037000500)}"),
      "byte 60: expected a shape of at most 9223372036854775807 elements, seen [3037000500, 3037000500]"
    ),
    (file("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}"), "byte 20: expected float32, seen int32"),
  ]

  @Test(arguments: cases.indices) func errors(_ index: Int) throws {
    let (bytes, message) = Self.cases[index]
    try withFolder { folder in
      let path = folder + "bad.npy"
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: DataError.self) { try Tensor<Float>(mapping: path) }
      #expect(error?.description == "\(path): \(message)")
    }
  }

  @Test func misalignedElements() throws {
    try withFolder { folder in
      var bytes = Self.file(Self.good)
      bytes.insert(32, at: 10)
      bytes[8] += 1
      try Data(bytes).write(to: URL(fileURLWithPath: folder + "x.npy"))
      let error = #expect(throws: DataError.self) { try Tensor<Float>(mapping: folder + "x.npy") }
      #expect(error?.description.contains("byte 129: expected elements at a multiple of 4 bytes") == true)
    }
  }

  @Test func boolsAreChecked() throws {
    try withFolder { folder in
      var bytes = Self.file("{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", elements: 3)
      bytes[bytes.count - 1] = 2
      try Data(bytes).write(to: URL(fileURLWithPath: folder + "x.npy"))
      let error = #expect(throws: DataError.self) { try Tensor<Bool>(mapping: folder + "x.npy") }
      #expect(error?.description == "\(folder)x.npy: byte \(bytes.count - 1): expected 0 or 1, seen 2")
    }
  }

  @Test func noFile() throws {
    try withFolder { folder in
      #expect(throws: DataError.notAFile(path: folder)) { try Tensor<Float>(mapping: folder) }
      #expect(throws: DataError.notAFile(path: "/dev/null")) { try Tensor<Float>(mapping: "/dev/null") }
      let error = #expect(throws: DataError.self) { try Tensor<Float>(mapping: folder + "no.npy") }
      #expect(error?.description == "\(folder)no.npy: open: No such file or directory")
    }
  }
}
