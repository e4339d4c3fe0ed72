import NablaTensor

extension TensorConvertible {
  /// The elements in row-major order under another shape; a view where the strides allow.
  ///
  /// Errors: a shape with another number of elements.
  public func reshaped(to shape: Shape) -> Tensor<Scalar> { Tensor(unchecked: asTensor().erased.reshaped(to: shape)) }

  /// The elements in row-major order under a shape with these sizes, of which one may be -1: that one is worked out.
  ///
  /// ```swift
  /// x.reshaped(to: [x.shape[0], -1])
  /// ```
  /// Errors: sizes that do not fit the number of elements, or several of -1.
  public func reshaped(to sizes: [Int]) -> Tensor<Scalar> {
    let x = asTensor()
    let known = sizes.filter { $0 != -1 }
    let product = Shape.checkedCount(known) ?? 0
    guard sizes.count - known.count == 1, product > 0, x.count % product == 0 else {
      if known.count == sizes.count { return x.reshaped(to: Shape(sizes)) }
      fail("reshape", "sizes \(sizes) do not fit shape \(x.shape), which has \(x.count) elements")
      return x
    }
    return x.reshaped(to: Shape(unchecked: sizes.map { $0 == -1 ? x.count / product : $0 }))
  }

  /// All elements along one axis.
  public func flattened() -> Tensor<Scalar> {
    let x = asTensor()
    return x.reshaped(to: Shape(unchecked: [x.count]))
  }

  /// The axes in reverse order: rows become columns. A view, no copy.
  public func transposed() -> Tensor<Scalar> {
    let x = asTensor()
    return x.transposed(permutation: Array((0..<x.rank).reversed()))
  }

  /// The axes in another order: axis i of the result is axis `permutation[i]` of this. A view, no copy.
  ///
  /// Errors: not an order of the axes.
  public func transposed(permutation: [Int]) -> Tensor<Scalar> {
    Tensor(unchecked: asTensor().erased.transposed(permutation: permutation))
  }

  /// With an axis of size 1 at a place; negative places count from the end of the result.
  ///
  /// Errors: a place out of range.
  public func expandingDimension(at axis: Int) -> Tensor<Scalar> {
    let x = asTensor()
    let place = axis < 0 ? axis + x.rank + 1 : axis
    guard (0...x.rank).contains(place) else {
      fail("expandingDimension", "axis \(axis) is out of range for shape \(x.shape)")
      return x
    }
    var sizes = x.shape.dimensions
    sizes.insert(1, at: place)
    return x.reshaped(to: Shape(unchecked: sizes))
  }

  /// Without the axes of size 1, or without one of them.
  ///
  /// Errors: an axis out of range, or of another size than 1.
  public func squeezed(axis: Int? = nil) -> Tensor<Scalar> {
    let x = asTensor()
    guard let axis else { return x.reshaped(to: Shape(unchecked: x.shape.filter { $0 != 1 })) }
    guard let counted = x.shape.normalized(axis: axis), x.shape[counted] == 1 else {
      fail("squeezed", "axis \(axis) of shape \(x.shape) is not an axis of size 1")
      return x
    }
    var sizes = x.shape.dimensions
    sizes.remove(at: counted)
    return x.reshaped(to: Shape(unchecked: sizes))
  }

  /// Repeated along missing axes and those of size 1. A view, no copy.
  ///
  /// Errors: a shape that this does not broadcast to.
  public func broadcast(to shape: Shape) -> Tensor<Scalar> { Tensor(unchecked: asTensor().erased.broadcast(to: shape)) }

  /// Backwards along an axis. A view, no copy.
  ///
  /// Errors: an axis out of range.
  public func reversed(axis: Int) -> Tensor<Scalar> {
    let x = asTensor()
    guard let axis = normalizedAxes("reversed", [axis], x.shape)?.first else { return x }
    return Tensor(unchecked: x.erased.reversed(axis: axis))
  }

  /// With zeros (or false) before and after, along each axis.
  ///
  /// Errors: another number of pairs than axes, a negative width.
  public func padded(_ widths: [(before: Int, after: Int)]) -> Tensor<Scalar> {
    let x = asTensor()
    let sizes = zip(x.shape, widths).map { Shape.checkedSum(Shape.checkedSum($0, $1.before), $1.after) }
    guard widths.count == x.rank, widths.allSatisfy({ $0.before >= 0 && $0.after >= 0 }),
      Shape.checkedCount(sizes) != nil
    else {
      fail("padded", "widths \(widths) do not fit shape \(x.shape)")
      return x
    }
    let shape = Shape(unchecked: sizes)
    let slice = Slice(
      starts: widths.map(\.before), sizes: x.shape.dimensions, steps: [Int](repeating: 1, count: x.rank))
    return Tensor(unchecked: Unslice(slice: slice, shape: shape)(x.erased))
  }

  /// The whole repeated along each axis: `[1, 2].tiled([2])` is `[1, 2, 1, 2]`.
  ///
  /// Errors: another number of counts than axes, a negative count.
  public func tiled(_ counts: [Int]) -> Tensor<Scalar> {
    let x = asTensor()
    let spread = zip(x.shape, counts).flatMap { [$1, $0] }
    guard counts.count == x.rank, counts.allSatisfy({ $0 >= 0 }), Shape.checkedCount(spread) != nil else {
      fail("tiled", "counts \(counts) do not fit shape \(x.shape)")
      return x
    }
    let apart = Shape(unchecked: x.shape.flatMap { [1, $0] })
    return x.reshaped(to: apart).broadcast(to: Shape(unchecked: spread))
      .reshaped(to: Shape(unchecked: zip(x.shape, counts).map(*)))
  }
}
