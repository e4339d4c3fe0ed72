/// An array whose rows, the places along axis 0, are there while they are read: in memory, in a file, or computed.
///
/// ``Tensor/init(rowsOf:)`` makes a tensor of a source. A compiled function that takes it goes through the rows in pieces
/// of about a MiB: it announces a piece with ``willRead(_:)``, asks for it with ``beginReading(_:)``, computes on it and
/// gives it back with ``endReading(_:at:)``. So an array may be larger than memory, and need not exist as a whole at all.
///
/// ```swift
/// /// The powers of the row's number.
/// final class Powers: RowSource {
///   let dtype = DType.float64
///   let shape: Shape = [1_000_000, 8]
///   func beginReading(_ rows: Range<Int>) -> UnsafeRawPointer {
///     let memory = UnsafeMutablePointer<Double>.allocate(capacity: rows.count * 8)
///     for (i, row) in rows.enumerated() { for j in 0..<8 { memory[8 * i + j] = pow(Double(row) / 1e6, Double(j)) } }
///     return UnsafeRawPointer(memory)
///   }
///   func endReading(_ rows: Range<Int>, at address: UnsafeRawPointer) { address.deallocate() }
/// }
/// ```
/// Rows must be the same each time that they are read. All methods are called from several threads at once, for
/// different rows; they must not use variables that the function updates, which are locked while it runs.
public protocol RowSource: AnyObject, Sendable {
  /// The element type.
  var dtype: DType { get }
  /// The sizes along the axes, of which there is at least one.
  var shape: Shape { get }
  /// The address of all rows, for a source whose elements lie in the address space in row-major order for as long as it
  /// lives, and never change: an array, a mapped file. Nil for others.
  ///
  /// A tensor of a source that has one is like any other tensor: every operation takes it.
  var address: UnsafeRawPointer? { get }
  /// The address of some rows, one or more, in row-major order, aligned for the element type. They stay there, unchanged,
  /// until `endReading` is called with the same arguments.
  ///
  /// A source that throws makes the compiled call fail with a ``NablaError`` that quotes the error's description.
  func beginReading(_ rows: Range<Int>) throws -> UnsafeRawPointer
  /// The rows have been read: their memory is not needed any more.
  func endReading(_ rows: Range<Int>, at address: UnsafeRawPointer)
  /// Some rows will be read soon, unless the operation fails before.
  func willRead(_ rows: Range<Int>)
}

extension RowSource {
  /// No address: the rows are not all in memory.
  public var address: UnsafeRawPointer? { nil }
  /// Does nothing.
  public func endReading(_ rows: Range<Int>, at address: UnsafeRawPointer) {}
  /// Does nothing.
  public func willRead(_ rows: Range<Int>) {}

  /// The bytes of a row.
  package var rowByteCount: Int { shape.dropFirst().reduce(1, *) * dtype.byteCount }
}

/// The rows of an array in memory.
public final class ArrayRows<Scalar: TensorScalar>: RowSource {
  // Dense, and kept as long as this lives.
  private let tensor: AnyTensor
  /// The sizes along the axes.
  public let shape: Shape
  /// The element type.
  public var dtype: DType { Scalar.dtype }
  /// The address of the first row.
  public var address: UnsafeRawPointer? { UnsafeRawPointer(tensor.address) }

  /// The rows of a tensor, which is copied where its elements do not lie in row-major order.
  ///
  /// Errors: a scalar; a tensor without elements in memory.
  public init(_ tensor: Tensor<Scalar>) {
    let isReadable = tensor.erased.isReadable("ArrayRows")
    if tensor.rank == 0 { fail("ArrayRows", "a scalar has no rows") }
    self.tensor =
      isReadable && tensor.rank > 0 ? tensor.erased.dense : AnyTensor(Storage(dtype: Scalar.dtype, shape: [0]))
    shape = self.tensor.shape
  }

  /// Where the rows lie in the array.
  public func beginReading(_ rows: Range<Int>) -> UnsafeRawPointer {
    UnsafeRawPointer(tensor.address) + rows.lowerBound * rowByteCount
  }
}

extension Tensor {
  /// The array whose rows a source gives. Nothing is read or copied here.
  ///
  /// Compiled functions take the rows piece by piece where their operations go row by row. Where one needs all rows at
  /// once (or the function returns them), it reads them in place if the source has an ``RowSource/address``; else it
  /// reads all of them into memory, once at each call. Other operations take the tensor if the source has an address, and
  /// are an error if not: ``init(readingRowsOf:)`` reads the rows first.
  ///
  /// Errors: a source of another element type; a scalar shape.
  public init(rowsOf source: any RowSource) {
    guard Self.accepts(source, "Tensor(rowsOf:)") else {
      self.init(unchecked: .failed(Scalar.dtype))
      return
    }
    self.init(unchecked: AnyTensor(Storage(rowsOf: source)))
  }

