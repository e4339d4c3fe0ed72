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

// MARK: Segments

/// The sums of the rows of x by segment: row p is added to row `segments[p]` of the result, which has `count`.
///
/// ```swift
/// segmentSum([1, 2, 4], segments: Tensor<Int32>([0, 1, 0]), count: 3)   // [5, 2, 0]
/// ```
/// x is [n, …] and the segments are [n], in any order; the result is [count, …], with zeros for a segment without rows. Segments of
/// several axes take the place of as many axes of x. Float is summed in Double; integers wrap around. In a compiled function rows are
/// summed block by block. The gradient of x is that of the sums, gathered.
///
/// Errors: a negative `count`; a shape of x that does not begin with that of the segments; a segment that is negative or not below
/// `count`.
public func segmentSum<T: TensorConvertible, I: TensorConvertible>(
  _ x: T, segments: I, count: Int
) -> Tensor<T.Scalar> where T.Scalar: NumericScalar, I.Scalar: NumericScalar & FixedWidthInteger {
  Tensor(unchecked: x.asTensor().erased.segmentSum("segmentSum", segments.asTensor().erased.asIndices, count: count))
}
/// The sums of the rows of x by segment, from a list: `segmentSum(x, segments: [0, 1, 0], count: 2)`.
///
/// Errors: a negative `count`; another number of segments than rows; a segment that is negative or not below `count`.
public func segmentSum<T: TensorConvertible>(_ x: T, segments: [Int], count: Int) -> Tensor<T.Scalar>
where T.Scalar: NumericScalar {
  segmentSum(x, segments: Tensor(segments), count: count)
}

extension AnyTensor {
  /// The sums of slices by segment; indices of several axes are one list.
  func segmentSum(_ name: String, _ segments: AnyTensor, count: Int) -> AnyTensor {
    guard count >= 0, Array(shape.prefix(segments.rank)) == segments.shape.dimensions else {
      fail(name, "values of shape \(shape) in segments of shape \(segments.shape), \(count) of them")
      return .failed(dtype)
    }
    let rest = Array(shape.dropFirst(segments.rank))
    let (values, list) =
      segments.rank == 1
      ? (self, segments)
      : (
        reshaped(to: Shape(unchecked: [segments.count] + rest)),
        segments.reshaped(to: Shape(unchecked: [segments.count]))
      )
    let shape = Shape(unchecked: [count] + rest)
    do { return try ScatterAdd(axis: 0, shape: shape)(values, list) } catch {
      fail(name, error.message)
      return .failed(dtype, shape)
    }
  }

  /// Integers in a type that the kernels take as indices.
  var asIndices: AnyTensor { dtype == .int32 ? self : cast(to: .int64) }
}
