import CKernels

/// A tensor whose element type is known at run time only: what primitives, tapes and plans handle.
///
/// A value is a view of memory, a ``Storage``, and an identity by which tapes know it. Transposing, slicing and
/// broadcasting make other views of the same memory. ``Tensor`` wraps this type with the element type in the static
/// type; the library is compiled once for all element types, and a tape holds Float beside Double without boxes.
public struct AnyTensor: Sendable {
  /// The view.
  public package(set) var storage: Storage
  /// What tapes know this value by. Copies share it; a change, or another view, gets a new one.
  @usableFromInline
  package var identity: UInt64

  /// A tensor that is a view.
  @inline(__always)
  package init(_ storage: Storage) {
    self.storage = storage
    self.identity = nabla_next_identity()
  }

  /// A dense tensor whose elements `body` writes.
  @inline(__always)
  package init(dtype: DType, shape: Shape, initializedBy body: (UnsafeMutableRawPointer) -> Void) {
    let storage = Storage(dtype: dtype, shape: shape)
    if storage.kind == .memory { body(storage.base) }
    self.init(storage)
  }

  /// A scalar of a type, from a Double.
  public init(_ value: Double, dtype: DType) {
    self.init(dtype: dtype, shape: .scalar) { write(value, dtype, to: $0) }
  }

  /// A tensor that repeats one value: a broadcast view of a single element.
  public init(repeating value: Double, dtype: DType, shape: Shape) {
    let scalar = AnyTensor(value, dtype: dtype)
    self = shape.rank == 0 ? scalar : scalar.view(broadcastTo: shape)
  }

  /// The stand-in that an operation returns after ``fail(_:_:)``. It has no elements to compute with.
  public static func failed(_ dtype: DType, _ shape: Shape = .scalar) -> AnyTensor {
    AnyTensor(Storage(.failed, dtype: dtype, shape: shape))
  }

  /// This tensor without its elements, where they take memory worth freeing: shape and type remain.
  package var withoutElements: AnyTensor {
    if isSmall || !hasMemory && !isMapped { return self }
    return AnyTensor(Storage(.released, dtype: dtype, shape: shape))
  }

  /// The element type.
  @inline(__always)
  public var dtype: DType { storage.dtype }
  /// The sizes along the axes.
  @inline(__always)
  public var shape: Shape { storage.shape }
  /// The steps along the axes, in elements; nil for a dense row-major view.
  @inline(__always)
  package var strides: [Int]? { storage.strides }
  /// The number of elements.
  @inline(__always)
  public var count: Int { storage.count }
  /// The number of axes.
  public var rank: Int { shape.rank }
  /// Whether this has a shape: no reference to it is counted, as there is where two are handed out to be compared.
  package func hasShape(_ shape: borrowing Shape) -> Bool { storage.shape == shape }
  /// Whether this has the shape of another tensor.
  package func hasShape(of other: borrowing AnyTensor) -> Bool { storage.shape == other.storage.shape }
  /// Whether elements lie in memory in row-major order without gaps.
  public var isDense: Bool { storage.isDense }
  /// Whether one loop walks the elements: dense ones, or a single one that is repeated.
  @inlinable @inline(__always)
  package var isFlat: Bool { storage.isDense || storage.isUniform }
  /// Whether this stands for a result that could not be computed.
  package var isFailed: Bool { storage.kind == .failed }
  /// Whether letting the elements go would free next to nothing.
  @inlinable
  package var isSmall: Bool { storage.isDense && storage.count * dtype.byteCount <= 256 }
  /// Whether there are elements in memory: neither failed nor symbolic, nor to be asked from a source.
  @inlinable @inline(__always)
  package var hasMemory: Bool { if case .memory = storage.kind { true } else { false } }
  /// The node of the graph that this stands for, while a function is being compiled.
  @inline(__always)
  package var node: Int? { if case .symbolic(let node) = storage.kind { node } else { nil } }
  /// Whether this stands for the values of all elements, while a function is being mapped over a batch.
  package var isMapped: Bool { if case .mapped = storage.kind { true } else { false } }

