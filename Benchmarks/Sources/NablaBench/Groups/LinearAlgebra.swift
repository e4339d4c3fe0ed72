import Nabla

// Factorizations are eager: what takes the time is the same in a plan.
extension WorkList {
  mutating func addLinalg() {
    addErrorProne("cholesky, Double, 500", "f64[500,500] spd") { (x: Tensor<Double>) in try Linalg.cholesky(x) }
    addErrorProne("cholesky, Float, 100", "f32[100,100] spd") { (x: Tensor<Float>) in try Linalg.cholesky(x) }
    addErrorProne("batched cholesky, Double, 1000 of 8 x 8", "f64[1000,8,8] spd") { (x: Tensor<Double>) in
      try Linalg.cholesky(x)
    }
    addErrorProne("inverse, Double, 300", "f64[300,300] spd") { (x: Tensor<Double>) in try Linalg.inverse(x) }
    addErrorProne("qr, Double, 500 x 100", "f64[500,100]") { (x: Tensor<Double>) in abs(try Linalg.qr(x).r) }
    addErrorProne("solve, Double, 500", "f64[500,500] spd; f64[500]") { try Linalg.solve($0, $1) }
    addErrorProne("solve, Double, 500 with 100 columns", "f64[500,500] spd; f64[500,100]") { try Linalg.solve($0, $1) }
    addErrorProne("batched solve, Double, 1000 of 8 x 8", "f64[1000,8,8] spd; f64[1000,8,1]") {
      try Linalg.solve($0, $1)
    }
    addErrorProne("triangular solve, Double, 500 with 100 columns", "f64[500,500] spd; f64[500,100]") {
      try Linalg.triangularSolve($0, $1, lower: true)
    }
    addErrorProne("least squares, Double, 2000 x 1000", "f64[2000,1000]; f64[2000]") { try Linalg.leastSquares($0, $1) }
    addErrorProne("least squares, Double, 100,000 x 10", "f64[100000,10]; f64[100000]") {
      try Linalg.leastSquares($0, $1)
    }
    add("lower triangle, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in Linalg.lowerTriangle(x) }
  }

  /// The inputs are such that nothing fails.
  private mutating func addErrorProne<S: FloatingPointScalar>(
    _ name: String, _ inputs: String, _ body: @escaping (Tensor<S>) throws -> Tensor<S>
  ) {
    add(name, inputs, [.eager]) { (x: Tensor<S>) in try! body(x) }
  }
  private mutating func addErrorProne(
    _ name: String, _ inputs: String, _ body: @escaping (Tensor<Double>, Tensor<Double>) throws -> Tensor<Double>
  ) {
    add(name, inputs, [.eager]) { (x: Tensor<Double>, y: Tensor<Double>) in try! body(x, y) }
  }
}
