import NablaMeasurement
import Nabla

/// GFLOP/s of the four ways to multiply two square matrices of one size.
struct ProductRow {
  let size: Int
  let plain: Double?
  let cacheOrder: Double?
  let nabla: Double
  let direct: Double
}

/// Measures products of one element type.
struct ProductBenchmark<S: DirectScalar> {
  let sampler: Sampler
  /// The largest size of the two loops that are written out.
  let largestLoop: Int

  /// Measures one size. Nabla allocates its result, as a user's program does; the direct call writes into memory that is
  /// there already. The two take turns, so that their ratio is not one of two moments.
  func row(size n: Int) throws -> ProductRow {
    var generator = RandomGenerator(seed: 1)
    let a = Tensor<S>.random(.uniform(-1, 1), shape: [n, n], using: &generator)
    let b = Tensor<S>.random(.uniform(-1, 1), shape: [n, n], using: &generator)
    let output = UnsafeMutablePointer<S>.allocate(capacity: n * n)
    output.initialize(repeating: 0, count: n * n)
    defer { output.deallocate() }
    return try a.withUnsafeScalars { left in
      try b.withUnsafeScalars { right in
        let (x, y) = (left.baseAddress!, right.baseAddress!)
        let products = sampler.measure(alternating: [
          { consume(matmul(a, b)) }, { S.directProduct(x, y, output, n) },
        ])
        // The plain loop comes last: its result stays in the output, for the check.
        let loops = [cacheOrderProduct, plainProduct].map { product -> Double? in
          n > largestLoop ? nil : rate(n, sampler.measure { product(x, y, output, n) })
        }
        if n <= largestLoop { try check(matmul(a, b), against: output) }
        return ProductRow(
          size: n, plain: loops[1], cacheOrder: loops[0], nabla: rate(n, products[0]), direct: rate(n, products[1]))
      }
    }
  }

  private func rate(_ n: Int, _ measurement: Measurement) -> Double {
    2 * Double(n) * Double(n) * Double(n) / measurement.median * 1e-9
  }

  /// Compares a product with that of the plain loop.
  ///
  /// A sum of n products of numbers in -1 ... 1, in whatever order, is off by at most γ = n u / (1 - n u) times the sum
  /// of their absolute values (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1), u half an ULP of
  /// 1. That sum is at most n, and both sides may be off, so they differ by at most 2 n γ.
  private func check(_ product: Tensor<S>, against expected: UnsafePointer<S>) throws {
    let n = Double(product.shape[0])
    let u = (Double(S.ulpOfOne) / 2) * n
    let tolerance = 2 * n * u / (1 - u)
    try product.withUnsafeScalars { seen in
      for (index, value) in seen.enumerated() where !(abs(Double(value) - Double(expected[index])) <= tolerance) {
        throw WrongProduct(
          description: "matmul of size \(Int(n)) at element \(index): expected \(expected[index]) as the plain loop, "
            + "seen \(value), tolerance \(tolerance)")
      }
    }
  }
}

/// A product that differs from the plain loop's by more than rounding.
struct WrongProduct: Error, CustomStringConvertible {
  let description: String
}
