import NablaTensor

// MARK: broadcast

/// y = x repeated along missing axes and those of size 1; a window, no copy.
struct Broadcast: LinearPrimitive, ViewPrimitive {
  var name: String { "broadcast" }
  let shape: Shape
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].shape.broadcast(with: shape) == shape else {
      fail(name, "shape \(x[0].shape) does not broadcast to \(shape)")
      return nil
    }
    return TensorType(x[0].dtype, shape)
  }
  func window(_ x: Operands) -> AnyTensor { x[0].window(broadcastTo: shape) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.elementwise(x, y, rows: rows) }
  var rewrite: Rewrite { .broadcast }
  func onRows(_ count: Int) -> Broadcast { Broadcast(shape: shape.withRows(count)) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, g.summed(to: x[0].shape))
  }
}

// MARK: reshape

/// y = x with its elements in row-major order under another shape; a window where strides allow.
struct Reshape: LinearPrimitive, ViewPrimitive {
  var name: String { "reshape" }
  var traits: Traits { [.view, .mayCopy, .linear] }
  let shape: Shape
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].count == shape.elementCount else {
      fail(
        name,
        "shape \(x[0].shape) has \(x[0].count) elements and does not fit \(shape), which has \(shape.elementCount)")
      return nil
    }
    return TensorType(x[0].dtype, shape)
  }
  func window(_ x: Operands) -> AnyTensor { x[0].window(reshapedTo: shape) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.local(x, y, rows: rows) }
  var rewrite: Rewrite { .reshape }
  func onRows(_ count: Int) -> Reshape { Reshape(shape: shape.withRows(count)) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, g.reshaped(to: x[0].shape))
  }
}

// MARK: transpose

/// y = x with its axes in another order; a window, no copy.
struct Transpose: LinearPrimitive, ViewPrimitive {
  var name: String { "transpose" }
  let permutation: [Int]
  func resultType(_ x: Operands) -> TensorType? {
    guard permutation.sorted() == Array(0..<x[0].rank) else {
      fail(name, "\(permutation) is not an order of the \(x[0].rank) axes of shape \(x[0].shape)")
      return nil
    }
    return TensorType(x[0].dtype, Shape(unchecked: permutation.map { x[0].shape[$0] }))
  }
  func window(_ x: Operands) -> AnyTensor { x[0].window(permutedBy: permutation) }
  var rewrite: Rewrite { .transpose(permutation) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    permutation.first == 0 ? RowRule.local(x, y, rows: rows) : nil
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let back = permutation.indices.sorted { permutation[$0] < permutation[$1] }
    cotangents.give(0, g.transposed(permutation: back))
  }
}

// MARK: slice

/// y = every step-th element from a start, along each axis; a window, no copy.
struct Slice: LinearPrimitive, ViewPrimitive {
  var name: String { "slice" }
  let starts: [Int]
  let sizes: [Int]
  let steps: [Int]
  func resultType(_ x: Operands) -> TensorType? {
    fits(x[0].shape, name) ? TensorType(x[0].dtype, Shape(unchecked: sizes)) : nil
  }
  /// Whether the slice lies inside of a shape; if not, after the error.
  func fits(_ shape: Shape, _ name: String) -> Bool {
    let isInside =
      starts.count == shape.rank
      && shape.indices.allSatisfy { axis in
        let last = starts[axis] + (sizes[axis] - 1) * steps[axis]
        return sizes[axis] == 0 || (0..<shape[axis]).contains(starts[axis]) && (0..<shape[axis]).contains(last)
      }
    if !isInside { fail(name, "starts \(starts), sizes \(sizes) and steps \(steps) leave shape \(shape)") }
    return isInside
  }
  func window(_ x: Operands) -> AnyTensor { x[0].window(starts: starts, sizes: sizes, steps: steps) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    takesWholeRows ? RowRule.local(x, y, rows: rows) : nil
  }
  func onRows(_ count: Int) -> Slice { Slice(starts: starts, sizes: [count] + sizes.dropFirst(), steps: steps) }
  /// Whether axis 0 is taken from its start, one by one.
  var takesWholeRows: Bool { starts.first == 0 && steps.first == 1 }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, Unslice(slice: self, shape: x[0].shape)(g))
  }
}

