import NablaTensor

/// y = the slices of x at some indices along an axis; the indices' shape takes the axis' place.
struct Gather: SingleResultPrimitive {
  typealias Failure = IndexError
  var name: String { "gather" }
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operand(1) : [] }
  let axis: Int

  func resultType(_ x: Operands) -> TensorType? {
    let (source, indices) = (x[0], x[1])
    guard indices.dtype == .int32 || indices.dtype == .int64 else {
      fail(name, "indices are \(indices.dtype), not int32 or int64")
      return nil
    }
    guard axis < source.rank else {
      fail(name, "axis \(axis) is out of range for shape \(source.shape)")
      return nil
    }
    let sizes = source.shape.dimensions
    let result = Array(sizes[..<axis]) + indices.shape.dimensions + Array(sizes[(axis + 1)...])
    guard Shape.checkedCount(result) != nil else {
      fail(name, "the result's shape \(result) has more elements than Int.max")
      return nil
    }
    return TensorType(source.dtype, Shape(unchecked: result))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(IndexError) {
    try IndexError.check(Indexing.gather(x[0], x[1], axis: axis, into: y), x[1], name, axis, x[0].shape)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let (source, list) = (x[0].storage, x[1].storage)
    guard list.isDense, let slices = Indexing.slices(of: x[0], axis: axis, count: list.count) else {
      return evaluated(x, type, into: y)
    }
    return PreparedCall(workspace: 0, operands: [source, list], into: [y]) { [self] _ in
      let position = Indexing.gather(slices, source.base, list.base, list.dtype, into: y.base)
      try IndexError.check(position, x[1], name, axis, x[0].shape)
    }
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard y.first == rows else { return nil }
    // Along axis 0 the indices are the rows; along another axis the source has them.
    return axis == 0
      ? (x[1].first == rows ? RowRule(rowOperands: [false, true]) : nil)
      : (x[0].first == rows ? RowRule(rowOperands: [true, false]) : nil)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, ScatterAdd(axis: axis, shape: x[0].shape).reported(g, x[1]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { reported($0, x[1]) }
  }
}

/// y = zeros of a shape, to whose slices at some indices along an axis those of x are added: the transpose of
/// ``Gather``. An index that occurs twice receives both.
struct ScatterAdd: SingleResultPrimitive {
  typealias Failure = IndexError
  var name: String { "scatterAdd" }
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operand(1) : [] }
  let axis: Int
  let shape: Shape

  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype != .bool, x[1].dtype == .int32 || x[1].dtype == .int64 else {
      fail(name, "values are \(x[0].dtype) and indices \(x[1].dtype); numbers and int32 or int64 are needed")
      return nil
    }
    let sizes = shape.dimensions
    let expected = Array(sizes[..<axis]) + x[1].shape.dimensions + Array(sizes[(axis + 1)...])
    guard x[0].shape.dimensions == expected else {
      fail(name, "values have shape \(x[0].shape) where indices of shape \(x[1].shape) need \(expected)")
      return nil
    }
    return TensorType(x[0].dtype, shape)
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(IndexError) {
    // Indices of several axes are one list, and so are the slices of the values.
    let sizes = shape.dimensions
    let list = Shape(unchecked: Array(sizes[..<axis]) + [x[1].count] + Array(sizes[(axis + 1)...]))
    let values = x[1].rank == 1 ? x[0] : x[0].view(reshapedTo: list)
    try IndexError.check(
      Indexing.scatterAdd(values, x[1], axis: axis, size: shape[axis], into: y), x[1], name, axis, shape)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let (values, list) = (x[0].storage, x[1].storage)
    guard list.isDense, x[1].rank == 1, var slices = Indexing.slices(of: x[0], axis: axis, count: list.count) else {
      return evaluated(x, type, into: y)
    }
    slices.size = shape[axis]
    let bytes = Indexing.scatterAddByteCount(slices, values.dtype)
    return PreparedCall(workspace: bytes, operands: [values, list], into: [y]) { [self, slices] workspace in
      let position = Indexing.scatterAdd(
        slices, values.base, values.dtype, list.base, list.dtype, into: y.base, workspace: workspace)
      try IndexError.check(position, x[1], name, axis, shape)
    }
  }
  // Along axis 0 the rows of a block are added to a sum of their own, and the sums of blocks are added; along another axis
  // rows stay apart.
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard x[0].first == rows else { return nil }
    if axis > 0 { return y.first == rows ? RowRule(rowOperands: [true, false]) : nil }
    // A block's sum is made ready and added up whatever the block has.
    return x[1].rank == 1 ? RowRule(rowOperands: [true, true], isReducing: true, fewestRows: 4 * shape[0]) : nil
  }
  func onRows(_ count: Int) -> ScatterAdd { axis == 0 ? self : ScatterAdd(axis: axis, shape: shape.withRows(count)) }
  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? { .sum(y.first) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, Gather(axis: axis).reported(g, x[1]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { reported($0, x[1]) }
  }
}

/// An index that is not of its axis, found in data.
public struct IndexError: Error, Hashable, Sendable, ReportedFailure {
  /// The operation that used the index.
  public let operation: String
  /// The index.
  public let index: Int
  /// Where it stands among the indices, in row-major order.
  public let position: Int
  /// The axis that it was for.
  public let axis: Int
  /// The shape of the tensor with that axis.
  public let shape: Shape

  package var message: String {
    "index \(index) is out of range for axis \(axis) of shape \(shape); it is number \(position) of the indices"
  }
  /// One line.
  public var description: String { "\(operation): \(message)" }
}

extension IndexError {
  /// Throws where a kernel found an index out of range, at a position of the indices.
  static func check(
    _ position: Int?, _ indices: AnyTensor, _ operation: String, _ axis: Int, _ shape: Shape
  ) throws(IndexError) {
    guard let position else { return }
    let list = Context.with(nil) { Tensor<Int64>(unchecked: indices.cast(to: .int64)) }
    throw IndexError(
      operation: operation, index: Int(list.scalars[position]), position: position, axis: axis, shape: shape)
  }
}
