/// What the library does with elements whose type is known at run time only: every ``TensorScalar`` conforms.
package protocol StoredScalar: TensorScalar {
  /// What numbers the type has.
  static var kind: DType.Kind { get }
  /// The value by the rule of casts: what is outside of the range becomes the nearest end of it, NaN 0.
  init(casting value: Double)
  /// The value as a Double, the nearest one.
  var asDouble: Double { get }
  /// What elements print as.
  static func strings(of values: [Self]) -> [String]
  /// What a single number prints as, with all its digits.
  var string: String { get }
}

/// What it does with elements of floating point.
package protocol FloatingPointElement: StoredScalar, BLASScalar {
  /// A number drawn evenly from 0 to 1.
  static func uniform(from generator: inout RandomGenerator) -> Self
}

extension StoredScalar where Self: FloatingPointScalar {
  package static var kind: DType.Kind { .floatingPoint }
  package init(casting value: Double) { self.init(value) }
  package var asDouble: Double { Double(self) }
}

extension StoredScalar where Self: FixedWidthInteger {
  package static var kind: DType.Kind { isSigned ? .signedInteger : .unsignedInteger }
  package init(casting value: Double) {
    self = Self(exactly: value.rounded(.towardZero)) ?? (value.isNaN ? 0 : value < 0 ? .min : .max)
  }
  package var asDouble: Double { Double(self) }
}

extension Float: FloatingPointScalar, FloatingPointElement {
  /// `.float32`.
  public static var dtype: DType { .float32 }
  package static func uniform(from generator: inout RandomGenerator) -> Float { generator.uniformFloat() }
}
extension Double: FloatingPointScalar, FloatingPointElement {
  /// `.float64`.
  public static var dtype: DType { .float64 }
  package static func uniform(from generator: inout RandomGenerator) -> Double { generator.uniformDouble() }
}
extension Bool: StoredScalar {
  /// `.bool`.
  public static var dtype: DType { .bool }
  /// False.
  public static var zeroScalar: Bool { false }
  /// True.
  public static var oneScalar: Bool { true }
  package static var kind: DType.Kind { .truth }
  package init(casting value: Double) { self = value != 0 }
  package var asDouble: Double { self ? 1 : 0 }
}
extension Int8: NumericScalar, StoredScalar {
  /// `.int8`.
  public static var dtype: DType { .int8 }
}
extension Int16: NumericScalar, StoredScalar {
  /// `.int16`.
  public static var dtype: DType { .int16 }
}
extension Int32: NumericScalar, StoredScalar {
  /// `.int32`.
  public static var dtype: DType { .int32 }
}
/// An integer literal is an `Int` unless something else is asked for. That it can be an element lets the compiler match literals
/// with the operators of tensors at once: `1 + 2 * x - 3 * square(x) + 0.5 * (x - 1)` would take it seconds otherwise.
extension Int: NumericScalar, StoredScalar {
  /// `.int64`, or `.int32` where `Int` has 32 bits.
  public static var dtype: DType { MemoryLayout<Int>.size == 8 ? .int64 : .int32 }
}
extension Int64: NumericScalar, StoredScalar {
  /// `.int64`.
  public static var dtype: DType { .int64 }
}
extension UInt8: NumericScalar, StoredScalar {
  /// `.uint8`.
  public static var dtype: DType { .uint8 }
}
extension UInt16: NumericScalar, StoredScalar {
  /// `.uint16`.
  public static var dtype: DType { .uint16 }
}
extension UInt32: NumericScalar, StoredScalar {
  /// `.uint32`.
  public static var dtype: DType { .uint32 }
}
extension UInt64: NumericScalar, StoredScalar {
  /// `.uint64`.
  public static var dtype: DType { .uint64 }
}
