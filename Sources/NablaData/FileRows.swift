import NablaTensor
import Synchronization

/// The rows of an array in a file, which may be larger than memory.
///
/// Rows are read into buffers when they are asked for; an error of the disk, or the end of a file that was cut short, is
/// then the error of the compiled call. Other operations read the file as it is mapped: elements come from it when they
/// are touched, the system drops them when memory is short, and touching what was cut off ends the process (SIGBUS). The
/// file is never written. It stays open as long as this lives, and may be deleted or replaced meanwhile.
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
  private let buffers = Buffers()

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

  // Reading beats looking at the mapping, which costs page faults, and, where memory is limited, pages that are hard to
  // take back: an epoch over 4 GiB took 1.7 s against 3.0 s with 1 GB, and 0.17 s against 0.21 s from the cache. The
  // system reads ahead by itself, and better than when it is told to (MADV_WILLNEED: 3.0 s), so nothing is announced.
  /// The rows in a buffer, read from the file.
  public func beginReading(_ rows: Range<Int>) throws -> UnsafeRawPointer {
    let bytes = offset + rows.lowerBound * width..<offset + rows.upperBound * width
    let buffer = buffers.take(bytes.count)
    do { try mapping.read(bytes, into: buffer) } catch {
      buffers.giveBack(UnsafeRawPointer(buffer))
      throw error
    }
    return UnsafeRawPointer(buffer)
  }
  /// The buffer serves other rows.
  public func endReading(_ rows: Range<Int>, at address: UnsafeRawPointer) { buffers.giveBack(address) }
}

/// Memory that is used again: as many buffers as rows are read at the same time.
private final class Buffers: Sendable {
  private struct Content {
    var free: [Storage] = []
    var taken: [Storage] = []
  }
  private let content = Mutex(Content())

  func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    content.withLock { content in
      let index = content.free.lastIndex { $0.count >= bytes }
      let buffer = index.map { content.free.remove(at: $0) } ?? Storage(dtype: .uint8, shape: [bytes])
      content.taken.append(buffer)
      return buffer.base
    }
  }

  func giveBack(_ address: UnsafeRawPointer) {
    content.withLock { content in
      guard let index = content.taken.firstIndex(where: { UnsafeRawPointer($0.base) == address }) else { return }
      content.free.append(content.taken.remove(at: index))
    }
  }
}