/// y = zeros of a shape in which the elements of a slice are x: the transpose of ``Slice``.
struct Unslice: LinearPrimitive {
  var name: String { "unslice" }
  let slice: Slice
  let shape: Shape
  func resultType(_ x: Operands) -> TensorType? {
    guard slice.fits(shape, name), x[0].shape.dimensions == slice.sizes else {
      fail(name, "a value of shape \(x[0].shape) is not the slice's, which is \(slice.sizes)")
      return nil
    }
    return TensorType(x[0].dtype, shape)
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    y.initializeMemory(as: UInt8.self, repeating: 0, count: shape.elementCount * type.dtype.byteCount)
    x[0].copy(to: y, as: slice, of: shape)
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    slice.takesWholeRows ? RowRule.local(x, y, rows: rows) : nil
  }
  func onRows(_ count: Int) -> Unslice { Unslice(slice: slice.onRows(count), shape: shape.withRows(count)) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, slice(g))
  }
}

/// y = a with the elements of a slice replaced by b.
struct ReplaceSlice: SingleResultPrimitive {
  var name: String { "replaceSlice" }
  func residuals(toward operand: Int) -> Residuals { [] }
  let slice: Slice
  func resultType(_ x: Operands) -> TensorType? {
    guard slice.fits(x[0].shape, name), x[1].shape.dimensions == slice.sizes, x[0].dtype == x[1].dtype else {
      fail(name, "\(x[1].dtype) of shape \(x[1].shape) is not the slice's, which is \(x[0].dtype) \(slice.sizes)")
      return nil
    }
    return TensorType(x[0].dtype, x[0].shape)
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    x[0].copy(to: y)
    x[1].copy(to: y, as: slice, of: type.shape)
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    slice.takesWholeRows ? RowRule.local(x, y, rows: rows) : nil
  }
  func onRows(_ count: Int) -> ReplaceSlice { ReplaceSlice(slice: slice.onRows(count)) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, self(g, AnyTensor(repeating: 0, dtype: g.dtype, shape: x[1].shape)))
    cotangents.give(1, slice(g))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    func zeros(_ like: AnyTensor) -> AnyTensor { AnyTensor(repeating: 0, dtype: y.dtype, shape: like.shape) }
    return self(tangents[0] ?? zeros(x[0]), tangents[1] ?? zeros(x[1]))
  }
}

extension AnyTensor {
  /// Writes the elements to a slice of a dense tensor of `shape`.
  fileprivate func copy(to target: UnsafeMutableRawPointer, as slice: Slice, of shape: Shape) {
    if slice.sizes.contains(0) { return }
    let steps = shape.denseStrides
    let start = zip(slice.starts, steps).reduce(0) { $0 + $1.0 * $1.1 }
    copy(to: target + start * dtype.byteCount, strides: zip(steps, slice.steps).map { $0 * $1 })
  }
}

// MARK: concatenate

/// y = the operands behind each other along an axis.
struct Concatenate: SingleResultPrimitive {
  var name: String { "concatenate" }
  func residuals(toward operand: Int) -> Residuals { [] }
  let axis: Int

  func resultType(_ x: Operands) -> TensorType? {
    let shape = x[0].shape
    guard axis < shape.rank else {
      fail(name, "axis \(axis) is out of range for shape \(shape)")
      return nil
    }
    var sizes = shape.dimensions
    for index in 1..<max(1, x.count) {
      let other = x[index].shape
      let fits =
        other.rank == shape.rank && x[index].dtype == x[0].dtype
        && shape.indices.allSatisfy { $0 == axis || shape[$0] == other[$0] }
      guard fits else {
        fail(
          name,
          "operand \(index) is \(x[index].dtype) of shape \(other), which does not continue \(x[0].dtype) of shape "
            + "\(x[0].shape) along axis \(axis)")
        return nil
      }
      sizes[axis] = Shape.checkedSum(sizes[axis], other[axis])
    }
    guard Shape.checkedCount(sizes) != nil else {
      fail(name, "\(x.count) tensors like \(x[0].shape) have more elements than Int.max together")
      return nil
    }
    return TensorType(x[0].dtype, Shape(unchecked: sizes))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let steps = type.shape.denseStrides
    var start = 0
    for part in x.all {
      part.copy(to: y + start * steps[axis] * type.dtype.byteCount, strides: steps)
      start += part.shape[axis]
    }
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    axis == 0 ? nil : RowRule.local(x, y, rows: rows)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    var start = 0
    for index in 0..<x.count {
      let shape = x[index].shape
      var starts = [Int](repeating: 0, count: shape.rank)
      starts[axis] = start
      let steps = [Int](repeating: 1, count: shape.rank)
      cotangents.give(index, Slice(starts: starts, sizes: shape.dimensions, steps: steps)(g))
      start += shape[axis]
    }
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    apply(
      Operands(
        (0..<x.count).map { tangents[$0] ?? AnyTensor(repeating: 0, dtype: y.dtype, shape: x[$0].shape) }))
  }
}

