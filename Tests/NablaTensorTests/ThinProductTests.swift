import Nabla
import NablaTensor
import TestSupport
import Testing

/// Products with few rows or few columns, and of tall matrices, whose kernels have cases of their own for sizes that fill
/// neither vectors nor blocks.
@Suite struct ThinProductTests {
  private static let sizes = [
    (2, 130, 513), (4, 64, 1025), (7, 37, 700), (15, 517, 131), (15, 8, 4099), (5, 1, 20_000), (3, 2000, 40),
    (600, 65, 3), (1030, 77, 15), (513, 300, 2), (40, 1000, 9), (3, 6007, 2), (10, 20_001, 10), (17, 5003, 23),
    (64, 3001, 64), (33, 4001, 1 << 4),
  ]

  private func number<S: FloatingPointScalar>(_ i: Int, _ j: Int, _ type: S.Type) -> S {
    S((i &* 37 &+ j &* 101 &+ i &* j) % 64 - 32)
  }

  /// A matrix of whole numbers that is stored by rows or by columns.
  private func matrix<S: FloatingPointScalar>(_ rows: Int, _ columns: Int, byColumns: Bool) -> Tensor<S> {
    let (m, n) = byColumns ? (columns, rows) : (rows, columns)
    var elements: [S] = []
    for i in 0..<m { for j in 0..<n { elements.append(byColumns ? number(j, i, S.self) : number(i, j, S.self)) } }
    let dense = Tensor<S>(shape: [m, n], scalars: elements)
    return byColumns ? dense.transposed() : dense
  }

  /// The product by the kernels for narrow results, also where the operands are so small that others are faster.
  private func product<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> [S] {
    let product = MatrixProduct(a.erased.storage, transposed: false, b.erased.storage, transposed: false, by: .thin)!
    let y = Tensor<S>(zeros: [a.shape[0], b.shape[1]]).erased.copied
    let scratch = product.scratch
    withExtendedLifetime((a, b, scratch)) { product.run(a.erased.address, b.erased.address, into: y.address, scratch) }
    return Tensor<S>(unchecked: y).scalars
  }

  /// Sums of whole numbers are exact, in whatever order.
  private func check<S: FloatingPointScalar>(_ m: Int, _ k: Int, _ n: Int, _ type: S.Type) {
    for orders in 0..<4 {
      let a: Tensor<S> = matrix(m, k, byColumns: orders & 1 != 0)
      let b: Tensor<S> = matrix(k, n, byColumns: orders & 2 != 0)
      let y = product(a, b)
      for i in stride(from: 0, to: m, by: max(1, m / 19)) {
        for j in stride(from: 0, to: n, by: max(1, n / 23)) {
          var sum: S = 0
          for l in 0..<k { sum += number(i, l, S.self) * number(l, j, S.self) }
          #expect(y[i * n + j] == sum, "\(S.self) [\(m), \(k)] [\(k), \(n)], orders \(orders), at \(i), \(j)")
        }
      }
    }
  }

  @Test(arguments: sizes) func products(_ m: Int, _ k: Int, _ n: Int) {
    check(m, k, n, Double.self)
    if k <= 10_000 { check(m, k, n, Float.self) }
  }

  /// However the columns are cut for threads, an element is the same.
  @Test(arguments: [false, true]) func bitsDependOnNoCut(byColumns: Bool) {
    let (m, k, n) = (5, 1400, 900)
    var generator = RandomGenerator(seed: 7)
    func random(_ shape: Shape) -> Tensor<Float> { .random(.normal, shape: shape, using: &generator) }
    let a = random([m, k])
    let b = byColumns ? random([n, k]).transposed() : random([k, n])
    let whole = matmul(a, b)
    let parts = [(0, 200), (200, 517), (517, 900)].map { matmul(a, b[.all, $0.0..<$0.1]) }
    #expect(concatenate(parts, axis: 1).scalars == whole.scalars)
  }

  @Test func stacks() {
    for (m, k, n) in [(4, 4, 4), (2, 2, 2), (8, 8, 8), (32, 32, 1), (1, 32, 32), (9, 13, 1), (1, 1, 1), (3, 20, 5)] {
      for orders in 0..<4 {
        let pairs = (0..<6).map { number in
          (
            matrix(m, k, byColumns: orders & 1 != 0) * Tensor<Double>(Double(number + 1)),
            matrix(k, n, byColumns: orders & 2 != 0) as Tensor<Double>
          )
        }
        let y = matmul(stack(pairs.map(\.0)), stack(pairs.map(\.1)))
        for (index, (a, b)) in pairs.enumerated() { #expect(y[index].scalars == matmul(a, b).scalars) }
      }
    }
  }
}
