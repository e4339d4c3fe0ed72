import NablaTensor

// Gather and scatterAdd for a batch: where indices differ from element to element, the batch and the axis are made into one
// axis, along which each element has its own indices.

extension Gather {
  func batchedResult(_ x: BatchedOperands) throws(IndexError) -> AnyTensor? {
    if !x.isBatched(1) { return try Gather(axis: axis + 1)(x[0], x[1]) }
    if !x.isBatched(0) { return try self(x[0], x[1]).movingAxis(axis, to: 0) }
    let size = x.shape(0)[axis]
    let rows = x[0].movingAxis(axis + 1, to: 1)
    let flat = rows.reshaped(to: Shape(unchecked: [x.size * size] + rows.shape.dropFirst(2)))
    let y = try Gather(axis: 0)(flat, x.flatIndices(size))
    return y.exchangingAxes(from: 1, x.rank(1), axis)
  }
}

extension ScatterAdd {
  func batchedResult(_ x: BatchedOperands) throws(IndexError) -> AnyTensor? {
    let batched = Shape(unchecked: [x.size] + shape)
    if !x.isBatched(1) { return try ScatterAdd(axis: axis + 1, shape: batched)(x[0], x[1]) }
    let size = shape[axis]
    let rest = batched.indices.filter { $0 != 0 && $0 != axis + 1 }.map { batched[$0] }
    let values = x.spread(0).exchangingAxes(from: 1, axis, x.rank(1))
    let flat = try ScatterAdd(axis: 0, shape: Shape(unchecked: [x.size * size] + rest))(values, x.flatIndices(size))
    return flat.reshaped(to: Shape(unchecked: [x.size, size] + rest)).movingAxis(1, to: axis + 1)
  }
}

extension BatchedOperands {
  /// The indices, operand 1, into an axis of `size` as those into the axis that the batch and it make up. What is out of range
  /// stays so.
  fileprivate func flatIndices(_ size: Int) -> AnyTensor {
    let indices = self[1].cast(to: .int64)
    func number(_ value: Int) -> AnyTensor { AnyTensor(Double(value), dtype: .int64) }
    let starts = Tensor<Int64>((0..<self.size).map { Int64($0 * size) }).erased
      .reshaped(to: Shape(unchecked: [self.size] + shape(1).map { _ in 1 }))
    let isNegative = Compare(.less)(indices, number(0))
    let isPast = Compare(.greaterEqual)(indices, number(size))
    let start = Select().apply(Operands([isPast, number(self.size * size), starts]))
    return indices + Select().apply(Operands([isNegative, number(0), start]))
  }
}

extension AnyTensor {
  /// The axes from one on, `first` of them, behind the `second` ones that follow.
  fileprivate func exchangingAxes(from start: Int, _ first: Int, _ second: Int) -> AnyTensor {
    let middle = start + first
    return transposed(
      permutation: Array(0..<start) + Array(middle..<middle + second) + Array(start..<middle)
        + Array(middle + second..<rank))
  }
}
