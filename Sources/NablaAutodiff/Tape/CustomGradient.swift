import NablaTensor

/// A function with a derivative of your own: `f` returns its value and a pullback, which maps the gradient of the value
/// to that of `x`. Tapes use the pullback in place of what they recorded inside.
///
/// ```swift
/// let clipped = customGradient(x) { x in (square(x), { g in clip(g * 2 * x, -1, 1) }) }
/// ```
/// The pullback is differentiated when gradients nest, so it is written with tensor operations; it must be linear in
/// its argument. Errors: a pullback that returns another shape than `x` has.
public func customGradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  _ x: Tensor<S>, _ f: (Tensor<S>) -> (value: Tensor<T>, pullback: @Sendable (Tensor<T>) -> Tensor<S>)
) -> Tensor<T> {
  customGradient([x]) { x in
    let (value, pullback) = f(x[0])
    return (value, { [pullback($0)] })
  }
}

/// A function of several tensors with a derivative of your own; the pullback returns one gradient for each.
public func customGradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  _ x: [Tensor<S>], _ f: ([Tensor<S>]) -> (value: Tensor<T>, pullback: @Sendable (Tensor<T>) -> [Tensor<S>])
) -> Tensor<T> {
  guard !x.isEmpty else {
    fail("customGradient", "there are no operands")
    return Tensor(unchecked: .failed(T.dtype))
  }
  let (value, pullback) = f(x)
  let rule = CustomRule { g in pullback(Tensor(unchecked: g)).map(\.erased) }
  return Tensor(unchecked: Custom(rule: rule).apply(Operands([value.erased] + x.map(\.erased))))
}

/// The pullback of one call; two calls are never the same operation.
final class CustomRule: Sendable {
  let pullback: @Sendable (AnyTensor) -> [AnyTensor]
  init(_ pullback: @escaping @Sendable (AnyTensor) -> [AnyTensor]) { self.pullback = pullback }
}

/// y = the first operand, a value that was computed already, with a pullback to the others that the caller gave.
struct Custom: ViewPrimitive {
  var name: String { "customGradient" }
  func residuals(toward operand: Int) -> Residuals { [] }
  let rule: CustomRule
  static func == (a: Custom, b: Custom) -> Bool { a.rule === b.rule }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(rule)) }

  func resultType(_ x: Operands) -> TensorType? { TensorType(x[0].dtype, x[0].shape) }
  func makeView(_ x: Operands) -> AnyTensor { x[0].detached }
  var rewrite: Rewrite { .identity }

  // The pullback is of one element: it may use values of the mapped function, and is mapped when it is called. What it
  // returns for operands that are the same for all elements is added up.
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    let batched = CustomRule { [rule, batch = x.batch, isBatched = (1..<x.count).map(x.isBatched)] g in
      let gradients = batch.map([g]) { rule.pullback($0[0]) }
      return gradients.enumerated().map { operand, gradient in
        operand < isBatched.count && !isBatched[operand] ? Sum(axes: [0])(gradient) : gradient
      }
    }
    return Custom(rule: batched).apply(Operands([x.spread(0)] + (1..<x.count).map { x[$0] }))
  }

  private func pull(_ g: AnyTensor, _ x: Operands) -> [AnyTensor]? {
    let gradients = rule.pullback(g)
    guard gradients.count == x.count - 1, gradients.indices.allSatisfy({ gradients[$0].shape == x[$0 + 1].shape })
    else {
      fail(
        name,
        "the pullback returned shapes \(gradients.map(\.shape)) for operands of shapes \(x.all.dropFirst().map(\.shape))"
      )
      return nil
    }
    return gradients
  }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    guard let gradients = pull(g, x) else { return }
    for (operand, gradient) in gradients.enumerated() { cotangents.give(operand + 1, gradient) }
  }

  // The pullback g ↦ Jᵀg is linear; pulling a tangent t back through it gives J t.
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    let tape = GradientTape(watchesAccessedVariables: false)
    let g = AnyTensor(repeating: 0, dtype: y.dtype, shape: y.shape)
    tape.watch(g)
    guard let gradients = tape.record({ pull(g, x) }) else { return nil }
    let known = gradients.indices.filter { tangents[$0 + 1] != nil }
    if known.isEmpty { return nil }
    let seeds = known.map { tangents[$0 + 1]! }
    var result: AnyTensor?
    tape.gradient(of: known.map { gradients[$0] }, seeds: seeds, count: 1) { _ in
      g.identity
    } into: {
      result = $1
    }
    return result
  }
}

// MARK: - ResultTensors without a derivative

/// y = the first operand, a value computed from the others by something that has no derivative yet.
struct WithoutDerivative: ViewPrimitive {
  var name: String { "withoutDerivative" }
  func residuals(toward operand: Int) -> Residuals { [] }
  /// What computed it.
  let operation: String

  func resultType(_ x: Operands) -> TensorType? { TensorType(x[0].dtype, x[0].shape) }
  func makeView(_ x: Operands) -> AnyTensor { x[0].detached }
  var rewrite: Rewrite { .identity }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    apply(Operands([x.spread(0)] + (1..<x.count).map { x[$0] }))
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    fail(operation, "it has no derivative, and a gradient was asked for that goes through it")
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    fail(operation, "it has no derivative, and a tangent was asked for that goes through it")
    return nil
  }
}

/// A value as a tape sees it that was computed from operands by an operation without a derivative: a gradient through it
/// is an error that names the operation, never a silent zero.
package func withoutDerivative(_ operation: String, _ value: AnyTensor, of operands: [AnyTensor]) -> AnyTensor {
  WithoutDerivative(operation: operation).apply(Operands([value] + operands))
}
