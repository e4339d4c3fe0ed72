import NablaTensor

/// The elements along an axis in order, NaN last. Equal elements keep their order; -0 and 0 are equal. The gradient goes where the
/// elements came from.
///
/// Errors: a scalar, an axis out of range.
public func sort<T: TensorConvertible>(_ x: T, axis: Int = -1, descending: Bool = false) -> Tensor<T.Scalar>
where T.Scalar: NumericScalar {
  Tensor(unchecked: x.asTensor().erased.ordered(Sort(descends: descending), axis)[0])
}

/// The indices that put the elements along an axis in order: `sort` takes element `argsort[i]` to place i.
///
/// Errors: a scalar, an axis out of range.
public func argsort<T: TensorConvertible>(_ x: T, axis: Int = -1, descending: Bool = false) -> Tensor<Int64>
where T.Scalar: NumericScalar {
  let y = x.asTensor().erased.ordered(Sort(descends: descending), axis)[1]
  return Tensor(unchecked: y.isFailed ? .failed(.int64, y.shape) : y)
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
  /// An operation on rows along the last axis, along another one: brought there and back by views.
  fileprivate func ordered(_ operation: some Primitive, _ axis: Int) -> [AnyTensor] {
    func stands(in order: [Int]?) -> [AnyTensor] {
      let x = order.map { transposed(permutation: $0) } ?? self
      guard let y = try? operation.results(of: Operands(x), count: 2) else { return [.failed(dtype), .failed(.int64)] }
      return y.all.map { y in order.flatMap { y.isFailed ? nil : y.transposed(permutation: $0) } ?? y }
    }
    if rank == 0 { return stands(in: nil) }
    guard let axis = normalizedAxes(operation.name, [axis], shape)?.first else {
      return [.failed(dtype, shape), .failed(.int64, shape)]
    }
    if axis == rank - 1 { return stands(in: nil) }
    var order = Array(0..<rank)
    order.swapAt(axis, rank - 1)  // its own inverse
    return stands(in: order)
  }
}
