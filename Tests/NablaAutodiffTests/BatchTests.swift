import Nabla
import Synchronization
import TestSupport
import Testing

@testable import NablaAutodiff

@Suite struct BatchTests {
  typealias T = Tensor<Double>
  let rows = T([[1, 2], [3, 4], [5, 6]])

  // MARK: Arguments and results

  @Test func argumentsAndResults() {
    expectEqual(vmap(over: rows) { square($0).sum() }, shape: [3], [5, 25, 61])
    expectEqual(vmap(over: rows, T([1, 0, -1])) { $0 * $1 }, shape: [3, 2], [1, 2, 0, 0, -5, -6])
    // Three element types.
    let chosen = vmap(over: rows, Tensor<Int64>([1, 0, 1]), Tensor<Bool>([true, true, false])) { x, index, isKept in
      select(isKept, gather(x, indices: index), -Tensor(1))
    }
    expectEqual(chosen, shape: [3], [2, 3, -1])
    let (sum, largest) = vmap(over: [rows, 2 * rows]) { x in ((x[0] + x[1]).sum(), [x[0].argmax(), x[1].argmin()]) }
    expectEqual(sum, shape: [3], [9, 21, 33])
    #expect(largest.map(\.scalars) == [[1, 1, 1], [0, 0, 0]])
    // What does not depend on the arguments is repeated, and what is captured is the same for all.
    let (constant, captured) = vmap(over: rows) { _ in (T([7, 8]), rows) }
    expectEqual(constant, shape: [3, 2], [7, 8, 7, 8, 7, 8])
    #expect(captured.shape == [3, 3, 2] && captured[2] == rows)
    expectEqual(vmap(over: rows) { $0 }, shape: [3, 2], rows.scalars)
    let absent = vmap(over: rows, nil as T?) { x, y in y ?? x }
    expectEqual(absent, shape: [3, 2], rows.scalars)
  }

  @Test func emptyBatches() {
    let none = vmap(over: T(zeros: [0, 2]), T(zeros: [0])) { ($0 * $1, [T(5), $0.sum()]) }
    #expect(none.0.shape == [0, 2] && none.1.map(\.shape) == [[0], [0]])
    #expect(vmap(over: T(zeros: [0, 2])) { Unruled.apply($0) }.shape == [0, 2])
  }

  @Test func valuesThatAreTheSameForAllAreKnown() {
    let w = Variable<Double>(2)
    expectEqual(vmap(over: rows) { $0 * Tensor((w + 1).scalar) }, shape: [3, 2], rows.scalars.map { 3 * $0 })
  }

  // MARK: Families whose operands come from the table only in part

  @Test(arguments: [Shape([]), [2], [2, 1]], [0, 1])
  func indicesOfEachElement(_ shape: Shape, _ axis: Int) {
    let x = T(shape: [3, 4, 5], scalars: (0..<60).map(Double.init))
    let size = axis == 0 ? 4 : 5
    let count = 3 * shape.elementCount
    let indices = Tensor<Int32>(shape: Shape([3] + shape), scalars: (0..<count).map { Int32(($0 * 7 + 2) % size) })
    let each = { (b: Int) in gather(x[b], indices: indices[b], axis: axis) }
    expectClose(vmap(over: x, indices) { gather($0, indices: $1, axis: axis) }, stack((0..<3).map(each)), .exact)
    expectClose(
      vmap(over: indices) { gather(x[1], indices: $0, axis: axis) },
      stack((0..<3).map { gather(x[1], indices: indices[$0], axis: axis) }), .exact)
    let values = stack((0..<3).map { square(each($0)) })
    let sums = { (b: Int) in scatterAdd(x[b], indices: indices[b], values: values[b], axis: axis) }
    expectClose(
      vmap(over: x, indices, values) { scatterAdd($0, indices: $1, values: $2, axis: axis) }, stack((0..<3).map(sums)),
      .ulps(4))
    expectClose(
      vmap(over: indices) { scatterAdd(x[0], indices: $0, values: values[2], axis: axis) },
      stack((0..<3).map { scatterAdd(x[0], indices: indices[$0], values: values[2], axis: axis) }), .ulps(4))
    let slope = gradient(at: x) { x in vmap(over: x, indices) { square(gather($0, indices: $1, axis: axis)) } }
    let expected = gradient(at: x) { x in
      stack((0..<3).map { square(gather(x[$0], indices: indices[$0], axis: axis)) })
    }
    expectClose(slope, expected, .ulps(4))
  }

