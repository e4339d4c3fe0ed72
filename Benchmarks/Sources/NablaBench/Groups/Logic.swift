import Nabla

extension WorkList {
  mutating func addLogic() {
    add("greater, 1e6", "f32[1000000]; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in x .> y }
    add("greater than 0, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x .> 0 }
    add("equal, Int32, 1e6", "i32[1000000] 0..<10; i32[1000000] 0..<10") {
      (x: Tensor<Int32>, y: Tensor<Int32>) in x .== y
    }
    add("less, Int64, 1e6", "i64[1000000] 0..<10; i64[1000000] 0..<10") {
      (x: Tensor<Int64>, y: Tensor<Int64>) in x .< y
    }
    add("and, 1e6", "bool[1000000]; bool[1000000]") { (x: Tensor<Bool>, y: Tensor<Bool>) in x .&& y }
    add("at most, or not equal, 100,000 x 10", "f32[100000,10]; f32[10]") { (x: Tensor<Float>, y: Tensor<Float>) in
      (x .<= y) .|| (x .!= 0.5)
    }
    add("isFinite of inner columns, 1000 x 500", "f32[1000,1000]") { (x: Tensor<Float>) in
      x[.all, 250..<750].isFinite
    }
    add("any of axis 0, 100,000 x 10", "bool[100000,10]") { (x: Tensor<Bool>) in x.any(axis: 0) }
    add("not, 1e6", "bool[1000000]") { (x: Tensor<Bool>) in !x }
    add("isNaN, 1e6", "f32[1000000]") { (x: Tensor<Float>) in x.isNaN }
    add("any, 1e6", "i64[1000000] 0..<10") { (x: Tensor<Int64>) in (x .== 11).any() }
    add("all of rows, 100,000 x 10", "f32[100000,10]") { (x: Tensor<Float>) in (x .> -0.9).all(axis: 1) }
    add("count of true, 1e6", "f32[1000000]") { (x: Tensor<Float>) in Tensor<Int64>(castingFrom: x .> 0).sum() }
    add("select, 1e6", "bool[1000000]; f32[1000000]; f32[1000000]") {
      (mask: Tensor<Bool>, x: Tensor<Float>, y: Tensor<Float>) in select(mask, x, y)
    }
    add("select, Double, 1e6", "bool[1000000]; f64[1000000]; f64[1000000]") {
      (mask: Tensor<Bool>, x: Tensor<Double>, y: Tensor<Double>) in select(mask, x, y)
    }
    add("select of two numbers, 1e6", "bool[1000000]") { (mask: Tensor<Bool>) in select(mask, Float(1), Float(-1)) }
    add("select or 0, 1e6", "f32[1000000]") { (x: Tensor<Float>) in select(x .> 0, x, 0) }
    add("select by columns, 100,000 x 10", "bool[10]; f32[100000,10]; f32[100000,10]") {
      (mask: Tensor<Bool>, x: Tensor<Float>, y: Tensor<Float>) in select(mask, x, y)
    }
    add("cast Float to Double, 1e6", "f32[1000000]") { (x: Tensor<Float>) in Tensor<Double>(castingFrom: x) }
    add("cast Double to Float, 1e6", "f64[1000000]") { (x: Tensor<Double>) in Tensor<Float>(castingFrom: x) }
    add("cast Int32 to Float, 1e6", "i32[1000000] 0..<1000") { (x: Tensor<Int32>) in Tensor<Float>(castingFrom: x) }
    add("cast Float to Int32, 1e6", "f32[1000000]") { (x: Tensor<Float>) in Tensor<Int32>(castingFrom: x) }
    add("cast Bool to Float, 1e6", "bool[1000000]") { (x: Tensor<Bool>) in Tensor<Float>(castingFrom: x) }
    // Equal, or the answer would be there after the first element.
    let ones = "f32[1000000] 1..1; f32[1000000] 1..1"
    add("same elements, 1e6", ones, [.eager]) { (x: Tensor<Float>, y: Tensor<Float>) in Tensor(x == y) }
    add("allClose, 1e6", ones, [.eager]) { (x: Tensor<Float>, y: Tensor<Float>) in Tensor(x.allClose(y)) }
  }
}
