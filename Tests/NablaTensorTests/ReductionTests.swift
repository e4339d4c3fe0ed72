import Foundation
import Nabla
import TestSupport
import Testing

/// Reductions of random rank-4 views over every subset of axes, against loops.
@Suite struct ReductionTests {
  /// For each element of the reduced shape, the numbers of the elements that it comes from, in order.
  private func groups(_ sizes: [Int], _ axes: [Int]) -> (shape: [Int], kept: [Int], members: [[Int]]) {
    let remaining = sizes.indices.filter { !axes.contains($0) }
    let shape = remaining.map { sizes[$0] }
    var members = [[Int]](repeating: [], count: shape.reduce(1, *))
    for (number, index) in indices(of: sizes).enumerated() {
      let place = remaining.reduce(0) { $0 * sizes[$1] + index[$1] }
      members[place].append(number)
    }
    return (shape, sizes.indices.map { axes.contains($0) ? 1 : sizes[$0] }, members)
  }

  private static let subsets: [[Int]] = (0..<16).map { mask in (0..<4).filter { mask >> $0 & 1 == 1 } }

  @Test func everySubsetOfAxes() {
    var generator = RandomGenerator(seed: 21)
    for _ in 0..<12 {
      let view = RandomView<Double>(rank: 4, using: &generator) { _, g in Double(g.below(9)) - 4 }
      let (x, v) = (view.tensor, view.scalars)
      for axes in Self.subsets {
        let (shape, kept, members) = groups(x.shape.dimensions, axes)
        let values = members.map { $0.map { v[$0] } }
        let what = "shape \(x.shape) over \(axes)"
        // Small integers: every order of summation is exact.
        expectEqual(x.sum(axis: axes), shape: Shape(shape), values.map { $0.reduce(0, +) }, "sum, \(what)")
        expectEqual(
          x.sum(axis: axes, keepingDimensions: true), shape: Shape(kept), values.map { $0.reduce(0, +) }, what)
        expectEqual(x.max(axis: axes), shape: Shape(shape), values.map { $0.max()! }, "max, \(what)")
        expectEqual(x.min(axis: axes), shape: Shape(shape), values.map { $0.min()! }, "min, \(what)")
        // A product of n factors rounds n times.
        expectClose(
          x.product(axis: axes), shape: Shape(shape), values.map { $0.reduce(1, *) },
          .relative(256 * Double.ulpOfOne), "product, \(what)")
        let flags = x .> Tensor(0)
        expectEqual(flags.any(axis: axes), shape: Shape(shape), values.map { $0.contains { $0 > 0 } }, "any, \(what)")
        expectEqual(flags.all(axis: axes), shape: Shape(shape), values.map { $0.allSatisfy { $0 > 0 } }, "all, \(what)")
        expectClose(
          x.mean(axis: axes), shape: Shape(shape), values.map { $0.reduce(0, +) / Double($0.count) }, .ulps(2),
          "mean, \(what)")
      }
    }
  }

  @Test func integersOfEveryType() {
    func check<S: NumericScalar & FixedWidthInteger>(_ type: S.Type, seed: UInt64) {
      var generator = RandomGenerator(seed: seed)
      for _ in 0..<6 {
        let view = RandomView<S>(rank: 4, using: &generator) { _, g in
          S(truncatingIfNeeded: Int(truncatingIfNeeded: g.next() as UInt64))
        }
        for axes in Self.subsets {
          let (shape, _, members) = groups(view.tensor.shape.dimensions, axes)
          let values = members.map { $0.map { view.scalars[$0] } }
          expectEqual(view.tensor.sum(axis: axes), shape: Shape(shape), values.map { $0.reduce(0, &+) })
          expectEqual(view.tensor.product(axis: axes), shape: Shape(shape), values.map { $0.reduce(1, &*) })
          expectEqual(view.tensor.max(axis: axes), shape: Shape(shape), values.map { $0.max()! })
          expectEqual(view.tensor.min(axis: axes), shape: Shape(shape), values.map { $0.min()! })
        }
      }
    }
    check(Int32.self, seed: 22)
    check(Int64.self, seed: 23)
    check(UInt8.self, seed: 24)
  }