  @Test func indicesOutOfRangeStaySo() {
    for wrong in [-1, 2] as [Int64] {
      expectMistake("gather", "out of range") {
        _ = vmap(over: rows, Tensor<Int64>([0, wrong, 1])) { gather($0, indices: $1) }
      }
    }
  }

  @Test func products() {
    let (a, v) = (T([[1, 2], [3, 4], [0, 1]]), T([1, -1]))
    expectEqual(vmap(over: rows) { matmul(a, $0) }, shape: [3, 3], [5, 11, 2, 11, 25, 4, 17, 39, 6])
    expectEqual(vmap(over: rows) { matmul($0, a.transposed()) }, shape: [3, 3], [5, 11, 2, 11, 25, 4, 17, 39, 6])
    expectEqual(vmap(over: rows) { dot($0, v) }, shape: [3], [-1, -1, -1])
    expectEqual(vmap(over: rows, rows) { outer($0, $1)[0] }, shape: [3, 2], [1, 2, 9, 12, 25, 30])
    expectEqual(vmap(over: rows) { matmul($0, $0) }, shape: [3], [5, 25, 61])
  }

  // MARK: Derivatives

  /// The readme's example, and those of the documentation.
  @Test func samples() {
    let (X, Y) = (Tensor<Float>([[1, 2], [3, 4], [5, 6]]), Tensor<Float>([0, 1, 2]))
    let w = Variable<Float>([0.5, -1])
    let gradients = vmap(over: X, Y) { x, y in
      let tape = GradientTape()
      let loss = tape.record { square(dot(w.value, x) - y) }
      return tape.gradient(of: loss, for: w)!
    }
    expectEqual(gradients, shape: [3, 2], [-3, -6, -21, -28, -55, -66])
    let same = vmap(over: X, Y) { x, y in gradient(at: w.value) { square(dot($0, x) - y) } }
    #expect(same == gradients)
    expectEqual(vmap(over: Tensor<Float>([[3, 4], [0, 2]])) { sqrt(square($0).sum()) }, shape: [2], [5, 2])
    let matrices = Tensor<Float>(shape: [2, 2, 2], scalars: [1, 2, 3, 4, 5, 6, 7, 8])
    expectEqual(
      vmap(over: matrices, Tensor<Float>([[1, 1], [1, 0]])) { matmul($0, $1) }, shape: [2, 2], [3, 7, 5, 7])
  }

  /// A gradient for each sample, of variables and of tensors.
  @Test func gradientsOfEachElement() {
    let w = Variable<Double>([1, -2])
    let each = vmap(over: rows) { x in
      let tape = GradientTape()
      let loss = tape.record { square((w * x).sum()) }
      return tape.gradient(of: loss, for: w)!
    }
    expectEqual(each, shape: [3, 2], [-6, -12, -30, -40, -70, -84])
    let tape = GradientTape()
    let all = tape.record { vmap(over: rows) { x in square((w * x).sum()) } }
    expectEqual(tape.gradient(of: all, for: w)!, shape: [2], [-106, -136])
    // Second derivatives through both: the inner gradients are 2 (w·x) x, and those of their sums add up.
    let outer = GradientTape()
    let first = outer.record {
      vmap(over: rows) { x in
        let inner = GradientTape()
        let loss = inner.record { square((w * x).sum()) }
        return inner.gradient(of: loss, for: w)!
      }
    }
    expectEqual(outer.gradient(of: first, for: w)!, shape: [2], [2 * (3 + 21 + 55), 2 * (6 + 28 + 66)])
  }

