/// A dense array of any number of axes with elements of one type.
///
/// ```swift
/// let a = Tensor<Float>([[1, 2], [3, 4]])
/// let b: Tensor<Float> = [10, 20]
/// print(a + b)          // [[11. 22.]
///                       //  [13. 24.]]
/// ```
/// A tensor is a value: copies share memory until one is changed. Transposed, sliced and broadcast tensors are views
/// on the same memory. Element types never mix: convert with ``init(castingFrom:)``.
public struct Tensor<Scalar: TensorScalar>: Sendable {
  /// The tensor without its element type in the type.
  public package(set) var erased: AnyTensor

  /// A tensor from an erased one, whose element type must be `Scalar`.
  public init(_ erased: AnyTensor) {
    self.erased = erased
    if self.erased.dtype != Scalar.dtype {
      fail("Tensor<\(Scalar.self)>", "the erased tensor holds \(self.erased.dtype)")
      self.erased = .failed(Scalar.dtype)
    }
  }

  /// A tensor from an erased one of this element type, unchecked: what operations return.
  @usableFromInline
  package init(unchecked erased: AnyTensor) { self.erased = erased }

  /// The sizes along the axes.
  public var shape: Shape { erased.shape }
  /// The number of axes; 0 for a scalar.
  public var rank: Int { erased.rank }
  /// The number of elements.
  public var count: Int { erased.count }
  /// The element type as a value.
  public var dtype: DType { Scalar.dtype }
}

/// What can stand where a tensor is expected: a ``Tensor``, or a variable, whose value is then read.
public protocol TensorConvertible<Scalar> {
  /// The element type.
  associatedtype Scalar: TensorScalar
  /// This as a tensor.
  func asTensor() -> Tensor<Scalar>
}

extension Tensor: TensorConvertible {
  /// Itself.
  @inlinable
  public func asTensor() -> Tensor { self }
}

// MARK: - Making tensors

extension Tensor {
  /// A scalar tensor: shape `[]`. A single number is no tensor by itself: it is written `Tensor(0.5)`.
  public init(_ value: Scalar) {
    erased = AnyTensor(dtype: Scalar.dtype, shape: .scalar) { $0.storeBytes(of: value, as: Scalar.self) }
  }

  /// A vector with these elements.
  public init(_ scalars: [Scalar]) { self.init(shape: Shape(unchecked: [scalars.count]), scalars: scalars) }

  /// A matrix with these rows.
  ///
  /// Errors: rows of different lengths.
  public init(_ rows: [[Scalar]]) {
    let width = rows.first?.count ?? 0
    if let ragged = rows.firstIndex(where: { $0.count != width }) {
      fail("Tensor", "row \(ragged) has \(rows[ragged].count) elements where row 0 has \(width)")
      self.init(unchecked: .failed(Scalar.dtype))
      return
    }
    let bytes = width * Scalar.dtype.byteCount
    let shape = Shape(unchecked: [rows.count, width])
    self.init(
      unchecked: AnyTensor(dtype: Scalar.dtype, shape: shape) { target in
        for (number, row) in rows.enumerated() {
          row.withUnsafeBytes { source in
            if let base = source.baseAddress { (target + number * bytes).copyMemory(from: base, byteCount: bytes) }
          }
        }
      })
  }

  /// A tensor of a shape with these elements in row-major order.
  ///
  /// Errors: a number of elements that is not the shape's.
  public init(shape: Shape, scalars: [Scalar]) {
    guard scalars.count == shape.elementCount else {
      fail("Tensor(shape:scalars:)", "shape \(shape) holds \(shape.elementCount) elements, not \(scalars.count)")
      erased = .failed(Scalar.dtype, shape)
      return
    }
    erased = AnyTensor(dtype: Scalar.dtype, shape: shape) { target in
      scalars.withUnsafeBytes { source in
        if let base = source.baseAddress { target.copyMemory(from: base, byteCount: source.count) }
      }
    }
  }

  /// A tensor of a shape whose elements `body` writes in row-major order; it must write every one.
  public init(shape: Shape, initializingWith body: (UnsafeMutableBufferPointer<Scalar>) throws -> Void) rethrows {
    let storage = Storage(dtype: Scalar.dtype, shape: shape)
    if storage.kind == .memory {
      try body(
        UnsafeMutableBufferPointer(
          start: storage.base.bindMemory(to: Scalar.self, capacity: shape.elementCount), count: shape.elementCount))
    }
    erased = AnyTensor(storage)
  }

  /// A tensor that repeats one value. It takes the memory of one element until it is changed.
  public init(repeating value: Scalar, shape: Shape) {
    erased = Tensor(value).erased.view(broadcastTo: shape)
  }

  /// Zeros, or false.
  public init(zeros shape: Shape) { self.init(repeating: .zeroScalar, shape: shape) }
  /// Ones, or true.
  public init(ones shape: Shape) { self.init(repeating: .oneScalar, shape: shape) }
}

