import Foundation
import Nabla
import NablaTensor
import Synchronization
import TestSupport
import Testing

/// Least squares over many rows, and rows that come from sources.
@Suite struct LeastSquaresRowsTests {
  typealias T = Tensor<Double>

  /// Blocks of columns are those of the matrix that they make, to the bit; a column of ones is one number.
  @Test func blocksOfColumns() throws {
    var generator = RandomGenerator(seed: 44)
    for (m, n) in [(7, 3), (600, 5), (40_000, 6)] {
      let x = T.random(.normal, shape: [m, n], using: &generator), y = T.random(.normal, shape: [m], using: &generator)
      let ones = T(ones: [m, 1])
      let expected = try Linalg.leastSquares(concatenate([ones, x], axis: 1), y)
      #expect(try Linalg.leastSquares([ones, x], y) == expected)
      #expect(try Linalg.leastSquares([ones, x[.all, ..<2], T(zeros: [m, 0]), x[.all, 2...]], y) == expected)
    }
    expectMistake("leastSquares", "[3, 1], [2, 1]", "[3]") {
      _ = try Linalg.leastSquares([T(ones: [3, 1]), T(ones: [2, 1])], T(ones: [3]))
    }
    expectMistake("leastSquares") { _ = try Linalg.leastSquares([], T(ones: [3])) }
  }

  /// Columns whose size changes from block to block of rows, up to the ends of the exponents.
  @Test func scalesThatChange() throws {
    var generator = RandomGenerator(seed: 45)
    let m = 6000
    let x = T.random(.normal, shape: [m, 3], using: &generator)
    let rows = T(linearSpaceFrom: 0, to: 1, count: m).reshaped(to: [m, 1])
    let growth = pow(T(2), floor(rows * 40) - 20)
    for (low, high) in [(1.0, 1.0), (1e-300, 1e300), (1e300, 1e-300)] {
      let scales = T([low, 1, high])
      let a = x * growth
      let w = T([1, -2, 3])
      let solution = try Linalg.leastSquares(a * scales, matmul(a, w))
      expectClose(solution * scales, w, .relative(1e-12), "\(low), \(high)")
    }
  }

  /// Rows that come from a source: those of tensors, to the bit, each asked for once.
  @Test func sources() throws {
    final class Piecewise: RowSource {
      let rows: ArrayRows<Float>
      let gap: Int
      let read = Atomic(0)
      init(_ rows: ArrayRows<Float>, gap: Int = .max) { (self.rows, self.gap) = (rows, gap) }
      struct Gap: Error {}
      var dtype: DType { .float32 }
      var shape: Shape { rows.shape }
      func beginReading(_ range: Range<Int>) throws -> UnsafeRawPointer {
        if range.contains(gap) { throw Gap() }
        read.add(range.count, ordering: .relaxed)
        return rows.beginReading(range)
      }
    }
    var generator = RandomGenerator(seed: 46)
    let x = Tensor<Float>.random(.normal, shape: [70_001, 4], using: &generator)
    let y = Tensor<Float>.random(.normal, shape: [70_001], using: &generator)
    let expected = try Linalg.leastSquares(x, y)
    let source = Piecewise(ArrayRows(x))
    #expect(try Linalg.leastSquares(Tensor(rowsOf: source), y) == expected)
    #expect(source.read.load(ordering: .relaxed) == 70_001)
    #expect(try Linalg.leastSquares(x, Tensor(rowsOf: Piecewise(ArrayRows(y)))) == expected)
    #expect(throws: Piecewise.Gap.self) {
      try Linalg.leastSquares(Tensor(rowsOf: Piecewise(ArrayRows(x), gap: 40_000)), y)
    }
    let path = FileManager.default.temporaryDirectory.path + "/nabla-\(UUID().uuidString).npy"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try concatenate([x, y.reshaped(to: [70_001, 1])], axis: 1).save(npy: path)
    let file = try Tensor<Float>(mapping: path)
    #expect(try Linalg.leastSquares(file[.all, ..<4], file[.all, 4]) == expected)
  }

  /// A matrix of 64 MB is not copied, and no mask or square of it is made.
  @Test func memory() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor<Float>(shape: [1 << 20, 16]) { scalars in
        for index in scalars.indices { scalars[index] = Float((index * 40_503) % 1009) / 1009 - 0.5 }
      }
      let y = Tensor<Float>(shape: [1 << 20]) { $0.initialize(repeating: 1) }
      let before = Memory.counters.inUse
      _ = try Linalg.leastSquares([Tensor(ones: [1 << 20, 1]), x], y)
      let most = Memory.counters.peak - before
      precondition(most <= 8_000_000, "\(most) bytes beyond the data")
    }
  }
}
