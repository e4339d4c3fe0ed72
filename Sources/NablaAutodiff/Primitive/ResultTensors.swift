import NablaTensor

/// The element type and shape of a tensor.
public struct TensorType: Hashable, Sendable {
  /// The element type.
  public var dtype: DType
  /// The shape.
  public var shape: Shape
  /// A type.
  public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  /// Bytes of the elements.
  package var byteCount: Int { shape.elementCount * dtype.byteCount }
}

/// The types of a primitive's results, of which there is at least one.
public struct ResultTypes: Hashable, Sendable {
  /// The type of the first result.
  public let first: TensorType
  private let rest: [TensorType]

  /// The types of one result or several.
  public init(_ first: TensorType, _ rest: TensorType...) { (self.first, self.rest) = (first, rest) }
  /// The type of one result.
  @inline(__always)
  public init(_ first: TensorType) { (self.first, rest) = (first, []) }
  /// The types of a list that is not empty.
  public init(_ all: [TensorType]) { (first, rest) = (all[0], Array(all.dropFirst())) }

  /// How many there are.
  public var count: Int { 1 + rest.count }
  /// One of them.
  public subscript(index: Int) -> TensorType { index == 0 ? first : rest[index - 1] }
  /// All of them.
  public var all: [TensorType] { [first] + rest }
}

/// The results of a primitive, of which there is at least one. One, the usual number, needs no array.
public struct ResultTensors: Sendable {
  /// The first result.
  public private(set) var first: AnyTensor
  /// The others.
  private var rest: [AnyTensor]

  /// One result.
  @inline(__always)
  public init(_ first: AnyTensor) { (self.first, rest) = (first, []) }
  /// Results of a list that is not empty.
  public init(_ all: [AnyTensor]) { (first, rest) = (all[0], Array(all.dropFirst())) }
  /// Results whose elements are not written yet.
  package init(_ types: ResultTypes) {
    self.init(types.all.map { AnyTensor(Storage(dtype: $0.dtype, shape: $0.shape)) })
  }

  /// How many there are.
  @inline(__always)
  public var count: Int { 1 + rest.count }
  /// One of them.
  @inline(__always)
  public subscript(index: Int) -> AnyTensor { index == 0 ? first : rest[index - 1] }
  /// All of them.
  public var all: [AnyTensor] { [first] + rest }
  /// Whether there is but one.
  @inline(__always)
  var isOne: Bool { rest.isEmpty }

  /// Whether there is memory for the elements of all.
  package var haveMemory: Bool { all.allSatisfy(\.hasMemory) }
  /// Where the elements of each lie, for who writes them.
  package var addresses: [UnsafeMutableRawPointer] { all.map(\.address) }

  /// Whether one of them can have a derivative.
  @inline(__always)
  var areDifferentiable: Bool { first.dtype.isFloatingPoint || rest.contains { $0.dtype.isFloatingPoint } }
  /// Whether letting the elements go would free next to nothing.
  @inline(__always)
  var areSmall: Bool { first.isSmall && (rest.isEmpty || rest.allSatisfy(\.isSmall)) }

  /// The results with the elements of those that `kept` names; of the others shapes and types alone.
  func keeping(_ kept: Residuals) -> ResultTensors {
    func result(_ index: Int, _ y: AnyTensor) -> AnyTensor { kept.contains(.result(index)) ? y : y.withoutElements }
    if rest.isEmpty { return ResultTensors(result(0, first)) }
    return ResultTensors(all.enumerated().map { result($0.offset, $0.element) })
  }

  /// Stand-ins after an error, of the first operand's type and shape.
  static func failed(like x: borrowing Operands, count: Int) -> ResultTensors {
    ResultTensors((0..<count).map { _ in AnyTensor.failed(like: x) })
  }
}

extension AnyTensor {
  /// The stand-in after an error, of the first operand's type and shape.
  static func failed(like x: borrowing Operands) -> AnyTensor {
    x.count > 0 ? .failed(x[0].dtype, x[0].shape) : .failed(.float32)
  }
}
