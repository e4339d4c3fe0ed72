import Nabla

extension WorkList {
  mutating func addStrides() {
    add("permuted (2, 0, 1) + 1, 100 x 200 x 300", "f32[100,200,300]") {
      (x: Tensor<Float>) in x.transposed(permutation: [2, 0, 1]) + 1
    }
    add("permuted (0, 2, 1) + 1, 100 x 200 x 50", "f32[100,200,50]") {
      (x: Tensor<Float>) in x.transposed(permutation: [0, 2, 1]) + 1
    }
    add("x + transposed x, Double, 1000 x 1000", "f64[1000,1000]") { (x: Tensor<Double>) in x + x.transposed() }
    add("columns scaled, 1,000,000 x 4", "f32[1000000,4]; f32[4]") { (x: Tensor<Float>, y: Tensor<Float>) in x * y }
    add("rows scaled, 100,000 x 10", "f32[100000,10]; f32[100000,1]") { (x: Tensor<Float>, y: Tensor<Float>) in x * y }
    add("one column + 1, 1,000,000 x 4", "f32[1000000,4]") { (x: Tensor<Float>) in x[.all, 2] + 1 }
    add("two columns added, 1,000,000 x 4", "f32[1000000,4]") { (x: Tensor<Float>) in x[.all, 0] + x[.all, 3] }
    add("every second + 1, 2e6", "f32[2000000]") { (x: Tensor<Float>) in x[.range(step: 2)] + 1 }
    add("every second, Double, of both axes + 1, 1000 x 1000", "f64[1000,1000]") {
      (x: Tensor<Double>) in x[.range(step: 2), .range(step: 2)] + 1
    }
    add("differences of neighbours, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x[1...] - x[..<(-1)] }
    add("inner part + 1, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in x[1..<999, 1..<999] + 1 }
    add("reversed + 1, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x.reversed(axis: 0) + 1 }
    add("reversed rows + 1, Double, 100,000 x 10", "f64[100000,10]") { (x: Tensor<Double>) in x.reversed(axis: 1) + 1 }
    add("standardized columns, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in
      (x - x.mean(axis: 0)) / x.standardDeviation(axis: 0)
    }
    add("pairwise differences, (1000, 1, 8) - (1, 1000, 8)", "f32[1000,1,8]; f32[1,1000,8]") {
      (x: Tensor<Float>, y: Tensor<Float>) in x - y
    }
    add("pairwise squared distances, 1000 x 1000 x 8", "f32[1000,1,8]; f32[1,1000,8]") {
      (x: Tensor<Float>, y: Tensor<Float>) in square(x - y).sum(axis: 2)
    }
    add("exp of a middle slice, Double, 100 x 200 x 50", "f64[100,200,50]") { (x: Tensor<Double>) in
      exp(x[.all, 50..<150])
    }
    add("column + row, 1000 x 1000", "f32[1000,1]; f32[1000]") { (x: Tensor<Float>, y: Tensor<Float>) in x + y }
  }
}
