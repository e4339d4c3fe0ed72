import CKernels
import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

/// A product of matrices by a given kernel.
func product<S: FloatingPointScalar>(
  _ a: Tensor<S>, _ b: Tensor<S>, by kernel: ProductKernel, threads: Int? = nil
) -> [S] {
  let product = MatrixProduct(
    a.erased.storage, transposed: false, b.erased.storage, transposed: false, by: kernel, threads: threads)!
  var result = [S](repeating: .nan, count: a.shape[0] * b.shape[1])
  let scratch = product.scratch
  withExtendedLifetime((a, b)) {
    result.withUnsafeMutableBytes { product.run(a.erased.address, b.erased.address, into: $0.baseAddress!, scratch) }
  }
  return result
}

/// Nabla's own kernels of matrix products, bit for bit against what they promise: of matrices, chains of FMA along equal
/// parts of k, and their sum.
@Suite(.enabled(if: nabla_can_multiply_matrices() != 0, "needs AVX-512")) struct ProductKernelTests {
  /// A matrix among other numbers, its elements at `row` and `column` strides.
  private struct Matrix<S: FloatingPointScalar> {
    var memory: [S]
    let row: Int
    let column: Int
    subscript(i: Int, j: Int) -> S { memory[i * row + j * column] }

    init(_ rows: Int, _ columns: Int, row: Int, column: Int, _ generator: inout RandomGenerator) {
      let count = max(0, rows - 1) * row + max(0, columns - 1) * column + 1
      memory = (0..<count).map { _ in S(Double(generator.next() >> 11) / Double(1 << 52) - 1) }
      (self.row, self.column) = (row, column)
    }
  }

  /// Elements of k in a part: at most 2 KiB of them, and all parts but the last of the same length.
  private func depth<S: FloatingPointScalar>(_ k: Int, _ type: S.Type) -> Int {
    let parts = (k * MemoryLayout<S>.size + 2047) / 2048
    return ((k + parts - 1) / parts + 7) / 8 * 8
  }

  private func expected<S: FloatingPointScalar>(_ a: Matrix<S>, _ b: Matrix<S>, _ i: Int, _ j: Int, _ k: Int) -> S {
    let depth = depth(k, S.self)
    var sum: S = 0
    for first in stride(from: 0, to: k, by: depth) {
      var part: S = 0
      for p in first..<min(k, first + depth) { part.addProduct(a[i, p], b[p, j]) }
      sum = first == 0 ? part : sum + part
    }
    return sum
  }

  private func check<S: FloatingPointScalar>(
    _ m: Int, _ n: Int, _ k: Int, _ a: Matrix<S>, _ b: Matrix<S>, _ what: String,
    by multiply: (UnsafePointer<nabla_product>, Int32, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) ->
      Void
  ) {
    let spare = 3
    var product = nabla_product(
      m: m, n: n, k: k, a_row: a.row, a_column: a.column, b_row: b.row, b_column: b.column, y_row: n + spare)
    var y = [S](repeating: 77, count: m * (n + spare))
    multiply(&product, S.dtype.rawValue, a.memory, b.memory, &y)
    var wrong = 0
    for i in 0..<m {
      for j in 0..<n where y[i * (n + spare) + j] != expected(a, b, i, j, k) { wrong += 1 }
      for j in n..<(n + spare) where y[i * (n + spare) + j] != 77 { wrong += 1 }
    }
    #expect(wrong == 0, "\(S.self) [\(m), \(k)] · [\(k), \(n)], \(what): \(wrong) elements")
  }

  private func everyShape<S: FloatingPointScalar>(_ type: S.Type) {
    var generator = RandomGenerator(seed: 36)
    let lanes = 64 / MemoryLayout<S>.size
    let sizes = [
      (1, 1, 1), (8, lanes, 1), (7, lanes - 1, 3), (9, lanes + 1, 8), (8, 2 * lanes, 17), (16, 2 * lanes + 3, 5),
      (5, 3 * lanes, 9), (24, 3 * lanes + 1, 31), (17, 4 * lanes, 64), (8, 4 * lanes + 1, 65), (33, 7 * lanes - 2, 12),
      (3, 10, 2048 / MemoryLayout<S>.size), (11, lanes + 2, 2048 / MemoryLayout<S>.size + 1), (9, 5, 1100), (130, 9, 7),
      (257, 3, 20), (2, 2050, 3), (10, 4100, 1), (4100, 9, 3),
    ]
    for (m, n, k) in sizes {
      let layouts = [
        ("by rows", (k, 1), (n, 1)), ("a by columns", (1, m), (n, 1)), ("b by columns", (k, 1), (1, k)),
        ("both by columns", (1, m), (1, k)), ("longer rows", (k + 5, 1), (n + 9, 1)),
        ("longer columns", (1, m + 3), (1, k + 7)), ("neither side by side", (2 * k, 2), (3, 3 * k)),
      ]
      for (what, strides, others) in layouts {
        let a = Matrix<S>(m, k, row: strides.0, column: strides.1, &generator)
        let b = Matrix<S>(k, n, row: others.0, column: others.1, &generator)
        checkAll(m, n, k, a, b, what)
      }
    }
    // Too far apart to be read where they are.
    let (m, n, k) = (9, lanes + 1, 70)
    let a = Matrix<S>(m, k, row: 20_000, column: 1, &generator), b = Matrix<S>(k, n, row: 2500, column: 1, &generator)
    checkAll(m, n, k, a, b, "rows far apart")
  }

  private func checkAll<S: FloatingPointScalar>(
    _ m: Int, _ n: Int, _ k: Int, _ a: Matrix<S>, _ b: Matrix<S>, _ what: String
  ) {
    check(m, n, k, a, b, what) { nabla_multiply_matrices($0, $1, 1, $2, $3, $4) }
    check(m, n, k, a, b, "\(what), on threads") { nabla_multiply_matrices($0, $1, 3, $2, $3, $4) }
    check(m, n, k, a, b, "\(what), in tiles", by: nabla_multiply_matrices_in_tiles)
  }
  @Test func everyShapeOfFloat() { everyShape(Float.self) }
  @Test func everyShapeOfDouble() { everyShape(Double.self) }

  /// X v: chains of FMA in lanes along the columns, then neighbouring lanes.
  private func rowByVector<S: FloatingPointScalar>(_ x: Matrix<S>, _ i: Int, _ v: [S]) -> S {
    var lanes = [S](repeating: 0, count: 64 / MemoryLayout<S>.size)
    for j in v.indices { lanes[j % lanes.count].addProduct(x[i, j], v[j]) }
    while lanes.count > 1 { lanes = (0..<lanes.count / 2).map { lanes[2 * $0] + lanes[2 * $0 + 1] } }
    return lanes[0]
  }

  /// Xᵀ v: a chain of FMA along the rows, or of few columns two, of even and odd ones.
  private func columnByVector<S: FloatingPointScalar>(_ x: Matrix<S>, _ j: Int, _ v: [S], isNarrow: Bool) -> S {
    var sums: [S] = [0, 0]
    for i in v.indices { sums[isNarrow ? i % 2 : 0].addProduct(x[i, j], v[i]) }
    return sums[0] + sums[1]
  }

  private func vectors<S: FloatingPointScalar>(_ type: S.Type) {
    var generator = RandomGenerator(seed: 38)
    let lanes = 64 / MemoryLayout<S>.size
    for rows in [1, 2, 7, 8, 9, 17, 64, 100] {
      for columns in [
        1, 2, lanes - 1, lanes, lanes + 1, 3 * lanes, 4 * lanes - 1, 4 * lanes, 4 * lanes + 1, 10 * lanes + 3,
      ] {
        let x = Matrix<S>(rows, columns, row: columns + (rows % 3), column: 1, &generator)
        let v = Matrix<S>(1, columns, row: 1, column: 1, &generator).memory
        let r = Matrix<S>(1, rows, row: 1, column: 1, &generator).memory
        var (y, z) = ([S](repeating: 77, count: rows + 1), [S](repeating: 77, count: columns + 1))
        nabla_vector_product_kernel(S.dtype.rawValue, 0)!(x.memory, x.row, rows, columns, v, &y)
        nabla_vector_product_kernel(S.dtype.rawValue, 1)!(x.memory, x.row, rows, columns, r, &z)
        #expect(y == (0..<rows).map { rowByVector(x, $0, v) } + [77], "\(S.self) [\(rows), \(columns)] · v")
        let isNarrow = columns <= 4 * lanes
        let expected = (0..<columns).map { columnByVector(x, $0, r, isNarrow: isNarrow) }
        #expect(z == expected + [77], "\(S.self) [\(rows), \(columns)]ᵀ · v")
      }
    }
  }
  @Test func vectorsOfFloat() { vectors(Float.self) }
  @Test func vectorsOfDouble() { vectors(Double.self) }

  /// What lies behind a row or a vector takes no part, whatever it is.
  @Test func notANumberBehindARow() {
    for columns in [3, 10, 70, 133] {
      var x = [Float](repeating: 1, count: 9 * (columns + 1) + 16)
      for row in 0..<9 { x[row * (columns + 1) + columns] = .nan }
      let v = [Float](repeating: 2, count: columns) + [.nan], r = [Float](repeating: 2, count: 9) + [.nan]
      var (y, z) = ([Float](repeating: .nan, count: 9), [Float](repeating: .nan, count: columns))
      nabla_vector_product_kernel(Float.dtype.rawValue, 0)!(x, columns + 1, 9, columns, v, &y)
      nabla_vector_product_kernel(Float.dtype.rawValue, 1)!(x, columns + 1, 9, columns, r, &z)
      #expect(y.allSatisfy { $0 == Float(2 * columns) } && z.allSatisfy { $0 == 18 }, "\(columns) columns")
    }
  }

  /// The same bits from tensors: pieces, threads and transposes change nothing.
  @Test func tensorsGiveTheSameBits() {
    func check<S: FloatingPointScalar>(_ type: S.Type) {
      var generator = RandomGenerator(seed: 37)
      for (m, n, k) in [(130, 130, 150), (64, 130, 600), (16, 300, 2000), (300, 80, 90)] {
        let a = Matrix<S>(m, k, row: k, column: 1, &generator), b = Matrix<S>(k, n, row: n, column: 1, &generator)
        let expected = (0..<m * n).map { self.expected(a, b, $0 / n, $0 % n, k) }
        let (x, y) = (Tensor(shape: [m, k], scalars: a.memory), Tensor(shape: [k, n], scalars: b.memory))
        let xt = Tensor(shape: [k, m], scalars: x.transposed().scalars)
        let yt = Tensor(shape: [n, k], scalars: y.transposed().scalars)
        for (left, right) in [(x, y), (xt.transposed(), y), (x, yt.transposed()), (xt.transposed(), yt.transposed())] {
          for threads in [1, 2, 3, 4, 7] {
            let isSame = product(left, right, by: .nabla, threads: threads) == expected
            #expect(isSame, "\(S.self) [\(m), \(k)] · [\(k), \(n)] for \(threads) threads")
          }
          let isSame = !ProductKernel.hasOwn || matmul(left, right).scalars == expected
          #expect(isSame, "\(S.self) [\(m), \(k)] · [\(k), \(n)]")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// However many threads share a product, whatever blocks of rows and columns they take, and where rows or columns have to
  /// be packed: the bits are those of one tile after another.
  @Test func threadsShareProducts() {
    for (m, n, k) in [(300, 500, 700), (2000, 257, 200), (256, 2100, 530), (4111, 70, 33), (8, 200, 5)] {
      var generator = RandomGenerator(seed: 39)
      for byColumns in [false, true] {
        let a = Matrix<Float>(m, k, row: byColumns ? 1 : k, column: byColumns ? m : 1, &generator)
        let b = Matrix<Float>(k, n, row: byColumns ? 1 : n, column: byColumns ? k : 1, &generator)
        var product = nabla_product(
          m: m, n: n, k: k, a_row: a.row, a_column: a.column, b_row: b.row, b_column: b.column, y_row: n)
        var inTiles = [Float](repeating: .nan, count: m * n)
        nabla_multiply_matrices_in_tiles(&product, Float.dtype.rawValue, a.memory, b.memory, &inTiles)
        for threads: Int32 in [1, 2, 3, 7, 64] {
          var y = [Float](repeating: .nan, count: m * n)
          nabla_multiply_matrices(&product, Float.dtype.rawValue, threads, a.memory, b.memory, &y)
          #expect(y == inTiles, "[\(m), \(k)] · [\(k), \(n)] for \(threads) threads, by columns: \(byColumns)")
        }
      }
    }
  }

  /// Where operands are large beside the result, each thread has its parts of k; else all share one piece.
  @Test func partsOfTheSumAreThreads() {
    for (k, threads, depth) in [(784, 2, 392), (784, 1, 784), (784, 3, 784), (1568, 2, 392), (2 * 392 - 1, 2, 392)] {
      let pieces = ProductPieces(128, 512, k, part: 392, threads: threads)
      #expect(pieces.depth == depth && pieces.rows == 128 && pieces.columns == 512, "\(k) on \(threads) threads")
    }
    #expect(ProductPieces(1024, 1024, 1024, part: 512, threads: 2).depth == 1024)
  }

  /// Each thread packs into memory of its own, which it keeps and can give back.
  @Test func threadsMultiplyAtTheSameTime() {
    let n = 160
    let a = Tensor<Float>(shape: [n, n]) { for index in $0.indices { $0[index] = Float(index % 13) - 6 } }
    let b = Tensor<Float>(shape: [n, n]) { for index in $0.indices { $0[index] = Float(index % 7) - 3 } }
    let expected = matmul(a, b)
    let right = (a[5] * b[.all, 9]).sum().scalar
    #expect(expected[5, 9].scalar == right)
    let failures = Failures()
    DispatchQueue.concurrentPerform(iterations: 16) { index in
      for _ in 0..<5 where matmul(a, b) != expected { failures.add() }
      if index % 3 == 0 { Memory.trim() }
      if matmul(a.transposed(), b.transposed()) != matmul(b, a).transposed() { failures.add() }
    }
    #expect(failures.count == 0)
  }

  @Test func openBLASCanBeAskedFor() async {
    await #expect(processExitsWith: .success) {
      setenv("NABLA_MATMUL", "openblas", 1)
      precondition(!ProductKernel.hasOwn && !OpenBLAS.isHelped)
      let ones = Tensor<Double>(ones: [110, 110])
      precondition(matmul(ones, ones) == Tensor(repeating: 110, shape: [110, 110]))
    }
  }
}

private final class Failures: @unchecked Sendable {  // the lock guards the number
  private let lock = NSLock()
  private var number = 0
  var count: Int { lock.withLock { number } }
  func add() { lock.withLock { number += 1 } }
}
