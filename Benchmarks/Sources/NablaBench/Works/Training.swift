import Nabla
import NablaMeasurement

// Training steps through the tape, with plain descent or Adam. Each call takes one step and returns the loss before it.
extension Work {
  /// A training problem: parameters, data, and the loss over both.
  struct Problem<Scalar: FloatingPointScalar> {
    var parameters: [Tensor<Scalar>]
    var data: [Tensor<Scalar>]
    var optimizer: any Optimizer<Scalar>
    var loss: (_ parameters: [Variable<Scalar>], _ data: [Tensor<Scalar>]) -> Tensor<Scalar>
  }

  /// The step of a problem, eager and compiled. The goal is that of the compiled one.
  static func training<S>(_ name: String, _ goal: Goal, _ problem: @escaping () -> Problem<S>) -> [Work] {
    [Results.Mode.eager, .compiled].map { mode in
      Work(name, mode: mode, goal: mode == .compiled ? goal : nil) {
        let problem = problem()
        let variables = problem.parameters.map { Variable($0) }
        let step = { (data: [Tensor<S>]) -> Tensor<S> in
          let tape = GradientTape()
          let value = tape.record { problem.loss(variables, data) }
          problem.optimizer.applyGradients(zip(tape.gradient(of: value, for: variables), variables))
          return value
        }
        if mode == .eager { return { step(problem.data) } }
        let plan = compiled(step)
        return { plan(problem.data) }
      }
    }
  }

  /// The mean of -Σ target · ln softmax(logits) over rows.
  static func crossEntropy<S>(_ logits: Tensor<S>, _ targets: Tensor<S>) -> Tensor<S> where S: FloatingPointScalar {
    -(targets * logSoftmax(logits)).sum(axis: 1).mean()
  }

  /// The fit of a line to five points, word for word as in Examples/Tutorial.
  static var tutorial: [Work] {
    [Results.Mode.eager, .compiled].map { mode in
      Work("tutorial loop, a step", mode: mode, goal: .time(mode == .eager ? 3 : 0.4)) {
        let X: Tensor<Float> = [0, 0.25, 0.5, 0.75, 1]
        let Y = (Tensor<Float>([12_000, 14_000, 15_000, 16_500, 17_500]) - 12_000) / 5500
        let a = Variable<Float>(0), b = Variable<Float>(0), variables = [a, b]
        let optimizer = SGD<Float>(learningRate: 1e-3)
        let step = { (X: Tensor<Float>, Y: Tensor<Float>) -> Tensor<Float> in
          let tape = GradientTape()
          let loss = tape.record { 0.5 * square(a * X + b - Y).sum() }
          let gradients = tape.gradient(of: loss, for: variables)
          optimizer.applyGradients(zip(gradients, variables))
          return loss
        }
        if mode == .eager { return { step(X, Y) } }
        let plan = compiled(step)
        return { plan(X, Y) }
      }
    }
  }

  static var regressions: [Work] {
    leastSquares(100_000, 1000, .share(0.62, of: [.pyTorch, .tfFunction]))
      + leastSquares(1_000_000, 64, .share(0.62, of: .tfFunction)) + logisticRegression + softmaxRegression
  }

  private static func leastSquares(_ rows: Int, _ features: Int, _ goal: Goal) -> [Work] {
    training("least squares step, \(Format.grouped(rows)) x \(Format.grouped(features))", goal) {
      var draw = Draw()
      let X = draw.uniform([rows, features])
      let y = draw.uniform([rows, 1])
      return Problem(
        parameters: [Tensor(zeros: [features, 1])], data: [X, y], optimizer: SGD<Float>(learningRate: 0.1)
      ) { square(matmul($1[0], $0[0]) - $1[1]).mean() }
    }
  }

  private static var logisticRegression: [Work] {
    training("logistic regression step, 1,000,000 x 64", .share(0.75, of: Contender.peers)) {
      var draw = Draw()
      let X = draw.uniform([1_000_000, 64])
      let y = Tensor<Float>(castingFrom: draw.uniform([1_000_000, 1]) .> 0)
      return Problem(
        parameters: [Tensor(zeros: [64, 1]), Tensor(0)], data: [X, y], optimizer: SGD<Float>(learningRate: 0.1)
      ) { parameters, data in
        let z = matmul(data[0], parameters[0]) + parameters[1]
        return (softplus(z) - data[1] * z).mean()
      }
    }
  }

  private static var softmaxRegression: [Work] {
    training("softmax regression step, 1,000,000 x 64 x 10", .share(0.75, of: Contender.peers)) {
      var draw = Draw()
      let X = draw.uniform([1_000_000, 64])
      let targets = draw.oneHot(1_000_000, classes: 10)
      return Problem(
        parameters: [Tensor(zeros: [64, 10]), Tensor(zeros: [10])], data: [X, targets],
        optimizer: SGD<Float>(learningRate: 0.1)
      ) { crossEntropy(matmul($1[0], $0[0]) + $0[1], $1[1]) }
    }
  }

  static var perceptrons: [Work] {
    perceptron(hidden: 64, batch: 32, .share(0.35, of: [.jaxJit, .pyTorch]))
      + perceptron(hidden: 512, batch: 128, .share(0.8, of: [.jaxJit, .pyTorch]))
  }

  /// Two layers with relu between, for images of 28 × 28 in ten classes.
  private static func perceptron(hidden: Int, batch: Int, _ goal: Goal) -> [Work] {
    training("MLP 784-\(hidden)-10 step, batch \(batch), Adam", goal) {
      var draw = Draw()
      let X = draw.uniform([batch, 784], 0, 1)
      let targets = draw.oneHot(batch, classes: 10)
      let first = draw.weights(784, hidden)
      let second = draw.weights(hidden, 10)
      return Problem(
        parameters: [first, Tensor(zeros: [hidden]), second, Tensor(zeros: [10])], data: [X, targets],
        optimizer: Adam<Float>(learningRate: 0.001)
      ) { w, data in crossEntropy(matmul(relu(matmul(data[0], w[0]) + w[1]), w[2]) + w[3], data[1]) }
    }
  }
}
