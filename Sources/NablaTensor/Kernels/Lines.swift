import CKernels

extension AnyTensor {
  /// How many elements the axes in a range have, and the one step in elements that walks them in row-major order; nil
  /// where it takes several.
  package func walk(_ axes: Range<Int>) -> (count: Int, step: Int)? {
    guard let strides else {
      var (count, step) = (1, 1)
      for axis in axes { count *= shape[axis] }
      for axis in axes.upperBound..<rank { step *= shape[axis] }
      return (count, step)
    }
    var (count, step) = (1, 1)
    for axis in axes.reversed() where shape[axis] != 1 {
      if count == 1 { step = strides[axis] } else if strides[axis] != count * step { return nil }
      count *= shape[axis]
    }
    return (count, step)
  }

  /// The step from one index of an axis to the next, in elements.
  package func step(_ axis: Int) -> Int {
    if let strides { return strides[axis] }
    var step = 1
    for later in axis + 1..<rank { step *= shape[later] }
    return step
  }

  /// The rows along an axis, as the kernels take them; nil where the axes before or after it do not walk as one, and a
  /// dense copy has to stand in.
  package func lines(along axis: Int) -> nabla_lines? {
    guard let outer = walk(0..<axis), let inner = walk(axis + 1..<rank) else { return nil }
    let width = dtype.byteCount
    return nabla_lines(
      outer: outer.count, n: shape[axis], inner: inner.count, outer_step: outer.step * width,
      axis_step: step(axis) * width, inner_step: inner.step * width)
  }
}
