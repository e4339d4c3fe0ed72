import Nabla

extension WorkList {
  mutating func addGradients() {
    addElementwiseGradients()
    addOtherGradients()
    addJacobians()
  }

  /// The gradient of the sum of squares of a function: the seed of the function's own rule is then not all ones.
  private mutating func addSlope<S: FloatingPointScalar>(
    _ name: String, _ inputs: String, _ f: @escaping (Tensor<S>) -> Tensor<S>
  ) {
    add("gradient of \(name)", inputs) { (x: Tensor<S>) in gradient(at: x) { square(f($0)).sum() } }
  }

  private mutating func addElementwiseGradients() {
    add("gradient of a square, Double, 16", "f64[16]") { (x: Tensor<Double>) in gradient(at: x) { square($0).sum() } }
    add("gradient of tanh, Double, 1000", "f64[1000]") { (x: Tensor<Double>) in gradient(at: x) { tanh($0).sum() } }
    addSlope("clip, 1e6", "f32[1000000]") { (x: Tensor<Float>) in clip(x, 0, 1) }
    addSlope("relu, 1e6", "f32[1000000]") { (x: Tensor<Float>) in relu(x) }
    addSlope("a mask, 1e6", "f32[1000000]") { (x: Tensor<Float>) in select(x .> 0, x, x * 0.1) }
    addSlope("abs, 1e6", "f32[1000000]") { (x: Tensor<Float>) in abs(x) }
    addSlope("pow, exponent 3, 1e6", "f32[1000000]") { (x: Tensor<Float>) in pow(x, 3) }
    addSlope("gelu, 1e6", "f32[1000000]") { (x: Tensor<Float>) in gelu(x) }
    addSlope("silu, Double, 1e6", "f64[1000000]") { (x: Tensor<Double>) in silu(x) }
    addSlope("erf, Double, 1e6", "f64[1000000]") { (x: Tensor<Double>) in erf(x) }
  }

  private mutating func addOtherGradients() {
    addSlope("a product, 1000", "f32[1000] 0.9..1.1") { (x: Tensor<Float>) in x.product() }
    addSlope("products of rows, 100,000 x 10", "f32[100000,10] 0.5..1.5") { (x: Tensor<Float>) in x.product(axis: 1) }
    addSlope("slices, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x[1...] * x[..<(-1)] }
    addSlope("a strided slice, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x[.range(step: 2)] }
    addSlope("a column, 1,000,000 x 4", "f32[1000000,4]") { (x: Tensor<Float>) in x[.all, 1] }
    addSlope("max of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.max(axis: 1) }
    addSlope("variance of axis 1, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in x.variance(axis: 1) }
    addSlope("logSumExp of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.logSumExp(axis: 1) }
    addSlope("softmax of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in softmax(x, axis: 1) }
    addSlope("cumulative sum of axis 1, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in
      x.cumulativeSum(axis: 1)
    }
    addSlope("sort of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in
      sort(x, axis: 1) * Tensor<Float>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    }
    addSlope("a concatenation, 1e6", "f32[1000000]") { (x: Tensor<Float>) in concatenate([x, x * 2]) }
    add("gradient of standardized columns, 100,000 x 10", "f32[100000,10]; f32[100000,10]") {
      (x: Tensor<Float>, y: Tensor<Float>) in
      gradient(at: x) { (($0 - $0.mean(axis: 0)) / $0.standardDeviation(axis: 0) * y).sum() }
    }
    add("gradient of a scaling of columns, 100,000 x 10", "f32[10]; f32[100000,10]") {
      (y: Tensor<Float>, x: Tensor<Float>) in gradient(at: y) { square(x * $0).sum() }
    }
    add("gradient of matmul, 256", "f32[256,256]; f32[256,256]") { (x: Tensor<Float>, y: Tensor<Float>) in
      gradient(at: x) { square(matmul($0, y)).sum() }
    }
    add("gradient of batched matmul, Double, 512 of 16 x 16", "f64[512,16,16]; f64[512,16,16]") {
      (x: Tensor<Double>, y: Tensor<Double>) in gradient(at: x) { square(matmul($0, y)).sum() }
    }
    add("gradient of layer normalization, 10,000 x 64", "f32[10000,64]; f32[10000,64]") {
      (x: Tensor<Float>, y: Tensor<Float>) in
      gradient(at: x) { x in
        let (mean, variance) = x.moments(axis: 1, keepingDimensions: true)
        return ((x - mean) * rsqrt(variance + 1e-5) * y).sum()
      }
    }
  }

  private mutating func addJacobians() {
    add("Jacobian of a layer, 100 to 100", "f32[100]; f32[100,100] -0.1..0.1") { (x: Tensor<Float>, w: Tensor<Float>) in
      jacobian(at: x) { tanh(matmul(w, $0)) }
    }
    add("Jacobians of a batch, Double, 100 of 10 to 10", "f64[100,10]; f64[10,10]") {
      (x: Tensor<Double>, w: Tensor<Double>) in
      let tape = GradientTape(persistent: true)
      tape.watch(x)
      let y = tape.record { tanh(matmul(x, w)) }
      return tape.batchJacobian(of: y, for: x, unconnected: .zeros)
    }
    add("Jacobian by vector of a layer, 1000 x 100", "f32[1000,100]; f32[1000,100]; f32[100,100] -0.1..0.1") {
      (x: Tensor<Float>, v: Tensor<Float>, w: Tensor<Float>) in jvp(at: x, v) { tanh(matmul($0, w)) }.tangent
    }
    add("Hessian of Rosenbrock's function, Double, 50", "f64[50]") { (x: Tensor<Double>) in
      hessian(at: x, of: rosenbrock)
    }
    add("Hessian by vector of Rosenbrock's function, Double, 1000", "f64[1000]; f64[1000]") {
      (x: Tensor<Double>, v: Tensor<Double>) in hessianVectorProduct(at: x, v, of: rosenbrock)
    }
    add("gradient of Rosenbrock's function, Double, 50", "f64[50]") { (x: Tensor<Double>) in
      gradient(at: x, of: rosenbrock)
    }
    add("second derivative of sin(x²), 1e6", "f32[1000000]") { (x: Tensor<Float>) in
      gradient(at: x) { gradient(at: $0) { sin($0 * $0).sum() }.sum() }
    }
  }
}

/// Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960.
private func rosenbrock(_ x: Tensor<Double>) -> Tensor<Double> {
  let (head, tail) = (x[..<(-1)], x[1...])
  return (100 * square(tail - square(head)) + square(1 - head)).sum()
}
