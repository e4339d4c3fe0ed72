import Nabla
import NablaPlan
import TestSupport
import Testing

/// The loop of the tutorial with every optimizer: 200 compiled steps give what 200 eager ones give.
@Suite struct CompiledTrainingTests {
  /// An optimizer's options.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let momentum: Double
    let nesterov: Bool
    let decay: Double
    let clipping: GradientClipping?
    let isAdam: Bool

    init(
      _ name: String, momentum: Double = 0, nesterov: Bool = false, decay: Double = 0,
      clipping: GradientClipping? = nil,
      isAdam: Bool = false
    ) {
      testDescription = name
      (self.momentum, self.nesterov, self.decay) = (momentum, nesterov, decay)
      (self.clipping, self.isAdam) = (clipping, isAdam)
    }

    func optimizer<S: FloatingPointScalar>(_ type: S.Type) -> any Optimizer<S> {
      if isAdam {
        return decay == 0
          ? Adam<S>(learningRate: 0.02, clipping: clipping)
          : AdamW<S>(learningRate: 0.02, weightDecay: S(decay), clipping: clipping)
      }
      return SGD<S>(
        learningRate: 0.02, momentum: S(momentum), nesterov: nesterov, weightDecay: S(decay), clipping: clipping)
    }

    static let all = [
      Case("SGD"), Case("momentum", momentum: 0.9), Case("Nesterov", momentum: 0.9, nesterov: true),
      Case("SGD with decay", momentum: 0.5, decay: 0.1), Case("Adam", isAdam: true),
      Case("AdamW", decay: 0.1, isAdam: true), Case("by value", clipping: .value(0.05)),
      Case("by norm", momentum: 0.5, clipping: .norm(0.1)), Case("by global norm", clipping: .globalNorm(0.1)),
      Case("Adam by global norm", decay: 0.01, clipping: .globalNorm(0.1), isAdam: true),
    ]
  }

  /// A line and a weighted sum of features: two variables of different shapes.
  private struct Model<S: FloatingPointScalar> {
    let variables: [Variable<S>] = [Variable([0.5, -0.25, 2]), Variable(0.125)]
    let optimizer: any Optimizer<S>

    func step(_ x: Tensor<S>, _ y: Tensor<S>) -> Tensor<S> {
      let tape = GradientTape()
      let loss = tape.record {
        let error: Tensor<S> = (variables[0] * x).sum(axis: 1) + variables[1] - y
        return square(error).mean()
      }
      optimizer.applyGradients(zip(tape.gradient(of: loss, for: variables), variables))
      return loss
    }
    var values: [S] { variables.flatMap { $0.value.scalars } }
  }

  private func check<S: FloatingPointScalar>(_ row: Case, _ type: S.Type) {
    var generator = RandomGenerator(seed: 11)
    let x = Tensor<S>.random(.normal, shape: [8, 3], using: &generator)
    let y = Tensor<S>.random(.normal, shape: [8], using: &generator)
    let (eager, traced) = (Model(optimizer: row.optimizer(S.self)), Model(optimizer: row.optimizer(S.self)))
    var traces = 0
    let step = compiled { (x: Tensor<S>, y: Tensor<S>) in
      traces += 1
      return traced.step(x, y)
    }
    // Rounding differs where a chain is fused; the loop is contracting, so errors do not pile up beyond some ulps.
    let tolerance = Tolerance.relative(Double(S.ulpOfOne) * 200, absolute: Double(S.ulpOfOne) * 200)
    let start = eager.values
    for count in 1...200 {
      if count == 101 {  // no new trace
        eager.optimizer.learningRate = 0.005
        traced.optimizer.learningRate = 0.005
      }
      let (expected, seen) = (eager.step(x, y), step(x, y))
      if count % 50 == 1 { expectClose(seen, expected, tolerance, "loss at step \(count)") }
      #expect(traced.optimizer.step == count)
    }
    for (index, (seen, expected)) in zip(traced.values, eager.values).enumerated() {
      expectClose(seen, expected, tolerance, "element \(index) after 200 steps")
    }
    #expect(traces == 1 && zip(start, traced.values).allSatisfy { abs($0 - $1) > 0.02 })
  }

  @Test(arguments: Case.all)
  func inFloat(_ row: Case) { check(row, Float.self) }

  @Test(arguments: Case.all)
  func inDouble(_ row: Case) { check(row, Double.self) }

  /// A rate that changes between two steps changes the second step, by exactly its factor.
  @Test func theLearningRateIsReadAtEachRun() {
    let v = Variable<Double>(0)
    let optimizer = SGD<Double>(learningRate: 1)
    let step = compiled {
      let tape = GradientTape()
      let loss = tape.record { v * 4 }
      optimizer.applyGradients([(tape.gradient(of: loss, for: v), v)])
    }
    var expected = 0.0
    for rate in [1, 0.5, 0.25, 0, 2] {
      optimizer.learningRate = rate
      step()
      expected -= 4 * rate
      #expect(v.value.scalar == expected)
    }
  }

  /// Two steps of one optimizer in one run count as two, which Adam's correction of its bias depends on.
  @Test(arguments: Case.all.filter { $0.isAdam || $0.momentum > 0 })
  func severalStepsInARun(_ row: Case) {
    let x = Tensor<Double>([[1, 2, 3], [0, 1, -1]]), y = Tensor<Double>([1, 2])
    let (eager, traced) = (Model(optimizer: row.optimizer(Double.self)), Model(optimizer: row.optimizer(Double.self)))
    let steps = compiled { (x: Tensor<Double>, y: Tensor<Double>) in (0..<3).map { _ in traced.step(x, y) } }
    for run in 1...4 {
      let expected = (0..<3).map { _ in eager.step(x, y) }
      for (seen, expected) in zip(steps(x, y), expected) { expectClose(seen, expected, .relative(1e-13), "run \(run)") }
      #expect(traced.optimizer.step == 3 * run)
    }
    for (seen, expected) in zip(traced.values, eager.values) { expectClose(seen, expected, .relative(1e-13)) }
  }

  /// Eager steps, compiled ones of two signatures, and one optimizer for all: one state.
  @Test func eagerAndCompiledStepsMix() {
    let (eager, mixed) = (Model(optimizer: Adam<Double>()), Model(optimizer: Adam<Double>()))
    let step = compiled { (x: Tensor<Double>, y: Tensor<Double>) in mixed.step(x, y) }
    var generator = RandomGenerator(seed: 12)
    for count in 1...12 {
      let rows = [4, 7, 4][count % 3]
      let x = Tensor<Double>.random(.normal, shape: [rows, 3], using: &generator)
      let y = Tensor<Double>.random(.normal, shape: [rows], using: &generator)
      let expected = eager.step(x, y)
      let seen = count % 4 == 0 ? mixed.step(x, y) : step(x, y)
      expectClose(seen, expected, .relative(1e-13), "step \(count)")
    }
    for (seen, expected) in zip(mixed.values, eager.values) { expectClose(seen, expected, .relative(1e-13)) }
    #expect(mixed.optimizer.step == 12)
  }
}
