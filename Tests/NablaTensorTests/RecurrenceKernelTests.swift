import Nabla
import NablaTensor
import TestSupport
import Testing

/// Linear recurrences against loops in Double.
@Suite struct RecurrenceKernelTests {
  private func check<S: FloatingPointScalar & SmallScalar>(_ type: S.Type, _ shape: [Int], axis: Int, _ what: String) {
    var generator = RandomGenerator(seed: 5)
    var short = shape
    short[axis] -= 1
    let (n, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    for (name, a) in views(short, { _ in S(generator.uniformDouble() * 1.8 - 0.9) }) {
      for (other, b) in views(shape, { _ in S(generator.uniformDouble() - 0.5) }) {
        let (factors, terms) = (a.scalars, b.scalars)
        for reversed in [false, true] {
          let seen: [S] = sameOnOneThread {
            written(b.count, initial: 7) {
              Scan.linearRecurrence(a.erased, b.erased, axis: axis, reversed: reversed, into: $0)
            }
          }
          var expected = [Double](repeating: 0, count: terms.count)
          for line in 0..<terms.count / max(1, n) {
            let (outer, i) = (line / inner, line % inner)
            var state = 0.0
            for step in 0..<n {
              let k = reversed ? n - 1 - step : step
              let link = reversed ? k : k - 1
              let factor = step == 0 ? 0 : Double(factors[(outer * (n - 1) + link) * inner + i])
              state = Double(terms[(outer * n + k) * inner + i]) + factor * state
              expected[(outer * n + k) * inner + i] = state
            }
          }
          // States are Double, and factors below 1 keep their errors small: what shows is the last rounding.
          let error = zip(seen, expected).map { abs(Double($0) - $1) / max(1, abs($1)) }.max() ?? 0
          #expect(
            error <= (S.dtype == .float32 ? 1e-7 : 1e-14),
            "\(S.self) \(shape), axis \(axis), \(what) \(name) \(other), reversed \(reversed): \(error)")
        }
      }
    }
  }

  @Test func allLayouts() {
    for (shape, axis) in [
      ([1], 0), ([2], 0), ([40], 0), ([3, 1], 1), ([3, 5], 1), ([3, 5], 0), ([70, 3], 1), ([2, 9, 3], 1),
      ([2, 4, 300], 1),
    ] {
      check(Float.self, shape, axis: axis, "small")
      check(Double.self, shape, axis: axis, "small")
    }
  }

  @Test func longLinesAndManyRows() {
    for (shape, axis) in [([100_001], 0), ([2, 33_000, 3], 1), ([5000, 10], 1)] {
      check(Float.self, shape, axis: axis, "large")
    }
  }

  /// What a block makes of a state of 0 does not depend on its factors, whose product may overflow.
  @Test func zerosStayExactInLongLines() {
    var a = [Double](repeating: 3, count: 99_999)
    a[100] = 0
    var b = [Double](repeating: 0, count: 100_000)
    b[0] = 1
    let y: [Double] = written(b.count, initial: 7) {
      Scan.linearRecurrence(Tensor(a).erased, Tensor(b).erased, axis: 0, reversed: false, into: $0)
    }
    #expect(y[100] > 0 && y[101...].allSatisfy { $0 == 0 })
  }
}
