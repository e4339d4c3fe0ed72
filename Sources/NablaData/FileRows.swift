import NablaTensor

/// The rows of an array in a file, which is mapped: the file may be larger than memory.
///
/// Elements come from the file when they are looked at, and the system drops them when memory is short. Rows that are
/// announced are read ahead while others are worked on. The file is never written. It stays mapped as long as this lives,
/// and may be deleted or replaced meanwhile; if another program cuts it short, looking at what is gone ends the process
/// (SIGBUS), as with every mapping.
public final class FileRows: RowSource {
  /// The element type.
  public let dtype: DType
  /// The sizes along the axes.
  public let shape: Shape
  private let mapping: FileMapping
  /// The byte of the file at which the first row begins.
  private let offset: Int
  // Computed once: rows are asked for often.
  private let width: Int

  /// The rows of the array in a .npy file; formats as for ``Tensor/init(mapping:)``.
  ///
  /// - Throws: ``DataError``, also for a scalar and for an array in Fortran order, whose rows are not in one piece.
  public convenience init(npy path: String) throws(DataError) {
    let mapping = try FileMapping(path: path)
    let header = try NPYHeader(mapping)
    if header.isFortranOrder || header.shape.rank == 0 {
      throw .malformed(
        path: path, offset: header.typeOffset, expected: "rows in C order",
        seen: header.isFortranOrder ? "Fortran order" : "a scalar")
    }
    try self.init(mapping, header.dtype, header.shape, header.dataOffset)
  }

  /// The rows of little-endian elements in row-major order from the byte `offset` on. Bytes behind the last element are
  /// allowed.
  ///
  /// - Throws: ``DataError``, also where the file is too short, the shape is a scalar's, or `offset` is negative or no
  ///   multiple of the size of an element.
  public convenience init(raw path: String, dtype: DType, shape: Shape, offset: Int = 0) throws(DataError) {
    let mapping = try FileMapping(path: path)
    let width = dtype.byteCount
    guard offset >= 0 && offset % width == 0 else {
      throw .malformed(
        path: path, offset: offset, expected: "elements at a multiple of \(width) bytes", seen: "another offset")
    }
    let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: width)
    if overflow || bytes > mapping.bytes.count - offset {
      throw .malformed(
        path: path, offset: mapping.bytes.count,
        expected: "\(overflow ? "more" : "\(bytes)") bytes from \(offset) on for \(dtype) of shape \(shape)",
        seen: "the end of the file")
    }
    if shape.rank == 0 { throw .malformed(path: path, offset: offset, expected: "rows", seen: "a scalar") }
    try self.init(mapping, dtype, shape, offset)
  }

  /// Rows of mapped bytes, which are there and aligned. The bytes of Bool are read once: only 0 and 1 are values of that
  /// type.
  init(_ mapping: FileMapping, _ dtype: DType, _ shape: Shape, _ offset: Int) throws(DataError) {
    (self.mapping, self.dtype, self.shape, self.offset) = (mapping, dtype, shape, offset)
    width = shape.dropFirst().reduce(1, *) * dtype.byteCount
    guard dtype == .bool else { return }
    let bytes = mapping.bytes[offset..<(offset + shape.elementCount)]
    if let wrong = bytes.firstIndex(where: { $0 > 1 }) {
      throw .malformed(path: mapping.path, offset: wrong, expected: "0 or 1", seen: "\(bytes[wrong])")
    }
  }

  /// The address of the first row in the mapping.
  public var address: UnsafeRawPointer? {
    // An empty file has no mapping, and an array without elements is never looked at.
    (mapping.bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!) + offset
  }

  /// Where the rows are mapped.
  public func beginReading(_ rows: Range<Int>) -> UnsafeRawPointer { address! + rows.lowerBound * width }

  /// Lets the system read the rows ahead.
  public func willRead(_ rows: Range<Int>) {
    mapping.readAhead(offset + rows.lowerBound * width..<offset + rows.upperBound * width)
  }
}
