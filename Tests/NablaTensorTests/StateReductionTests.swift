import CKernels
import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

/// A sum that carries what each addition loses (Neumaier), to be exact beside what is tested.
private struct ExactSum {
  private var sum = 0.0
  private var lost = 0.0
  var value: Double { sum + lost }

  mutating func add(_ term: Double) {
    let before = sum
    sum += term
    if sum.isFinite { lost += abs(before) >= abs(term) ? (before - sum) + term : (term - sum) + before }
  }
  static func of(_ terms: some Sequence<Double>) -> Double {
    var sum = ExactSum()
    for term in terms { sum.add(term) }
    return sum.value
  }
}

/// Plain loops over the elements that one result comes from.
private enum Reference {
  static func mean(_ x: [Double]) -> Double { ExactSum.of(x) / Double(x.count) }
  static func variance(_ x: [Double]) -> Double {
    let mean = mean(x)
    return ExactSum.of(x.map { ($0 - mean) * ($0 - mean) }) / Double(x.count)
  }
  static func logSumExp(_ x: [Double]) -> Double {
    guard let largest = x.max(), largest > -.infinity else { return -.infinity }
    return largest + log(ExactSum.of(x.map { exp($0 - largest) }))
  }
  static func norm(_ x: [Double]) -> Double {
    let largest = x.reduce(0) { max($0, abs($1)) }
    return largest == 0 ? 0 : largest * ExactSum.of(x.map { $0 / largest * ($0 / largest) }).squareRoot()
  }
  static func first<S: Comparable>(_ x: [S], where beats: (S, S) -> Bool) -> Int64 {
    if let nan = x.firstIndex(where: { $0 != $0 }) { return Int64(nan) }
    return Int64(x.indices.dropFirst().reduce(0) { beats(x[$1], x[$0]) ? $1 : $0 })
  }
}

/// The elements of result number `result` of a reduction.
private func reduced<S: TensorScalar, R: BitwiseCopyable>(
  _ op: nabla_reduction_op, _ x: Tensor<S>, over axes: [Int], result: Int = 0, as type: R.Type
) -> [R] {
  let count = x.shape.indices.reduce(1) { axes.contains($1) ? $0 : $0 * x.shape[$1] }
  return [R](unsafeUninitializedCapacity: count) { buffer, written in
    Reduction.reduce(op, x.erased, over: axes, result: result, into: UnsafeMutableRawPointer(buffer.baseAddress!))
    written = count
  }
}

private let lengths = [0, 1, 2, 15, 16, 17, 63, 64, 100, 4095, 4096, 4097, 100_000]
private let widths = [1, 3, 4, 10, 100, 513]

/// What rounding leaves of a moment of `x`: a block adds some hundred squares in each lane, and means are rounded to Double.
private func tolerance<S: FloatingPointScalar>(_ type: S.Type, _ x: [Double]) -> Tolerance {
  let deviation = x.isEmpty ? 0 : Reference.variance(x).squareRoot()
  let condition = deviation > 0 ? abs(Reference.mean(x)) / deviation : 0
  return .relative(64 * Double(S.ulpOfOne) + 4 * Double.ulpOfOne * condition)
}

/// What rounding leaves of a mean, whose elements may cancel.
private func meanTolerance<S: FloatingPointScalar>(_ type: S.Type, _ x: [Double]) -> Tolerance {
  var tolerance = Tolerance.ulps(2)
  tolerance.absolute = x.isEmpty ? 0 : 16 * Double(S.ulpOfOne) * Reference.norm(x) / Double(x.count).squareRoot()
  return tolerance
}

/// The logarithm turns a relative error of a sum into an absolute one.
private func logarithms<S: FloatingPointScalar>(_ type: S.Type) -> Tolerance {
  var tolerance = Tolerance.ulps(2)
  tolerance.absolute = 64 * Double(S.ulpOfOne)
  return tolerance
}

