import Nabla
import NablaPlan
import TestSupport
import Testing

/// What goes into a compiled function and what comes out: signatures, groups, layouts in memory.
@Suite struct CompiledTests {
  @Test func tracesOnceForEachSignature() {
    var traces = 0
    let f = compiled { (x: Tensor<Float>, y: Tensor<Float>) in
      traces += 1
      return (x * y).sum() + x.sum()
    }
    let shapes: [[Int]] = [[3], [2, 2], [3], [0], [], [2, 2]]
    for (round, shape) in (shapes + shapes).enumerated() {
      let x = Tensor(repeating: Float(round + 1), shape: Shape(shape))
      let expected = Float(shape.reduce(1, *)) * (Float(round + 1) * 2 + Float(round + 1))
      #expect(f(x, Tensor(repeating: 2, shape: Shape(shape))).scalar == expected, "round \(round), shape \(shape)")
    }
    #expect(f(Tensor<Float>([1, 2]), Tensor<Float>(3)).scalar == 12)  // operands of different shapes
    #expect(traces == 5)
  }

  @Test func theElementTypeIsPartOfTheSignature() {
    var traces = 0
    let f = compiled { (x: [Tensor<Double>], k: Tensor<Int32>, mask: Tensor<Bool>) in
      traces += 1
      return select(mask, x[0] * Tensor(castingFrom: k), -x[0])
    }
    #expect(f([[1, 2]], [3, 4], Tensor([true, false])).scalars == [3, -2])
    #expect(f([[5, 6]], [7, 8], Tensor([false, true])).scalars == [-5, 48])
    #expect(traces == 1)
    let (float, double) = (compiled { (x: Tensor<Float>) in x / 3 }, compiled { (x: Tensor<Double>) in x / 3 })
    #expect(float(Tensor(1)).scalar == Float(1) / 3 && double(Tensor(1)).scalar == Double(1) / 3)
  }

  /// The same tensors in other lists are another call.
  @Test func theGroupingIsPartOfTheSignature() {
    let f = compiled { (a: [Tensor<Float>], b: [Tensor<Float>]) in
      a.reduce(Tensor(0)) { $0 + $1 } - b.reduce(Tensor(0)) { $0 + $1 }
    }
    for _ in 0..<2 {
      #expect(f([Tensor(1), Tensor(10)], [Tensor(100)]).scalar == -89)
      #expect(f([Tensor(1)], [Tensor(10), Tensor(100)]).scalar == -109)
      #expect(f([], [Tensor(1), Tensor(10), Tensor(100)]).scalar == -111)
    }
    let g = compiled { (a: Tensor<Float>?, b: Tensor<Float>?) in a.map { $0 * 2 } ?? b.map { $0 * 3 } ?? Tensor(-1) }
    for _ in 0..<2 {
      #expect(g(Tensor(5), nil).scalar == 10 && g(nil, Tensor(5)).scalar == 15 && g(nil, nil).scalar == -1)
    }
    let nested = compiled { (x: [[Tensor<Float>]]) in x.map { $0.reduce(Tensor(1)) { $0 * $1 } } }
    for _ in 0..<2 {
      #expect(nested([[Tensor(2), Tensor(3)], [Tensor(5)]]).map(\.scalar) == [6, 5])
      #expect(nested([[Tensor(2)], [Tensor(3), Tensor(5)]]).map(\.scalar) == [2, 15])
    }
  }

  @Test func fromNoneToThreeArguments() {
    let v = Variable<Float>(2)
    let zero = compiled { v * 3 }
    let one = compiled { (x: Tensor<Float>) in v + x }
    let two = compiled { (x: Tensor<Float>, y: Tensor<Float>) in v + x * y }
    let three = compiled { (x: Tensor<Float>, y: [Tensor<Float>], z: Tensor<Int32>) in
      (x + y[0] - y[1], z + 1)
    }
    for round in 0..<3 {
      let k = Float(round)
      #expect(zero().scalar == 6 && one(Tensor(k)).scalar == 2 + k && two(Tensor(k), Tensor(5)).scalar == 2 + 5 * k)
      let (a, b) = three(Tensor(k), [Tensor(10), Tensor(1)], Tensor(Int32(round)))
      #expect(a.scalar == k + 9 && b.scalar == Int32(round + 1))
    }
  }

