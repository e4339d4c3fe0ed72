import Foundation
import Nabla
import NablaPlan
import TestSupport
import Testing

/// Reductions that are merges of states go through rows block by block: one phase, and the values of eager code.
@Suite struct MergeTests {
  typealias F = Tensor<Float>

  private func data(_ shape: Shape, seed: UInt64 = 31) -> F {
    var generator = RandomGenerator(seed: seed)
    return F.random(.normal, shape: shape, using: &generator)
  }

  private func phases(_ plan: String) -> [Substring] {
    plan.split(separator: "\n").filter { $0.hasPrefix("phase:") }
  }

  /// Integers, which are exact in any order, as Double.
  private func exact(_ x: Tensor<Int64>) -> F { Tensor(castingFrom: x) }

  @Test(arguments: [false, true])
  func inOnePass(inBlocks: Bool) {
    let rows = inBlocks ? 211 : 30_011
    let labels = Tensor((0..<rows).map { Int32($0 * 31 % 7) })
    let body = { (x: F, labels: Tensor<Int32>) -> [F] in
      let y = x * 2 + 1
      let best = topK(y, 5, axis: 0), worst = topK(y, 3, axis: 0, largest: false)
      return [
        exact(histogram(y, bins: 12, range: -3...3)), exact(histogram(y, edges: [-9, 0, 0.5, 9])),
        exact((y .> 1).countTrue(axis: 0)), exact((y .> 1).countTrue()), best.values, exact(best.indices), worst.values,
        exact(worst.indices), exact(binCount(labels, count: 7)), y.norm(axis: 0), gram(y),
        segmentSum(y, segments: labels, count: 7),
      ]
    }
    let f = compiled(body)
    if inBlocks { f.options = .tiny }
    let x = data([rows, 4])
    let expected = body(x, labels)
    for _ in 0..<2 {
      for (number, pair) in zip(f(x, labels), expected).enumerated() {
        let tolerance: Tolerance = number < 9 ? .exact : .relative(1e-5, absolute: 1e-3)
        expectClose(pair.0, pair.1, tolerance, "result \(number)")
      }
    }
    let plan = f.plan
    #expect(phases(plan).count == 1 && plan.contains("\(rows) rows"), "\(plan)")
  }

  /// The range of the data takes a pass of its own.
  @Test(arguments: [false, true])
  func theRangeOfTheData(inBlocks: Bool) {
    let body = { (x: F) in [histogram(x * 3, bins: 20), histogram(x[.all, 0], bins: 4)] }
    let f = compiled(body)
    if inBlocks { f.options = .tiny }
    let x = data([inBlocks ? 101 : 20_011, 3])
    for _ in 0..<2 { #expect(f(x) == body(x)) }
    #expect(phases(f.plan).count == 2, "\(f.plan)")
    #expect(f(x)[0].scalars.reduce(0, +) == Int64(x.count))
    var broken = x
    broken[7, 1] = F(.nan)
    expectMistake("histogram", "NaN") { _ = f(broken) }
    #expect(f(x) == body(x))
  }

  /// Ties, NaN and zeros of both signs across blocks: the first rows win, in the order of eager code.
  @Test(arguments: [false, true])
  func tiesAcrossBlocks(largest: Bool) {
    var generator = RandomGenerator(seed: 4)
    for (rows, columns, k) in [(97, 1, 40), (64, 3, 7), (33, 2, 33), (50, 5, 1), (20, 3, 0)] {
      let values: [Float] = [.nan, 0, -0.0, 1, -1, .infinity, -.infinity]
      let x = F((0..<rows * columns).map { _ in values[Int(generator.below(7))] }).reshaped(to: [rows, columns])
      let body = { (x: F) -> [F] in
        let y = topK(x, k, axis: 0, largest: largest)
        let one = topK(x.reshaped(to: [rows * columns]), min(k, rows), largest: largest)
        return [y.values, Tensor(castingFrom: y.indices), one.values, Tensor(castingFrom: one.indices)]
      }
      let f = compiled(body)
      f.options = .tiny
      for (s, e) in zip(f(x), body(x)) {
        // Bits: zeros have signs.
        #expect(s.scalars.map(\.bitPattern) == e.scalars.map(\.bitPattern), "\(rows) x \(columns), \(k)")
      }
      // Views that no kernel walks in place.
      let wide = x.expandingDimension(at: 1).broadcast(to: [rows, 2, columns])
      let g = compiled { (x: F) in topK(x, min(k, 3), axis: 0, largest: largest).values }
      g.options = .tiny
      expectClose(g(wide), topK(wide, min(k, 3), axis: 0, largest: largest).values, .exact)
    }
  }

  @Test(arguments: [false, true])
  func integers(inBlocks: Bool) {
    let body = { (x: Tensor<Int32>) -> [Tensor<Int64>] in
      let y = topK(x, 3, axis: 0)
      let sums = segmentSum(x, segments: x, count: 10)
      return [y.indices, Tensor(castingFrom: y.values), histogram(x, bins: 4), Tensor(castingFrom: sums)]
    }
    let f = compiled(body)
    if inBlocks { f.options = .tiny }
    let x = Tensor((0..<(inBlocks ? 99 : 100_003)).map { Int32($0 * 57 % 10) })
    #expect(f(x) == body(x))
  }

  /// The gradient of an embedding is a sum of segments, in the pass that computes what arrives.
  @Test func gradients() {
    let table = Variable(data([9, 3], seed: 2))
    let rows = 20_000
    let labels = Tensor((0..<rows).map { Int32($0 * 5 % 9) })
    let body = { (x: F, labels: Tensor<Int32>) -> [F] in
      let tape = GradientTape()
      let loss = tape.record {
        square(gather(table, indices: labels) - x).mean() + gram(x - table.mean(axis: 0)).sum() / 1e6
      }
      let penalty = gradient(at: x) { $0.norm(axis: 0).sum() }
      return [loss, tape.gradient(of: loss, for: table)!, penalty.sum(axis: 0)]
    }
    let f = compiled(body)
    let x = data([rows, 3])
    for (s, e) in zip(f(x, labels), body(x, labels)) { expectClose(s, e, .relative(1e-4, absolute: 1e-5)) }
    #expect(phases(f.plan).count <= 3, "\(f.plan)")
  }
}
