import NablaTensor

// MARK: broadcast

/// y = x repeated along missing axes and those of size 1; a window, no copy.
struct Broadcast: LinearPrimitive, ViewPrimitive {
  static let name = "broadcast"
  let shape: Shape
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].shape.broadcast(with: shape) == shape else {
      fail(Self.name, "shape \(x[0].shape) does not broadcast to \(shape)")
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
  static let name = "reshape"
  let shape: Shape
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].count == shape.elementCount else {
      fail(
        Self.name,
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
  static let name = "transpose"
  let permutation: [Int]
  func resultType(_ x: Operands) -> TensorType? {
    guard permutation.sorted() == Array(0..<x[0].rank) else {
      fail(Self.name, "\(permutation) is not an order of the \(x[0].rank) axes of shape \(x[0].shape)")
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
  static let name = "slice"
  let starts: [Int]
  let sizes: [Int]
  let steps: [Int]
  func resultType(_ x: Operands) -> TensorType? {
    fits(x[0].shape, Self.name) ? TensorType(x[0].dtype, Shape(unchecked: sizes)) : nil
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
  static let name = "unslice"
  let slice: Slice
  let shape: Shape
  func resultType(_ x: Operands) -> TensorType? {
    guard slice.fits(shape, Self.name), x[0].shape.dimensions == slice.sizes else {
      fail(Self.name, "a value of shape \(x[0].shape) is not the slice's, which is \(slice.sizes)")
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
struct ReplaceSlice: Primitive {
  static let name = "replaceSlice"
  static let residuals: Residuals = []
  let slice: Slice
  func resultType(_ x: Operands) -> TensorType? {
    guard slice.fits(x[0].shape, Self.name), x[1].shape.dimensions == slice.sizes, x[0].dtype == x[1].dtype else {
      fail(Self.name, "\(x[1].dtype) of shape \(x[1].shape) is not the slice's, which is \(x[0].dtype) \(slice.sizes)")
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
  func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
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
struct Concatenate: Primitive {
  static let name = "concatenate"
  static let residuals: Residuals = []
  let axis: Int

  func resultType(_ x: Operands) -> TensorType? {
    let shape = x[0].shape
    guard axis < shape.rank else {
      fail(Self.name, "axis \(axis) is out of range for shape \(shape)")
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
          Self.name,
          "operand \(index) is \(x[index].dtype) of shape \(other), which does not continue \(x[0].dtype) of shape "
            + "\(x[0].shape) along axis \(axis)")
        return nil
      }
      sizes[axis] = Shape.checkedSum(sizes[axis], other[axis])
    }
    guard Shape.checkedCount(sizes) != nil else {
      fail(Self.name, "\(x.count) tensors like \(x[0].shape) have more elements than Int.max together")
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
  func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
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
  var matrixTransposed: AnyTensor { transposed(permutation: matrixTransposition) }
  /// The order of axes that exchanges the last two.
  var matrixTransposition: [Int] {
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    return order
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