@Suite struct StateReductionTests {
  private func random<S: FloatingPointScalar>(_ shape: Shape, offset: Double, seed: UInt64) -> Tensor<S> {
    var generator = RandomGenerator(seed: seed)
    return Tensor<S>.random(.normal, shape: shape, using: &generator) * S(16) + S(offset)
  }

  // MARK: Moments

  private func checkMoments<S: FloatingPointScalar>(_ x: Tensor<S>, _ rows: [[Double]], over axis: Int, _ what: String)
  {
    let means = reduced(NABLA_MOMENTS, x, over: [axis], as: S.self)
    let variances = reduced(NABLA_MOMENTS, x, over: [axis], result: 1, as: S.self)
    for (index, row) in rows.enumerated() {
      expectClose(means[index], S(Reference.mean(row)), meanTolerance(S.self, row), "mean \(index), \(what)")
      expectClose(variances[index], S(Reference.variance(row)), tolerance(S.self, row), "variance \(index), \(what)")
    }
  }

  /// Data far from 0: the difference of the mean square and the squared mean would have no correct digit.
  @Test(arguments: [0, 1e8])
  func moments(_ offset: Double) {
    func check<S: FloatingPointScalar>(_ type: S.Type) {
      for length in lengths {
        let x: Tensor<S> = random([3, length], offset: offset, seed: UInt64(length))
        let rows = (0..<3).map { x[$0].scalars.map(Double.init) }
        checkMoments(x, rows, over: 1, "rows of \(length) \(S.self), offset \(offset)")
        let columns = Tensor<S>(shape: [length, 3], scalars: x.transposed().scalars)
        checkMoments(columns, rows, over: 0, "columns of \(length) \(S.self), offset \(offset)")
      }
      for width in widths {
        for length in [1, 7, 31, 100, 1000] {
          let x: Tensor<S> = random([length, width], offset: offset, seed: UInt64(width))
          let columns = (0..<width).map { x[.all, $0].scalars.map(Double.init) }
          checkMoments(x, columns, over: 0, "\(width) columns of \(length) \(S.self), offset \(offset)")
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func momentsOfSpecialElements() {
    func both(_ x: [Double]) -> [Double] {
      [0, 1].map { reduced(NABLA_MOMENTS, Tensor(x), over: [0], result: $0, as: Double.self)[0] }
    }
    let infinity = Double.infinity
    for count in [2, 20, 5000] {
      let rest = [Double](repeating: 1, count: count)
      #expect(both(rest) == [1, 0])
      #expect(both([Double](repeating: 0.1, count: count))[1] < 1e-30)
      let (first, last, mixed) = (
        both([-infinity] + rest), both(rest + [infinity]), both([infinity, -infinity] + rest)
      )
      #expect(first[0] == -infinity && first[1].isNaN)
      #expect(last[0] == infinity && last[1].isNaN)
      #expect(mixed[0].isNaN && mixed[1].isNaN)
      let undefined = both(rest + [.nan])
      #expect(undefined[0].isNaN && undefined[1].isNaN)
    }
    let nothing = both([])
    #expect(nothing[0].isNaN && nothing[1].isNaN)
    #expect(both([3]) == [3, 0])
    let results = UnsafeMutablePointer<Float>.allocate(capacity: 2)
    defer { results.deallocate() }
    Reduction.reduce(NABLA_MOMENTS, Tensor<Float>([1, 2, 3, 4]).erased, over: [0], into: [results, results + 1])
    #expect(results[0] == 2.5 && results[1] == 1.25)
  }

  // MARK: logSumExp and norms

  @Test func logSumExp() {
    func check<S: FloatingPointScalar>(_ type: S.Type) {
      for length in lengths {
        for offset in [0.0, 5000, -5000] {
          let x: Tensor<S> = random([2, length], offset: offset, seed: UInt64(length))
          let rows = (0..<2).map { S(Reference.logSumExp(x[$0].scalars.map(Double.init))) }
          let tolerance = logarithms(S.self)
          let shape: Shape = [2]
          expectClose(
            Tensor(shape: shape, scalars: reduced(NABLA_LOG_SUM_EXP, x, over: [1], as: S.self)), rows, tolerance,
            "rows of \(length) \(S.self)")
          let columns = Tensor<S>(shape: [length, 2], scalars: x.transposed().scalars)
          expectClose(
            Tensor(shape: shape, scalars: reduced(NABLA_LOG_SUM_EXP, columns, over: [0], as: S.self)), rows, tolerance,
            "columns of \(length) \(S.self)")
        }
      }
      for width in widths {
        let x: Tensor<S> = random([100, width], offset: 0, seed: UInt64(width))
        let expected = (0..<width).map { S(Reference.logSumExp(x[.all, $0].scalars.map(Double.init))) }
        expectClose(
          Tensor(reduced(NABLA_LOG_SUM_EXP, x, over: [0], as: S.self)), expected,
          logarithms(S.self), "\(width) columns of \(S.self)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func logSumExpOfInfinities() {
    let infinity = Float.infinity
    for count in [1, 20, 5000] {
      func of(_ first: Float, _ rest: Float) -> [Float] {
        let row = [Float](repeating: rest, count: count) + [first] + [Float](repeating: rest, count: count)
        let x = Tensor(row)
        let columns = Tensor<Float>(shape: [row.count, 2], scalars: row.flatMap { [$0, 0] })
        return reduced(NABLA_LOG_SUM_EXP, x, over: [0], as: Float.self)
          + reduced(NABLA_LOG_SUM_EXP, columns, over: [0], as: Float.self).prefix(1)
      }
      #expect(of(-infinity, -infinity) == [-infinity, -infinity])
      #expect(of(infinity, -infinity) == [infinity, infinity])
      #expect(of(infinity, 1000) == [infinity, infinity])
      #expect(of(3, -infinity) == [3, 3])
      for (first, rest) in [(.nan, 0), (.nan, infinity), (infinity, .nan), (.nan, -infinity)] as [(Float, Float)] {
        let isNaN = of(first, rest).map(\.isNaN)
        #expect(isNaN == [true, true], "\(first), \(rest)")
      }
    }
  }

  /// Squares of large and of small elements would be infinite or 0.
  @Test func norms() {
    func check<S: FloatingPointScalar>(_ type: S.Type, scales: [Double]) {
      for length in lengths {
        for scale in scales {
          let x: Tensor<S> = random([length, 3], offset: 1, seed: UInt64(length)) * S(scale)
          let columns = (0..<3).map { S(Reference.norm(x[.all, $0].scalars.map(Double.init))) }
          let tolerance = Tolerance.relative(64 * Double(S.ulpOfOne))
          expectClose(
            Tensor(reduced(NABLA_NORM, x, over: [0], as: S.self)), columns, tolerance, "\(length) · \(scale) \(S.self)")
          let rows = Tensor<S>(shape: [3, length], scalars: x.transposed().scalars)
          expectClose(
            Tensor(reduced(NABLA_NORM, rows, over: [1], as: S.self)), columns, tolerance,
            "\(length) · \(scale) \(S.self)")
        }
      }
    }
    check(Float.self, scales: [1, 0x1p100, 0x1p-100, 0])
    check(Double.self, scales: [1, 0x1p1000, 0x1p-600, 0])
    let mixed = Tensor<Double>([0x1p-1000, 0, 0x1p1000] + [Double](repeating: 0, count: 5000) + [0x1p-900])
    #expect(reduced(NABLA_NORM, mixed, over: [0], as: Double.self) == [0x1p1000])
    for other in [Double.infinity, .nan] {
      let norm = reduced(NABLA_NORM, Tensor<Double>([0x1p1000, other, 0]), over: [0], as: Double.self)[0]
      #expect(norm == other || norm.isNaN && other.isNaN)
    }
  }

  // MARK: argmax, argmin, counts

  private func checkArguments<S: NumericScalar>(_ values: [S], _ what: String) {
    let expected = [Reference.first(values, where: >), Reference.first(values, where: <)]
    for (op, index) in zip([NABLA_ARGMAX, NABLA_ARGMIN], expected) {
      #expect(reduced(op, Tensor(values), over: [0], as: Int64.self) == [index], "\(what), row")
      let short = min(values.count, 200)
      for width in widths where values.count <= 5000 {
        // Columns that differ: each begins at another element.
        let columns = (0..<width).map { column in (0..<short).map { values[($0 + column) % short] } }
        let x = Tensor<S>(shape: [short, width], scalars: (0..<short).flatMap { row in columns.map { $0[row] } })
        let beats: (S, S) -> Bool = op == NABLA_ARGMAX ? { $0 > $1 } : { $0 < $1 }
        let indices = columns.map { Reference.first($0, where: beats) }
        #expect(reduced(op, x, over: [0], as: Int64.self) == indices, "\(what), \(width) columns")
        let rows = Tensor<S>(shape: [width, short], scalars: columns.flatMap { $0 })
        #expect(reduced(op, rows, over: [1], as: Int64.self) == indices, "\(what), \(width) rows")
      }
    }
  }

  /// Few values, so that ties are many.
  @Test func arguments() {
    var generator = RandomGenerator(seed: 31)
    for length in lengths where length > 0 {
      for bound in [2, 1000] {
        let numbers = (0..<length).map { _ in generator.below(bound) }
        checkArguments(numbers.map { Int32($0) - 500 }, "Int32 \(length)")
        checkArguments(numbers.map { Int64($0) << 40 - 1 << 48 }, "Int64 \(length)")
        checkArguments(numbers.map { UInt8($0 % 256) }, "UInt8 \(length)")
        checkArguments(numbers.map { Float($0) }, "Float \(length)")
        checkArguments(numbers.map { Double($0) - 3 }, "Double \(length)")
      }
      var some = (0..<length).map { _ in Float(generator.below(1000)) }
      for _ in 0..<3 {
        some[generator.below(length)] = .nan
        checkArguments(some, "Float with NaN \(length)")
      }
      checkArguments([Double](repeating: -.infinity, count: length), "-infinity \(length)")
      checkArguments((0..<length).map { Float($0 % 2 == 0 ? -0.0 : 0) }, "zeros of both signs \(length)")
      checkArguments((0..<length).map { Float($0) }, "rising \(length)")
    }
  }

  @Test func counts() {
    var generator = RandomGenerator(seed: 32)
    for length in lengths {
      let flags = (0..<length).map { _ in generator.below(3) > 0 }
      let count = Int64(flags.filter { $0 }.count)
      #expect(reduced(NABLA_COUNT_TRUE, Tensor(flags), over: [0], as: Int64.self) == [count])
      for width in widths where length <= 5000 {
        let x = Tensor<Bool>(shape: [length, width], scalars: flags.flatMap { Array(repeating: $0, count: width) })
        #expect(reduced(NABLA_COUNT_TRUE, x, over: [0], as: Int64.self) == Array(repeating: count, count: width))
      }
    }
    let all = Tensor<Bool>(repeating: true, shape: [300_000])
    #expect(reduced(NABLA_COUNT_TRUE, all, over: [0], as: Int64.self) == [300_000])
  }

  // MARK: Any axes, any layout

  /// Views in any layout, over every subset of axes.
  @Test func everySubsetOfAxes() {
    var generator = RandomGenerator(seed: 33)
    for _ in 0..<20 {
      let view = RandomView<Double>(rank: 4, using: &generator) { _, g in Double(g.below(9)) - 4 }
      let sizes = view.tensor.shape.dimensions
      for axes in (1..<16).map({ mask in (0..<4).filter { mask >> $0 & 1 == 1 } }) {
        var groups = [[Double]](
          repeating: [], count: sizes.indices.reduce(1) { axes.contains($1) ? $0 : $0 * sizes[$1] })
        for (index, scalar) in zip(indices(of: sizes), view.scalars) {
          groups[sizes.indices.reduce(0) { axes.contains($1) ? $0 : $0 * sizes[$1] + index[$1] }].append(scalar)
        }
        let (x, what) = (view.tensor, "shape \(sizes) over \(axes)")
        #expect(
          reduced(NABLA_ARGMAX, x, over: axes, as: Int64.self) == groups.map { Reference.first($0, where: >) },
          "\(what)")
        #expect(reduced(NABLA_MIN, x, over: axes, as: Double.self) == groups.map { $0.min()! }, "\(what)")
        expectClose(
          Tensor(reduced(NABLA_MOMENTS, x, over: axes, result: 1, as: Double.self)), groups.map(Reference.variance),
          .relative(64 * Double.ulpOfOne, absolute: 64 * Double.ulpOfOne), what)
        expectClose(
          Tensor(reduced(NABLA_LOG_SUM_EXP, x, over: axes, as: Double.self)), groups.map(Reference.logSumExp),
          .absolute(64 * Double.ulpOfOne), what)
      }
    }
  }

  /// Shapes that take each of the ways in which threads share a reduction.
  @Test(arguments: [
    ([3, 40_000], [1]), ([40_000, 3], [0]), ([20_000, 7], [1]), ([5, 20_000], [0]), ([300, 5000], [0]),
    ([2, 50, 900], [1]),
    ([40, 50, 60], [1]), ([30, 7, 400], [0, 2]), ([30, 7, 5, 80], [0, 2, 3]), ([3, 30_000, 2], [0, 2]),
    ([0, 3, 40], [0, 2]), ([4, 0, 3], [1]), ([200, 500], [0, 1]),
  ])
  func largeShapes(_ sizes: [Int], _ axes: [Int]) {
    let dense: Tensor<Double> = random(Shape(sizes), offset: 3, seed: 34)
    for layout in Layout.allCases where dense.count > 0 || layout == .dense {
      let x = layout.tensor(sizes, dense.scalars)
      let kept = sizes.indices.filter { !axes.contains($0) }
      let rows = dense.transposed(permutation: kept + axes).scalars
      let length = axes.reduce(1) { $0 * sizes[$1] }
      let groups = (0..<kept.reduce(1) { $0 * sizes[$1] }).map { Array(rows[$0 * length..<($0 + 1) * length]) }
      let what = "\(sizes) over \(axes), \(layout)"
      if length > 0 {
        #expect(
          reduced(NABLA_ARGMIN, x, over: axes, as: Int64.self) == groups.map { Reference.first($0, where: <) },
          "\(what)")
        #expect(reduced(NABLA_MAX, x, over: axes, as: Double.self) == groups.map { $0.max()! }, "\(what)")
      }
      expectClose(
        Tensor(reduced(NABLA_SUM, x, over: axes, as: Double.self)), groups.map { ExactSum.of($0) },
        .relative(64 * Double.ulpOfOne, absolute: 64 * Double.ulpOfOne * Double(length)), what)
      for (index, mean) in reduced(NABLA_MOMENTS, x, over: axes, as: Double.self).enumerated() {
        expectClose(mean, Reference.mean(groups[index]), meanTolerance(Double.self, groups[index]), what)
      }
      expectClose(
        Tensor(reduced(NABLA_LOG_SUM_EXP, x, over: axes, as: Double.self)), groups.map(Reference.logSumExp),
        logarithms(Double.self), what)
    }
  }

  @Test func repeatedElements() {
    let x = Tensor<Float>([3, 1, 2]).broadcast(to: [50_000, 3])
    #expect(reduced(NABLA_MAX, x, over: [0], as: Float.self) == [3, 1, 2])
    #expect(reduced(NABLA_MIN, x, over: [0, 1], as: Float.self) == [1])
    #expect(reduced(NABLA_ARGMAX, x, over: [0], as: Int64.self) == [0, 0, 0])
    #expect(reduced(NABLA_MOMENTS, x, over: [0], as: Float.self) == [3, 1, 2])
    #expect(reduced(NABLA_SUM, x, over: [0], as: Float.self) == [150_000, 50_000, 100_000])
  }
}
