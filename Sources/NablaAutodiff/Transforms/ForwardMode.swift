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
    let (primitive, x, y) = (operation.primitive, operation.operands, operation.results)
    let incoming = Derivatives((0..<x.count).map { tangent(of: x[$0]) })
    if incoming.areAbsent { return }
    // Only the contexts outside of this pass see its own work.
    let outgoing = outside { primitive.jvp(incoming, x, y) }
    for index in 0..<y.count { if let tangent = outgoing[index] { seed(y[index], tangent) } }
  }
}
