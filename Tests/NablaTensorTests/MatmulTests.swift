import CKernels
import Nabla
import NablaTensor
import TestSupport
import Testing

/// Products against a triple loop.
@Suite struct MatmulTests {
  /// NumPy's rule, by index arithmetic on the row-major elements.
  private func loops<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> (shape: [Int], scalars: [S]) {
    let left = a.rank == 1 ? [1] + a.shape.dimensions : a.shape.dimensions
    let right = b.rank == 1 ? b.shape.dimensions + [1] : b.shape.dimensions
    let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    let batch = Shape(Array(left.dropLast(2))).broadcast(with: Shape(Array(right.dropLast(2))))!.dimensions
    let (x, y) = (a.scalars, b.scalars)
    func offset(_ index: [Int], _ sizes: [Int]) -> Int {
      let own = zip(index.suffix(sizes.count - 2), sizes).map { $1 == 1 ? 0 : $0 }
      return zip(own, sizes).reduce(0) { $0 * $1.1 + $1.0 }
    }
    var result: [S] = []
    for index in indices(of: batch) {
      let (p, q) = (offset(index, left) * m * k, offset(index, right) * k * n)
      for i in 0..<m {
        for j in 0..<n {
          result.append((0..<k).reduce(0) { $0 + x[p + i * k + $1] * y[q + $1 * n + j] })
        }
      }
    }
    return (batch + (a.rank == 1 ? [] : [m]) + (b.rank == 1 ? [] : [n]), result)
  }

  /// Elements are small integers, so products are exact in any order.
  private func random<S: FloatingPointScalar>(_ shape: [Int], _ generator: inout RandomGenerator) -> Tensor<S> {
    Tensor(shape: Shape(shape)) { for index in $0.indices { $0[index] = S(generator.below(17) - 8) } }
  }

  private func check<S: FloatingPointScalar>(
    _ a: Tensor<S>, _ b: Tensor<S>, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (shape, expected) = loops(a, b)
    expectEqual(
      matmul(a, b), shape: Shape(shape), expected, "\(what): \(a.shape) by \(b.shape)", sourceLocation: sourceLocation)
  }

  private func shapes<S: FloatingPointScalar>(_ type: S.Type) {
    var generator = RandomGenerator(seed: 31)
    let pairs: [([Int], [Int])] = [
      ([3], [3]), ([3], [3, 4]), ([2, 3], [3]), ([2, 3], [3, 4]), ([1, 3], [3, 1]), ([1, 1], [1, 1]),
      ([1, 5], [5, 7]),
      ([7, 5], [5, 1]), ([7, 1], [1, 4]), ([17, 33], [33, 9]), ([64, 64], [64, 64]),
      ([5, 2, 3], [3]), ([3], [5, 3, 2]), ([5, 2, 3], [3, 4]), ([2, 3], [5, 3, 4]), ([5, 2, 3], [5, 3, 4]),
      ([1, 2, 3], [5, 3, 4]), ([5, 2, 3], [1, 3, 4]), ([2, 1, 2, 3], [4, 3, 2]), ([4, 2, 3], [2, 1, 3, 2]),
      ([2, 1, 1, 3], [1, 4, 3, 1]), ([3], [2, 2, 3, 1]), ([2, 2, 1, 3], [3]),
      ([0, 3], [3, 2]), ([2, 3], [3, 0]), ([2, 0], [0, 3]), ([0], [0]), ([0, 0], [0, 0]), ([2, 0], [0]), ([0], [0, 2]),
      ([0, 2, 3], [3, 4]), ([2, 2, 0], [0, 4]), ([2, 2, 0], [2, 0, 1]), ([0, 2, 3], [1, 3, 4]),
    ]
    for (left, right) in pairs { check(random(left, &generator) as Tensor<S>, random(right, &generator), "\(S.self)") }
  }
  @Test func everyRankOfFloat() { shapes(Float.self) }
  @Test func everyRankOfDouble() { shapes(Double.self) }

  /// Stacks of small matrices, of every size that a kernel's tiles leave over, stored by rows, by columns and with steps.
  private func smallStacks<S: FloatingPointScalar>(_ type: S.Type) {
    var generator = RandomGenerator(seed: 37)
    let sizes = [
      (1, 1, 1), (2, 3, 4), (3, 2, 5), (4, 4, 4), (5, 7, 6), (8, 8, 8), (9, 15, 10), (16, 16, 16), (7, 31, 3),
      (12, 33, 20),
      (17, 47, 9), (64, 64, 64), (65, 3, 2), (3, 65, 2), (70, 66, 80), (8, 32, 1), (1, 63, 64),
    ]
    for (m, n, k) in sizes {
      let a: Tensor<S> = random([3, m, k], &generator), b: Tensor<S> = random([3, k, n], &generator)
      check(a, b, "stacks of \(S.self)")
      let across: Tensor<S> = random([3, k, m], &generator), down: Tensor<S> = random([3, n, k], &generator)
      check(across.transposed(permutation: [0, 2, 1]), down.transposed(permutation: [0, 2, 1]), "transposed stacks")
      let wide: Tensor<S> = random([k, 3, 2 * n], &generator)
      check(a, wide[.all, .all, .range(step: 2)].transposed(permutation: [1, 0, 2]), "stacks with steps")
      check(a, random([2, 1, k, n], &generator), "broadcast stacks")
    }
    // Shared over threads.
    check(random([700, 6, 5], &generator) as Tensor<S>, random([700, 5, 7], &generator), "many")
  }
  @Test func smallStacksOfFloat() { smallStacks(Float.self) }
  @Test func smallStacksOfDouble() { smallStacks(Double.self) }

