import NablaTensor

// Operators of operands whose element types differ. None can be used: what they ask of an operand is there, but unavailable,
// and says what to do. They are what the compiler finds where no other operator fits, so that `x + y` of a `Tensor<Float>` and a
// `Tensor<Double>`, in the midst of a long line, is told as just that. Without them it would try all operators of the line with
// each other, and give up.

/// A tensor or variable beside one of another element type. Nothing is one: every conformance is unavailable.
public protocol MixedTensor {}

/// A number beside a tensor of another element type. Nothing is one: every conformance is unavailable.
public protocol MixedNumber {}

@available(*, unavailable, message: "element types differ: convert one with Tensor(castingFrom:)")
extension Tensor: MixedTensor {}
@available(*, unavailable, message: "element types differ: convert one with Tensor(castingFrom:)")
extension Variable: MixedTensor {}

@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension Float: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension Double: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension Int: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension Int8: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension Int16: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension Int32: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension Int64: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension UInt: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension UInt8: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension UInt16: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension UInt32: MixedNumber {}
@available(*, unavailable, message: "element types differ: convert the number, or the tensor with Tensor(castingFrom:)")
extension UInt64: MixedNumber {}

extension TensorConvertible where Scalar: NumericScalar {
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func + <B: MixedTensor>(a: Self, b: B) -> Tensor<Scalar> { a.refused("+") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func + <B: MixedNumber>(a: Self, b: B) -> Tensor<Scalar> { a.refused("+") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func + <A: MixedNumber>(a: A, b: Self) -> Tensor<Scalar> { b.refused("+") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func - <B: MixedTensor>(a: Self, b: B) -> Tensor<Scalar> { a.refused("-") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func - <B: MixedNumber>(a: Self, b: B) -> Tensor<Scalar> { a.refused("-") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func - <A: MixedNumber>(a: A, b: Self) -> Tensor<Scalar> { b.refused("-") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func * <B: MixedTensor>(a: Self, b: B) -> Tensor<Scalar> { a.refused("*") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func * <B: MixedNumber>(a: Self, b: B) -> Tensor<Scalar> { a.refused("*") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func * <A: MixedNumber>(a: A, b: Self) -> Tensor<Scalar> { b.refused("*") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func / <B: MixedTensor>(a: Self, b: B) -> Tensor<Scalar> { a.refused("/") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func / <B: MixedNumber>(a: Self, b: B) -> Tensor<Scalar> { a.refused("/") }
  /// Says that the element types differ.
  @_disfavoredOverload
  public static func / <A: MixedNumber>(a: A, b: Self) -> Tensor<Scalar> { b.refused("/") }

  private func refused(_ name: String) -> Tensor<Scalar> {
    fail(name, "element types differ: convert one with Tensor(castingFrom:)")
    return Tensor(unchecked: .failed(Scalar.dtype, asTensor().shape))
  }
}
