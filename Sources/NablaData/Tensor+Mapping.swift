import NablaTensor

extension Tensor {
  /// The array of a .npy file, as a view of the file.
  ///
  /// ```swift
  /// let data = try Tensor<Float>(mapping: "data.npy")
  /// let features = data[.all, ..<64], target = data[.all, 64]
  /// ```
  /// A tensor of ``FileRows``: nothing is read or copied here, and the file may be larger than memory. A compiled function
  /// that takes the tensor, or some rows of it, streams through it and reads ahead. Changing the tensor, or a part, copies
  /// it first. The file stays mapped until the last view of it is gone.
  ///
  /// Formats: versions 1.0 and 2.0; `<f4`, `<f8`, `<i4`, `<i8`, `|u1`, `|b1`. An array in Fortran order is a transposed
  /// view. The bytes of a `Bool` array are read once, since only 0 and 1 are values of that type.
  /// - Throws: ``DataError``, also where the file holds another element type.
  public init(mapping path: String) throws(DataError) {
    let mapping = try FileMapping(path: path)
    let header = try NPYHeader(mapping)
    guard header.dtype == Scalar.dtype else {
      throw .malformed(
        path: path, offset: header.typeOffset, expected: "\(Scalar.dtype)", seen: "\(header.dtype)")
    }
    let sizes = header.isFortranOrder ? Shape(header.shape.reversed()) : header.shape
    // A scalar is one row.
    let rows = try FileRows(mapping, header.dtype, sizes.rank == 0 ? [1] : sizes, header.dataOffset)
    let view = AnyTensor(Storage(rowsOf: rows)).view(reshapedTo: sizes)
    self.init(header.isFortranOrder ? view.view(permutedBy: Array((0..<sizes.rank).reversed())) : view)
  }

  /// Little-endian elements of a file in row-major order from the byte `offset` on, as a view of the file; see
  /// ``init(mapping:)``. Bytes behind the last element are allowed.
  ///
  /// - Throws: ``DataError``, also where the file is too short, or `offset` is negative or no multiple of the size of an
  ///   element.
  public init(mapping path: String, shape: Shape, offset: Int = 0) throws(DataError) {
    let rows = try FileRows(raw: path, dtype: Scalar.dtype, shape: shape.rank == 0 ? [1] : shape, offset: offset)
    self.init(AnyTensor(Storage(rowsOf: rows)).view(reshapedTo: shape))
  }
}
