import NablaTensor

/// A pass that carries tangents along with values: y = f(x), ẏ = J ẋ.
final class ForwardMode: Recorder {
  private var tangents: [AnyTensor] = []
  private var table = IdentityTable()

  /// Gives a tensor a tangent.
  func seed(_ x: AnyTensor, _ tangent: AnyTensor) {
    table.insert(x.identity, Int32(tangents.count))
    tangents.append(tangent)
  }

  /// The tangent of a tensor, or nil for zeros.
  func tangent(of x: AnyTensor) -> AnyTensor? { table[x.identity].map { tangents[Int($0)] } }

  override func observe(_ operation: consuming Operation) {
    let (primitive, x, y) = (operation.primitive, operation.operands, operation.result)
    let incoming = (0..<x.count).map { tangent(of: x[$0]) }
    guard incoming.contains(where: { $0 != nil }) else { return }
    // Only the contexts outside of this pass see its own work.
    if let tangent = Context.with(outer, { primitive.jvp(Tangents(values: incoming), x, y) }) { seed(y, tangent) }
  }
}
