import Nabla
import NablaPlan
import Testing

/// Random draws inside compiled functions: new at each run, the same bits as eager code.
@Suite struct CompiledDrawTests {
  private func options(_ tiny: Bool) -> PlanOptions { tiny ? .tiny : PlanOptions() }

  @Test(arguments: [false, true])
  func drawsAreThoseOfEagerCode(inBlocks: Bool) {
    func draws(_ x: Tensor<Float>, _ generator: PhiloxGenerator) -> [Tensor<Float>] {
      [
        x + Tensor.random(.normal, shape: x.shape, using: generator),
        Tensor.random(.uniform(-1, 1), shape: x.shape, using: generator) * x,
        dropout(x, rate: 0.4, using: generator),
        Tensor(castingFrom: Tensor<Int32>.random(in: -5..<9, shape: x.shape, using: generator)) + x,
        Tensor.random(.normal(mean: 3, standardDeviation: 2), shape: [7], using: generator),
      ]
    }
    for shape in [[5], [7, 3], [131, 5, 3], [3000, 7]] as [Shape] {
      let (eager, planned) = (PhiloxGenerator(seed: 11), PhiloxGenerator(seed: 11))
      let function = compiled { (x: Tensor<Float>) in draws(x, planned) }
      function.options = options(inBlocks)
      let x = Tensor<Float>.random(.normal, shape: shape, using: PhiloxGenerator(seed: 1))
      var before: [Tensor<Float>] = []
      for run in 0..<3 {
        let (expected, seen) = (draws(x, eager), function(x))
        for (e, s) in zip(expected, seen) { #expect(e == s, "run \(run), shape \(shape)") }
        #expect(eager.position == planned.position)
        if run > 0 && x.count > 7 { #expect(before[0] != seen[0] && before[2] != seen[2], "a new draw") }
        before = seen
      }
    }
  }

  /// A training step with dropout, eagerly and compiled: masks are new at each step, and the weights the same bits after ten.
  @Test(arguments: [false, true])
  func trainingWithDropout(inBlocks: Bool) {
    let x = Tensor<Double>.random(.normal, shape: [101, 6], using: PhiloxGenerator(seed: 1))
    let y = Tensor<Double>.random(.normal, shape: [101, 1], using: PhiloxGenerator(seed: 2))
    func train(
      _ wrap: (@escaping (Tensor<Double>, Tensor<Double>) -> Tensor<Double>) -> (Tensor<Double>, Tensor<Double>)
        -> Tensor<Double>
    ) -> (losses: [Double], weights: [Double]) {
      let generator = PhiloxGenerator(seed: 5)
      let variables = [
        Variable(Tensor<Double>.random(.normal, shape: [6, 8], using: PhiloxGenerator(seed: 3))),
        Variable(Tensor<Double>.random(.normal, shape: [8, 1], using: PhiloxGenerator(seed: 4))),
      ]
      let optimizer = SGD<Double>(learningRate: 0.01)
      let step = wrap { x, y in
        let tape = GradientTape()
        let loss = tape.record {
          let hidden = dropout(tanh(matmul(x, variables[0])), rate: 0.5, using: generator)
          return square(matmul(hidden, variables[1]) - y).mean()
        }
        optimizer.applyGradients(zip(tape.gradient(of: loss, for: variables), variables))
        return loss
      }
      return ((0..<10).map { _ in step(x, y).scalar }, variables.flatMap { $0.value.scalars })
    }
    let eager = train { $0 }
    let planned = train { body in
      let function = compiled(body)
      function.options = options(inBlocks)
      return { function($0, $1) }
    }
    for (e, p) in zip(eager.losses + eager.weights, planned.losses + planned.weights) {
      #expect(abs(e - p) <= 1e-12 * max(1, abs(e)), "eager \(e), compiled \(p)")
    }
    #expect(Set(planned.losses).count == 10)
  }

  /// Two draws of one kind in a function are two draws; the state goes on where the last run left it.
  @Test func drawsAreNotMerged() {
    let generator = PhiloxGenerator(seed: 3)
    let pair = compiled { (x: Tensor<Float>) in
      [
        Tensor<Float>.random(.uniform, shape: [4], using: generator) + x,
        Tensor<Float>.random(.uniform, shape: [4], using: generator) + x,
      ]
    }
    let (first, second) = (pair(Tensor(0)), pair(Tensor(0)))
    let sequence = PhiloxGenerator(seed: 3)
    let expected = (0..<4).map { _ in Tensor<Float>.random(.uniform, shape: [4], using: sequence) }
    #expect(first + second == expected)
  }

  @Test func aSequentialGeneratorIsRefused() {
    var generator = RandomGenerator(seed: 1)
    let function = compiled { (x: Tensor<Float>) in x + Tensor.random(.normal, shape: x.shape, using: &generator) }
    #expect(throws: NablaError.self) { try throwingErrors { function(Tensor(ones: [3])) } }
  }

  @Test func mistakes() {
    for mistake in [
      { _ = dropout(Tensor<Float>(ones: [2]), rate: 1) }, { _ = dropout(Tensor<Float>(ones: [2]), rate: -0.1) },
      { _ = Tensor<Bool>.random(bernoulli: 1.5, shape: [2]) }, { _ = Tensor<Int32>.random(in: 3..<3, shape: [2]) },
      { _ = Tensor<Float>.random(.normal(mean: 0, standardDeviation: -1), shape: [2]) },
    ] as [() -> Void] {
      #expect(throws: NablaError.self) { try throwingErrors(mistake) }
    }
  }

  /// A million draws of each kind have the moments of their distribution.
  @Test func moments() {
    let generator = PhiloxGenerator(seed: 8)
    let normal = Tensor<Double>.random(.normal(mean: 1, standardDeviation: 2), shape: [1_000_000], using: generator)
    #expect(abs(normal.mean().scalar - 1) < 0.01)
    #expect(abs(normal.standardDeviation().scalar - 2) < 0.01)
    let coins = Tensor<Double>(
      castingFrom: Tensor<Bool>.random(bernoulli: 0.3, shape: [1_000_000], using: generator))
    #expect(abs(coins.mean().scalar - 0.3) < 0.002)
  }
}
