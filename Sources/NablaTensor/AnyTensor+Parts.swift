import CKernels

/// Parts by an index of the first axis, or of the first two: an element, a row. No array is made for an element. Each gives up
/// where something is out of the ordinary, an index out of range too; the general way then does it, or says what is wrong.
extension AnyTensor {
  /// The part at an index of axis 0, as a view.
  package func part(_ index: Int) -> AnyTensor? {
    guard storage.kind == .memory, let offset = storage.offset(index, axis: 0) else { return nil }
    return AnyTensor(Storage(partOf: storage, offset: offset, axes: 1))
  }

  /// The part at indices of axes 0 and 1, as a view.
  package func part(_ row: Int, _ column: Int) -> AnyTensor? {
    guard storage.kind == .memory, let first = storage.offset(row, axis: 0),
      let second = storage.offset(column, axis: 1)
    else { return nil }
    return AnyTensor(Storage(partOf: storage, offset: first + second, axes: 2))
  }

  /// Writes a dense value of the part's shape to the part at an index of axis 0; false where nothing was done.
  package mutating func replacePart(_ index: Int, by value: AnyTensor) -> Bool {
    guard let offset = storage.offset(index, axis: 0, isDense: true), prepareToReplace(1, by: value) else {
      return false
    }
    write(value, at: offset)
    return true
  }

  /// Writes a dense value of the part's shape to the part at indices of axes 0 and 1; false where nothing was done.
  package mutating func replacePart(_ row: Int, _ column: Int, by value: AnyTensor) -> Bool {
    guard let first = storage.offset(row, axis: 0, isDense: true),
      let second = storage.offset(column, axis: 1, isDense: true), prepareToReplace(2, by: value)
    else { return false }
    write(value, at: first + second)
    return true
  }

  /// Makes this dense and ready to be written, if a value fits the part behind the first axes as it is.
  @inline(__always)
  private mutating func prepareToReplace(_ axes: Int, by value: AnyTensor) -> Bool {
    guard storage.kind == .memory, value.storage.kind == .memory, value.isDense, value.dtype == dtype,
      storage.hasPart(behind: axes, like: value.storage)
    else { return false }
    return makeUniqueIfPossible()
  }

  /// Writes the elements of a dense value in memory of this tensor's own.
  @inline(__always)
  private func write(_ value: AnyTensor, at offset: Int) {
    let bytes = value.count * dtype.byteCount
    withExtendedLifetime(storage) {
      let target = address + offset * dtype.byteCount
      // More than a thread copies by itself is copied as any tensor is.
      if value.count < Parallel.threshold {
        target.copyMemory(from: value.address, byteCount: bytes)
      } else {
        value.copy(to: target)
      }
    }
  }
}

extension Storage {
  /// How many elements behind the first one an index of an axis is, or would be in a dense view; nil where it is out of range.
  /// Negative ones count from the end.
  @inline(__always)
  fileprivate func offset(_ index: Int, axis: Int, isDense: Bool = false) -> Int? {
    guard axis < shape.rank else { return nil }
    let size = shape[axis]
    let counted = index < 0 ? index + size : index
    guard counted >= 0 && counted < size else { return nil }
    if !isDense, let strides { return counted * strides[axis] }
    var step = 1
    for later in axis + 1..<shape.rank { step *= shape[later] }
    return counted * step
  }

  /// Whether the axes behind the first ones are those of another view.
  @inline(__always)
  fileprivate func hasPart(behind axes: Int, like other: Storage) -> Bool {
    guard shape.rank == axes + other.shape.rank else { return false }
    for axis in axes..<shape.rank where shape[axis] != other.shape[axis - axes] { return false }
    return true
  }
}
