import Nabla

/// The fit of y = a x + b by least squares, three ways.
enum LineFit<S: FloatingPointScalar> {
  struct Line: CustomStringConvertible {
    var a: S
    var b: S
    var description: String { "a = \(a), b = \(b)" }
  }

  /// The prices of 2013 to 2017, both axes scaled to 0 ... 1 by minimum and maximum.
  static var prices: (X: Tensor<S>, Y: Tensor<S>) {
    func scaled(_ values: Tensor<S>) -> Tensor<S> { (values - values.min()) / (values.max() - values.min()) }
    return (
      scaled(Tensor([2013, 2014, 2015, 2016, 2017])),
      scaled(Tensor([12_000, 14_000, 15_000, 16_500, 17_500]))
    )
  }

  /// Plain descent with the gradient written out: Σ (a x + b - y) x and Σ (a x + b - y).
  static func byHand(_ data: (X: Tensor<S>, Y: Tensor<S>), steps: Int, learningRate: S = 1e-3) -> Line {
    var a = Tensor<S>(0)
    var b = Tensor<S>(0)
    for _ in 0..<steps {
      let error = a * data.X + b - data.Y
      a = a - learningRate * (error * data.X).sum()
      b = b - learningRate * error.sum()
    }
    return Line(a: a.scalar, b: b.scalar)
  }

  /// The same loss on a tape.
  static func byTape(_ data: (X: Tensor<S>, Y: Tensor<S>), steps: Int, optimizer: SGD<S>) -> Line {
    let (X, Y) = data
    let a = Variable<S>(0), b = Variable<S>(0), variables = [a, b]
    for _ in 0..<steps {
      let tape = GradientTape()
      let loss = tape.record { 0.5 * square(a * X + b - Y).sum() }
      let gradients = tape.gradient(of: loss, for: variables)
      optimizer.applyGradients(zip(gradients, variables))
    }
    return Line(a: a.value.scalar, b: b.value.scalar)
  }
}
