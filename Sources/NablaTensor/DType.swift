import CKernels

/// The type of a tensor's elements, as a value.
///
/// The raw values are those that the kernels in C use.
public enum DType: Int32, Sendable, Hashable, CaseIterable {
  /// `Float`.
  case float32 = 0
  /// `Double`.
  case float64 = 1
  /// `Int32`.
  case int32 = 2
  /// `Int64`.
  case int64 = 3
  /// `UInt8`.
  case uint8 = 4
  /// `Bool`, one byte an element.
  case bool = 5

  /// The bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .uint8, .bool: 1
    }
  }

  /// Whether gradients exist for this type: `Float` and `Double` only.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

extension DType: CustomStringConvertible {
  /// The name as NumPy spells it: `float32`, `int64`, `bool`.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }
}

/// A type that a tensor can hold: `Float`, `Double`, `Int`, `Int32`, `Int64`, `UInt8` or `Bool`. `Int` and `Int64` are stored
/// alike.
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

extension Float: FloatingPointScalar {
  /// `.float32`.
  public static var dtype: DType { .float32 }
}
extension Double: FloatingPointScalar {
  /// `.float64`.
  public static var dtype: DType { .float64 }
}
extension Int32: NumericScalar {
  /// `.int32`.
  public static var dtype: DType { .int32 }
}
/// An integer literal is an `Int` unless something else is asked for. That it can be an element lets the compiler match literals
/// with the operators of tensors at once: `1 + 2 * x - 3 * square(x) + 0.5 * (x - 1)` would take it seconds otherwise.
extension Int: NumericScalar {
  /// `.int64`, or `.int32` where `Int` has 32 bits.
  public static var dtype: DType { MemoryLayout<Int>.size == 8 ? .int64 : .int32 }
}
extension Int64: NumericScalar {
  /// `.int64`.
  public static var dtype: DType { .int64 }
}
extension UInt8: NumericScalar {
  /// `.uint8`.
  public static var dtype: DType { .uint8 }
}
extension Bool: TensorScalar {
  /// `.bool`.
  public static var dtype: DType { .bool }
  /// False.
  public static var zeroScalar: Bool { false }
  /// True.
  public static var oneScalar: Bool { true }
}