extension Tensor where Scalar: NumericScalar {
  /// The identity matrix: shape `[n, n]`.
  ///
  /// Errors: a negative size.
  public init(identity n: Int) {
    let shape = Shape([n, n])
    guard shape.rank == 2 else {  // a refused size
      self.init(unchecked: .failed(Scalar.dtype))
      return
    }
    self.init(
      unchecked: AnyTensor(dtype: Scalar.dtype, shape: shape) { target in
        withUnsafeBytes(of: Scalar.oneScalar) {
          Sequences.fillIdentity(target, Scalar.dtype, n, one: $0.baseAddress!)
        }
      })
  }
}

extension Tensor where Scalar: NumericScalar & Strideable, Scalar.Stride: SignedNumeric {
  /// `start`, `start + step`, … up to but not including `end`. Element i is `start + i · step`, rounded once.
  ///
  /// Errors: a step of zero; a range without an end, as one to infinity is.
  public init(rangeFrom start: Scalar, to end: Scalar, stride step: Scalar.Stride) {
    guard step != 0 else {
      fail("Tensor(rangeFrom:to:stride:)", "the stride is 0")
      self.init(unchecked: .failed(Scalar.dtype))
      return
    }
    let range = withUnsafeBytes(of: start) { start in
      withUnsafeBytes(of: end) { end in
        withUnsafeBytes(of: step) { step in
          Sequences.range(Scalar.dtype, from: start.baseAddress!, to: end.baseAddress!, step: step.baseAddress!)
        }
      }
    }
    if range == nil { fail("Tensor(rangeFrom:to:stride:)", "from \(start) by \(step) there is no end at \(end)") }
    self.init(unchecked: range ?? .failed(Scalar.dtype))
  }
}

extension Tensor where Scalar: FloatingPointScalar {
  /// `count` values from `start` to `end`, both included, at equal distances; computed as
  /// `start + i · (end - start) / (count - 1)`, the last one exact.
  ///
  /// Errors: a negative count.
  public init(linearSpaceFrom start: Scalar, to end: Scalar, count: Int) {
    let shape = Shape([count])
    let step = count > 1 ? (end - start) / Scalar(count - 1) : 0
    self.init(shape: shape) { scalars in
      guard let base = scalars.baseAddress else { return }
      withUnsafeBytes(of: start) { start in
        withUnsafeBytes(of: step) { step in
          Sequences.fill(
            base, Scalar.dtype, from: start.baseAddress!, step: step.baseAddress!, scalars.count, fuses: false)
        }
      }
      if scalars.count > 1 { scalars[scalars.count - 1] = end }
    }
  }
}

// MARK: - Literals

/// An element of a tensor literal: a number, or a list of such elements.
public struct TensorLiteral<Scalar: TensorScalar>: Sendable {
  fileprivate var shape: [Int]
  fileprivate var scalars: [Scalar]
}

extension TensorLiteral: ExpressibleByIntegerLiteral where Scalar: NumericScalar & ExpressibleByIntegerLiteral {
  /// A number.
  public init(integerLiteral value: Scalar.IntegerLiteralType) {
    self.init(shape: [], scalars: [Scalar(integerLiteral: value)])
  }
}
extension TensorLiteral: ExpressibleByFloatLiteral where Scalar: FloatingPointScalar & ExpressibleByFloatLiteral {
  /// A number.
  public init(floatLiteral value: Scalar.FloatLiteralType) {
    self.init(shape: [], scalars: [Scalar(floatLiteral: value)])
  }
}
extension TensorLiteral: ExpressibleByBooleanLiteral where Scalar == Bool {
  /// True or false.
  public init(booleanLiteral value: Bool) { self.init(shape: [], scalars: [value]) }
}
extension TensorLiteral: ExpressibleByArrayLiteral {
  /// A list of elements of one shape.
  public init(arrayLiteral elements: TensorLiteral...) {
    let inner = elements.first?.shape ?? []
    if let ragged = elements.firstIndex(where: { $0.shape != inner }) {
      fail("Tensor literal", "element \(ragged) has shape \(elements[ragged].shape) where element 0 has \(inner)")
      self.init(shape: [0], scalars: [])
      return
    }
    self.init(shape: [elements.count] + inner, scalars: elements.flatMap(\.scalars))
  }
}

// A number alone is no literal of a tensor: each would be a tensor and a number to the compiler, and a line with several takes
// it seconds. Operators and functions take a number beside a tensor, and `Tensor(0.5)` is a scalar tensor.
extension Tensor: ExpressibleByArrayLiteral {
  /// A tensor from nested lists: `[[1, 2], [3, 4]]`.
  public init(arrayLiteral elements: TensorLiteral<Scalar>...) {
    let inner = elements.first?.shape ?? []
    if let ragged = elements.firstIndex(where: { $0.shape != inner }) {
      fail("Tensor literal", "element \(ragged) has shape \(elements[ragged].shape) where element 0 has \(inner)")
      self.init(unchecked: .failed(Scalar.dtype))
      return
    }
    self.init(shape: Shape(unchecked: [elements.count] + inner), scalars: elements.flatMap(\.scalars))
  }
}