// MARK: For rules

extension Shape {
  /// The shape with another size along axis 0.
  fileprivate func withRows(_ count: Int) -> Shape { Shape(unchecked: [count] + dropFirst()) }
}

extension AnyTensor {
  /// Repeated to a shape.
  public func broadcast(to shape: Shape) -> AnyTensor { hasShape(shape) ? self : Broadcast(shape: shape)(self) }
  /// Under another shape.
  public func reshaped(to shape: Shape) -> AnyTensor { hasShape(shape) ? self : Reshape(shape: shape)(self) }
  /// With its axes in another order.
  public func transposed(permutation: [Int]) -> AnyTensor {
    permutation == Array(0..<rank) ? self : Transpose(permutation: permutation)(self)
  }
  /// With its last two axes exchanged.
  public var matrixTransposed: AnyTensor { transposed(permutation: matrixTransposition) }
  /// The order of axes that exchanges the last two.
  var matrixTransposition: [Int] {
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    return order
  }
  /// Some places along an axis.
  package func slice(_ range: Range<Int>, axis: Int) -> AnyTensor {
    var (starts, sizes) = ([Int](repeating: 0, count: rank), shape.dimensions)
    (starts[axis], sizes[axis]) = (range.lowerBound, range.count)
    return Slice(starts: starts, sizes: sizes, steps: [Int](repeating: 1, count: rank))(self)
  }
  /// Tensors one after the other along an axis.
  package static func concatenation(of x: [AnyTensor], axis: Int) -> AnyTensor {
    x.count == 1 ? x[0] : Concatenate(axis: axis).apply(Operands(x))
  }
  /// Backwards along an axis.
  func reversed(axis: Int) -> AnyTensor {
    var starts = [Int](repeating: 0, count: rank)
    var steps = [Int](repeating: 1, count: rank)
    starts[axis] = max(0, shape[axis] - 1)
    steps[axis] = -1
    return Slice(starts: starts, sizes: shape.dimensions, steps: steps)(self)
  }
}

// MARK: - As methods

extension TensorConvertible {
  /// The elements in row-major order under another shape; a window where the strides allow.
  ///
  /// Errors: a shape with another number of elements.
  public func reshaped(to shape: Shape) -> Tensor<Scalar> { Tensor(unchecked: asTensor().erased.reshaped(to: shape)) }

  /// The elements in row-major order under another shape of which one size may be -1: that one is worked out.
  ///
  /// Errors: sizes that do not divide the number of elements, or several of -1.
  public func reshaped(toSizes sizes: [Int]) -> Tensor<Scalar> {
    let x = asTensor()
    let known = sizes.filter { $0 != -1 }
    let product = Shape.checkedCount(known) ?? 0
    guard sizes.count - known.count == 1, product > 0, x.count % product == 0 else {
      if known.count == sizes.count { return reshaped(to: Shape(sizes)) }
      fail("reshape", "sizes \(sizes) do not fit shape \(x.shape), which has \(x.count) elements")
      return x
    }
    return reshaped(to: Shape(sizes.map { $0 == -1 ? x.count / product : $0 }))
  }

  /// All elements along one axis.
  public func flattened() -> Tensor<Scalar> {
    let x = asTensor()
    return x.reshaped(to: Shape(unchecked: [x.count]))
  }

  /// The axes in reverse order: rows become columns. A window, no copy.
  public func transposed() -> Tensor<Scalar> {
    let x = asTensor()
    return x.transposed(permutation: Array((0..<x.rank).reversed()))
  }

  /// The axes in another order: axis i of the result is axis `permutation[i]` of this. A window, no copy.
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

  /// Repeated along missing axes and those of size 1. A window, no copy.
  ///
  /// Errors: a shape that this does not broadcast to.
  public func broadcast(to shape: Shape) -> Tensor<Scalar> { Tensor(unchecked: asTensor().erased.broadcast(to: shape)) }

  /// Backwards along an axis. A window, no copy.
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

/// `count` tensors of equal size along an axis, as windows.
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