  @Test func formsOfResults() {
    let v = Variable<Float>(3), unused = Variable<Float>([1, 2])
    let gradients = compiled { (x: Tensor<Float>) -> [Tensor<Float>?] in
      let tape = GradientTape()
      let y = tape.record { v * v * x }
      return tape.gradient(of: y, for: [unused, v, unused])
    }
    for k in 1...3 {
      let seen = gradients(Tensor(Float(k)))
      #expect(seen.count == 3 && seen[0] == nil && seen[2] == nil && seen[1]?.scalar == Float(6 * k))
    }
    let pair = compiled { (x: Tensor<Float>) in (x.sum(), [x * 2, x * 3]) }
    for k in 1...3 {
      let (loss, parts) = pair(Tensor([Float(k), 1]))
      #expect(loss.scalar == Float(k + 1))
      #expect(parts[0].scalars == [Float(2 * k), 2] && parts[1].scalars == [Float(3 * k), 3])
    }
    let nothing = compiled { (x: Tensor<Float>) in v.assign(x) }
    nothing(Tensor(7))
    nothing(Tensor(8))
    #expect(v.value.scalar == 8)
  }

  /// What the function returns without computing it is a copy: later runs and changes do not reach it.
  @Test func returnsArgumentsVariablesAndConstants() {
    let v = Variable<Float>([1, 2]), constant = Tensor<Float>([7, 8])
    let f = compiled { (x: Tensor<Float>) -> [Tensor<Float>] in
      [x, v.value, constant, x + 1, x, constant.reversed(axis: 0)]
    }
    var x = Tensor<Float>([3, 4])
    let first = f(x)
    x.withUnsafeMutableScalars { $0[0] = 50 }
    v.assign([60, 70])
    let second = f(x)
    #expect(first.map(\.scalars) == [[3, 4], [1, 2], [7, 8], [4, 5], [3, 4], [8, 7]])
    #expect(second.map(\.scalars) == [[50, 4], [60, 70], [7, 8], [51, 5], [50, 4], [8, 7]])
    v.assignAdd([1, 1])
    #expect(second[1].scalars == [60, 70] && constant.scalars == [7, 8])
  }

  @Test func theSameValueTwice() {
    let f = compiled { (x: Tensor<Float>) -> [Tensor<Float>] in
      let y = exp(x)
      return [y, y, exp(x), y.reshaped(to: [2, 1]), y.transposed()]
    }
    var seen = f([0, 1])
    let e = seen[0].scalars
    #expect(e[0] == 1 && seen.allSatisfy { $0.scalars == e } && seen[3].shape == [2, 1])
    seen[0].withUnsafeMutableScalars { $0[0] = -1 }
    #expect(seen[0].scalars[0] == -1 && seen[1...].allSatisfy { $0.scalars == e })
  }

  @Test func earlierResultsStay() {
    let f = compiled { (x: Tensor<Float>) in (x * 2, [x.sum(), x.transposed()]) }
    let inputs = (0..<5).map { k in
      Tensor<Float>(rangeFrom: Float(k), to: Float(k + 6), stride: 1).reshaped(to: [2, 3])
    }
    let results = inputs.map { f($0) }
    for (x, (double, parts)) in zip(inputs, results) {
      #expect(double.scalars == x.scalars.map { 2 * $0 })
      #expect(parts[0].scalar == x.scalars.reduce(0, +) && parts[1].scalars == x.transposed().scalars)
    }
  }

  /// The same with rows in blocks, whose results go to memory of the caller's at every run.
  @Test func earlierResultsOfPhasesStay() {
    let f = compiled { (x: Tensor<Float>) in (exp(x) * 2, x.sum(axis: 0)) }
    f.options = .tiny
    let inputs = (0..<4).map { k in Tensor<Float>(repeating: Float(k), shape: [7, 3]) }
    let results = inputs.map { f($0) }
    for (k, (y, total)) in results.enumerated() {
      expectClose(y, (inputs[k].exponential * 2), .ulps(2), "call \(k)")
      #expect(total.scalars == [Float](repeating: Float(7 * k), count: 3))
    }
  }

  @Test(arguments: [false, true])
  func argumentsOfEveryLayout(_ inBlocks: Bool) {
    let f = { (x: Tensor<Double>, y: Tensor<Double>) -> [Tensor<Double>] in
      let z = tanh(x) * y + x
      return [z, z.sum(axis: 0), matmul(z.transposed(), x), x[.all, 1...].reshaped(to: [10, 1]), x]
    }
    let g = compiled(f)
    if inBlocks { g.options = .tiny }
    var generator = RandomGenerator(seed: 9)
    func scalars() -> [Double] { (0..<15).map { _ in generator.uniformDouble() - 0.5 } }
    func compare(_ x: Tensor<Double>, _ y: Tensor<Double>, _ what: String) {
      for (seen, expected) in zip(g(x, y), f(x, y)) {
        expectClose(seen, expected, .relative(1e-14, absolute: 1e-15), what)
      }
    }
    for a in Layout.allCases {
      for b in Layout.allCases {
        compare(a.tensor([5, 3], scalars()), b.tensor([5, 3], scalars()), "\(a), \(b), in blocks: \(inBlocks)")
      }
    }
    let row = Tensor<Double>([1, 2, 3])
    compare(row.broadcast(to: [5, 3]), Tensor(repeating: 0.5, shape: [5, 3]), "broadcast, in blocks: \(inBlocks)")
  }

