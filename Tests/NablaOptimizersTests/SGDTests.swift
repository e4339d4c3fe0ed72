import Foundation
import Nabla
import TestSupport
import Testing

/// Against Keras 3's formulas; see Resources/make_reference.py.
@Suite struct SGDTests {
  struct File: Decodable {
    var rate: Double
    var shapes: [[Int]]
    var start: [[Double]]
    var gradients: [[[Double]?]]
    var cases: [Case]
  }
  struct Case: Decodable {
    var dtype, clipping: String
    var momentum, weightDecay, bound: Double
    var nesterov: Bool
    var path: [[[Double]]]
    var rule: GradientClipping? {
      switch clipping {
      case "value": .value(bound)
      case "norm": .norm(bound)
      case "globalNorm": .globalNorm(bound)
      default: nil
      }
    }
  }

  private func follow<S: FloatingPointScalar>(_ type: S.Type, _ file: File, _ reference: Case) {
    func tensor(_ index: Int, _ scalars: [Double]) -> Tensor<S> {
      Tensor(shape: Shape(file.shapes[index]), scalars: scalars.map { S($0) })
    }
    let variables = file.start.indices.map { Variable(tensor($0, file.start[$0])) }
    let optimizer = SGD<S>(
      learningRate: S(file.rate), momentum: S(reference.momentum), nesterov: reference.nesterov,
      weightDecay: S(reference.weightDecay), clipping: reference.rule)
    for (step, gradients) in file.gradients.enumerated() {
      let some = gradients.enumerated().map { index, scalars in scalars.map { tensor(index, $0) } }
      optimizer.applyGradients(zip(some, variables))
      #expect(optimizer.step == step + 1)
      for (index, variable) in variables.enumerated() {
        // Each step rounds a few numbers of size up to 4 a few times.
        expectClose(
          variable.value, shape: Shape(file.shapes[index]), reference.path[step][index].map { S($0) },
          .absolute(Double(S.ulpOfOne) * 8 * Double(step + 1)),
          "\(reference.dtype), momentum \(reference.momentum), nesterov \(reference.nesterov), decay "
            + "\(reference.weightDecay), clipping \(reference.clipping), step \(step), variable \(index)")
      }
    }
  }

  @Test func agreesWithKeras() throws {
    let file = try Reference.load("sgd", from: .module, as: File.self)
    #expect(file.cases.count == 48)
    for reference in file.cases {
      if reference.dtype == "float32" {
        follow(Float.self, file, reference)
      } else {
        follow(Double.self, file, reference)
      }
    }
  }

  @Test func oneStep() {
    let w = Variable<Float>([1, 2])
    let optimizer = SGD<Float>(learningRate: 0.5)
    #expect(optimizer.step == 0 && optimizer.learningRate == 0.5)
    optimizer.applyGradients([[1, -1]], to: [w])
    #expect(w.value.scalars == [0.5, 2.5] && optimizer.step == 1)
    optimizer.learningRate = 1
    optimizer.applyGradients([[1, -1]], to: [w])
    #expect(w.value.scalars == [-0.5, 3.5] && optimizer.step == 2)
    #expect(SGD<Double>().learningRate == 0.01)
  }

  @Test func gradientsOfNothing() {
    let a = Variable<Float>(1), b = Variable<Float>(2)
    let optimizer = SGD<Float>(learningRate: 1)
    optimizer.applyGradients(zip([nil, Tensor<Float>(1)], [a, b]))
    #expect(a.value.scalar == 1 && b.value.scalar == 1 && optimizer.step == 1)
    expectMistake("applyGradients", "no variable has a gradient") {
      optimizer.applyGradients(zip([nil, nil] as [Tensor<Float>?], [a, b]))
    }
    expectMistake("applyGradients", "no variable has a gradient") {
      optimizer.applyGradients([])
    }
    #expect(optimizer.step == 1)
  }

  @Test func mistakesChangeNothing() {
    let a = Variable<Float>([1, 2], name: "a"), b = Variable<Float>(3, name: "b")
    let optimizer = SGD<Float>(learningRate: 1, momentum: 0.5)
    expectMistake("applyGradients", "b", "[]", "[2]") {
      optimizer.applyGradients([[1, 1], [1, 1]], to: [a, b])  // a's gradient would fit
    }
    expectMistake("applyGradients", "1 gradients for 2 variables") { optimizer.applyGradients([[1, 1]], to: [a, b]) }
    expectMistake("applyGradients", "a", "float32", "float64") {
      optimizer.applyGradients([GradientPair(Tensor<Double>([1, 1]).erased, a.erased)])
    }
    expectMistake("SGD", "momentum 1.0") { _ = SGD<Float>(momentum: 1) }
    expectMistake("SGD", "momentum -0.5") { _ = SGD<Float>(momentum: -0.5) }
    expectMistake("SGD", "momentum nan") { _ = SGD<Float>(momentum: .nan) }
    #expect(a.value.scalars == [1, 2] && b.value.scalar == 3 && optimizer.step == 0)
  }

  @Test func notANumberIsNotHidden() {
    let w = Variable<Float>([1, 2])
    SGD<Float>(learningRate: 0).applyGradients([Tensor([.nan, 1])], to: [w])
    #expect(w.value.scalars[0].isNaN && w.value.scalars[1] == 2)
    let v = Variable<Float>([1, 2])
    SGD<Float>(learningRate: 1, clipping: .globalNorm(1)).applyGradients([Tensor([.nan, 1])], to: [v])
    #expect(v.value.isNaN.all().scalar)  // the common norm is NaN
    let t = Variable<Float>([1, 2])
    SGD<Float>(learningRate: 1, clipping: .norm(1)).applyGradients([Tensor([.nan, 1])], to: [t])
    #expect(t.value.isNaN.all().scalar)
    let u = Variable<Float>([1, 2])
    SGD<Float>(learningRate: 1, clipping: .value(0.5)).applyGradients([Tensor([.nan, 9])], to: [u])
    #expect(u.value.scalars[0].isNaN && u.value.scalars[1] == 1.5)
  }

  /// A velocity belongs to its variable, not to the memory where the variable was.
  @Test func velocitiesDoNotOutliveTheirVariables() {
    let optimizer = SGD<Float>(learningRate: 1, momentum: 0.5)
    for round in 0..<200 {
      let count = round % 7 + 1
      let w = Variable(Tensor<Float>(zeros: [count]))
      optimizer.applyGradients([Tensor(ones: [count])], to: [w])
      #expect(w.value.scalars == [Float](repeating: -1, count: count), "round \(round)")
    }
  }

  @Test func updatesRunInPlace() {
    let w = Variable(Tensor<Float>(shape: [4096], scalars: [Float](repeating: 1, count: 4096)))
    let g = Tensor<Float>(shape: [4096], scalars: [Float](repeating: 1, count: 4096))
    for optimizer in [
      SGD<Float>(learningRate: 0.1), SGD(learningRate: 0.1, momentum: 0.9),
      SGD(learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1),
    ] {
      optimizer.applyGradients([g], to: [w])
      let before = w.erased.current.storage.base
      optimizer.applyGradients([g], to: [w])
      #expect(w.erased.current.storage.base == before)
    }
  }

  @Test func anyOptimizer() {
    let w = Variable<Double>(1)
    let optimizer: any Optimizer<Double> = SGD<Double>(learningRate: 0.25)
    optimizer.applyGradients([GradientPair(Tensor<Double>(2).erased, w.erased)])
    #expect(w.value.scalar == 0.5 && optimizer.step == 1)
  }
}
