import Nabla

extension WorkList {
  mutating func addReductions() {
    addSums()
    addExtremes()
    addStatistics()
    addRunning()
  }

  private mutating func addSums() {
    add("sum, Int32, 1e7", "i32[10000000] 0..<100") { (x: Tensor<Int32>) in x.sum() }
    add("sum, Double, 1e6", "f64[1000000]") { (x: Tensor<Double>) in x.sum() }
    add("sum of axis 0, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.sum(axis: 0) }
    add("sum of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.sum(axis: 1) }
    add("sum of axis 1, 1,000,000 x 4", "f32[1000000,4]") { (x: Tensor<Float>) in x.sum(axis: 1) }
    add("sum of the middle axis, 100 x 200 x 50", "f32[100,200,50]") { (x: Tensor<Float>) in x.sum(axis: 1) }
    add("sum of axes 0 and 2, 100 x 200 x 50", "f32[100,200,50]") { (x: Tensor<Float>) in x.sum(axis: [0, 2]) }
    add("sum of axes 0 and 2, Double, 100 x 200 x 50", "f64[100,200,50]") { (x: Tensor<Double>) in x.sum(axis: [0, 2]) }
    add("sum of a transposed matrix, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in x.transposed().sum() }
    add("sum of a column, 1,000,000 x 4", "f32[1000000,4]") { (x: Tensor<Float>) in x[.all, 1].sum() }
    add("sum of a broadcast, 1000 x 1000 x 8", "f32[1000,8]") { (x: Tensor<Float>) in
      x.broadcast(to: [1000, 1000, 8]).sum(axis: [0, 1])
    }
    add("product of rows, 100,000 x 10", "f32[100000,10] 0.5..1.5") { (x: Tensor<Float>) in x.product(axis: 1) }
  }

  private mutating func addExtremes() {
    add("argmax, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x.argmax() }
    add("argmin, Double, 1e6", "f64[1000000]") { (x: Tensor<Double>) in x.argmin() }
    add("argmax of axis 0, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.argmax(axis: 0) }
    add("argmax of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.argmax(axis: 1) }
    add("argmin of axis 1, Int32, 100,000 x 10", "i32[100000,10] 0..<1000000") { (x: Tensor<Int32>) in
      x.argmin(axis: 1)
    }
    add("max of axis 0, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.max(axis: 0) }
    add("max of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.max(axis: 1) }
    add("min, Int32, 1e6", "i32[1000000] 5..<1000000") { (x: Tensor<Int32>) in x.min() }
    add("max, 1e7", "f32[10000000]") { (x: Tensor<Float>) in x.max() }
  }

  private mutating func addStatistics() {
    add("mean of axis 1, Double, 100,000 x 10", "f64[100000,10]") { (x: Tensor<Double>) in x.mean(axis: 1) }
    add("variance, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x.variance() }
    add("variance of axis 0, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.variance(axis: 0) }
    add("variance of axis 1, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in x.variance(axis: 1) }
    add("standard deviation of axis 1, Double, 1000 x 1000", "f64[1000,1000]") { (x: Tensor<Double>) in
      x.standardDeviation(axis: 1)
    }
    add("layer normalization, 10,000 x 64", "f32[10000,64]; f32[64]; f32[64]") {
      (x: Tensor<Float>, scale: Tensor<Float>, shift: Tensor<Float>) in
      let (mean, variance) = x.moments(axis: 1, keepingDimensions: true)
      return (x - mean) * rsqrt(variance + 1e-5) * scale + shift
    }
    add("logSumExp of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.logSumExp(axis: 1) }
    add("logSumExp of axis 0, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in x.logSumExp(axis: 0) }
    add("softmax of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in softmax(x, axis: 1) }
    add("softmax of axis 0, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in softmax(x, axis: 0) }
    add("softmax of axis 1, Double, 1000 x 1000", "f64[1000,1000]") { (x: Tensor<Double>) in softmax(x, axis: 1) }
    add("logSoftmax of axis 1, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in logSoftmax(x, axis: 1) }
    add("Euclidean norm, 1e6", "f32[1000000]") { (x: Tensor<Float>) in sqrt(square(x).sum()) }
  }

  private mutating func addRunning() {
    add("cumulative sum, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x.cumulativeSum() }
    add("cumulative sum, Int64, 1e6", "i64[1000000] 0..<100") { (x: Tensor<Int64>) in x.cumulativeSum() }
    add("cumulative sum of axis 0, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in x.cumulativeSum(axis: 0) }
    add("cumulative sum of axis 1, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in x.cumulativeSum(axis: 1) }
  }
}
