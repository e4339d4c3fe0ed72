import Nabla
import TestSupport
import Testing

/// Operators and functions of several operands: each place takes a tensor, a variable or a number.
@Suite struct OperatorTests {
  private let x = Tensor<Double>([-1, 0.5, 3])
  private let z = Tensor<Double>([2, 0.5, -4])
  private let a = Variable<Double>([-1, 0.5, 3])
  private let b = Variable<Double>([2, 0.5, -4])
  private let n = 0.5

  /// What the forms of an operation give: two tensors, two variables, one of each, and a number on either side.
  private func forms<S>(_ both: [Tensor<S>], right: [Tensor<S>], left: [Tensor<S>], _ f: (Double, Double) -> S) {
    let (u, v) = (x.scalars, z.scalars)
    for form in both { expectEqual(form, shape: [3], zip(u, v).map(f), "two operands") }
    for form in right { expectEqual(form, shape: [3], u.map { f($0, n) }, "a number on the right") }
    for form in left { expectEqual(form, shape: [3], u.map { f(n, $0) }, "a number on the left") }
  }

  @Test func arithmeticTakesEachOperand() {
    forms([x + z, a + b, a + z, x + b], right: [x + n, a + n], left: [n + x, n + a], +)
    forms([x - z, a - b, a - z, x - b], right: [x - n, a - n], left: [n - x, n - a], -)
    forms([x * z, a * b, a * z, x * b], right: [x * n, a * n], left: [n * x, n * a], *)
    forms([x / z, a / b, a / z, x / b], right: [x / n, a / n], left: [n / x, n / a], /)
    #expect((-x).scalars == [1, -0.5, -3] && (-a).scalars == [1, -0.5, -3])
  }

  @Test func comparisonsTakeEachOperand() {
    forms([x .== z, a .== b, a .== z, x .== b], right: [x .== n, a .== n], left: [n .== x, n .== a], ==)
    forms([x .!= z, a .!= b, a .!= z, x .!= b], right: [x .!= n, a .!= n], left: [n .!= x, n .!= a], !=)
    forms([x .< z, a .< b, a .< z, x .< b], right: [x .< n, a .< n], left: [n .< x, n .< a], <)
    forms([x .<= z, a .<= b, a .<= z, x .<= b], right: [x .<= n, a .<= n], left: [n .<= x, n .<= a], <=)
    forms([x .> z, a .> b, a .> z, x .> b], right: [x .> n, a .> n], left: [n .> x, n .> a], >)
    forms([x .>= z, a .>= b, a .>= z, x .>= b], right: [x .>= n, a .>= n], left: [n .>= x, n .>= a], >=)
  }

