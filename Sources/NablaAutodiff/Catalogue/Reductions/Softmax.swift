import CKernels
import NablaTensor

// Softmax and its logarithm are compositions by nature. They are primitives because each of the composition's passes goes
// through memory, where one kernel keeps a row in the first-level cache.

/// A primitive that makes of each row along the last axis another row of the same length.
protocol RowMap: SingleResultPrimitive where Failure == Never {
  static var kernel: nabla_row_map_op { get }
}

extension RowMap {
  func resultType(_ x: Operands) -> TensorType? {
    guard isFloatingPoint(x) else { return nil }
    guard x[0].rank > 0 else {
      fail(name, "a scalar has no axis")
      return nil
    }
    return TensorType(x[0].dtype, x[0].shape)
  }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Rows.map(Self.kernel, x[0], into: y)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    Rows.prepared(Self.kernel, x[0].storage, into: y) ?? evaluated(x, type, into: y)
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    y.rank > 1 ? RowRule.local(x, y, rows: rows) : nil
  }

  // The last axis remains the last.
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { self(x[0]) }

  /// Σ x along rows, to be repeated over them.
  func rowSums(_ x: AnyTensor) -> AnyTensor {
    let last = x.rank - 1
    return Sum(axes: [last])(x).reshaped(to: Shape(unchecked: x.shape.dropLast() + [1]))
  }
}

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// The map along an axis: another than the last is brought there and back by views.
  func mapped(_ map: some RowMap, axis: Int) -> Tensor<Scalar> {
    let x = asTensor().erased
    guard let axis = normalizedAxes(map.name, [axis], x.shape)?.first else {
      return Tensor(unchecked: .failed(x.dtype, x.shape))
    }
    if axis == x.rank - 1 { return Tensor(unchecked: map(x)) }
    var order = Array(0..<x.rank)
    order.swapAt(axis, x.rank - 1)  // its own inverse
    return Tensor(unchecked: map(x.transposed(permutation: order)).transposed(permutation: order))
  }
}

// MARK: softmax

/// y = eˣ / Σ eˣ along the last axis.
struct Softmax: RowMap {
  var name: String { "softmax" }
  static let kernel = NABLA_SOFTMAX
  func residuals(toward operand: Int) -> Residuals { .result }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, product(g, y))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { tangents[0].map { product($0, y) } }
  /// The Jacobian diag(y) - y yᵀ, which is symmetric, times a vector, for each row.
  private func product(_ v: AnyTensor, _ y: AnyTensor) -> AnyTensor { y * (v - rowSums(v * y)) }
}

// MARK: logSoftmax

/// y = x - ln Σ eˣ along the last axis.
struct LogSoftmax: RowMap {
  var name: String { "logSoftmax" }
  static let kernel = NABLA_LOG_SOFTMAX
  func residuals(toward operand: Int) -> Residuals { .result }
  // The Jacobian is I - 1 softmax(x)ᵀ.
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, g - Exp()(y) * rowSums(g))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { $0 - rowSums(Exp()(y) * $0) }
  }
}
