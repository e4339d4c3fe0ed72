import Nabla
import NablaPlan
import TestSupport
import Testing

/// Tapes, forward mode and their nests, traced; and compiled functions inside of tapes and of each other.
@Suite struct CompiledDerivativeTests {
  @Test func nestedTapes() {
    let x = Variable<Double>(2)
    let f = compiled { (k: Tensor<Double>) -> [Tensor<Double>?] in
      let outer = GradientTape()
      let inner = GradientTape()
      let first = outer.record {
        let y = inner.record { x * x * x * k }
        return inner.gradient(of: y, for: x)!
      }
      return [first, outer.gradient(of: first, for: x)]
    }
    for k in 1...3 {
      let k = Double(k)
      #expect(f(Tensor(k)).map { $0?.scalar } == [12 * k, 12 * k])
      x.assign(x + 1)
      #expect(f(Tensor(k)).map { $0?.scalar } == [27 * k, 18 * k])
      x.assign(2)
    }
  }

  @Test(arguments: [false, true])
  func transforms(_ inBlocks: Bool) {
    func energy(_ x: Tensor<Double>) -> Tensor<Double> { (sin(x) * x[.all, 0...0] + exp(-square(x))).sum() }
    let body = { (x: Tensor<Double>, v: Tensor<Double>) -> [Tensor<Double>] in
      let (value, tangent) = jvp(at: x, v, of: energy)
      let product = hessianVectorProduct(at: x, v, of: energy)
      let (_, pullback) = vjp(at: x) { tanh($0) * $0 }
      return [value, tangent, product, gradient(at: x, of: energy), pullback(v)]
    }
    let f = compiled(body)
    if inBlocks { f.options = .tiny }
    var generator = RandomGenerator(seed: 21)
    for round in 0..<3 {
      let x = Tensor<Double>.random(.normal, shape: [5, 3], using: &generator)
      let v = Tensor<Double>.random(.normal, shape: [5, 3], using: &generator)
      for (index, (seen, expected)) in zip(f(x, v), body(x, v)).enumerated() {
        expectClose(seen, expected, .relative(1e-13, absolute: 1e-14), "round \(round), result \(index)")
      }
    }
    let x = Tensor<Double>([[1, 2, 3]])
    let hessians = compiled { (x: Tensor<Double>) in (hessian(at: x, of: energy), jacobian(at: x) { square($0) }) }(x)
    expectClose(hessians.0, hessian(at: x, of: energy), .relative(1e-13, absolute: 1e-14))
    expectClose(hessians.1.reshaped(to: [3, 3]), [2, 0, 0, 0, 4, 0, 0, 0, 6], .exact)
  }

  @Test func customAndStoppedGradients() {
    let v = Variable<Float>([1, -2, 3])
    let f = compiled { (x: Tensor<Float>) -> [Tensor<Float>?] in
      let tape = GradientTape(persistent: true)
      let (custom, stopped, constant) = tape.record {
        (
          customGradient(v.value) { w in (square(w) * x, { g in clip(g * 10 * x, -15, 15) }) },
          v * stopGradient(v * x), stopGradient(v)
        )
      }
      return [custom, stopped] + [custom, stopped, constant].map { tape.gradient(of: $0, for: v) }
    }
    for _ in 0..<2 {
      #expect(f([1, 1, 1]).map { $0?.scalars } == [[1, 4, 9], [1, 4, 9], [10, 10, 10], [1, -2, 3], nil])
      #expect(f([2, -2, 1]).map { $0?.scalars } == [[2, -8, 9], [2, -8, 9], [15, -15, 10], [2, 4, 3], nil])
    }
  }

  @Test(arguments: [false, true])
  func gathersWithIndicesThatArriveLater(_ inBlocks: Bool) {
    let table = Variable<Double>([[1, 2], [3, 4], [5, 6]])
    let f = compiled { (rows: Tensor<Int32>, columns: Tensor<Int64>) -> [Tensor<Double>?] in
      let tape = GradientTape()
      let y = tape.record { square(gather(gather(table, indices: rows), indices: columns, axis: 1)) }
      return [y, tape.gradient(of: y, for: table), scatterAdd(table, indices: rows, values: y[.all, 0..<1] * [1, 0])]
    }
    if inBlocks { f.options = .tiny }
    let first = f([2, 0, 2, 2], [1])
    #expect(first[0]?.scalars == [36, 4, 36, 36] && first[1]?.scalars == [0, 4, 0, 0, 0, 36])
    #expect(first[2]?.scalars == [5, 2, 3, 4, 113, 6])
    let second = f([1, 1, 0, 1], [0])
    #expect(second[0]?.scalars == [9, 9, 1, 9] && second[1]?.scalars == [2, 0, 18, 0, 0, 0])
    #expect(second[2]?.scalars == [2, 2, 30, 4, 5, 6] && first[0]?.scalars == [36, 4, 36, 36])
  }

  /// A tape sees the body of a compiled function, as if it were written there.
  @Test func insideOfATape() {
    let v = Variable<Double>(3)
    let counter = Variable<Int64>(0)
    let f = compiled { (x: Tensor<Double>) in
      counter.assignAdd(1)
      return v * v * x
    }
    _ = f(Tensor(1))
    let tape = GradientTape()
    let x = Tensor<Double>(5)
    tape.watch(x)
    let y = tape.record { f(x) * 2 }
    let (gv, gx) = (tape.gradient(of: y, for: [v])[0], gradient(at: x) { f($0) })
    #expect(y.scalar == 90 && gv?.scalar == 60 && gx.scalar == 9 && f(Tensor(1)).scalar == 9)
    #expect(counter.value.scalar == 4)
    #expect(jvp(at: x, Tensor(2)) { f($0) }.tangent.scalar == 18)
  }

  @Test func insideOfAnother() {
    let v = Variable<Float>(1)
    let inner = compiled { (x: Tensor<Float>) in
      v.assignAdd(x)
      return v * 10
    }
    let outer = compiled { (x: Tensor<Float>) in
      let first = inner(x)
      return (first, inner(x * 2) + v.value)
    }
    var (a, b) = outer(Tensor(1))
    #expect(a.scalar == 20 && b.scalar == 44 && v.value.scalar == 4)
    #expect(inner(Tensor(1)).scalar == 50 && inner.plan.contains("plan:"))
    (a, b) = outer(Tensor(2))
    #expect(a.scalar == 70 && b.scalar == 121 && v.value.scalar == 11)
  }

  /// What a tape keeps out of a gradient eagerly it keeps out when traced: a variable's value after an assignment does not
  /// depend on the one before.
  @Test func assignmentsAreNotDifferentiated() {
    let v = Variable<Double>(2)
    let body = { (x: Tensor<Double>) -> [Tensor<Double>?] in
      let tape = GradientTape()
      let y = tape.record {
        let before = v * x
        v.assign(before)
        return v * v + before
      }
      return [y] + tape.gradient(of: y, for: [v])
    }
    let eager = body(Tensor(3)).map { $0?.scalar }
    v.assign(2)
    #expect(compiled(body)(Tensor(3)).map { $0?.scalar } == eager && eager == [42, 15])
  }
}