  @Test func logicTakesEachOperand() {
    let t: Tensor<Bool> = [true, false], s: Tensor<Bool> = [true, true]
    let v = Variable<Bool>([true, false]), w = Variable<Bool>([true, true])
    for both in [t .&& s, v .&& w, v .&& s, t .&& w, t .&& true, v .&& true, true .&& t, true .&& v] {
      #expect(both.scalars == [true, false])
    }
    for either in [t .|| s, v .|| w, v .|| s, t .|| w] { #expect(either.scalars == [true, true]) }
    for either in [t .|| false, v .|| false, false .|| t, false .|| v] { #expect(either.scalars == [true, false]) }
    #expect((!t).scalars == [false, true] && (!v).scalars == [false, true])
    #expect(a.isNaN.scalars == [false, false, false] && (a / 0).isFinite.scalars == [false, false, false])
    #expect(a.allClose(x) && x.allClose(a) && !a.allClose(b) && (0 * x + 2).allClose(2) && !x.allClose(n))
  }

  @Test func inPlaceTakesEachOperand() {
    var y = x
    y += z
    y += b
    y += n
    expectEqual(y, shape: [3], zip(x.scalars, z.scalars).map { $0 + $1 + $1 + n })
    y -= b
    y -= z
    y -= n
    expectEqual(y, shape: [3], x.scalars)
    y *= z
    y *= b
    y *= 2
    expectEqual(y, shape: [3], zip(x.scalars, z.scalars).map { 2 * $0 * $1 * $1 })
    y /= b
    y /= z
    y /= 2
    expectEqual(y, shape: [3], x.scalars)
  }

  @Test func functionsOfTwoOperandsTakeEach() {
    func larger(_ u: Double, _ v: Double) -> Double { Swift.max(u, v) }
    func smaller(_ u: Double, _ v: Double) -> Double { Swift.min(u, v) }
    forms(
      [maximum(x, z), maximum(a, b), maximum(a, z), maximum(x, b)], right: [maximum(x, n), maximum(a, n)],
      left: [maximum(n, x), maximum(n, a)], larger)
    forms(
      [minimum(x, z), minimum(a, b), minimum(a, z), minimum(x, b)], right: [minimum(x, n), minimum(a, n)],
      left: [minimum(n, x), minimum(n, a)], smaller)
    // Of the same kernel, whose values have tests of their own: the forms agree.
    let power = pow(x, z)
    for form in [pow(a, b), pow(a, z), pow(x, b)] { expectClose(form, power, .exact) }
    for form in [pow(a, 2), pow(x, 2), pow(a, Tensor(2))] { expectClose(form, [1, 0.25, 9], .ulps(1)) }
    for form in [pow(2, a), pow(2, x), pow(Tensor(2), a)] { expectClose(form, [0.5, 2.squareRoot(), 8], .ulps(1)) }
    let angle = atan2(x, z)
    for form in [atan2(a, b), atan2(a, z), atan2(x, b)] { expectClose(form, angle, .exact) }
    for form in [atan2(a, 1), atan2(x, 1)] { expectClose(form, atan2(x, Tensor(1)), .exact) }
    for form in [atan2(1, a), atan2(1, x)] { expectClose(form, atan2(Tensor(1), x), .exact) }
  }

  @Test func selectAndClipTakeEachOperand() {
    let mask = x .> 0, flags = Variable(mask)
    for form in [select(mask, x, z), select(mask, a, b), select(flags, a, z), select(mask, x, b), select(flags, x, z)] {
      #expect(form.scalars == [2, 0.5, 3])
    }
    for form in [select(mask, x, 7), select(flags, a, 7)] { #expect(form.scalars == [7, 0.5, 3]) }
    for form in [select(mask, 7, x), select(flags, 7, a)] { #expect(form.scalars == [-1, 7, 7]) }
    #expect(select(mask, 1, 0).scalars == [0, 1, 1] && select(flags, 1.5, 0).scalars == [0, 1.5, 1.5])
    for form in [clip(x, 0, 1), clip(a, 0, Tensor(1)), clip(x, Tensor(0), 1), clip(a, Tensor(0), Tensor(1))] {
      #expect(form.scalars == [0, 0.5, 1])
    }
  }

  @Test func productsTakeVariables() {
    for form in [dot(x, z), dot(a, b), dot(a, z), dot(x, b), matmul(a, z), matmul(x, b)] {
      #expect(form.scalar == -13.75 && form.shape == [])
    }
    for form in [outer(x, z), outer(a, b), outer(a, z), outer(x, b)] {
      expectEqual(form, shape: [3, 3], [-2, -0.5, 4, 1, 0.25, -2, 6, 1.5, -12])
    }
    #expect(dot(x, [1, 1, 1]).scalar == 2.5 && maximum(x, [0, 1, 2]).scalars == [0, 1, 3])  // literals of arrays
  }

  @Test func joiningTakesVariables() {
    let lists = [concatenate([x, z]), concatenate([a, b]), concatenate([x, b]), concatenate([a, z])]
    for form in lists { expectEqual(form, shape: [6], x.scalars + z.scalars) }
    let stacks = [stack([x, z]), stack([a, b]), stack([x, b]), stack([a, z])]
    for form in stacks { expectEqual(form, shape: [2, 3], x.scalars + z.scalars) }
    expectMistake("concatenate", "no tensors") { _ = concatenate([Variable<Double>]()) }
  }

  // A number is an operand of the same primitive as a tensor: derivatives do not tell them apart.
  @Test func gradientsPassNumbers() {
    let tape = GradientTape(persistent: true)
    let results = tape.record {
      [2 * a, a * 2, a + 2, 2 - a, 1 / a, a / 4, maximum(a, 1), maximum(1, a), pow(a, 2), select(a .> 0, a, 1)]
    }
    let slopes: [[Double]] = [
      [2, 2, 2], [2, 2, 2], [1, 1, 1], [-1, -1, -1], [-1, -4, -1 / 9.0], [0.25, 0.25, 0.25], [0, 0, 1], [0, 0, 1],
      [-2, 1, 6], [0, 1, 1],
    ]
    for (result, slope) in zip(results, slopes) {
      expectClose(tape.gradient(of: result, for: a, unconnected: .zeros), shape: [3], slope, .ulps(2))
    }
    let stacked = tape.record { stack([a, 2 * x]) * outer(Tensor([1, 10]), b) }
    expectClose(tape.gradient(of: stacked, for: a, unconnected: .zeros), z, .exact)
  }

  @Test func variablesTakeNumbers() {
    let v = Variable(2.0, name: "v")
    v.assign(3)
    v.assignAdd(1.5)
    v.assignSub(0.5)
    #expect(v.value.scalar == 4 && v.shape == [] && v.name == "v")
    expectMistake("assign", "v", "[]", "[3]") { v.assign(x) }
  }

  @Test func integersAreElements() {
    let i = Tensor([1, 2, 3])
    #expect(i.dtype == .int64 && (2 * i - 1).scalars == [1, 3, 5] && i.sum().scalar == 6)
    #expect(Tensor<Int>(i.erased) == i && Tensor<Int64>(i.erased).scalars == [1, 2, 3])
    #expect(Tensor<Double>(castingFrom: i * i).scalars == [1, 4, 9])
  }
}
