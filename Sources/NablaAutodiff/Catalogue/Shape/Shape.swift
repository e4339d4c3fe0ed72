import NablaTensor

// MARK: broadcast

/// y = x repeated along missing axes and those of size 1; a view, no copy.
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
  func makeView(_ x: Operands) -> AnyTensor { x[0].view(broadcastTo: shape) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.elementwise(x, y, rows: rows) }
  var rewrite: Rewrite { .broadcast }
  func onRows(_ count: Int) -> Broadcast { Broadcast(shape: shape.withRows(count)) }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    x.padded(0, to: shape.rank).broadcast(to: shape.batched(x.size))
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, g.summed(to: x[0].shape))
  }
}

// MARK: reshape

/// y = x with its elements in row-major order under another shape; a view where strides allow.
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
  func makeView(_ x: Operands) -> AnyTensor { x[0].view(reshapedTo: shape) }
  func view(_ x: Operands) -> AnyTensor? { x[0].isView(reshapedTo: shape) ? makeView(x) : nil }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.local(x, y, rows: rows) }
  var rewrite: Rewrite { .reshape }
  func onRows(_ count: Int) -> Reshape { Reshape(shape: shape.withRows(count)) }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { x[0].reshaped(to: shape.batched(x.size)) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, g.reshaped(to: x[0].shape))
  }
}

// MARK: transpose

/// y = x with its axes in another order; a view, no copy.
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
  func makeView(_ x: Operands) -> AnyTensor { x[0].view(permutedBy: permutation) }
  var rewrite: Rewrite { .transpose(permutation) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    permutation.first == 0 ? RowRule.local(x, y, rows: rows) : nil
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    x[0].transposed(permutation: [0] + permutation.map { $0 + 1 })
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let back = permutation.indices.sorted { permutation[$0] < permutation[$1] }
    cotangents.give(0, g.transposed(permutation: back))
  }
}

// MARK: slice

/// y = every step-th element from a start, along each axis; a view, no copy.
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
  func makeView(_ x: Operands) -> AnyTensor { x[0].view(starts: starts, sizes: sizes, steps: steps) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    takesWholeRows ? RowRule.local(x, y, rows: rows) : nil
  }
  func onRows(_ count: Int) -> Slice { Slice(starts: starts, sizes: [count] + sizes.dropFirst(), steps: steps) }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { batched(x.size)(x[0]) }
  /// The slice of each element of a batch.
  func batched(_ size: Int) -> Slice { Slice(starts: [0] + starts, sizes: [size] + sizes, steps: [1] + steps) }
  /// Whether axis 0 is taken from its start, one by one.
  var takesWholeRows: Bool { starts.first == 0 && steps.first == 1 }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, g, at: self, of: x[0].shape)
  }
}

/// y = zeros of a shape, to whose slices the operands are added, one to each: the transpose of several ``Slice``.
struct Unslice: SingleResultPrimitive {
  var name: String { "unslice" }
  var traits: Traits { .linear }
  func residuals(toward operand: Int) -> Residuals { [] }
  let slices: [Slice]
  let shape: Shape

  init(slices: [Slice], shape: Shape) { (self.slices, self.shape) = (slices, shape) }
  init(slice: Slice, shape: Shape) { self.init(slices: [slice], shape: shape) }

  func resultType(_ x: Operands) -> TensorType? {
    for (index, slice) in slices.enumerated() {
      guard slice.fits(shape, name), x[index].shape.dimensions == slice.sizes, x[index].dtype == x[0].dtype else {
        fail(
          name, "\(x[index].dtype) of shape \(x[index].shape) is not the slice's, which is \(x[0].dtype) \(slice.sizes)"
        )
        return nil
      }
    }
    return TensorType(x[0].dtype, shape)
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x.dropFirst().reduce(0) { $0 + $1.elementCount } }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let values = x.all.map(\.storage)
    withExtendedLifetime(values) { SliceLoops.write(loops(values), type.dtype, into: y) { values[$0].base } }
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let values = x.all.map(\.storage)
    let loops = loops(values)
    return PreparedCall(workspace: 0, operands: values, into: [y]) { _ in
      SliceLoops.write(loops, type.dtype, into: y.base) { values[$0].base }
    }
  }
  private func loops(_ values: [Storage]) -> [SliceLoops] {
    zip(slices, values).map { slice, value in
      SliceLoops(
        starts: slice.starts, sizes: slice.sizes, steps: slice.steps, of: shape,
        valueStrides: AnyTensor(value).resolvedStrides)
    }
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    slices.allSatisfy(\.takesWholeRows) ? RowRule.local(x, y, rows: rows) : nil
  }
  func onRows(_ count: Int) -> Unslice {
    Unslice(slices: slices.map { $0.onRows(count) }, shape: shape.withRows(count))
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    Unslice(slices: slices.map { $0.batched(x.size) }, shape: shape.batched(x.size))
      .apply(Operands((0..<x.count).map(x.spread)))
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    for index in slices.indices { cotangents.give(index, slices[index](g)) }
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    let moving = slices.indices.filter { tangents[$0] != nil }
    return Unslice(slices: moving.map { slices[$0] }, shape: shape).apply(Operands(moving.map { tangents[$0]! }))
  }
  var rewrite: Rewrite {
    .sumOfSlices { other in
      guard let other = other as? Unslice else { return nil }
      return Unslice(slices: slices + other.slices, shape: shape)
    }
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
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    ReplaceSlice(slice: slice.batched(x.size))(x.spread(0), x.spread(1))
  }
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
  func copy(to target: UnsafeMutableRawPointer, as slice: Slice, of shape: Shape) {
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
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    Concatenate(axis: axis + 1).apply(Operands((0..<x.count).map(x.spread)))
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
  func withRows(_ count: Int) -> Shape { Shape(unchecked: [count] + dropFirst()) }
  /// The shape of a batch of such.
  fileprivate func batched(_ size: Int) -> Shape { Shape(unchecked: [size] + self) }
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
