import Nabla
import NablaTensor
import TestSupport
import Testing

@Suite struct CustomGradientTests {
  let x = Tensor<Double>([1, 2, 3])

  /// x², whose gradient is said to be 10 x.
  private func tenfold(_ x: Tensor<Double>) -> Tensor<Double> {
    customGradient(x) { x in (square(x), { g in g * 10 * x }) }
  }

  @Test func thePullbackReplacesWhatWasRecorded() {
    #expect(gradient(at: x, of: tenfold).scalars == [10, 20, 30])
    #expect(gradient(at: x) { tenfold($0) * 2 + $0 }.scalars == [21, 41, 61])
    let variable = Variable(x)
    let tape = GradientTape()
    let y = tape.record { tenfold(variable.value) }
    #expect(y.scalars == [1, 4, 9] && tape.gradient(of: y, for: variable)?.scalars == [10, 20, 30])
  }

  @Test func nested() {
    // The derivative of the pullback: d/dx 10 x.
    #expect(gradient(at: x) { gradient(at: $0, of: tenfold) }.scalars == [10, 10, 10])
    let inner: (Tensor<Double>) -> Tensor<Double> = { x in
      customGradient(x) { x in (tenfold(x), { g in g * 3 }) }
    }
    #expect(gradient(at: x, of: inner).scalars == [3, 3, 3])
  }

  @Test func forwardModeTransposesThePullback() {
    #expect(jvp(at: x, [1, 1, -1], of: tenfold).tangent.scalars == [10, 20, -30])
    let product = jvp(at: [x, 2 * x], [Tensor([1, 0, 0]), Tensor([0, 1, 0])]) { x in
      customGradient(x) { x in (x[0] * x[1], { g in [g * x[1], g * x[0]] }) }
    }
    #expect(product.value.scalars == [2, 8, 18] && product.tangent.scalars == [2, 2, 0])
    #expect(hessianVectorProduct(at: x, [1, 2, 3], of: tenfold).scalars == [10, 20, 30])
  }

  @Test func severalOperands() {
    let (a, b) = gradient(at: x, x + 1) { a, b in
      customGradient([a, b]) { _ in (Tensor<Double>(1), { g in [g * Tensor([1, 2, 3]), g * Tensor([4, 5, 6])] }) }
    }
    #expect(a.scalars == [1, 2, 3] && b.scalars == [4, 5, 6])
  }

  @Test func mistakes() {
    expectMistake("customGradient", "[1]", "[3]") {
      _ = gradient(at: x) { x in customGradient(x) { x in (square(x), { _ in Tensor([1]) }) } }
    }
    expectMistake("customGradient", "no operands") {
      _ = customGradient([Tensor<Double>]()) { _ in (Tensor<Double>(1), { _ in [] }) }
    }
  }

  @Test func stoppedGradients() {
    #expect(gradient(at: x) { $0 * stopGradient($0) }.scalars == [1, 2, 3])
    #expect(gradient(at: x) { stopGradient(square($0)) }.scalars == [0, 0, 0])
    #expect(jvp(at: x, [1, 1, 1]) { $0 * stopGradient($0) }.tangent.scalars == [1, 2, 3])
    #expect(gradient(at: x) { gradient(at: $0) { $0 * $0 * stopGradient($0) } }.scalars == [2, 4, 6])
  }
}
