import Nabla

extension WorkList {
  mutating func addOrder() {
    add("sort, 1e6", "f32[1000000]") { (x: Tensor<Float>) in sort(x) }
    add("sort, Double, 1e6", "f64[1000000]") { (x: Tensor<Double>) in sort(x) }
    add("sort, Int32, 1e6", "i32[1000000] 0..<1000000000") { (x: Tensor<Int32>) in sort(x) }
    add("sort, 1000", "f32[1000]") { (x: Tensor<Float>) in sort(x) }
    add("sort of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in sort(x, axis: 1) }
    add("sort of axis 0, 10,000 x 10", "f32[10000,10]") { (x: Tensor<Float>) in sort(x, axis: 0) + 0 }
    add("argsort, Double, 1e6", "f64[1000000]") { (x: Tensor<Double>) in argsort(x) }
    add("argsort of axis 1, Double, 10,000 x 100", "f64[10000,100]") { (x: Tensor<Double>) in argsort(x, axis: 1) }
    add("topK, 10 of 1e6", "f32[1000000]") { (x: Tensor<Float>) in topK(x, 10).values }
    add("topK, 5 of axis 1, 10,000 x 100", "f32[10000,100]") { (x: Tensor<Float>) in topK(x, 5, axis: 1).values }
  }
}