  @Test func alongOneAxis() {
    var generator = RandomGenerator(seed: 25)
    for _ in 0..<30 {
      // Few values, so that ties are many: the first wins.
      let view = RandomView<Float>(rank: 4, using: &generator) { _, g in g.below(20) == 0 ? .nan : Float(g.below(3)) }
      for axis in 0..<4 {
        let (shape, _, members) = groups(view.tensor.shape.dimensions, [axis])
        let values = members.map { $0.map { view.scalars[$0] } }
        func first(_ best: ([Float]) -> Float) -> [Int64] {
          values.map { row in Int64(row.firstIndex(where: \.isNaN) ?? row.firstIndex(of: best(row))!) }
        }
        expectEqual(view.tensor.argmax(axis: axis), shape: Shape(shape), first { $0.max()! })
        expectEqual(view.tensor.argmin(axis: axis - 4), shape: Shape(shape), first { $0.min()! })
        var sums = view.scalars
        for group in members {
          for (previous, next) in zip(group, group.dropFirst()) { sums[next] += sums[previous] }
        }
        expectEqual(view.tensor.cumulativeSum(axis: axis), shape: view.tensor.shape, sums)
      }
    }
    #expect(Tensor<Int32>([[3, 9], [9, 1]]).argmax().scalar == 1 && Tensor<UInt8>([4, 2, 2]).argmin().scalar == 1)
    #expect(Tensor<Int32>([.max, 1]).cumulativeSum().scalars == [.max, .min])
    #expect(Tensor<Int64>([[1, 2], [3, 4]]).cumulativeSum(axis: 1).scalars == [1, 3, 3, 7])
    // Float adds in Double: 1 + 2²⁴ · ε would stay at 1 otherwise.
    let small = Tensor<Float>(repeating: 0x1p-25, shape: [1 << 10])
    #expect(concatenate([Tensor<Float>([1]), small]).cumulativeSum().scalars.last == Float(1 + 0x1p-15))
  }

  /// Long rows and columns cross the blocks and lanes of the kernels.
  @Test func everyLength() {
    for count in Array(0...140) + [511, 512, 513, 4095, 4096, 4097, 8191, 12289, 20000] {
      let x = (0..<count).map { Double(($0 * 7919) % 1009 - 504) }
      let t = Tensor(x)
      #expect(t.sum().scalar == x.reduce(0, +), "\(count)")
      let columns = Tensor(shape: [count, 3], scalars: x.flatMap { [$0, -$0, 1] })
      #expect(columns.sum(axis: 0).scalars == [x.reduce(0, +), -x.reduce(0, +), Double(count)], "\(count)")
      let wide = Tensor(shape: [3, count], scalars: x + x + x)
      #expect(wide.sum(axis: 0).scalars == x.map { $0 * 3 }, "\(count)")
      if count > 0 {
        #expect(t.max().scalar == x.max()! && columns.min(axis: 0).scalars == [x.min()!, -x.max()!, 1], "\(count)")
        #expect(Int(t.argmax().scalar) == x.firstIndex(of: x.max()!)!, "\(count)")
      }
    }
  }