  /// Dense copies of arguments and variables that are not dense live until the last result is made. Their memory would be
  /// given to the results at once.
  @Test func copiesOfWindowsLive() {
    let n = 64
    let a = Variable(Tensor<Float>(rangeFrom: 0, to: Float(n * n), stride: 1).reshaped(to: [n, n]).transposed())
    let b = Variable(Tensor<Float>(repeating: -1, shape: [n, n]))
    let f = compiled { (x: Tensor<Float>, y: Tensor<Float>) -> [Tensor<Float>] in
      (a.value, b.value) = (b.value, a.value)
      return [x, y, y, x]
    }
    let before = (a.value.scalars, b.value.scalars)
    let x = Tensor<Float>(repeating: 3, shape: [n, n])
    let y = Tensor<Float>(rangeFrom: 0, to: Float(n * n), stride: 1).reshaped(to: [n, n]).transposed()
    for round in 0..<4 {
      let seen = f(x, y)
      for (index, expected) in [x, y, y, x].enumerated() {
        #expect(seen[index] == expected, "round \(round), \(index)")
      }
      let expected = round % 2 == 0 ? (before.1, before.0) : before
      #expect(a.value.scalars == expected.0 && b.value.scalars == expected.1, "round \(round)")
    }
  }

  @Test func emptyTensorsAndScalars() {
    let f = compiled { (x: Tensor<Double>) in (exp(x).sum(), [x * 2, x.sum(axis: 0), matmul(x.transposed(), x)]) }
    for shape in [[0, 3], [2, 0], [0, 0], [1, 1]] {
      let (sum, rest) = f(Tensor(ones: Shape(shape)))
      let (rows, columns) = (shape[0], shape[1])
      expectClose(sum.scalar, Double(rows * columns) * 2.718281828459045, .ulps(2), "\(shape)")
      #expect(rest.map(\.shape) == [Shape(shape), [columns], [columns, columns]])
      #expect(rest[1].scalars == [Double](repeating: Double(rows), count: columns))
      #expect(rest[2].scalars == [Double](repeating: Double(rows), count: columns * columns))
    }
    let g = compiled { (x: Tensor<Float>) in square(x) + 1 }
    #expect(g(Tensor(3)).scalar == 10 && g(Tensor(3)).shape == [] && g(Tensor(-2)).scalar == 5)
  }

  /// Common subexpressions, a factor of one, and what nobody needs leave the graph.
  @Test func graphsAreSimplified() {
    let f = compiled { (x: Tensor<Float>) in
      _ = exp(x)
      let a = sin(x) * Tensor(ones: [3]), b = sin(x)
      return a + b.transposed().transposed()
    }
    expectClose(f([0, 0.5, 1]), [0, 0.9588510772084059, 1.682941969615793].map { Float($0) }, .ulps(2))
    let lines = f.plan.split(separator: "\n")
    #expect(
      lines.filter { $0.contains("sin ->") }.count == 1 && !f.plan.contains("exp") && !f.plan.contains("* ->"))
  }

  /// A view that is copied at each call is so at calls with the same value, too.
  @Test func theSameWindowAgain() {
    let x = Tensor<Float>(shape: [300, 200], scalars: (0..<60_000).map { Float($0 % 13) })
    let f = compiled { (x: Tensor<Float>) in x * 2 }
    let view = x.transposed()
    let expected = (view * 2).scalars
    for _ in 0..<4 {
      let others = (0..<3).map { Tensor<Float>(repeating: Float($0), shape: [200, 300]) * 3 }  // takes what was freed
      #expect(f(view).scalars == expected && others.count == 3)
    }
  }

  /// A chain of operations that run whole needs two or three buffers, not one for each.
  @Test func valuesShareMemory() {
    let size = 60
    var generator = RandomGenerator(seed: 81)
    let x = Tensor<Float>.random(.uniform(-1, 1), shape: [size, size], using: &generator) * 0.2
    let chain = { (x: Tensor<Float>) -> [Tensor<Float>] in
      var (y, z) = (x, x)
      for step in 0..<40 {
        y = tanh(matmul(y, x))
        if step % 7 == 3 { z = y.transposed() }  // a view keeps what it looks at
        if step % 7 == 6 { y = y + z }
      }
      return [y, z, y.transposed()]
    }
    let f = compiled(chain)
    for _ in 0..<2 {
      for (seen, expected) in zip(f(x), chain(x)) { #expect(seen.scalars == expected.scalars) }
    }
    let bytes = f.plan.firstMatch(of: #/(\d+(?:\.\d+)?) kB of buffers/#).flatMap { Double($0.1) } ?? .infinity
    #expect(bytes <= 6 * Double(size * size * 4) / 1000)
  }
}

extension Tensor where Scalar == Float {
  fileprivate var exponential: Tensor { exp(self) }
}
