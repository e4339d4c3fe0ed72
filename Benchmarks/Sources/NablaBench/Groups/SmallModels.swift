import Nabla
import NablaMeasurement

extension WorkList {
  mutating func addTraining() {
    for (rows, features) in [(100, 3), (10_000, 10), (100_000, 10)] {
      addProblem("least squares step, Double, \(Format.grouped(rows)) x \(features)") {
        var draw = Draw()
        return Work.Problem<Double>(
          parameters: [Tensor(zeros: [features, 1])],
          data: [draw.doubles([rows, features], -1, 1), draw.doubles([rows, 1], -1, 1)],
          optimizer: SGD<Double>(learningRate: 0.1)
        ) { square(matmul($1[0], $0[0]) - $1[1]).mean() }
      }
    }
    addProblem("logistic regression step, Double, 10,000 x 10") {
      var draw = Draw()
      let X = draw.doubles([10_000, 10], -1, 1)
      let y = Tensor<Double>(castingFrom: draw.doubles([10_000, 1], -1, 1) .> 0)
      return Work.Problem<Double>(
        parameters: [Tensor(zeros: [10, 1]), Tensor(0)], data: [X, y], optimizer: SGD<Double>(learningRate: 0.1)
      ) { parameters, data in
        let z = matmul(data[0], parameters[0]) + parameters[1]
        return (softplus(z) - data[1] * z).mean()
      }
    }
    addProblem("softmax regression step, Double, 10,000 x 20 x 5") {
      var draw = Draw()
      let X = draw.doubles([10_000, 20], -1, 1)
      let targets = Tensor<Double>(castingFrom: draw.oneHot(10_000, classes: 5))
      return Work.Problem<Double>(
        parameters: [Tensor(zeros: [20, 5]), Tensor(zeros: [5])], data: [X, targets],
        optimizer: SGD<Double>(learningRate: 0.1)
      ) { Work.crossEntropy(matmul($1[0], $0[0]) + $0[1], $1[1]) }
    }
    addPerceptron(inputs: 8, hidden: 16, batch: 16)
    addPerceptron(inputs: 20, hidden: 32, batch: 256)
    addPerceptron(inputs: 20, hidden: 32, batch: 256, ", Adam") { Adam<Double>(learningRate: 0.001) }
    addPerceptron(inputs: 100, hidden: 100, batch: 1000)
  }

  private mutating func addProblem(_ name: String, _ problem: @escaping () -> Work.Problem<Double>) {
    add(Work.training(name, .share(1, of: Contender.peers), problem))
  }

  /// Two layers with tanh between, one output, the mean square of the error.
  private mutating func addPerceptron(
    inputs: Int, hidden: Int, batch: Int, _ label: String = "",
    optimizer: @escaping () -> any Optimizer<Double> = { SGD<Double>(learningRate: 0.05) }
  ) {
    addProblem("MLP \(inputs)-\(hidden)-1 step, Double, batch \(Format.grouped(batch))\(label)") {
      var draw = Draw()
      let data = [draw.doubles([batch, inputs], -1, 1), draw.doubles([batch, 1], -1, 1)]
      let first = draw.doubles([inputs, hidden], -0.3, 0.3)
      let second = draw.doubles([hidden, 1], -0.3, 0.3)
      return Work.Problem<Double>(
        parameters: [first, Tensor(zeros: [hidden]), second, Tensor(zeros: [1])], data: data,
        optimizer: optimizer()
      ) { w, data in square(matmul(tanh(matmul(data[0], w[0]) + w[1]), w[2]) + w[3] - data[1]).mean() }
    }
  }
}
