import CKernels
import NablaTensor

// Rows along the last axis in order, and what is taken from rows by number. Another axis is brought there and back by views.

// MARK: sort

/// The elements of each row in order, and where they stood.
struct Sort: Primitive {
  var name: String { "sort" }
  let descends: Bool

  func residuals(toward operand: Int) -> Residuals { .result(1) }
  func resultTypes(_ x: Operands) -> ResultTypes? {
    guard hasRows(x[0], name) else { return nil }
    return ResultTypes(TensorType(x[0].dtype, x[0].shape), TensorType(.int64, x[0].shape))
  }
  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) {
    Order.sort(
      x[0], axis: x[0].rank - 1, descending: descends, values: y[0], indices: y[1].assumingMemoryBound(to: Int64.self))
  }
  func prepared(_ x: Operands, _ types: ResultTypes, into y: [Storage]) -> PreparedCall {
    let source = x[0].storage
    guard let lines = x[0].lines(along: x[0].rank - 1) else { return evaluated(x, types, into: y) }
    let bytes = Order.sortByteCount(lines, source.dtype, hasIndices: true)
    return PreparedCall(workspace: bytes, operands: [source], into: y) { [descends] workspace in
      Order.sort(
        lines, source.dtype, source.base, descending: descends, values: y[0].base,
        indices: y[1].base.assumingMemoryBound(to: Int64.self), workspace: workspace)
    }
  }
  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? { rowsApart(x, y, rows) }
  func batched(_ x: BatchedOperands) -> ResultTensors? { results(of: Operands(x[0]), count: 2) }
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {
    if let g = g[0] { cotangents.give(0, AddAlong(size: x[0].shape.last!).reported(g, y[1])) }
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives {
    Derivatives(tangents[0].map { TakeAlong().reported($0, y[1]) })
  }
}

/// Whether a tensor has rows; if not, after the error.
private func hasRows(_ x: AnyTensor, _ name: String) -> Bool {
  if x.rank == 0 { fail(name, "a scalar has no axis") }
  return x.rank > 0
}

/// The rule of operations on rows along the last axis.
private func rowsApart(_ x: [Shape], _ y: [Shape], _ rows: Int) -> RowRule? {
  y[0].rank > 1 ? RowRule.local(x, y[0], rows: rows) : nil
}

// MARK: topK

/// The k largest or smallest elements of each row, best first, and where they stand.
struct TopK: Primitive {
  var name: String { "topK" }
  let count: Int
  let isLargest: Bool

  func residuals(toward operand: Int) -> Residuals { .result(1) }
  func resultTypes(_ x: Operands) -> ResultTypes? {
    guard hasRows(x[0], name) else { return nil }
    guard count >= 0 && count <= x[0].shape.last! else {
      fail(name, "\(count) of the \(x[0].shape.last!) elements along an axis of shape \(x[0].shape)")
      return nil
    }
    let shape = Shape(unchecked: x[0].shape.dropLast() + [count])
    return ResultTypes(TensorType(x[0].dtype, shape), TensorType(.int64, shape))
  }
  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) {
    Order.topK(
      x[0], count: count, axis: x[0].rank - 1, largest: isLargest, values: y[0],
      indices: y[1].assumingMemoryBound(to: Int64.self))
  }
  func prepared(_ x: Operands, _ types: ResultTypes, into y: [Storage]) -> PreparedCall {
    let source = x[0].storage
    guard let lines = x[0].lines(along: x[0].rank - 1) else { return evaluated(x, types, into: y) }
    let bytes = Order.topKByteCount(lines, source.dtype, count: count)
    return PreparedCall(workspace: bytes, operands: [source], into: y) { [count, isLargest] workspace in
      Order.topK(
        lines, source.dtype, source.base, count: count, largest: isLargest, values: y[0].base,
        indices: y[1].base.assumingMemoryBound(to: Int64.self), workspace: workspace)
    }
  }
  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? { rowsApart(x, y, rows) }
  func batched(_ x: BatchedOperands) -> ResultTensors? { results(of: Operands(x[0]), count: 2) }
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {
    if let g = g[0] { cotangents.give(0, AddAlong(size: x[0].shape.last!).reported(g, y[1])) }
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives {
    Derivatives(tangents[0].map { TakeAlong().reported($0, y[1]) })
  }
}

// MARK: take along, add along

/// y[…, p] = x[…, index[…, p]]: each row has indices of its own.
struct TakeAlong: SingleResultPrimitive {
  typealias Failure = IndexError
  var name: String { "takeAlong" }
  var traits: Traits { .linear }

  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operand(1) : [] }
  func resultType(_ x: Operands) -> TensorType? {
    guard fit(x, name) else { return nil }
    return TensorType(x[0].dtype, x[1].shape)
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(IndexError) {
    try IndexError.check(Indexing.gatherInRows(x[0], x[1], into: y), x[1], name, x[0].rank - 1, x[0].shape)
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { rowsApart(x, [y], rows) }
  func batchedResult(_ x: BatchedOperands) throws(IndexError) -> AnyTensor? { try self(x.spread(0), x.spread(1)) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, AddAlong(size: x[0].shape.last!).reported(g, x[1]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { reported($0, x[1]) }
  }
}

/// y = rows of zeros to which y[…, index[…, p]] += x[…, p]: the transpose of ``TakeAlong``.
struct AddAlong: SingleResultPrimitive {
  typealias Failure = IndexError
  var name: String { "addAlong" }
  var traits: Traits { .linear }
  let size: Int

  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operand(1) : [] }
  func resultType(_ x: Operands) -> TensorType? {
    guard isFloatingPoint(Operands(x[0])), fit(x, name), x[0].shape == x[1].shape else {
      fail(name, "values of shape \(x[0].shape) have indices of shape \(x[1].shape)")
      return nil
    }
    return TensorType(x[0].dtype, Shape(unchecked: x[0].shape.dropLast() + [size]))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(IndexError) {
    try IndexError.check(
      Indexing.scatterAddInRows(x[0], x[1], size: size, into: y), x[1], name, type.shape.rank - 1, type.shape)
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { rowsApart(x, [y], rows) }
  func batchedResult(_ x: BatchedOperands) throws(IndexError) -> AnyTensor? { try self(x.spread(0), x.spread(1)) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, TakeAlong().reported(g, x[1]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { reported($0, x[1]) }
  }
}

/// Whether indices fit the rows of a tensor; if not, after the error.
private func fit(_ x: Operands, _ name: String) -> Bool {
  let (shape, indices) = (x[0].shape, x[1].shape)
  guard x[1].dtype == .int64 || x[1].dtype == .int32 else {
    fail(name, "indices are \(x[1].dtype), not int32 or int64")
    return false
  }
  guard shape.rank > 0, shape.rank == indices.rank, shape.dropLast() == indices.dropLast() else {
    fail(name, "shape \(shape) has indices of shape \(indices): all but the last axis must agree")
    return false
  }
  return true
}
