import Nabla

extension WorkList {
  mutating func addChains() {
    add("chain of 10, 1e6", "f32[1000000]; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in links(x, y, 5) }
    add("chain of 20, 1e6", "f32[1000000]; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in links(x, y, 10) }
    add("chain of 10, Double, 1e6", "f64[1000000]; f64[1000000]") { (x: Tensor<Double>, y: Tensor<Double>) in
      links(x, y, 5)
    }
    add("chain of 10, Double, 1000", "f64[1000]; f64[1000]") { (x: Tensor<Double>, y: Tensor<Double>) in
      links(x, y, 5)
    }
    add("chain of 10 by columns, 100,000 x 10", "f32[100000,10]; f32[10]") { (x: Tensor<Float>, y: Tensor<Float>) in
      links(x, y, 5)
    }
    add("chain of 10 and sum of axis 1, 100,000 x 10", "f32[100000,10]; f32[10]") {
      (x: Tensor<Float>, y: Tensor<Float>) in links(x, y, 5).sum(axis: 1)
    }
    add("polynomial of degree 10, Double, 1e6", "f64[1000000] -1..1") { (x: Tensor<Double>) in
      var y = x * 0.1 + 0.5
      for k in 2...10 { y = y * x + 1 / Double(k) }
      return y
    }
    add("logarithm of a normal density, Double, 1e6", "f64[1000000]; f64[1000000]; f64[1000000] 0.5..2") {
      (x: Tensor<Double>, mean: Tensor<Double>, deviation: Tensor<Double>) in
      -0.5 * square((x - mean) / deviation) - log(deviation) - 0.918_938_533_204_672_7
    }
    add("chain with a choice, 1e6", "f32[1000000]; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in
      let z = select(x .> y, exp(x - y), sin(x) * y)
      return clip(z * z + 0.5, 0, 2)
    }
    add("Black and Scholes, Double, 1e6", "f64[1000000] 50..150; f64[1000000] 50..150; f64[1000000] 0.1..2") {
      (price: Tensor<Double>, strike: Tensor<Double>, time: Tensor<Double>) in
      let deviation = 0.2 * sqrt(time)
      let d = (log(price / strike) + time * 0.04) / deviation
      let root = 0.5.squareRoot()
      func normal(_ x: Tensor<Double>) -> Tensor<Double> { 0.5 * (1 + erf(x * root)) }
      return price * normal(d) - strike * exp(-0.02 * time) * normal(d - deviation)
    }
  }
}

/// A chain of two element-wise operations for each link.
private func links<S: FloatingPointScalar>(_ x: Tensor<S>, _ y: Tensor<S>, _ count: Int) -> Tensor<S> {
  var z = x
  for _ in 0..<count { z = z * y + x }
  return z
}
