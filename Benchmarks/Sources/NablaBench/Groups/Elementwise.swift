import Nabla

extension WorkList {
  mutating func addElementwise() {
    for count in [16, 1000] {
      add("add, Double, \(count)", "f64[\(count)]; f64[\(count)]") { (x: Tensor<Double>, y: Tensor<Double>) in x + y }
      add("exp, Double, \(count)", "f64[\(count)]") { (x: Tensor<Double>) in exp(x) }
      add("tanh, Double, \(count)", "f64[\(count)]") { (x: Tensor<Double>) in tanh(x) }
      add("sum, Double, \(count)", "f64[\(count)]") { (x: Tensor<Double>) in x.sum() }
    }
    addFunctions(Float.self, "f32", "")
    addFunctions(Double.self, "f64", "Double, ")
    add("pow, exponent 3, 1e6", "f32[1000000]") { (x: Tensor<Float>) in pow(x, 3) }
    add("pow, 1e6", "f32[1000000] 0.5..2; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in pow(x, y) }
    add("divide, 1e6", "f32[1000000]; f32[1000000] 1..2") { (x: Tensor<Float>, y: Tensor<Float>) in x / y }
    add("maximum, 1e6", "f32[1000000]; f32[1000000]") { (x: Tensor<Float>, y: Tensor<Float>) in maximum(x, y) }
    add("clip, 1e6", "f32[1000000]") { (x: Tensor<Float>) in clip(x, 0, 1) }
    add("relu, 1e6", "f32[1000000]") { (x: Tensor<Float>) in relu(x) }
    add("leakyRelu, 1e6", "f32[1000000]") { (x: Tensor<Float>) in leakyRelu(x, slope: 0.2) }
    add("elu, 1e6", "f32[1000000]") { (x: Tensor<Float>) in elu(x) }
    add("softplus, 1e6", "f32[1000000]") { (x: Tensor<Float>) in softplus(x) }
    add("rsqrt, 1e6", "f32[1000000] 0.5..2") { (x: Tensor<Float>) in rsqrt(x) }
    add("abs, 1e6", "f32[1000000]") { (x: Tensor<Float>) in abs(x) }
    add("log1p, 1e6", "f32[1000000] 0..2") { (x: Tensor<Float>) in log1p(x) }
    add("expm1, 1e6", "f32[1000000]") { (x: Tensor<Float>) in expm1(x) }
    add("tan, 1e6", "f32[1000000] -1..1") { (x: Tensor<Float>) in tan(x) }
    add("add, Int32, 1e6", "i32[1000000] 0..<1000; i32[1000000] 0..<1000") {
      (x: Tensor<Int32>, y: Tensor<Int32>) in x + y
    }
    add("multiply, Int64, 1e6", "i64[1000000] 0..<1000; i64[1000000] 0..<1000") {
      (x: Tensor<Int64>, y: Tensor<Int64>) in x * y
    }
    addFunctionsOfColumns()
    add("minimum by columns, Double, 100,000 x 10", "f64[100000,10]; f64[10]") {
      (x: Tensor<Double>, y: Tensor<Double>) in minimum(x, y)
    }
    add("multiply, Double, 1e7", "f64[10000000]; f64[10000000]") { (x: Tensor<Double>, y: Tensor<Double>) in x * y }
  }

  /// The functions that are left, on the inner columns of a matrix.
  private mutating func addFunctionsOfColumns() {
    func add(_ name: String, _ range: String, _ f: @escaping (Tensor<Float>) -> Tensor<Float>) {
      self.add("\(name) of inner columns, 1000 x 500", "f32[1000,1000] \(range)") { (x: Tensor<Float>) in
        f(x[.all, 250..<750])
      }
    }
    add("cos", "-1..2") { cos($0) }
    add("asin", "-0.9..0.9") { asin($0) }
    add("acos", "-0.9..0.9") { acos($0) }
    add("atan", "-1..2") { atan($0) }
    add("sinh", "-1..2") { sinh($0) }
    add("cosh", "-1..2") { cosh($0) }
    add("asinh", "-1..2") { asinh($0) }
    add("acosh", "1.1..3") { acosh($0) }
    add("atanh", "-0.9..0.9") { atanh($0) }
    add("sign", "-1..2") { sign($0) }
    add("ceil", "-1..2") { ceil($0) }
    add("round", "-1..2") { round($0) }
    add("reciprocal", "0.5..2") { reciprocal($0) }
  }

  /// Functions of one operand on 1e6 elements.
  private mutating func addFunctions<S: FloatingPointScalar>(_ type: S.Type, _ dtype: String, _ label: String) {
    let positive = "\(dtype)[1000000] 0.5..2"
    let any = "\(dtype)[1000000]"
    add("log, \(label)1e6", positive) { (x: Tensor<S>) in log(x) }
    add("sqrt, \(label)1e6", positive) { (x: Tensor<S>) in sqrt(x) }
    add("sin, \(label)1e6", any) { (x: Tensor<S>) in sin(x) }
    add("exp, \(label)1e6", any) { (x: Tensor<S>) in exp(x) }
    add("tanh, \(label)1e6", any) { (x: Tensor<S>) in tanh(x) }
    add("sigmoid, \(label)1e6", any) { (x: Tensor<S>) in sigmoid(x) }
    add("erf, \(label)1e6", any) { (x: Tensor<S>) in erf(x) }
    add("floor, \(label)1e6", any) { (x: Tensor<S>) in floor(x) }
    add("gelu, \(label)1e6", any) { (x: Tensor<S>) in gelu(x) }
    add("silu, \(label)1e6", any) { (x: Tensor<S>) in silu(x) }
    add("atan2, \(label)1e6", "\(any); \(positive)") { (x: Tensor<S>, y: Tensor<S>) in atan2(x, y) }
  }
}
