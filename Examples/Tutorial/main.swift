import Nabla

let x = Variable<Float>(3)
let tape = GradientTape()
let y = tape.record { square(x) }
print(y, tape.gradient(of: y, for: x)!)

func run() {
let X = Tensor<Float>([0, 0.25, 0.5, 0.75, 1]), Y = Tensor<Float>([0, 4.0 / 11, 6.0 / 11, 9.0 / 11, 1])
let a = Variable<Float>(0), b = Variable<Float>(0), variables = [a, b]
let optimizer = SGD<Float>(learningRate: 1e-3)
let clock = ContinuousClock()
for _ in 0..<3 {
let t = clock.measure {
for _ in 0..<10_000 {
  let tape = GradientTape()
  let loss = tape.record { 0.5 * square(a * X + b - Y).sum() }
  let gradients = tape.gradient(of: loss, for: variables)
  optimizer.applyGradients(zip(gradients, variables))
}
}
print(t / 10000, a.value, b.value)
}
}
run()
let A = Tensor<Float>([[1, 2], [3, 4]])
print(A[0, .all], A + [10, 20], matmul(A, A.transposed()))
var g = RandomGenerator(seed: 7)
print(Tensor<Float>.random(.normal, shape: [3,4], using: &g))
