import CKernels
import NablaTensor

/// y = a b + c, a b - c or c - a b in one pass over memory, rounded as the two operations are. Graphs make it from those.
package struct MultiplyAdd: TernaryLoop {
  package func residuals(toward operand: Int) -> Residuals { operand < 2 ? .operand(1 - operand) : [] }

  /// Which of the two terms is subtracted.
  package enum Form: Sendable, CaseIterable {
    /// a b + c.
    case sum
    /// a b - c.
    case minusAddend
    /// c - a b.
    case minusProduct
  }
  private let form: Form
  package var name: String { "multiply-add" }

  package init(_ form: Form) { self.form = form }

  package func resultType(_ x: Operands) -> TensorType? {
    guard isFloatingPoint(x), let product = broadcastShape(name, Operands(x[0], x[1])) else { return nil }
    guard x[2].dtype == x[0].dtype, let shape = product.broadcast(with: x[2].shape) else {
      fail(name, "\(x[2].dtype) \(x[2].shape) cannot be added to a product of \(x[0].dtype) \(product)")
      return nil
    }
    return TensorType(x[0].dtype, shape)
  }

  package func loop(_ dtype: DType) -> nabla_ternary {
    let op =
      switch form {
      case .sum: NABLA_MULTIPLY_ADD
      case .minusAddend: NABLA_MULTIPLY_SUBTRACT
      case .minusProduct: NABLA_NEGATED_MULTIPLY_ADD
      }
    return nabla_ternary_kernel(op, dtype.rawValue)!
  }

  package func operationCount(_ x: [Shape], _ y: Shape) -> Int { 2 * y.elementCount }

  package func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let product = form == .minusProduct ? -g : g
    cotangents.give(0, (product * x[1]).summed(to: x[0].shape))
    cotangents.give(1, (product * x[0]).summed(to: x[1].shape))
    cotangents.give(2, (form == .minusAddend ? -g : g).summed(to: x[2].shape))
  }

  package func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    var sum: AnyTensor?
    for term in [tangents[0].map { $0 * x[1] }, tangents[1].map { $0 * x[0] }].compactMap({ $0 }) {
      sum = sum.map { $0 + term } ?? term
    }
    if form == .minusProduct { sum = sum.map { -$0 } }
    if let addend = tangents[2].map({ form == .minusAddend ? -$0 : $0 }) { sum = sum.map { $0 + addend } ?? addend }
    return sum?.broadcast(to: y.shape)
  }
}
