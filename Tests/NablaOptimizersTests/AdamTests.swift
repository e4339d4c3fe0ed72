import Foundation
import Nabla
import TestSupport
import Testing

/// Adam and AdamW against the formulas of Keras 3 in NumPy; see Resources/make_adam_reference.py.
@Suite struct AdamTests {
  struct File: Decodable, Sendable {
    var start: [ReferenceTensor]
    var gradients: [[ReferenceTensor]]
    var cases: [Case]
  }
  struct Case: Decodable, Sendable {
    var name: String
    var options: [String: Double]
    /// The variables after some steps.
    var after: [String: [ReferenceTensor]]
  }

  let file: File
  init() throws { file = try Reference.load("adam", from: .module, as: File.self) }

  private func optimizer<S: FloatingPointScalar>(_ options: [String: Double], _ type: S.Type) -> Adam<S> {
    let keys: [(String, (Double) -> GradientClipping)] = [
      ("clipvalue", { .value($0) }), ("clipnorm", { .norm($0) }), ("global_clipnorm", { .globalNorm($0) }),
    ]
    let clipping = keys.compactMap { key, make in options[key].map(make) }.first
    let rate = S(options["learning_rate"] ?? 0.001)
    if let decay = options["weight_decay"] {
      return AdamW<S>(learningRate: rate, weightDecay: S(decay), clipping: clipping)
    }
    return Adam<S>(
      learningRate: rate, beta1: S(options["beta_1"] ?? 0.9), beta2: S(options["beta_2"] ?? 0.999),
      epsilon: S(options["epsilon"] ?? 1e-7), clipping: clipping)
  }

  /// The gradients of the file, one step after the other; `apply` takes a step.
  private func check<S: FloatingPointScalar>(
    _ row: Case, _ tolerance: Tolerance, _ what: String,
    apply: (Adam<S>, [Variable<S>]) -> ([Tensor<S>]) -> Void
  ) {
    func cast(_ x: ReferenceTensor) -> Tensor<S> { Tensor(castingFrom: x.tensor) }
    let variables = file.start.map { Variable(cast($0)) }
    let optimizer = optimizer(row.options, S.self)
    let apply = apply(optimizer, variables)
    for (index, gradients) in file.gradients.enumerated() {
      apply(gradients.map(cast))
      #expect(optimizer.step == index + 1)
      guard let expected = row.after["\(index + 1)"] else { continue }
      for (place, (variable, expected)) in zip(variables, expected).enumerated() {
        expectClose(
          variable.value, shape: Shape(expected.shape), expected.scalars.map { S($0) }, tolerance,
          "\(row.name), \(what), step \(index + 1), variable \(place)")
      }
    }
    #expect(row.after.count == 4)
  }

  @Test func eager() {
    for row in file.cases {
      check(row, .relative(1e-13, absolute: 1e-15), "Double") { (optimizer: Adam<Double>, variables) in
        { optimizer.applyGradients($0, to: variables) }
      }
      // Without memory, v + (g² - v) keeps the rounding of a v that may be 10¹² times larger than g².
      if row.name == "no memory" { continue }
      // 1 - β₂ of Float's 0.999 is off by 1e-5 of itself, and so are the first steps.
      check(row, .absolute(2e-5), "Float") { (optimizer: Adam<Float>, variables) in
        { optimizer.applyGradients($0, to: variables) }
      }
    }
  }

  @Test func compiledSteps() {
    for row in file.cases {
      check(row, .relative(1e-13, absolute: 1e-15), "compiled") { (optimizer: Adam<Double>, variables) in
        let step = compiled { (gradients: [Tensor<Double>]) in optimizer.applyGradients(gradients, to: variables) }
        return { step($0) }
      }
    }
  }

  /// The first step has the length of the learning rate, whatever the size of the gradient.
  @Test func theFirstStep() {
    for size in [1e-3, 1, 1e6] {
      let v = Variable<Double>([1, 1])
      Adam<Double>(learningRate: 0.25).applyGradients([Tensor([size, -size])], to: [v])
      expectClose(v.value, [0.75, 1.25], .relative(4e-3 * 1e-3 / size + 1e-12), "size \(size)")
    }
  }

  @Test func defaults() {
    let adam = Adam<Double>(), adamW = AdamW<Double>()
    for optimizer in [adam, adamW] {
      #expect(optimizer.learningRate == 0.001 && optimizer.beta1 == 0.9 && optimizer.beta2 == 0.999)
      #expect(optimizer.epsilon == 1e-7 && optimizer.clipping == nil && optimizer.step == 0)
    }
    #expect(adam.weightDecay == 0 && adamW.weightDecay == 0.004)
    // Decay alone: w ← w - η λ w where the gradient is zero.
    let v = Variable<Double>([2, -4])
    AdamW<Double>(learningRate: 0.5, weightDecay: 0.1).applyGradients([Tensor(zeros: [2])], to: [v])
    expectClose(v.value, [1.9, -3.8], .ulps(1))
  }

  @Test func missingGradientsAndMistakes() {
    let a = Variable<Float>([1, 2], name: "a"), b = Variable<Float>(3, name: "b")
    let optimizer = Adam<Float>(learningRate: 0.5)
    optimizer.applyGradients(zip([nil, Tensor(2)], [a, b]))
    #expect(a.value.scalars == [1, 2] && abs(b.value.scalar - 2.5) < 1e-5 && optimizer.step == 1)
    expectMistake("applyGradients", "no variable has a gradient") {
      optimizer.applyGradients(zip([nil, nil], [a, b]))
    }
    expectMistake("applyGradients", "a", "[2]", "[3]") {
      optimizer.applyGradients([[1, 2, 3], Tensor(1)], to: [a, b])
    }
    expectMistake("applyGradients", "1 gradients for 2 variables") { optimizer.applyGradients([[1, 2]], to: [a, b]) }
    expectMistake("Adam", "1.0") { _ = Adam<Float>(beta1: 1) }
    expectMistake("Adam", "-0.5") { _ = AdamW<Float>(beta2: -0.5) }
    #expect(a.value.scalars == [1, 2] && optimizer.step == 1)
  }

  /// An optimizer that outlives its variables does not take the means of one for those of another at the same address.
  @Test func variablesThatComeAndGo() {
    let optimizer = Adam<Double>(learningRate: 1)
    for round in 0..<50 {
      let shape: Shape = round % 2 == 0 ? [2] : [3]
      let v = Variable(Tensor<Double>(zeros: shape))
      // With fresh means the direction is that of the gradient, each time.
      optimizer.applyGradients([Tensor(repeating: round % 4 < 2 ? 1 : -1, shape: shape)], to: [v])
      #expect(v.value.scalars.allSatisfy { round % 4 < 2 ? $0 < 0 : $0 > 0 }, "round \(round): \(v.value)")
    }
  }

  /// A value that was read before a step keeps its elements: updates run in place only where nobody looks.
  @Test func valuesReadBeforeAStepStay() {
    let v = Variable<Double>([1, 2])
    let optimizer = AdamW<Double>(learningRate: 0.1)
    let before = v.value
    optimizer.applyGradients([[1, -1]], to: [v])
    let between = v.value, scalars = between.scalars
    optimizer.applyGradients([[1, -1]], to: [v])
    #expect(before.scalars == [1, 2] && between.scalars == scalars && v.value.scalars != scalars)
  }
}
