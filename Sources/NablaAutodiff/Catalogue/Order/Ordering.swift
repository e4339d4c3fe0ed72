import NablaTensor

/// The elements along an axis in order, NaN last. Equal elements keep their order; -0 and 0 are equal. The gradient goes where the
/// elements came from.
///
/// Errors: a scalar, an axis out of range.
public func sort<T: TensorConvertible>(_ x: T, axis: Int = -1, descending: Bool = false) -> Tensor<T.Scalar>
where T.Scalar: NumericScalar {
  let x = x.asTensor().erased
  return Tensor(unchecked: x.ordered("sort", axis, failing: x.dtype) { Sort(axis: $0, descends: descending)(x) })
}

/// The indices that put the elements along an axis in order: `sort` takes element `argsort[i]` to place i.
///
/// Errors: a scalar, an axis out of range.
public func argsort<T: TensorConvertible>(_ x: T, axis: Int = -1, descending: Bool = false) -> Tensor<Int64>
where T.Scalar: NumericScalar {
  let x = x.asTensor().erased
  return Tensor(unchecked: x.ordered("argsort", axis, failing: .int64) { ArgSort(axis: $0, descends: descending)(x) })
}

/// The k largest (or smallest) elements along an axis, best first, and their indices. Of equal elements those with lower indices
/// come first; NaN counts as the largest. `topK(x, 3, axis: 0)` has 3 in place of axis 0's size; a compiled function finds the
/// best rows block by block.
///
/// Errors: a scalar, an axis out of range, k beyond the axis.
public func topK<T: TensorConvertible>(
  _ x: T, _ k: Int, axis: Int = -1, largest: Bool = true
) -> (values: Tensor<T.Scalar>, indices: Tensor<Int64>) where T.Scalar: NumericScalar {
  let x = x.asTensor().erased
  // A scalar has no axis, which the operation says.
  guard let axis = x.rank == 0 ? 0 : normalizedAxes("topK", [axis], x.shape)?.first else {
    return (Tensor(unchecked: .failed(x.dtype, x.shape)), Tensor(unchecked: .failed(.int64, x.shape)))
  }
  let y = TopK(count: k, isLargest: largest, axis: axis).results(of: Operands(x), count: 2)
  return (Tensor(unchecked: y[0]), Tensor(unchecked: y[1].isFailed ? .failed(.int64, y[1].shape) : y[1]))
}

extension AnyTensor {
  /// An operation along an axis.
  fileprivate func ordered(
    _ name: String, _ axis: Int, failing dtype: DType, _ operation: (_ axis: Int) -> AnyTensor
  ) -> AnyTensor {
    // A scalar has no axis, which the operation says.
    guard let axis = rank == 0 ? 0 : normalizedAxes(name, [axis], shape)?.first else { return .failed(dtype, shape) }
    let y = operation(axis)
    return y.isFailed ? .failed(dtype, shape) : y
  }
}
