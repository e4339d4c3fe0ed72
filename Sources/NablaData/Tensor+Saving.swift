import NablaTensor

extension Tensor {
  /// Writes a .npy file, version 1.0, in row-major order.
  ///
  /// The file is written beside `path`, brought to the disk and renamed: at every moment `path` holds what it held before
  /// or all of the new contents. A tensor that is mapped from `path` may be saved there.
  ///
  /// Errors: a value of a function that is being compiled.
  /// - Throws: ``DataError`` with the system's reason: no space left, no permission.
  public func save(npy path: String) throws(DataError) {
    if !erased.isReadable("save") { return }
    try NewFile.replace(path) { file throws(DataError) in
      try NPYHeader.bytes(dtype, shape).withUnsafeBytesTyped { bytes throws(DataError) in try file.write(bytes) }
      try file.write(erased)
    }
  }
}

extension [UInt8] {
  /// The elements as bytes, for a body whose errors have a type.
  fileprivate func withUnsafeBytesTyped(
    _ body: (UnsafeRawBufferPointer) throws(DataError) -> Void
  ) throws(DataError) {
    let result = withUnsafeBytes { bytes in Result { () throws(DataError) in try body(bytes) } }
    try result.get()
  }
}

extension NewFile {
  /// Elements of a view that is not dense are brought together for so many bytes at a time.
  private static var blockBytes: Int { 4 << 20 }

  /// Writes the elements in row-major order.
  fileprivate func write(_ x: AnyTensor) throws(DataError) {
    if x.isDense {
      let result = withExtendedLifetime(x.storage) {
        Result { () throws(DataError) in
          try write(UnsafeRawBufferPointer(start: x.address, count: x.count * x.dtype.byteCount))
        }
      }
      return try result.get()
    }
    let rows = x.shape[0]
    let blockRows = max(1, Self.blockBytes / max(1, x.count / max(1, rows) * x.dtype.byteCount))
    var starts = [Int](repeating: 0, count: x.rank)
    var sizes = x.shape.dimensions
    let steps = [Int](repeating: 1, count: x.rank)
    for start in stride(from: 0, to: rows, by: blockRows) {
      (starts[0], sizes[0]) = (start, min(blockRows, rows - start))
      try write(x.view(starts: starts, sizes: sizes, steps: steps).dense)
    }
  }
}
