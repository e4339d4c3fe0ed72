import Nabla

extension WorkList {
  mutating func addShape() {
    add("range, 1e6", [.eager]) { Tensor<Float>(rangeFrom: 0, to: 1_000_000, stride: 1) }
    add("range, Int32, 1e6", [.eager]) { Tensor<Int32>(rangeFrom: 0, to: 1_000_000, stride: 1) }
    add("linear space, Double, 1e6", [.eager]) { Tensor<Double>(linearSpaceFrom: 0, to: 1, count: 1_000_000) }
    add("identity, 1000", [.eager]) { Tensor<Float>(identity: 1000) }
    add("concatenate, 2 of 1e6", "f32[1000000]; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in
      concatenate([x, y])
    }
    add("concatenate columns, 3 of 1,000,000 x 1", "f32[1000000,1]; f32[1000000,1]; f32[1000000,1]") {
      (x: Tensor<Float>, y: Tensor<Float>, z: Tensor<Float>) in concatenate([x, y, z], axis: 1)
    }
    add("concatenate on axis 1, Double, 2 of 1000 x 500", "f64[1000,500]; f64[1000,500]") {
      (x: Tensor<Double>, y: Tensor<Double>) in concatenate([x, y], axis: 1)
    }
    add("stack on axis 0, 3 of 1e6", "f32[1000000]; f32[1000000]; f32[1000000]") {
      (x: Tensor<Float>, y: Tensor<Float>, z: Tensor<Float>) in stack([x, y, z])
    }
    add("stack on axis 1, 3 of 1e6", "f32[1000000]; f32[1000000]; f32[1000000]") {
      (x: Tensor<Float>, y: Tensor<Float>, z: Tensor<Float>) in stack([x, y, z], axis: 1)
    }
    add("split on axis 1 and add, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in
      let parts = split(x, count: 4, axis: 1)
      return parts[0] + parts[1] + parts[2] + parts[3]
    }
    add("padded by 1, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in
      x.padded([(before: 1, after: 1), (before: 1, after: 1)])
    }
    add("tiled 10 x 10, 100 x 100", "f32[100,100]") { (x: Tensor<Float>) in x.tiled([10, 10]) }
    add("tiled rows + 1, Double, 100,000 of 10", "f64[1,10]") { (x: Tensor<Double>) in x.tiled([100_000, 1]) + 1 }
    add("transposed and flattened, 1000 x 1000", "f32[1000,1000]") { (x: Tensor<Float>) in x.transposed().flattened() }
    add("transposed and flattened, 1,000,000 x 4", "f32[1000000,4]") { (x: Tensor<Float>) in
      x.transposed().flattened()
    }
  }
}
