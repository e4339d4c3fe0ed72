import CKernels

/// The type of a tensor's elements, as a value.
///
/// The raw values are those that the kernels in C use: the places in the list of `CKernelsLists.h`.
public enum DType: Int32, Sendable, Hashable, CaseIterable {
  /// `Float`.
  case float32
  /// `Double`.
  case float64
  /// `Bool`, one byte an element.
  case bool
  /// `Int8`.
  case int8
  /// `Int16`.
  case int16
  /// `Int32`.
  case int32
  /// `Int64`.
  case int64
  /// `UInt8`.
  case uint8
  /// `UInt16`.
  case uint16
  /// `UInt32`.
  case uint32
  /// `UInt64`.
  case uint64

  /// Calls `body` with the Swift type of the elements. A generic function that `body` calls with it takes it as its type
  /// parameter; it is compiled for each type, and chosen by one branch.
  @inline(__always)
  package func withScalarType<Result>(_ body: (any StoredScalar.Type) -> Result) -> Result {
    switch self {
    case .float32: body(Float.self)
    case .float64: body(Double.self)
    case .bool: body(Bool.self)
    case .int8: body(Int8.self)
    case .int16: body(Int16.self)
    case .int32: body(Int32.self)
    case .int64: body(Int64.self)
    case .uint8: body(UInt8.self)
    case .uint16: body(UInt16.self)
    case .uint32: body(UInt32.self)
    case .uint64: body(UInt64.self)
    }
  }

  /// The same for a type that must be one of floating point.
  @inline(__always)
  package func withFloatingPointType<Result>(_ body: (any FloatingPointElement.Type) -> Result) -> Result {
    self == .float32 ? body(Float.self) : body(Double.self)
  }

  /// What numbers a type has.
  package enum Kind: Sendable {
    case floatingPoint
    case signedInteger
    case unsignedInteger
    case truth
  }

  /// What numbers this type has.
  package var kind: Kind { withScalarType { $0.kind } }

  // Each operation asks these several times: a comparison, where the types' own answers would be calls.

  /// The bytes of one element.
  @inlinable
  public var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// Whether gradients exist for this type: `Float` and `Double` only.
  @inlinable
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

extension DType: CustomStringConvertible {
  /// The name as NumPy spells it: `float32`, `int64`, `bool`.
  public var description: String {
    switch kind {
    case .floatingPoint: "float\(8 * byteCount)"
    case .signedInteger: "int\(8 * byteCount)"
    case .unsignedInteger: "uint\(8 * byteCount)"
    case .truth: "bool"
    }
  }
}

/// A type that a tensor can hold: `Float`, `Double`, `Bool`, `Int`, and the integers from `Int8` to `Int64` and `UInt8` to
/// `UInt64`. `Int` and `Int64` are stored alike.
///
/// The set is closed, because every kernel knows it; other types cannot conform usefully.
public protocol TensorScalar: Sendable, Hashable, BitwiseCopyable {
  /// The element type as a value.
  static var dtype: DType { get }
  /// Zero, or false.
  static var zeroScalar: Self { get }
  /// One, or true.
  static var oneScalar: Self { get }
}

/// A type with arithmetic: every ``TensorScalar`` but `Bool`.
public protocol NumericScalar: TensorScalar, Numeric, Comparable {}

/// A type with gradients: `Float` or `Double`.
public protocol FloatingPointScalar: NumericScalar, BinaryFloatingPoint, LosslessStringConvertible {
  /// The nearest value of this type.
  init(_ value: Double)
}

extension Double {
  /// The value of a scalar, exactly. The standard library's initializer for any `BinaryFloatingPoint` takes a hundred times
  /// as long where the type is not known when the code is compiled.
  package init<S: FloatingPointScalar>(_ scalar: S) {
    self =
      S.dtype == .float32
      ? Double(unsafeBitCast(scalar, to: Float.self)) : unsafeBitCast(scalar, to: Double.self)
  }
}

extension NumericScalar {
  /// Zero.
  public static var zeroScalar: Self { 0 }
  /// One.
  public static var oneScalar: Self { 1 }
}