  @Test func pullbacksOfTheCallersAreMapped() {
    let scale = T([2, 5])
    // The pullback uses a value of the mapped function, and a derivative that is not the function's own.
    let f = { (x: T, s: T) in
      customGradient([x, s]) { x in
        let slope = 3 * x[0]
        return ((square(x[0]) * x[1]).sum(), { g in [g * slope * x[1], g * x[0]] })
      }
    }
    let (dx, ds) = gradient(at: rows, scale) { x, s in vmap(over: x) { f($0, s) } }
    expectEqual(dx, shape: [3, 2], [6, 30, 18, 60, 30, 90])
    expectEqual(ds, shape: [2], [9, 12])
    expectEqual(
      gradient(at: rows) { x in gradient(at: x) { x in vmap(over: x) { f($0, scale) } } }, shape: [3, 2],
      [6, 15, 6, 15, 6, 15])
    let inside = vmap(over: rows) { x in gradient(at: x) { f($0, scale) } }
    #expect(inside == dx)
    let tangent = jvp(at: rows, rows) { x in vmap(over: x) { f($0, scale) } }.tangent
    expectEqual(tangent, shape: [3], [66, 294, 690])
  }

  @Test func passesStayApart() {
    let x = T([1, 2])
    // d/dx of x · d/dy (x y) at y = x is 2 x, with maps between the passes.
    let slope = gradient(at: x) { x in vmap(over: x) { x in x * jvp(at: x, T(1)) { y in x * y }.tangent } }
    #expect(slope.scalars == [2, 4])
    let other = vmap(over: x) { x in jvp(at: x, T(1)) { x in x * gradient(at: x) { y in x * y } }.tangent }
    #expect(other.scalars == [2, 4])
  }

  // MARK: Jacobians

