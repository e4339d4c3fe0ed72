import CKernels
import NablaTensor

// Elements along an axis in order, and what is taken from rows by number.

// MARK: sort

/// An operation that puts the elements along an axis in order.
private protocol OrderingPrimitive: SingleResultPrimitive where Failure == Never {
  var axis: Int { get }
  var descends: Bool { get }
  init(axis: Int, descends: Bool)
  /// Whether the result is where the elements came from.
  static var givesIndices: Bool { get }
}

extension OrderingPrimitive {
  func resultType(_ x: Operands) -> TensorType? {
    guard hasRows(x[0], name) else { return nil }
    return TensorType(Self.givesIndices ? .int64 : x[0].dtype, x[0].shape)
  }
  /// Where results go: elements, or indices.
  private func targets(
    _ y: UnsafeMutableRawPointer
  ) -> (values: UnsafeMutableRawPointer?, indices: UnsafeMutablePointer<Int64>?) {
    Self.givesIndices ? (nil, y.assumingMemoryBound(to: Int64.self)) : (y, nil)
  }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let (values, indices) = targets(y)
    Order.sort(x[0], axis: axis, descending: descends, values: values, indices: indices)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let source = x[0].storage
    guard let lines = x[0].lines(along: axis) else { return evaluated(x, type, into: y) }
    let bytes = Order.sortByteCount(lines, source.dtype, hasIndices: Self.givesIndices)
    return PreparedCall(workspace: bytes, operands: [source], into: [y]) { [self] workspace in
      let (values, indices) = targets(y.base)
      Order.sort(
        lines, source.dtype, source.base, descending: descends, values: values, indices: indices, workspace: workspace)
    }
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { axis > 0 ? RowRule.local(x, y, rows: rows) : nil }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { Self(axis: axis + 1, descends: descends)(x[0]) }
}

/// The elements along an axis in order.
///
/// Elements alone sort several times as fast as with their indices, so a derivative asks for these when it comes to it.
struct Sort: OrderingPrimitive {
  var name: String { "sort" }
  let axis: Int
  let descends: Bool
  static var givesIndices: Bool { false }

  func residuals(toward operand: Int) -> Residuals { .operand(0) }
  private func indices(_ x: AnyTensor) -> AnyTensor { ArgSort(axis: axis, descends: descends)(x) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, along(axis, AddAlong(size: x[0].shape[axis]), g, indices(x[0])))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { along(axis, TakeAlong(), $0, indices(x[0])) }
  }
}

/// The indices along an axis that put its elements in order.
struct ArgSort: OrderingPrimitive, NondifferentiablePrimitive {
  var name: String { "argsort" }
  let axis: Int
  let descends: Bool
  static var givesIndices: Bool { true }
}

/// An operation along the last axis, along another one.
private func along<P: SingleResultPrimitive>(
  _ axis: Int, _ operation: P, _ x: AnyTensor, _ indices: AnyTensor
) -> AnyTensor where P.Failure == IndexError {
  if axis == x.rank - 1 { return operation.reported(x, indices) }
  var order = Array(0..<x.rank)
  order.swapAt(axis, x.rank - 1)  // its own inverse
  let y = operation.reported(x.transposed(permutation: order), indices.transposed(permutation: order))
  return y.isFailed ? y : y.transposed(permutation: order)
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

/// The k largest or smallest elements along an axis, best first, and where they stand.
///
/// Over rows it is a merge of states: the best of some rows and of those that follow are the best of both.
struct TopK: Primitive {
  var name: String { "topK" }
  let count: Int
  let isLargest: Bool
  let axis: Int

  func residuals(toward operand: Int) -> Residuals { .result(1) }
  func resultTypes(_ x: Operands) -> ResultTypes? {
    guard hasRows(x[0], name) else { return nil }
    var sizes = x[0].shape.dimensions
    guard count >= 0 && count <= sizes[axis] else {
      fail(name, "\(count) of the \(sizes[axis]) elements along axis \(axis) of shape \(x[0].shape)")
      return nil
    }
    sizes[axis] = count
    let shape = Shape(unchecked: sizes)
    return ResultTypes(TensorType(x[0].dtype, shape), TensorType(.int64, shape))
  }
  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) {
    Order.topK(
      x[0], count: count, axis: axis, largest: isLargest, values: y[0],
      indices: y[1].assumingMemoryBound(to: Int64.self))
  }
  func prepared(_ x: Operands, _ types: ResultTypes, into y: [Storage]) -> PreparedCall {
    let source = x[0].storage
    guard let lines = x[0].lines(along: axis) else { return evaluated(x, types, into: y) }
    let bytes = Order.topKByteCount(lines, source.dtype, count: count)
    return PreparedCall(workspace: bytes, operands: [source], into: y) { [count, isLargest] workspace in
      Order.topK(
        lines, source.dtype, source.base, count: count, largest: isLargest, values: y[0].base,
        indices: y[1].base.assumingMemoryBound(to: Int64.self), workspace: workspace)
    }
  }

  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? {
    if axis > 0 { return RowRule.local(x, y[0], rows: rows) }
    guard x[0].first == rows else { return nil }
    // The first elements of a block are sorted, the others compared with the worst of the best: short blocks sort more.
    let columns = max(1, x[0].dropFirst().reduce(1, *))
    return RowRule(rowOperands: [true], isReducing: true, fewestRows: max(4096, 65536 / columns, 16 * count))
  }
  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? {
    guard axis == 0 else { return nil }
    let state = Order.BestRows(x[0].dtype, count: count, columns: x[0].shape.dropFirst().reduce(1, *))
    return BlockReduction(
      stateByteCount: state.byteCount, merge: { [isLargest] in state.merge($0, $1, into: $2, largest: isLargest) },
      finish: { state.write($0, values: $1[0], indices: $1[1]) })
  }
  func preparedState(_ x: Operands, _ types: ResultTypes, into target: Storage) -> PreparedCall {
    let (source, rows) = (x[0].storage, x[0].shape[0])
    let state = Order.BestRows(source.dtype, count: count, columns: x[0].shape.dropFirst().reduce(1, *))
    guard let lines = x[0].lines(along: 0) else {
      return PreparedCall(operands: [source], into: [target]) { [isLargest] in
        let copy = x[0].dense
        withExtendedLifetime(copy.storage) {
          state.fill(target.base, copy.lines(along: 0)!, copy.address, rows: rows, largest: isLargest, workspace: nil)
        }
      }
    }
    let bytes = Order.topKByteCount(lines, source.dtype, count: min(count, rows))
    return PreparedCall(workspace: bytes, operands: [source], into: [target]) { [isLargest] workspace in
      state.fill(target.base, lines, source.base, rows: rows, largest: isLargest, workspace: workspace)
    }
  }

  func batched(_ x: BatchedOperands) -> ResultTensors? {
    TopK(count: count, isLargest: isLargest, axis: axis + 1).results(of: Operands(x[0]), count: 2)
  }
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {
    guard let g = g[0] else { return }
    cotangents.give(0, along(axis, AddAlong(size: x[0].shape[axis]), g, y[1]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives {
    Derivatives(tangents[0].map { along(axis, TakeAlong(), $0, y[1]) })
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
