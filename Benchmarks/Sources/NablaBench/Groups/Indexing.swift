import Nabla

extension WorkList {
  mutating func addIndexing() {
    add("gather rows, 100,000 of 10,000 x 64", "f32[10000,64]; i64[100000] 0..<10000") {
      (x: Tensor<Float>, i: Tensor<Int64>) in gather(x, indices: i)
    }
    add("gather rows, Double, 100,000 of 100,000 x 4", "f64[100000,4]; i64[100000] 0..<100000") {
      (x: Tensor<Double>, i: Tensor<Int64>) in gather(x, indices: i)
    }
    add("gather, 1e6 of 1e6", "f32[1000000]; i64[1000000] 0..<1000000") { (x: Tensor<Float>, i: Tensor<Int64>) in
      gather(x, indices: i)
    }
    add("gather columns, 64 of 10,000 x 100", "f32[10000,100]; i64[64] 0..<100") {
      (x: Tensor<Float>, i: Tensor<Int64>) in gather(x, indices: i, axis: 1)
    }
    add("histogram by scatterAdd, 1e6 into 1000", "i64[1000000] 0..<1000") { (i: Tensor<Int64>) in
      scatterAdd(Tensor<Float>(zeros: [1000]), indices: i, values: Tensor<Float>(ones: [1000000]))
    }
    add("scatterAdd, 1e6 into 1000", "f32[1000000]; i64[1000000] 0..<1000") { (x: Tensor<Float>, i: Tensor<Int64>) in
      scatterAdd(Tensor<Float>(zeros: [1000]), indices: i, values: x)
    }
    add("scatterAdd rows, 100,000 x 64 into 1000", "f32[100000,64]; i64[100000] 0..<1000") {
      (x: Tensor<Float>, i: Tensor<Int64>) in scatterAdd(Tensor<Float>(zeros: [1000, 64]), indices: i, values: x)
    }
    add("embedding gradient, 100,000 of 10,000 x 64", "f32[10000,64]; i64[100000] 0..<10000; f32[100000,64]") {
      (x: Tensor<Float>, i: Tensor<Int64>, y: Tensor<Float>) in
      gradient(at: x) { (gather($0, indices: i) * y).sum() }
    }
    add("one-hot rows, 100,000 x 10", "i64[100000,1] 0..<10") { (i: Tensor<Int64>) in
      Tensor<Float>(castingFrom: i .== Tensor<Int64>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
    }
    add("element read, 1000 x 1000", "f32[1000,1000]", [.eager]) { (x: Tensor<Float>) in x[500, 500] }
    add("row read, 1000 x 1000", "f32[1000,1000]", [.eager]) { (x: Tensor<Float>) in x[500] }
    addChanging("element write, 1000 x 1000", "f32[1000,1000]; f32[]") { (x: inout Tensor<Float>, y: Tensor<Float>) in
      x[500, 500] = y
    }
    addChanging("slice assignment, 1000 rows of 10,000 x 100", "f32[10000,100]; f32[1000,100]") {
      (x: inout Tensor<Float>, y: Tensor<Float>) in x[2000..<3000] = y
    }
    addChanging("strided assignment, every second of 1e6", "f32[1000000]; f32[500000]") {
      (x: inout Tensor<Float>, y: Tensor<Float>) in x[.range(step: 2)] = y
    }
    addChanging("column assignment, 1,000,000 x 4", "f32[1000000,4]; f32[1000000]") {
      (x: inout Tensor<Float>, y: Tensor<Float>) in x[.all, 1] = y
    }
  }
}