  @Test func jacobiansNest() {
    let f = { (x: T) in sin(x) * x.sum() }
    let expected = stack((0..<3).map { jacobian(at: rows[$0], of: f) })
    expectClose(vmap(over: rows) { jacobian(at: $0, of: f) }, expected, .ulps(8))
    expectClose(
      vmap(over: rows) { hessian(at: $0) { f($0).sum() } },
      stack((0..<3).map { row in jacobian(at: rows[row]) { gradient(at: $0) { f($0) } } }), .relative(1e-14))
    let cubes = jacobian(at: rows[0]) { jacobian(at: $0) { $0 * $0 * $0 } }
    #expect(
      cubes.shape == [2, 2, 2] && cubes[0, 0, 0].scalar == 6 && cubes[1, 1, 1].scalar == 12 && cubes.sum().scalar == 18)
    let mapped = jacobian(at: rows) { x in vmap(over: x) { square($0).sum() } }
    #expect(mapped.shape == [3, 3, 2] && mapped[1].scalars == [0, 0, 6, 8, 0, 0])
    let inFunction = compiled { (x: T) in (jacobian(at: x, of: f), hessian(at: x) { f($0).sum() }) }(rows[1])
    expectClose(inFunction.0, expected[1], .ulps(8))
    expectClose(inFunction.1, hessian(at: rows[1]) { f($0).sum() }, .relative(1e-14))
    let slope = gradient(at: rows[0]) { square(jacobian(at: $0) { square($0) }) }
    #expect(slope.scalars == [8, 16])
  }

  /// 2²⁰ intermediate values of Double allow eight seeds at once.
  @Test func largeJacobiansTakeSeveralPullbacks() {
    let steps = Tensor<Double>(linearSpaceFrom: 0, to: 1, count: 1 << 20)
    let tape = GradientTape(persistent: true)
    let x = T([2, 3])
    tape.watch(x)
    let y = tape.record { (square(x[0]) * steps + x[1]).reshaped(to: [16, 1 << 16]).sum(axis: 1) }
    #expect(y.count == 16)
    let seen = tape.jacobian(of: y, for: x)!
    let sums = steps.reshaped(to: [16, 1 << 16]).sum(axis: 1)
    expectClose(seen[.all, 0], 4 * sums, .relative(1e-12))
    expectClose(seen[.all, 1], T(repeating: Double(1 << 16), shape: [16]), .relative(1e-12))
  }

  // MARK: Operations without a rule

  @Test func loops() {
    expectEqual(vmap(over: rows) { Unruled.apply($0) }, shape: [3, 2], [1, 3, 3, 7, 5, 11])
    let f = { (x: T) in square(Unruled.apply(x)) }
    expectEqual(
      gradient(at: rows) { x in vmap(over: x, of: f) }, shape: [3, 2], [8, 6, 20, 14, 32, 22])
    #expect(vmap(over: rows) { gradient(at: $0, of: f) } == gradient(at: rows) { x in vmap(over: x, of: f) })
    #expect(compiled { (x: T) in vmap(over: x, of: f) }(rows) == vmap(over: rows, of: f))
  }

  @Test func severalResults() {
    let (less, more) = vmap(over: rows) { x in
      let y = Neighbours().results(of: Operands(x.erased), count: 2)
      return (T(y[0]), T(y[1]))
    }
    #expect(less == rows - 1 && more == rows + 1)
  }

  @Test func kernelsThatThrow() throws {
    let roots = { (x: T) throws(NotPositive) in try vmap(over: x) { x throws(NotPositive) in T(try Root()(x.erased)) } }
    #expect(try roots([4, 9]).scalars == [2, 3])
    let error = #expect(throws: NotPositive.self) { try roots([4, -9]) }
    #expect(error?.value == -9)
    let function = compiled(roots)
    #expect(try function([4, 9]).scalars == [2, 3])
    #expect(throws: NotPositive.self) { try function([-1, 9]) }
    // What the function throws itself comes out too, and nothing stays open.
    #expect(throws: NotPositive.self) {
      try vmap(over: rows) { _ throws(NotPositive) -> T in throw NotPositive(value: 0) }
    }
    #expect(!Context.isActive)
  }

  /// Each element has draws of its own, although no operand of a draw is batched.
  @Test func drawsAreMadeForEachElement() {
    let count = Counter()
    let seen = vmap(over: T([10, 20, 30])) { $0 + T(Draw(counter: count).apply(Operands())) }
    expectEqual(seen, shape: [3], [11, 22, 33])
  }

  // MARK: Mistakes

  @Test func mistakes() {
    expectMistake("vmap", "tensor 1 is a scalar") { _ = vmap(over: rows, T(1)) { $0 * $1 } }
    expectMistake("vmap", "size 3", "[3, 2]", "size 2", "[2]") { _ = vmap(over: rows, T([1, 2])) { $0 * $1 } }
    expectMistake("vmap", "no tensors") { _ = vmap(over: [T]()) { _ in T(1) } }
    expectMistake("scalars", "mapped over a batch", "[2]") { _ = vmap(over: rows) { Tensor($0.scalars) } }
    expectMistake("scalar", "mapped over a batch") { _ = vmap(over: rows) { Tensor($0.sum().scalar) } }
    let w = Variable<Double>(1, name: "w")
    expectMistake("vmap", "variable w is assigned to") {
      _ = vmap(over: rows) { x in
        w.assign(x.sum())
        return x
      }
    }
    #expect(w.value.scalar == 1)
    expectMistake("Variable", "mapped over a batch") { _ = vmap(over: rows) { Variable($0).value } }
    expectMistake("gradient", "mapped over a batch", "inside") {
      let tape = GradientTape(persistent: true)
      _ = tape.record { vmap(over: rows) { x in tape.gradient(of: square(w * x), for: w, unconnected: .zeros) } }
    }
    expectMistake("matmul", "do not fit") { _ = vmap(over: rows) { matmul($0, T(zeros: [3, 2])) } }
  }

  @Test func valuesThatComeOutAreRefused() {
    var kept: T?
    _ = vmap(over: rows) { x in
      kept = x
      return x
    }
    #expect("\(kept!)" == "Tensor<Double>(mapped over a batch, shape [2])")
    expectMistake("+", "mapped over a batch") { _ = kept! + 1 }
    expectMistake("+", "mapped over a batch") { _ = vmap(over: rows) { $0 + kept! } }
    let w = Variable<Double>([0, 0])
    expectMistake("assign", "mapped over a batch") { w.assign(kept!) }
  }

  /// A mistake in the kernel of a batch belongs to the scope inside of the function.
  @Test func mistakesAreCaughtInside() throws {
    let seen = vmap(over: rows, Tensor<Int64>([0, 7, 1])) { x, index in
      (try? throwingErrors { gather(x, indices: index) }) ?? x.sum()
    }
    expectEqual(seen, shape: [3], [3, 7, 11])
  }

  @Test func optimizersStayOutside() {
    let w = Variable<Double>([1, 1])
    let optimizer = SGD<Double>(learningRate: 1)
    expectMistake("vmap", "assigned") {
      _ = vmap(over: rows) { x in
        optimizer.applyGradients([(x, w)])
        return x
      }
    }
    #expect(optimizer.step == 0 && w.value.scalars == [1, 1])
    let step = compiled { (x: T) in
      let tape = GradientTape()
      let loss = tape.record { vmap(over: x) { square((w * $0).sum()) }.mean() }
      optimizer.applyGradients([(tape.gradient(of: loss, for: w), w)])
      return loss
    }
    let mean = 179.0 / 3
    expectClose(step(rows).scalar, mean, .ulps(4))
    let expected: [Double] = [1 - 158.0 / 3, 1 - 200.0 / 3]
    expectClose(w.value, shape: [2], expected, .ulps(4))
  }
}

