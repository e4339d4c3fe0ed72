import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

@testable import NablaAutodiff

/// Gradients of slices are added where they belong.
@Suite struct SliceGradientTests {
  /// Whole numbers, so that no order of additions rounds.
  private func numbers(_ shape: Shape, from first: Double = 1) -> Tensor<Double> {
    Tensor(shape: shape, scalars: (0..<shape.elementCount).map { first + Double($0 % 7) })
  }

  @Test func everyElementOfAVector() {
    let x = numbers([1000])
    let y = gradient(at: x) { x in (0..<1000).reduce(Tensor<Double>(0)) { $0 + x[$1] * Double($1) } }
    #expect(y.scalars == (0..<1000).map { Double($0) })
  }

  /// A loop over elements takes memory for one accumulator, not for one of each.
  @Test func elementsShareOneAccumulator() {
    let n = 20_000
    let x = numbers([n])
    let tape = GradientTape()
    tape.watch(x)
    let y = tape.record { (0..<50).map { square(x[$0 * 3]) }.reduce(Tensor<Double>(0), +) }
    let before = Memory.counters.inUse
    let g = tape.gradient(of: y, for: x)!
    #expect(Memory.counters.inUse - before <= 2 * n * 8)
    #expect((0..<n).allSatisfy { g.scalars[$0] == ($0 % 3 == 0 && $0 < 150 ? 2 * x.scalars[$0] : 0) })
  }

  /// Slices that overlap, run backwards, take columns; beside a gradient of the whole, before and after them.
  @Test func slicesBesideTheWhole() {
    let x = numbers([6, 4, 5])
    typealias Part = (Tensor<Double>) -> Tensor<Double>
    let parts: [Part] = [
      { $0[1..<4] }, { $0[.all, 2] }, { $0[.range(step: -2), 1..<3, .range(step: 2)] }, { $0 }, { $0[3] },
      { $0[.all, .all, -1] }, { $0[5, 0, 2] }, { $0[2..<2] }, { $0.transposed() },
    ]
    for first in parts {
      for second in parts {
        let together = gradient(at: x) { x in
          square(first(x)).sum() + (second(x) * second(x) * 3).sum() + first(x).sum()
        }
        let apart =
          gradient(at: x) { square(first($0)).sum() } + gradient(at: x) { (second($0) * second($0) * 3).sum() }
          + gradient(at: x) { first($0).sum() }
        #expect(together.scalars == apart.scalars)
        let seen = compiled { (x: Tensor<Double>) in
          gradient(at: x) { x in square(first(x)).sum() + (second(x) * second(x) * 3).sum() + first(x).sum() }
        }(x)
        #expect(seen.scalars == together.scalars)
      }
    }
  }

  @Test func aPersistentTapeGivesTheSameAgain() {
    let x = numbers([8])
    let tape = GradientTape(persistent: true)
    tape.watch(x)
    let y = tape.record { (x[1...] * x[..<(-1)]).sum() + x[2] * x[2] }
    let first = tape.gradient(of: y, for: x)!
    let values = first.scalars
    let second = tape.gradient(of: y, for: x)!
    #expect(first.scalars == values && second.scalars == values)
  }

  @Test func secondDerivativesOfSlices() {
    let x = Tensor<Double>([1, 2, 3, 4])
    let h = hessian(at: x) { (pow($0[1...], 2) * $0[..<(-1)]).sum() }
    // f = Σ x_{i + 1}² x_i
    let expected: [Double] = [0, 4, 0, 0, 4, 2, 6, 0, 0, 6, 4, 8, 0, 0, 8, 6]
    #expect(h.shape == [4, 4])
    expectClose(h.flattened(), Tensor(expected), .ulps(8), "hessian")
  }

  /// Large enough for all threads and several blocks of rows.
  @Test func largeSlices() {
    for (shape, starts, sizes, steps) in [
      ([300_000], [7], [250_000], [1]), ([300_000], [299_999], [100_000], [-3]),
      ([50_000, 4], [0, 1], [50_000, 1], [1, 1]),
      ([3, 70_000], [2, 5], [2, 600], [-2, 100]), ([1, 600, 20, 20], [0, 1, 19, 3], [1, 299, 10, 8], [1, 2, -2, 2]),
    ] {
      let slice = Slice(starts: starts, sizes: sizes, steps: steps)
      let x = numbers(Shape(sizes)).erased
      let whole = Unslice(slice: slice, shape: Shape(shape))(x)
      let seen = Tensor<Double>(unchecked: whole)
      #expect(Tensor<Double>(unchecked: slice(whole)).scalars == Tensor<Double>(unchecked: x).scalars, "\(shape)")
      #expect(seen.sum().scalar == Tensor<Double>(unchecked: x).sum().scalar, "\(shape)")
      var sum = whole
      sum.add(x, starts: starts, sizes: sizes, steps: steps)
      #expect(Tensor<Double>(unchecked: sum).scalars == (seen + seen).scalars, "\(shape)")
      let several = Unslice(slices: [slice, slice, slice], shape: Shape(shape)).apply(Operands([x, x, x]))
      #expect(Tensor<Double>(unchecked: several).scalars == (seen * 3).scalars, "\(shape)")
    }
  }

  /// A plan adds the gradients of slices in one operation.
  @Test func plansJoinSlices() {
    let function = compiled { (x: Tensor<Double>) in
      gradient(at: x) { (square($0[1...]) + square($0[..<(-1)])).sum() + $0[3] * $0[3] * $0[3] }
    }
    let x = numbers([9])
    #expect(
      function(x).scalars
        == gradient(at: x) { (square($0[1...]) + square($0[..<(-1)])).sum() + $0[3] * $0[3] * $0[3] }.scalars)
    #expect(function.plan.components(separatedBy: "unslice").count == 2, "\(function.plan)")
  }
}

/// One or two results take a pullback each, more a map: the same numbers.
@Suite struct FewSeedsTests {
  @Test func jacobiansOfFewAndMany() {
    let x = Tensor<Double>([0.5, -1, 2])
    func f(_ x: Tensor<Double>) -> Tensor<Double> { concatenate([sin(x) * x.sum(), exp(x)]) }
    let all = jacobian(at: x, of: f)
    for count in 1...3 {
      let seen = jacobian(at: x) { f($0)[..<count] }
      #expect(seen.shape == [count, 3])
      expectClose(seen, all[..<count], .ulps(2), "\(count)")
    }
    #expect(jacobian(at: x) { $0.sum() }.shape == [3])
    #expect(jacobian(at: x) { _ in Tensor<Double>([1, 2]) }.scalars == [Double](repeating: 0, count: 6))
  }

  @Test func batchJacobiansOfFewAndMany() {
    let x = Tensor<Double>([[0.5, -1, 2], [1, 2, 3]])
    func rows(_ width: Int) -> Tensor<Double> {
      let tape = GradientTape()
      tape.watch(x)
      let y = tape.record { (sin(x) * x.sum(axis: 1, keepingDimensions: true))[.all, ..<width] }
      return tape.batchJacobian(of: y, for: x)!
    }
    for width in 1...2 { expectClose(rows(width), rows(3)[.all, ..<width], .ulps(2), "\(width)") }
  }
}