  /// Whether there are elements to read. Reading a value that a plan will compute is an error; a failed one gives zeros.
  package func isReadable(_ operation: String) -> Bool {
    switch storage.kind {
    case .memory: return true
    case .failed: return false
    case .symbolic:
      fail(operation, "a function is being compiled: this value of shape \(shape) is known only when its plan runs")
      return false
    case .mapped:
      fail(
        operation,
        "a function is being mapped over a batch: this value of shape \(shape) stands for those of all elements, and has "
          + "none of its own to read")
      return false
    case .rows:
      fail(
        operation,
        "the rows of shape \(shape) come from a source and are not in memory: hand the tensor to a compiled function as an "
          + "argument, or read them with Tensor(readingRowsOf:)")
      return false
    case .released: fatalError("Nabla: a derivative reads a value that its primitive did not ask to keep")
    }
  }

  /// The steps along the axes, in elements.
  package var resolvedStrides: [Int] { strides ?? shape.denseStrides }

  /// The address of the first element. The caller keeps the tensor alive while it reads.
  @inlinable @inline(__always)
  package var address: UnsafeMutableRawPointer { storage.base }

  /// The same elements under a new identity, so that what tapes know of the old one does not apply.
  package var detached: AnyTensor {
    var copy = self
    copy.identity = nabla_next_identity()
    return copy
  }
}

/// Writes one element of a type.
private func write(_ value: Double, _ dtype: DType, to address: UnsafeMutableRawPointer) {
  func write<S: StoredScalar>(_ type: S.Type) { address.storeBytes(of: S(casting: value), as: S.self) }
  dtype.withScalarType { write($0) }
}

extension AnyTensor {
  /// A dense copy with memory of its own.
  package var copied: AnyTensor { AnyTensor(dtype: dtype, shape: shape) { copy(to: $0) } }

  /// Writes the element of a scalar.
  package func store(_ value: Double) { write(value, dtype, to: storage.base) }

  /// This tensor dense and row-major: itself where it is so already, a copy elsewhere.
  public var dense: AnyTensor {
    isDense ? self : AnyTensor(dtype: dtype, shape: shape) { copy(to: $0) }
  }

  /// Writes the elements in row-major order.
  package func copy(to destination: UnsafeMutableRawPointer) {
    copy(to: destination, strides: shape.denseStrides)
  }

  /// Writes the elements to a view with these strides.
  package func copy(to destination: UnsafeMutableRawPointer, strides: [Int]) {
    withExtendedLifetime(storage) {
      LoopNest(shape, [resolvedStrides, strides]).copy(dtype, from: address, to: destination)
    }
  }

  /// The only element of a tensor with one, as a Double.
  package var scalarAsDouble: Double {
    func read<S: StoredScalar>(_ type: S.Type) -> Double { address.load(as: S.self).asDouble }
    return withExtendedLifetime(storage) { dtype.withScalarType { read($0) } }
  }

  /// Takes a new identity, because elements changed.
  @inline(__always)
  package mutating func renew() { identity = nabla_next_identity() }

  /// Makes this tensor dense with memory of its own, ready to be written.
  package mutating func makeUnique() {
    identity = nabla_next_identity()
    if isKnownUniquelyReferenced(&storage) && storage.owner == nil && isDense { return }
    self = AnyTensor(dtype: dtype, shape: shape) { copy(to: $0) }
  }

  /// The same, but this stays as it is, after the error, where there is no memory for a copy.
  package mutating func makeUniqueIfPossible() -> Bool {
    if isKnownUniquelyReferenced(&storage) && storage.owner == nil && isDense {
      renew()
      return true
    }
    let copy = copied
    if copy.isFailed { return false }
    self = copy
    return true
  }
}

extension AnyTensor {
  /// What sets the block of memory that this is a view of apart from others.
  package var memoryIdentity: ObjectIdentifier { ObjectIdentifier(storage.owner ?? storage) }
  /// The bytes of that block, where tensors own it; of an object outside, those of the view.
  package var memoryByteCount: Int { ((storage.owner as? Storage) ?? storage).ownByteCount }
}
