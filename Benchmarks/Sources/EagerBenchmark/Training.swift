import BenchmarkSupport
import Nabla

// Training steps through the tape with plain descent. Each call takes one step and returns the loss before it.
extension Work {
  /// The step of a loss over parameters.
  private static func step(
    _ parameters: [Tensor<Float>], rate: Float, loss: @escaping ([Variable<Float>]) -> Tensor<Float>
  ) -> () -> Tensor<Float> {
    let variables = parameters.map { Variable($0) }
    let optimizer = SGD<Float>(learningRate: rate)
    return {
      let tape = GradientTape()
      let value = tape.record { loss(variables) }
      optimizer.applyGradients(zip(tape.gradient(of: value, for: variables), variables))
      return value
    }
  }

  /// The mean of -Σ target · ln softmax(logits) over rows.
  private static func crossEntropy(_ logits: Tensor<Float>, _ targets: Tensor<Float>) -> Tensor<Float> {
    -(targets * logSoftmax(logits)).sum(axis: 1).mean()
  }

  /// The fit of a line to five points, word for word as in Examples/Tutorial.
  static var tutorial: Work {
    Work("tutorial loop, a step") {
      let X: Tensor<Float> = [0, 0.25, 0.5, 0.75, 1]
      let Y = (Tensor<Float>([12_000, 14_000, 15_000, 16_500, 17_500]) - 12_000) / 5500
      let a = Variable<Float>(0), b = Variable<Float>(0), variables = [a, b]
      let optimizer = SGD<Float>(learningRate: 1e-3)
      return {
        let tape = GradientTape()
        let loss = tape.record { 0.5 * square(a * X + b - Y).sum() }
        let gradients = tape.gradient(of: loss, for: variables)
        optimizer.applyGradients(zip(gradients, variables))
        return loss
      }
    }
  }

  static var regressions: [Work] {
    [leastSquares(100_000, 1000), leastSquares(1_000_000, 64), logisticRegression, softmaxRegression]
  }

  private static func leastSquares(_ rows: Int, _ features: Int) -> Work {
    Work("least squares step, \(Format.grouped(rows)) x \(Format.grouped(features))") {
      var draw = Draw()
      let X = draw.uniform([rows, features])
      let y = draw.uniform([rows, 1])
      return step([Tensor(zeros: [features, 1])], rate: 0.1) { square(matmul(X, $0[0]) - y).mean() }
    }
  }

  private static var logisticRegression: Work {
    Work("logistic regression step, 1,000,000 x 64") {
      var draw = Draw()
      let X = draw.uniform([1_000_000, 64])
      let y = Tensor<Float>(castingFrom: draw.uniform([1_000_000, 1]) .> 0)
      return step([Tensor(zeros: [64, 1]), 0], rate: 0.1) { parameters in
        let z = matmul(X, parameters[0]) + parameters[1]
        return (softplus(z) - y * z).mean()
      }
    }
  }

  private static var softmaxRegression: Work {
    Work("softmax regression step, 1,000,000 x 64 x 10") {
      var draw = Draw()
      let X = draw.uniform([1_000_000, 64])
      let targets = draw.oneHot(1_000_000, classes: 10)
      return step([Tensor(zeros: [64, 10]), Tensor(zeros: [10])], rate: 0.1) {
        crossEntropy(matmul(X, $0[0]) + $0[1], targets)
      }
    }
  }

  static var perceptrons: [Work] {
    [perceptron(hidden: 64, batch: 32), perceptron(hidden: 512, batch: 128)]
  }

  /// Two layers with relu between, for images of 28 × 28 in ten classes.
  private static func perceptron(hidden: Int, batch: Int) -> Work {
    Work("MLP 784-\(hidden)-10 step, batch \(batch), SGD") {
      var draw = Draw()
      let X = draw.uniform([batch, 784], 0, 1)
      let targets = draw.oneHot(batch, classes: 10)
      let first = draw.weights(784, hidden)
      let second = draw.weights(hidden, 10)
      return step([first, Tensor(zeros: [hidden]), second, Tensor(zeros: [10])], rate: 0.01) {
        crossEntropy(matmul(relu(matmul(X, $0[0]) + $0[1]), $0[2]) + $0[3], targets)
      }
    }
  }
}
