import Nabla
import NablaPlan
import Testing

@Suite struct PlanCacheTests {
  private func sums() -> CompiledFunction<Tensor<Float>, Tensor<Float>> { compiled { square($0).sum() } }

  private func count(_ function: CompiledFunction<Tensor<Float>, Tensor<Float>>) -> Int {
    let line = function.plan.split(separator: "\n").first { $0.hasPrefix("plans: ") }
    return line.flatMap { Int($0.dropFirst(7).prefix { $0.isNumber }) } ?? 1
  }

  @Test func theLeastRecentlyUsedGo() {
    let function = sums()
    function.planLimit = PlanLimit(count: 3)
    for size in [1, 2, 3] { #expect(function(Tensor(ones: [size])).scalar == Float(size)) }
    #expect(count(function) == 3)
    _ = function(Tensor(ones: [1]))  // 2 is now the oldest
    _ = function(Tensor(ones: [4]))
    #expect(count(function) == 3)
    for size in [3, 1, 4, 2, 3, 1] { #expect(function(Tensor(ones: [size])).scalar == Float(size)) }
    #expect(count(function) == 3)
  }

  @Test func aThousandSizes() {
    let function = sums()
    for round in 0..<2 {
      for size in 1...1000 {
        #expect(function(Tensor(repeating: 2, shape: [size])).scalar == Float(4 * size), "round \(round)")
      }
    }
    #expect(count(function) == 64)
  }

  @Test func bytesCount() {
    let function = compiled { (x: Tensor<Float>) in exp(x).transposed().sum(axis: 0) + 1 }
    function.planLimit = PlanLimit(byteCount: 1)
    for size in [10, 20, 30] {
      #expect(function(Tensor(zeros: [size, size])).scalars == [Float](repeating: Float(size) + 1, count: size))
    }
    #expect(!function.plan.contains("plans:"), "only the one that ran last stays")
  }
}