  /// Products that are cut into pieces: blocks of the result, parts of the sum, rows of a vector's matrix. Small
  /// integers again; against the rows and columns of ones and a few elements by hand, since a triple loop would take
  /// seconds.
  @Test func largeProductsInPieces() {
    func check<S: FloatingPointScalar>(_ type: S.Type) {
      var generator = RandomGenerator(seed: 35)
      let sizes = [
        (130, 110, 90), (600, 1030, 70), (1030, 600, 33), (3, 5, 20_000), (70, 40, 9001), (700, 1, 300), (1, 700, 300),
        (300, 1, 70_001), (1, 300, 70_001), (1, 1, 200_000),
      ]
      for (m, n, k) in sizes {
        for (turnsA, turnsB) in [(false, false), (true, false), (false, true), (true, true)] {
          let a: Tensor<S> = random(turnsA ? [k, m] : [m, k], &generator)
          let b: Tensor<S> = random(turnsB ? [n, k] : [k, n], &generator)
          let (left, right) = (turnsA ? a.transposed() : a, turnsB ? b.transposed() : b)
          let y = matmul(left, right)
          let what = "[\(m), \(k)] by [\(k), \(n)], \(turnsA) \(turnsB)"
          #expect(y.shape == [m, n])
          // Σⱼ yᵢⱼ = Σₖ aᵢₖ Σⱼ bₖⱼ, and the same for the columns.
          let rows = (left * right.sum(axis: 1)).sum(axis: 1)
          expectEqual(y.sum(axis: 1), shape: [m], rows.scalars, "rows of \(what)")
          let columns = (right * left.sum(axis: 0).reshaped(to: [k, 1])).sum(axis: 0)
          expectEqual(y.sum(axis: 0), shape: [n], columns.scalars, "columns of \(what)")
          if m > 1 && n > 1 {  // vectors are OpenBLAS's in any case
            #expect(product(left, right, by: .openBLAS) == y.scalars, "OpenBLAS, \(what)")
            if nabla_can_multiply_matrices() != 0 {
              #expect(product(left, right, by: .nabla) == y.scalars, "own kernel, \(what)")
            }
          }
          for (i, j) in [(0, 0), (m - 1, n - 1), (m / 2, n / 3)] {
            let element = (left[i] * right[.all, j]).sum()
            #expect(y[i, j].scalar == element.scalar, "\(what) at \(i), \(j)")
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// Operands in every layout that a view can have.
  @Test func layouts() {
    var generator = RandomGenerator(seed: 32)
    func variants(_ rows: Int, _ columns: Int) -> [(String, Tensor<Double>)] {
      let wide: Tensor<Double> = random([2 * rows + 1, 2 * columns + 1], &generator)
      return [
        ("dense", random([rows, columns], &generator)),
        ("transposed", (random([columns, rows], &generator) as Tensor<Double>).transposed()),
        ("columns cut", wide[0..<rows, 1..<(columns + 1)]),
        ("rows and columns cut, transposed", wide[0..<rows, 1..<(columns + 1)]),
        ("every second row", wide[.range(from: 0, to: 2 * rows, step: 2), 0..<columns]),
        ("every second column", wide[0..<rows, .range(from: 1, step: 2)][.all, 0..<columns]),
        ("rows reversed", wide[0..<rows, 0..<columns].reversed(axis: 0)),
        ("columns reversed", wide[0..<rows, 0..<columns].reversed(axis: 1)),
        ("one row repeated", wide[0, 0..<columns].broadcast(to: [rows, columns])),
        ("one column repeated", wide[0..<rows, 0..<1].broadcast(to: [rows, columns])),
        ("one number repeated", Tensor(repeating: 3, shape: [rows, columns])),
      ]
    }
    for (m, k, n) in [(3, 4, 5), (1, 6, 4), (4, 6, 1), (1, 6, 1), (5, 1, 3), (1, 1, 3), (20, 30, 10)] {
      for (first, a) in variants(m, k) {
        for (second, b) in variants(k, n) {
          check(a, b, "\(first) by \(second)")
          if n == 1 { check(a, b.squeezed(axis: 1), "\(first) by vector, \(second)") }
          if m == 1 { check(a.squeezed(axis: 0), b, "vector, \(first), by \(second)") }
        }
      }
    }
  }

  @Test func stacksInEveryLayout() {
    var generator = RandomGenerator(seed: 33)
    let a: Tensor<Float> = random([4, 3, 5], &generator), b: Tensor<Float> = random([5, 4, 6], &generator)
    check(a.transposed(permutation: [0, 2, 1]), a, "transposed matrices")
    check(a.transposed(permutation: [1, 0, 2]), b.transposed(permutation: [1, 0, 2])[0..<1], "transposed stack")
    check(a.reversed(axis: 0), b.transposed(permutation: [1, 0, 2]), "reversed stack")
    check(a[.range(step: 2)], b.transposed(permutation: [1, 0, 2])[0..<2], "every second")
    check(a[0].broadcast(to: [4, 3, 5]), b.transposed(permutation: [1, 0, 2]), "repeated")
    check(a.reversed(axis: 2), b[.all, 0], "reversed by a matrix")
  }

  /// 0 · NaN and 0 · ∞ are NaN: no kernel may skip zeros.
  @Test func notANumberStays() {
    func check<S: FloatingPointScalar>(_ type: S.Type) {
      for size in [1, 2, 3, 8, 17, 40] {
        for special: S in [.nan, .infinity, -.infinity] {
          let zeros = Tensor<S>(shape: [size, size], scalars: [S](repeating: 0, count: size * size))
          var a = zeros
          a[size / 2, size - 1] = Tensor(special)
          let right = matmul(a, zeros), left = matmul(zeros, a)
          for i in 0..<size {
            for j in 0..<size {
              let (r, l) = (right[i, j].scalar, left[i, j].scalar)
              #expect(i == size / 2 ? r.isNaN : r == 0, "\(size), \(special), right, row \(i)")
              #expect(j == size - 1 ? l.isNaN : l == 0, "\(size), \(special), left, column \(j)")
            }
          }
          let column = zeros[.all, 0]
          #expect(matmul(a, column)[size / 2].scalar.isNaN && matmul(column, a)[size - 1].scalar.isNaN)
          #expect(matmul(a.transposed(), column)[size - 1].scalar.isNaN)
          #expect(matmul(zeros, a[.all, size - 1]).isNaN.all().scalar)
          #expect(dot(column, a[.all, size - 1]).scalar.isNaN)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// Results go to memory that was used before: what it held must not show.
  @Test func usedMemoryDoesNotLeakIn() {
    for count in [4, 40, 300, 2000] {
      for _ in 0..<20 {
        do {
          let spoiled = (0..<8).map { _ in
            Tensor<Float>(shape: [count], scalars: [Float](repeating: .nan, count: count))
          }
          #expect(spoiled.count == 8)
        }
        let a = Tensor<Float>(ones: [count, 3]), x = Tensor<Float>([1, 2, 3])
        #expect(matmul(a, x).scalars.allSatisfy { $0 == 6 } && matmul(x, a.transposed()).scalars.allSatisfy { $0 == 6 })
        #expect(matmul(Tensor<Float>(zeros: [count, 0]), Tensor<Float>(zeros: [0])).scalars.allSatisfy { $0 == 0 })
        #expect(matmul(a, Tensor<Float>(ones: [3, 2])).scalars.allSatisfy { $0 == 3 })
      }
    }
  }

  @Test func dotAndOuter() {
    let a = Tensor<Float>([1, 2, 3]), b = Tensor<Float>([4, 5, 6])
    #expect(dot(a, b).scalar == 32 && dot(a.reversed(axis: 0), b).scalar == 28)
    expectEqual(outer(a, b[0..<2]), shape: [3, 2], [4, 5, 8, 10, 12, 15])
    expectEqual(outer(Tensor<Int32>([2]), Tensor<Int32>(zeros: [0])), shape: [1, 0], [])
    let v = Variable<Float>([[1, 2], [3, 4]])
    #expect(matmul(v, v).scalars == [7, 10, 15, 22])
  }

  /// Rounding of real numbers stays within the bound of a product of length k (Higham, section 3.5).
  @Test func rounding() {
    var generator = RandomGenerator(seed: 34)
    let k = 300
    let a = Tensor<Float>.random(.uniform(-1, 1), shape: [20, k], using: &generator)
    let b = Tensor<Float>.random(.uniform(-1, 1), shape: [k, 30], using: &generator)
    let exact = matmul(Tensor<Double>(castingFrom: a), Tensor<Double>(castingFrom: b))
    let sizes = matmul(Tensor<Double>(castingFrom: abs(a)), Tensor<Double>(castingFrom: abs(b)))
    let error = abs(Tensor<Double>(castingFrom: matmul(a, b)) - exact)
    #expect((error .<= sizes * Double(Float(k) * Float.ulpOfOne / 2)).all().scalar)
  }
}
