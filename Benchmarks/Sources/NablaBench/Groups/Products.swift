import Nabla

extension WorkList {
  mutating func addProducts() {
    add("dot, 1e6", "f32[1000000]; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in dot(x, y) }
    add("dot, Double, 1000", "f64[1000]; f64[1000]") { (x: Tensor<Double>, y: Tensor<Double>) in dot(x, y) }
    add("outer, 1000", "f32[1000]; f32[1000]") { (x: Tensor<Float>, y: Tensor<Float>) in outer(x, y) }
    add("matrix by vector, 2000 x 2000", "f32[2000,2000]; f32[2000]") { (x: Tensor<Float>, y: Tensor<Float>) in
      matmul(x, y)
    }
    add("matrix by vector, Double, 1,000,000 x 10", "f64[1000000,10]; f64[10]") {
      (x: Tensor<Double>, y: Tensor<Double>) in matmul(x, y)
    }
    add("vector by matrix, 1,000,000 x 10", "f32[1000000]; f32[1000000,10]") {
      (x: Tensor<Float>, y: Tensor<Float>) in matmul(x, y)
    }
    add("XᵀX, 1,000,000 x 10", "f32[1000000,10]") { (x: Tensor<Float>) in matmul(x.transposed(), x) }
    add("XᵀX, Double, 100,000 x 64", "f64[100000,64]") { (x: Tensor<Double>) in matmul(x.transposed(), x) }
    add("4 x 4096 by 4096 x 4096", "f32[4,4096]; f32[4096,4096]") { (x: Tensor<Float>, y: Tensor<Float>) in
      matmul(x, y)
    }
    add("tall by small, 100,000 x 10 by 10 x 10", "f32[100000,10]; f32[10,10]") {
      (x: Tensor<Float>, y: Tensor<Float>) in matmul(x, y)
    }
    add("small matmul, Double, 16", "f64[16,16]; f64[16,16]") { (x: Tensor<Double>, y: Tensor<Double>) in matmul(x, y) }
    add("matmul, Double, 512", "f64[512,512]; f64[512,512]") { (x: Tensor<Double>, y: Tensor<Double>) in matmul(x, y) }
    add("matmul, by a transposed one, 512", "f32[512,512]; f32[512,512]") { (x: Tensor<Float>, y: Tensor<Float>) in
      matmul(x, y.transposed())
    }
    addBatches(Float.self, "f32", "")
    addBatches(Double.self, "f64", "Double, ")
    add("batched matrix by vector, 1000 of 32 x 32", "f32[1000,32,32]; f32[1000,32,1]") {
      (x: Tensor<Float>, y: Tensor<Float>) in matmul(x, y)
    }
  }

  private mutating func addBatches<S: FloatingPointScalar>(_ type: S.Type, _ dtype: String, _ label: String) {
    for (count, n) in [(4096, 4), (512, 16), (64, 64)] {
      let shape = "\(dtype)[\(count),\(n),\(n)]"
      add("batched matmul, \(label)\(count) of \(n) x \(n)", "\(shape); \(shape)") { (x: Tensor<S>, y: Tensor<S>) in
        matmul(x, y)
      }
    }
  }
}
