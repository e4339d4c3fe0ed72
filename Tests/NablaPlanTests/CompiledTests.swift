import Nabla
import TestSupport
import Testing

@Suite struct CompiledTests {
  @Test func elementwiseChain() {
    var g = RandomGenerator(seed: 1)
    let x = Tensor<Float>.random(.normal, shape: [100_003], using: &g)
    let y = Tensor<Float>.random(.normal, shape: [100_003], using: &g)
    let f = { (x: Tensor<Float>, y: Tensor<Float>) in (tanh(x * y + 1) * 0.5 + x * x).sum() }
    let step = compiled(f)
    let expected = f(x, y).scalar
    for _ in 0..<3 { #expect(abs(step(x, y).scalar - expected) <= 1e-5 * abs(expected)) }
    print(step.plan)
  }
}