  @Test func notANumberPropagates() {
    for count in [1, 5, 20, 300, 5000] {
      for place in [0, count / 2, count - 1] {
        var x = [Float](repeating: 1, count: count)
        x[place] = .nan
        let t = Tensor(x)
        #expect(t.sum().scalar.isNaN && t.product().scalar.isNaN && t.max().scalar.isNaN && t.min().scalar.isNaN)
        #expect(t.argmax().scalar == Int64(place) && t.argmin().scalar == Int64(place))
        let columns = stack([t, Tensor(ones: [count])], axis: 1)
        #expect(columns.max(axis: 0).scalars[0].isNaN && columns.max(axis: 0).scalars[1] == 1)
        #expect(columns.min(axis: 0).scalars[0].isNaN && columns.sum(axis: 0).scalars[1] == Float(count))
      }
    }
    #expect(Tensor<Double>([.infinity, -.infinity]).sum().scalar.isNaN)
    #expect(Tensor<Double>([.infinity, 1]).sum().scalar == .infinity)
    #expect(
      Tensor<Double>([-.infinity, 1]).max().scalar == 1 && Tensor<Double>([-.infinity]).max().scalar == -.infinity)
  }

  @Test func emptyTensors() {
    let empty = Tensor<Float>(zeros: [0])
    #expect(empty.sum().scalar == 0 && empty.product().scalar == 1 && empty.mean().scalar.isNaN)
    expectEqual(Tensor<Float>(zeros: [2, 0]).sum(axis: 1), shape: [2], [0, 0])
    expectEqual(Tensor<Float>(zeros: [2, 0]).product(axis: 1), shape: [2], [1, 1])
    expectEqual(Tensor<Float>(zeros: [0, 2]).sum(axis: 0), shape: [2], [0, 0])
    expectEqual(Tensor<Int32>(zeros: [0, 2]).product(axis: 0), shape: [2], [1, 1])
    expectEqual(Tensor<Float>(zeros: [2, 0]).sum(axis: 0), shape: [0], [])
    expectEqual(Tensor<Float>(zeros: [2, 0, 3]).sum(axis: [0, 1]), shape: [3], [0, 0, 0])
    expectEqual(Tensor<Float>(zeros: [2, 0]).max(axis: 0), shape: [0], [])
    expectEqual(Tensor<Float>(zeros: [2, 0]).argmax(axis: 0), shape: [0], [])
    expectEqual(Tensor<Float>(zeros: [2, 0]).cumulativeSum(axis: 1), shape: [2, 0], [])
    expectEqual(Tensor<Float>(zeros: [0, 2]).logSumExp(axis: 0), shape: [2], [-.infinity, -.infinity])
    expectEqual(Tensor<Float>(zeros: [2, 0]).logSumExp(axis: 0), shape: [0], [])
    #expect(Tensor<Double>(zeros: [0]).variance().scalar.isNaN)
    let none = Tensor<Bool>(zeros: [0, 2])
    #expect(none.all().scalar && !none.any().scalar)
    #expect(Tensor<UInt8>(castingFrom: none.all(axis: 0)).scalars == [1, 1])  // bit patterns of true
    #expect(none.any(axis: 0).scalars == [false, false])
    expectMistake("max", "[0]", "no elements") { _ = empty.max() }
    expectMistake("min", "[2, 0]", "[1]") { _ = Tensor<Int32>(zeros: [2, 0]).min(axis: 1) }
    expectMistake("argmax", "no elements along axes [0]") { _ = empty.argmax() }
    expectMistake("argmin", "[3, 0]", "axes [1]") { _ = Tensor<Int32>(zeros: [3, 0]).argmin(axis: 1) }
  }

  /// Pairwise sums: the error grows with log n. One by one, Float would be off by 8 % here.
  @Test func longSumsAreAccurate() {
    let count = 10_000_000
    var generator = RandomGenerator(seed: 26)
    var exact = 0.0
    let x = Tensor<Float>(shape: [count]) { scalars in
      for index in scalars.indices {
        let value = 0.1 + 0.01 * generator.uniformFloat()
        scalars[index] = value
        exact += Double(value)
      }
    }
    // log₂(10⁷ / 64 lanes) additions, each with half an ulp: the bound is 9 ulp, the usual error below 1.
    expectClose(x.sum().scalar, Float(exact), .ulps(2), "row")
    expectClose(x.reshaped(to: [count / 2, 2]).sum(axis: 0).sum().scalar, Float(exact), .ulps(2), "columns")
    expectClose(x.reshaped(to: [2, count / 2]).transposed().sum().scalar, Float(exact), .ulps(2), "transposed")
    expectClose(x.mean().scalar, Float(exact / Double(count)), .ulps(3), "mean")
  }

  @Test func statistics() {
    let x = Tensor<Double>([[1, 2, 3, 4], [2, 4, 6, 8]])
    expectClose(x.variance(axis: 1), shape: [2], [1.25, 5], .ulps(2))
    expectClose(
      x.standardDeviation(axis: 1), shape: [2], [Double(1.25).squareRoot(), Double(5).squareRoot()], .ulps(2))
    expectClose(x.mean(axis: 0, keepingDimensions: true), shape: [1, 4], [1.5, 3, 4.5, 6], .ulps(1))
    expectClose(Tensor<Double>([1000, 1000]).logSumExp().scalar, 1000 + Foundation.log(2), .ulps(2))
    expectClose(Tensor<Double>([-1000, -1000]).logSumExp().scalar, -1000 + Foundation.log(2), .ulps(2))
    #expect(Tensor<Double>([-.infinity, -.infinity]).logSumExp().scalar == -.infinity)
    #expect(Tensor<Double>([.infinity, 1]).logSumExp().scalar == .infinity)
    expectClose(softmax(Tensor<Double>([[1000, 1000], [0, -2000]])), shape: [2, 2], [0.5, 0.5, 1, 0], .ulps(1))
    expectClose(logSoftmax(Tensor<Double>([1000, 1000])), [-Foundation.log(2), -Foundation.log(2)], .absolute(1e-13))
  }
}