// MARK: - Primitives of the tests

/// Running sums of a vector, without a batching rule.
private struct Unruled: LinearPrimitive {
  var name: String { "unruled" }
  static func apply(_ x: Tensor<Double>) -> Tensor<Double> { Tensor(Unruled()(x.erased)) }
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].rank == 1 else {
      fail(name, "shape \(x[0].shape) is not a vector")
      return nil
    }
    return TensorType(x[0].dtype, x[0].shape)
  }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    CumulativeSum(axis: 0).evaluate(x, type, into: y)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, Unruled()(g.reversed(axis: 0)).reversed(axis: 0))
  }
}

/// x - 1 and x + 1, without a batching rule.
private struct Neighbours: Primitive {
  var name: String { "neighbours" }
  func residuals(toward operand: Int) -> Residuals { [] }
  func resultTypes(_ x: Operands) -> ResultTypes? {
    let type = TensorType(x[0].dtype, x[0].shape)
    return ResultTypes(type, type)
  }
  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) {
    (x[0] - 1).copy(to: y[0])
    (x[0] + 1).copy(to: y[1])
  }
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {}
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives { Derivatives(nil) }
}

private struct NotPositive: Error { let value: Double }

/// The square roots of positive numbers. The rule hands on what it throws.
private struct Root: SingleResultPrimitive, NondifferentiablePrimitive {
  typealias Failure = NotPositive
  var name: String { "root" }
  func resultType(_ x: Operands) -> TensorType? { TensorType(x[0].dtype, x[0].shape) }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(NotPositive) {
    let values = Tensor<Double>(x[0]).scalars
    if let value = values.first(where: { $0 <= 0 }) { throw NotPositive(value: value) }
    Sqrt().evaluate(x, type, into: y)
  }
  func batchedResult(_ x: BatchedOperands) throws(NotPositive) -> AnyTensor? { try self(x[0]) }
}

private final class Counter: Sendable {
  private let count = Atomic(0)
  func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

/// The next number of a counter: an operation that gives another result each time.
private struct Draw: NondifferentiablePrimitive {
  typealias Failure = Never
  var name: String { "draw" }
  var traits: Traits { .impure }
  let counter: Counter
  static func == (a: Draw, b: Draw) -> Bool { a.counter === b.counter }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(counter)) }
  func resultType(_ x: Operands) -> TensorType? { TensorType(.float64, .scalar) }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    y.storeBytes(of: Double(counter.next()), as: Double.self)
  }
}
