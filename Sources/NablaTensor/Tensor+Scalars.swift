// Reading elements.
extension Tensor {
  /// The elements in row-major order.
  public var scalars: [Scalar] {
    if !erased.isReadable("scalars") { return [Scalar](repeating: .zeroScalar, count: count) }
    return [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { erased.copy(to: UnsafeMutableRawPointer(base)) }
      initialized = count
    }
  }

  /// The only element of a tensor with one, whatever its rank.
  ///
  /// Errors: none or several elements.
  @inlinable
  public var scalar: Scalar {
    if erased.hasMemory && erased.storage.count == 1 {
      return withExtendedLifetime(erased.storage) { erased.storage.base.load(as: Scalar.self) }
    }
    return missingScalar
  }
  /// Zero, after the error that there is not one element to read.
  @usableFromInline
  var missingScalar: Scalar {
    guard count == 1 else {
      fail("scalar", "shape \(shape) holds \(count) elements, not 1")
      return .zeroScalar
    }
    _ = erased.isReadable("scalar")
    return .zeroScalar
  }

  /// Calls `body` with the elements in row-major order, without a copy where they lie so in memory. The buffer is
  /// valid during the call.
  public func withUnsafeScalars<Result>(_ body: (UnsafeBufferPointer<Scalar>) throws -> Result) rethrows -> Result {
    if !erased.isReadable("withUnsafeScalars") {
      return try [Scalar](repeating: .zeroScalar, count: count).withUnsafeBufferPointer(body)
    }
    let dense = erased.dense
    return try withExtendedLifetime(dense.storage) {
      try body(UnsafeBufferPointer(start: dense.address.assumingMemoryBound(to: Scalar.self), count: count))
    }
  }

  /// Calls `body` with the elements to change in place, in row-major order. Memory that other tensors share is copied
  /// first. What tapes have recorded is not affected, and the change is not differentiated.
  public mutating func withUnsafeMutableScalars<Result>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    if !erased.isReadable("withUnsafeMutableScalars") {
      var copy = [Scalar](repeating: .zeroScalar, count: count)
      return try copy.withUnsafeMutableBufferPointer { try body($0) }
    }
    erased.makeUnique()
    return try withExtendedLifetime(erased.storage) {
      try body(UnsafeMutableBufferPointer(start: erased.address.assumingMemoryBound(to: Scalar.self), count: count))
    }
  }
}

extension Tensor: Equatable {
  /// Whether shapes and all elements are equal, as `==` of the elements says: NaN differs from itself.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.erased.hasShape(of: b.erased) else { return false }
    // The stand-in of a failed operation is one of zeros.
    guard a.erased.isFailed || a.erased.isReadable("=="), b.erased.isFailed || b.erased.isReadable("==") else {
      return false
    }
    return Agreement.areEqual(a.erased, b.erased)
  }
}
