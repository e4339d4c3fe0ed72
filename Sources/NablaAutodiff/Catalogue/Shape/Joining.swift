import NablaTensor

/// Tensors behind each other along an axis that they have; the other sizes must agree.
///
/// Errors: no tensors, an axis out of range, sizes that do not agree.
public func concatenate<S>(_ tensors: [Tensor<S>], axis: Int = 0) -> Tensor<S> {
  guard let first = tensors.first else {
    fail("concatenate", "there are no tensors")
    return Tensor(unchecked: .failed(S.dtype))
  }
  guard let axis = normalizedAxes("concatenate", [axis], first.shape)?.first else { return first }
  return Tensor(unchecked: Concatenate(axis: axis).apply(Operands(tensors.map(\.erased))))
}
/// The values of variables behind each other along an axis.
public func concatenate<S>(_ variables: [Variable<S>], axis: Int = 0) -> Tensor<S> {
  concatenate(variables.map(\.value), axis: axis)
}
/// Tensors and variables behind each other along an axis.
public func concatenate<S>(_ operands: [any TensorConvertible<S>], axis: Int = 0) -> Tensor<S> {
  concatenate(operands.map { $0.asTensor() }, axis: axis)
}

/// Tensors of one shape along a new axis.
///
/// Errors: no tensors, an axis out of range, different shapes.
public func stack<S>(_ tensors: [Tensor<S>], axis: Int = 0) -> Tensor<S> {
  guard let first = tensors.first else {
    fail("stack", "there are no tensors")
    return Tensor(unchecked: .failed(S.dtype))
  }
  let place = axis < 0 ? axis + first.rank + 1 : axis
  guard (0...first.rank).contains(place) else {
    fail("stack", "axis \(axis) is out of range for shape \(first.shape)")
    return first
  }
  return concatenate(tensors.map { $0.expandingDimension(at: place) }, axis: place)
}
/// The values of variables of one shape along a new axis.
public func stack<S>(_ variables: [Variable<S>], axis: Int = 0) -> Tensor<S> {
  stack(variables.map(\.value), axis: axis)
}
/// Tensors and variables of one shape along a new axis.
public func stack<S>(_ operands: [any TensorConvertible<S>], axis: Int = 0) -> Tensor<S> {
  stack(operands.map { $0.asTensor() }, axis: axis)
}

/// `count` tensors of equal size along an axis, as views.
///
/// Errors: an axis out of range, a size that `count` does not divide.
public func split<T: TensorConvertible>(_ x: T, count: Int, axis: Int = 0) -> [Tensor<T.Scalar>] {
  let x = x.asTensor()
  guard let axis = normalizedAxes("split", [axis], x.shape)?.first else { return [] }
  guard count > 0, x.shape[axis] % count == 0 else {
    fail("split", "axis \(axis) of shape \(x.shape) does not split into \(count)")
    return []
  }
  var sizes = x.shape.dimensions
  sizes[axis] /= count
  return (0..<count).map { part in
    var starts = [Int](repeating: 0, count: x.rank)
    starts[axis] = part * sizes[axis]
    let slice = Slice(starts: starts, sizes: sizes, steps: [Int](repeating: 1, count: x.rank))
    return Tensor(unchecked: slice(x.erased))
  }
}
