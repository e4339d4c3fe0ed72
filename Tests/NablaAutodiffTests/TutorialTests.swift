import Foundation
import Nabla
import TestSupport
import Testing

/// The programs of the tutorial, with the results of the same loops in NumPy; see Resources/make_reference.py.
@Suite struct TutorialTests {
  @Test func theDerivativeOfASquare() throws {
    let x = Variable<Float>(3)
    let tape = GradientTape()
    let y = tape.record { square(x) }
    #expect(y.scalar == 9)
    let gradient = try #require(tape.gradient(of: y, for: x))
    #expect(gradient.scalar == 6 && gradient.shape == [])
    #expect("\(y) \(gradient)" == "9.0 6.0")
  }

  @Test func matrices() {
    let A = Tensor<Float>([[1, 2], [3, 4]])
    let B = Tensor<Float>([[5, 6], [7, 8]])
    #expect("\(A + B)" == "[[ 6.  8.]\n [10. 12.]]")
    #expect("\(matmul(A, B))" == "[[19. 22.]\n [43. 50.]]")
    #expect(A.sum().scalar == 10 && A.sum(axis: 0).scalars == [4, 6] && A.sum(axis: 1).scalars == [3, 7])
  }

  // MARK: The line

  struct Fit: Decodable {
    var dtype: String
    var momentum: Double
    var steps: Int
    var line: [Double]
  }

  private func prices<S: FloatingPointScalar>(_ type: S.Type) -> (X: Tensor<S>, Y: Tensor<S>) {
    func scaled(_ values: [S]) -> Tensor<S> {
      let t = Tensor(values)
      return (t - t.min()) / (t.max() - t.min())
    }
    return (scaled([2013, 2014, 2015, 2016, 2017]), scaled([12_000, 14_000, 15_000, 16_500, 17_500]))
  }

  private func byHand<S: FloatingPointScalar>(_ type: S.Type, steps: Int) -> [Double] {
    let (X, Y) = prices(S.self)
    let rate: S = 1e-3
    var a = Tensor<S>(0), b = Tensor<S>(0)
    for _ in 0..<steps {
      let error = a * X + b - Y
      a = a - rate * (error * X).sum()
      b = b - rate * error.sum()
    }
    return [Double(a.scalar), Double(b.scalar)]
  }

  private func byTape<S: FloatingPointScalar>(_ optimizer: SGD<S>, steps: Int) -> [Double] {
    let (X, Y) = prices(S.self)
    let a = Variable<S>(0), b = Variable<S>(0), variables = [a, b]
    for _ in 0..<steps {
      let tape = GradientTape()
      let loss = tape.record { 0.5 * square(a * X + b - Y).sum() }
      let gradients = tape.gradient(of: loss, for: variables)
      optimizer.applyGradients(zip(gradients, variables))
    }
    return [Double(a.value.scalar), Double(b.value.scalar)]
  }

  private func compare(_ seen: [Double], _ expected: [Double], _ bound: Double, _ what: String) {
    for (name, (seen, expected)) in zip(["a", "b"], zip(seen, expected)) {
      expectClose(seen, expected, .absolute(bound), "\(name), \(what)")
    }
  }

  @Test func theScaledData() {
    expectClose(prices(Double.self).X, [0, 0.25, 0.5, 0.75, 1], .exact)
    expectClose(prices(Double.self).Y, [0, 4.0 / 11, 6.0 / 11, 9.0 / 11, 1], .ulps(1))
  }

  @Test func agreesWithNumPy() throws {
    for fit in try Reference.load("line", from: .module, as: [Fit].self) {
      let what = "\(fit.dtype), momentum \(fit.momentum), \(fit.steps) steps"
      if fit.dtype == "float32" {
        let optimizer = SGD<Float>(learningRate: 1e-3, momentum: Float(fit.momentum))
        compare(byTape(optimizer, steps: fit.steps), fit.line, 1e-4, what)
        if fit.momentum == 0 { compare(byHand(Float.self, steps: fit.steps), fit.line, 1e-4, "\(what), by hand") }
      } else {
        let optimizer = SGD<Double>(learningRate: 1e-3, momentum: fit.momentum)
        compare(byTape(optimizer, steps: fit.steps), fit.line, 1e-12, what)
        #expect(optimizer.step == fit.steps)
        if fit.momentum == 0 { compare(byHand(Double.self, steps: fit.steps), fit.line, 1e-12, "\(what), by hand") }
      }
    }
  }

  /// The slowest direction shrinks by 1 - 0.001 · 0.6 a step without momentum: with 0.9 as by 1 - 0.006.
  @Test func convergesToTheExactAnswer() {
    let exact = [54.0 / 55, 3.0 / 55]
    compare(byTape(SGD<Double>(learningRate: 1e-3, momentum: 0.9), steps: 10_000), exact, 1e-12, "Double")
    compare(byTape(SGD<Float>(learningRate: 1e-3, momentum: 0.9), steps: 10_000), exact, 2e-5, "Float")
    compare(byTape(SGD<Double>(learningRate: 0.1), steps: 1000), exact, 1e-12, "Double, longer steps")
    compare(
      byTape(SGD<Double>(learningRate: 1e-3, momentum: 0.9, nesterov: true), steps: 10_000), exact, 1e-12, "Nesterov")
  }
}
