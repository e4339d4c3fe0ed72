import NablaTensor

/// What a .npy file says of the array in it.
///
/// NumPy's format, versions 1.0 and 2.0 (numpy.lib.format): the magic string, two bytes of version, the length of the
/// header, a Python dictionary, the elements.
public struct NPYHeader: Hashable, Sendable {
  /// The element type.
  public let dtype: DType
  /// The sizes along the axes.
  public let shape: Shape
  /// Whether the first axis, not the last, is the one whose elements lie side by side.
  public let isFortranOrder: Bool
  /// The byte at which the elements begin.
  public let dataOffset: Int
  /// The byte at which the element type is named, for messages.
  let typeOffset: Int

  /// Reads the header of a file, and checks that the file is long enough for the elements.
  ///
  /// Bytes behind the last element are allowed: NumPy writes several arrays to one stream that way.
  /// - Throws: ``DataError``.
  public init(path: String) throws(DataError) { try self.init(FileMapping(path: path)) }

  init(_ mapping: FileMapping) throws(DataError) {
    var parser = NPYParser(mapping)
    let (begin, end) = try parser.preamble()
    let fields = try parser.dictionary(begin..<end)
    (dtype, typeOffset) = fields.type
    isFortranOrder = fields.isFortranOrder
    dataOffset = end
    guard let count = Shape.checkedCount(fields.sizes.value) else {
      throw parser.error(fields.sizes.offset, "a shape of at most \(Int.max) elements", "\(fields.sizes.value)")
    }
    shape = Shape(fields.sizes.value)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    let there = mapping.bytes.count - end
    if overflow || bytes > there {
      throw parser.error(
        mapping.bytes.count, "\(overflow ? "more" : "\(bytes)") bytes of elements for \(dtype) of shape \(shape)",
        "the end of the file after \(there)")
    }
    if end % dtype.byteCount != 0 {
      throw parser.error(end, "elements at a multiple of \(dtype.byteCount) bytes", "their first byte")
    }
  }

  /// The header that version 1.0 has for dense elements in row-major order, or version 2.0 where it is too long for 1.0.
  static func bytes(_ dtype: DType, _ shape: Shape) -> [UInt8] {
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.rank == 1 ? "," : "")
    let text = "{'descr': '\(name(of: dtype))', 'fortran_order': False, 'shape': (\(sizes)), }"
    // Spaces and a line end bring the elements to a multiple of 64.
    func padding(_ start: Int) -> Int { 63 - (start + text.utf8.count) % 64 }
    let isLong = text.utf8.count + 64 > Int(UInt16.max)
    let start = isLong ? 12 : 10
    let length = text.utf8.count + padding(start) + 1
    let lengthBytes = (0..<(isLong ? 4 : 2)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return NPYParser.magic + [isLong ? 2 : 1, 0] + lengthBytes + Array(text.utf8)
      + [UInt8](repeating: UInt8(ascii: " "), count: padding(start)) + [UInt8(ascii: "\n")]
  }

  /// The names of the element types; the first character says the order of the bytes.
  static func name(of dtype: DType) -> String {
    let letter =
      switch dtype.kind {
      case .floatingPoint: "f"
      case .signedInteger: "i"
      case .unsignedInteger: "u"
      case .truth: "b"
      }
    return (dtype.byteCount == 1 ? "|" : "<") + letter + "\(dtype.byteCount)"
  }
}
