import NablaTensor

extension Tensor {
  /// The array of a .npy file, as a window on the file.
  ///
  /// ```swift
  /// let data = try Tensor<Float>(mapping: "data.npy")
  /// let features = data[.all, ..<64], target = data[.all, 64]
  /// ```
  /// Nothing is read or copied here: elements come from the file when they are looked at, and the system drops them when
  /// memory is short, so the file may be larger than memory. A compiled function that takes the whole tensor streams
  /// through it. Changing the tensor, or a part, copies it first; the file is never written. The file stays mapped until
  /// the last window on it is gone, and may be deleted or replaced meanwhile, but not shortened in place.
  ///
  /// Formats: versions 1.0 and 2.0; `<f4`, `<f8`, `<i4`, `<i8`, `|u1`, `|b1`. An array in Fortran order is a transposed
  /// window. The bytes of a `Bool` array are read once, since only 0 and 1 are values of that type.
  /// - Throws: ``DataError``, also where the file holds another element type.
  public init(mapping path: String) throws(DataError) {
    let mapping = try FileMapping(path: path)
    let header = try NPYHeader(mapping)
    guard header.dtype == Scalar.dtype else {
      throw .malformed(
        path: path, offset: header.typeOffset, expected: "\(Scalar.dtype)", seen: "\(header.dtype)")
    }
    let sizes = header.isFortranOrder ? Shape(header.shape.reversed()) : header.shape
    let window = try Self.window(mapping, header.dataOffset, sizes)
    self.init(header.isFortranOrder ? window.window(permutedBy: Array((0..<sizes.rank).reversed())) : window)
  }

  /// Little-endian elements of a file in row-major order from the byte `offset` on, as a window on the file; see
  /// ``init(mapping:)``. Bytes behind the last element are allowed.
  ///
  /// - Throws: ``DataError``, also where the file is too short, or `offset` is negative or no multiple of the size of an
  ///   element.
  public init(mapping path: String, shape: Shape, offset: Int = 0) throws(DataError) {
    let mapping = try FileMapping(path: path)
    let width = Scalar.dtype.byteCount
    guard offset >= 0 && offset % width == 0 else {
      throw .malformed(
        path: path, offset: offset, expected: "elements at a multiple of \(width) bytes", seen: "another offset")
    }
    let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: width)
    if overflow || bytes > mapping.bytes.count - offset {
      throw .malformed(
        path: path, offset: mapping.bytes.count,
        expected: "\(overflow ? "more" : "\(bytes)") bytes from \(offset) on for \(Scalar.dtype) of shape \(shape)",
        seen: "the end of the file")
    }
    self.init(try Self.window(mapping, offset, shape))
  }

  /// A window on mapped bytes, which are there and aligned.
  private static func window(
    _ mapping: FileMapping, _ offset: Int, _ shape: Shape
  ) throws(DataError) -> AnyTensor {
    guard let base = mapping.bytes.baseAddress, shape.elementCount > 0 else {
      return AnyTensor(Storage(dtype: Scalar.dtype, shape: shape))
    }
    if Scalar.dtype == .bool {
      let bytes = mapping.bytes[offset..<(offset + shape.elementCount)]
      if let wrong = bytes.firstIndex(where: { $0 > 1 }) {
        throw .malformed(path: mapping.path, offset: wrong, expected: "0 or 1", seen: "\(bytes[wrong])")
      }
    }
    return AnyTensor(Storage(reading: base + offset, dtype: Scalar.dtype, shape: shape, keeper: mapping))
  }
}
