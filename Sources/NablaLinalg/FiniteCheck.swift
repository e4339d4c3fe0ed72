import NablaAutodiff
import NablaTensor

/// y = x, once it is known that every element is finite.
struct FiniteCheck: SingleResultPrimitive {
  typealias Failure = LinalgError
  /// The operation that asks, as the caller wrote it.
  let name: String
  /// What x is there.
  let operand: String
  func residuals(toward operand: Int) -> Residuals { [] }

  func resultType(_ x: Operands) -> TensorType? {
    isFloatingPoint(x) ? TensorType(x[0].dtype, x[0].shape) : nil
  }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(LinalgError) {
    x[0].copy(to: y)
    try check(y, type)
  }
  /// x itself: nothing is copied to be looked at, unless its elements lie apart.
  func result(_ x: Operands, _ type: TensorType) throws(LinalgError) -> AnyTensor {
    let dense = x[0].dense
    defer { withExtendedLifetime(dense) {} }
    try check(dense.address, type)
    return x[0].detached
  }

  private func check(_ elements: UnsafeMutableRawPointer, _ type: TensorType) throws(LinalgError) {
    let count = type.shape.elementCount
    let isFinite =
      type.dtype == .float32
      ? Matrices.areFinite(elements.assumingMemoryBound(to: Float.self), count)
      : Matrices.areFinite(elements.assumingMemoryBound(to: Double.self), count)
    if !isFinite { throw .notFinite(operation: name, operand: operand) }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.elementwise(x, y, rows: rows) }
  func batchedResult(_ x: BatchedOperands) throws(LinalgError) -> AnyTensor? { try self(x[0]) }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) { cotangents.give(0, g) }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { tangents[0] }
}
