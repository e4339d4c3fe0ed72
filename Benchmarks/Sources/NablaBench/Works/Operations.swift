import Nabla
import NablaMeasurement

// Single operations: element-wise ones on three lengths, those on matrices, and products.
extension Work {
  /// Data from -1 to 2: exp and tanh see both signs, and the sum does not cancel.
  private static func operation(
    _ name: String, _ goal: Goal, _ shape: Shape, _ body: @escaping (Tensor<Float>) -> Tensor<Float>
  ) -> Work {
    Work(name, goal: goal) {
      var draw = Draw()
      let x = draw.uniform(shape, -1, 2)
      return { body(x) }
    }
  }

  private static func operation(
    _ name: String, _ goal: Goal, _ first: Shape, _ second: Shape,
    _ body: @escaping (Tensor<Float>, Tensor<Float>) -> Tensor<Float>
  ) -> Work {
    Work(name, goal: goal) {
      var draw = Draw()
      let x = draw.uniform(first, -1, 2)
      let y = draw.uniform(second, -1, 2)
      return { body(x, y) }
    }
  }

  static var elementwise: [Work] {
    elementwise(16, "16", .share(0.8, of: .numPy))
      + elementwise(100_000, "1e5", .share(1, of: .pyTorch))
      + elementwise(10_000_000, "1e7", .share(1, of: .tensorFlow), sum: .share(1, of: .pyTorch))
  }

  private static func elementwise(_ count: Int, _ label: String, _ goal: Goal, sum: Goal? = nil) -> [Work] {
    [
      operation("add, \(label)", goal, [count], [count]) { $0 + $1 },
      operation("exp, \(label)", goal, [count]) { exp($0) },
      operation("tanh, \(label)", goal, [count]) { tanh($0) },
      operation("sum, \(label)", sum ?? goal, [count]) { $0.sum() },
    ]
  }

  /// A chain that ends in a sum, and its gradient: what fusing is for.
  static var chains: [Work] {
    let chain = { (x: Tensor<Float>, y: Tensor<Float>) in (tanh(x * y + 1) * 0.5 + x * x).sum() }
    let slope = { (x: Tensor<Float>, y: Tensor<Float>) in gradient(at: x) { chain($0, y) } }
    return [
      ("sum(tanh(x*y + 1)*0.5 + x*x), 1e7", 0.8, chain), ("its gradient in x, 1e7", 0.5, slope),
    ].map { name, share, body in
      Work(name, mode: .compiled, goal: .share(share, of: .jaxJit)) {
        var draw = Draw()
        let x = draw.uniform([10_000_000], -1, 2)
        let y = draw.uniform([10_000_000], -1, 2)
        let plan = compiled(body)
        return { plan(x, y) }
      }
    }
  }

  static var matrices: [Work] {
    let square: Shape = [2000, 2000]
    let goal = Goal.share(1, of: .pyTorch)
    return [
      operation("row sums, 2000 x 2000", goal, square) { $0.sum(axis: 1) },
      operation("column sums, 2000 x 2000", goal, square) { $0.sum(axis: 0) },
      operation("broadcast add, 2000 x 2000", goal, square, [2000]) { $0 + $1 },
      // A transposed tensor is a window; this makes the copy that others make of it.
      operation("transposing copy, 2000 x 2000", goal, square) { Tensor($0.transposed().erased.dense) },
      operation("softmax, 1000 x 1000", goal, [1000, 1000]) { softmax($0, axis: 1) },
    ]
  }

  static var products: [Work] {
    [64, 256, 1024, 2048].map { n in operation("matmul, \(n)", .rate(0.97), [n, n], [n, n]) { matmul($0, $1) } }
  }
}
