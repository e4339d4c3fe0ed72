import NablaTensor

/// The slices of `x` at `indices` along an axis. The indices' shape takes the axis' place in the result's.
///
/// Errors: an index or axis out of range.
public func gather<T: TensorConvertible, I: TensorConvertible>(
  _ x: T, indices: I, axis: Int = 0
) -> Tensor<T.Scalar> where I.Scalar: NumericScalar & FixedWidthInteger {
  let source = x.asTensor()
  guard let axis = normalizedAxes("gather", [axis], source.shape)?.first else { return source }
  return Tensor(unchecked: Gather(axis: axis).reported(source.erased, indices.asTensor().erased.asIndices))
}
/// The slices of `x` at a list of indices along an axis: `gather(x, indices: [2, 0])` is rows 2 and 0.
///
/// Errors: an index or axis out of range.
public func gather<T: TensorConvertible>(_ x: T, indices: [Int], axis: Int = 0) -> Tensor<T.Scalar> {
  gather(x, indices: Tensor(indices), axis: axis)
}

/// `x` plus, at `indices` along an axis, the slices of `values`; an index that occurs twice receives both.
///
/// Errors: an index or axis out of range; values of another shape than a gather at these indices would have.
public func scatterAdd<T: TensorConvertible, I: TensorConvertible>(
  _ x: T, indices: I, values: Tensor<T.Scalar>, axis: Int = 0
) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar, I.Scalar: NumericScalar & FixedWidthInteger {
  let base = x.asTensor()
  guard let axis = normalizedAxes("scatterAdd", [axis], base.shape)?.first else { return base }
  let sums = ScatterAdd(axis: axis, shape: base.shape).reported(values.erased, indices.asTensor().erased.asIndices)
  return base + Tensor(unchecked: sums)
}
/// `x` plus, at a list of indices along an axis, the slices of `values`; an index that occurs twice receives both.
///
/// Errors: an index or axis out of range; values of another shape than a gather at these indices would have.
public func scatterAdd<T: TensorConvertible>(
  _ x: T, indices: [Int], values: Tensor<T.Scalar>, axis: Int = 0
) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  scatterAdd(x, indices: Tensor(indices), values: values, axis: axis)
}
/// `x` plus, at `indices` along an axis, the slices of a variable's value.
public func scatterAdd<T: TensorConvertible, I: TensorConvertible>(
  _ x: T, indices: I, values: Variable<T.Scalar>, axis: Int = 0
) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar, I.Scalar: NumericScalar & FixedWidthInteger {
  scatterAdd(x, indices: indices, values: values.value, axis: axis)
}
/// `x` plus, at a list of indices along an axis, the slices of a variable's value.
public func scatterAdd<T: TensorConvertible>(
  _ x: T, indices: [Int], values: Variable<T.Scalar>, axis: Int = 0
) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  scatterAdd(x, indices: indices, values: values.value, axis: axis)
}

extension AnyTensor {
  /// Integers in a type that the kernels take as indices.
  fileprivate var asIndices: AnyTensor { dtype == .int32 ? self : cast(to: .int64) }
}