  /// The rows of a source, read once into memory.
  ///
  /// Errors: a source of another element type; a scalar shape.
  /// - Throws: what the source throws.
  public init(readingRowsOf source: any RowSource) throws {
    guard Self.accepts(source, "Tensor(readingRowsOf:)") else {
      self.init(unchecked: .failed(Scalar.dtype))
      return
    }
    self.init(unchecked: try AnyTensor(readingRowsOf: source))
  }

  private static func accepts(_ source: any RowSource, _ operation: String) -> Bool {
    if source.dtype != Scalar.dtype {
      fail(operation, "the source's elements are \(source.dtype), not \(Scalar.dtype)")
    }
    if source.shape.rank == 0 { fail(operation, "a scalar has no rows") }
    return source.dtype == Scalar.dtype && source.shape.rank > 0
  }
}

extension AnyTensor {
  /// Bytes that are read at a time.
  private static var pieceBytes: Int { 1 << 20 }

  /// The rows of a source in memory.
  package init(readingRowsOf source: any RowSource) throws {
    let (rows, width) = (source.shape[0], source.rowByteCount)
    let storage = Storage(dtype: source.dtype, shape: source.shape)
    self.init(storage)
    guard storage.kind == .memory, width > 0 else { return }
    let piece = max(1, Self.pieceBytes / width)
    for start in stride(from: 0, to: rows, by: piece) {
      let range = start..<min(rows, start + piece)
      if range.upperBound < rows { source.willRead(range.upperBound..<min(rows, range.upperBound + piece)) }
      let address = try source.beginReading(range)
      (storage.base + start * width).copyMemory(from: address, byteCount: range.count * width)
      source.endReading(range, at: address)
    }
  }

  /// The source that these rows come from, in order and without gaps, and the number of the first one; nil for tensors
  /// that are views of memory of their own, or of a source's in another way.
  package var rowSource: (source: any RowSource, firstRow: Int)? {
    guard isDense, let (source, firstRow, offset) = rowOrigin, offset == 0 else { return nil }
    return shape.dropFirst().elementsEqual(source.shape.dropFirst()) ? (source, firstRow) : nil
  }

  /// The source that these rows come from, with the number of the first one and the bytes before this view's elements in
  /// each; nil where they are not rows of a source, or some of their columns.
  private var rowOrigin: (source: any RowSource, firstRow: Int, offset: Int)? {
    guard let owner = storage.owner, !(owner is Storage), let source = owner as? any RowSource else { return nil }
    guard let base = source.address else { return (source, 0, 0) }
    let width = source.rowByteCount
    let distance = UnsafeRawPointer(address) - base
    guard rank > 0, width > 0, distance >= 0 else { return nil }
    let steps = resolvedStrides
    // The last element of a row must lie in the source's row too.
    let reach = zip(steps, shape).dropFirst().reduce(1) { $0 + $1.0 * max(0, $1.1 - 1) } * dtype.byteCount
    guard steps[0] * dtype.byteCount == width, steps.allSatisfy({ $0 >= 0 }), distance % width + reach <= width
    else { return nil }
    return (source, distance / width, distance % width)
  }

  /// Calls `body` with some rows, which a source may give for that time alone.
  package func withRows<Result>(_ rows: Range<Int>, _ body: (AnyTensor) throws -> Result) throws -> Result {
    guard let (source, firstRow, offset) = rowOrigin else {
      var starts = [Int](repeating: 0, count: rank)
      starts[0] = rows.lowerBound
      return try body(
        view(starts: starts, sizes: [rows.count] + shape.dropFirst(), steps: [Int](repeating: 1, count: rank)))
    }
    let range = firstRow + rows.lowerBound..<firstRow + rows.upperBound
    let address = try source.beginReading(range)
    defer { source.endReading(range, at: address) }
    let shape = Shape(unchecked: [rows.count] + shape.dropFirst())
    let view = Storage(movable: dtype, shape: shape, strides: strides)
    view.move(to: UnsafeMutableRawPointer(mutating: address) + offset)
    return try body(AnyTensor(view))
  }

  /// Announces rows to the source that they come from, if they do.
  package func willRead(_ rows: Range<Int>) {
    guard let (source, firstRow, _) = rowOrigin else { return }
    source.willRead(firstRow + rows.lowerBound..<firstRow + rows.upperBound)
  }
}
