import Foundation
import Nabla
import TestSupport
import Testing

/// Values and derivatives of composite functions against JAX; see Resources/make_reference.py.
@Suite struct JAXTests {
  struct File: Decodable, Sendable {
    var constants: [String: ReferenceTensor]
    var indices: [[Int64]]
    var cases: [Case]
  }
  struct Case: Decodable, Sendable {
    var name: String
    var inputs, directions, gradients, hessianProducts: [ReferenceTensor]
    var value, tangent: Double
  }
  typealias T = Tensor<Double>
  typealias Function = @Sendable ([T]) -> T

  let file: File
  init() throws { file = try Reference.load("jax", from: .module, as: File.self) }

  private func functions() -> [String: Function] {
    let c = file.constants.mapValues(\.tensor)
    let (X, Y, signs, oneHot, weights) = (c["X"]!, c["Y"]!, c["signs"]!, c["oneHot"]!, c["weights"]!)
    let indices = Tensor<Int64>(file.indices)
    return [
      "mlp": { square(matmul(tanh(matmul(X, $0[0]) + $0[1]), $0[2]) + $0[3] - Y).mean() },
      "logistic": { softplus(-signs * (matmul(X, $0[0]) + $0[1])).mean() },
      "cross_entropy": { -(oneHot * logSoftmax(matmul(X, $0[0]))).sum(axis: 1).mean() },
      "log_sum_exp": { ($0[0].logSumExp(axis: 1) * weights[.all, 0]).sum() + (3 * $0[0]).logSumExp() },
      "statistics": {
        ($0[0].variance(axis: 0) * weights[0]).sum() + $0[0].standardDeviation(axis: 1).sum()
          + $0[0].standardDeviation()
      },
      "batched": { sin(matmul($0[0], $0[1])).sum() + square(cos(matmul($0[0], $0[2]))).sum() },
      "gathered": {
        let cubes = pow(gather($0[0], indices: indices), 3).sum()
        return cubes + (gather($0[0], indices: indices[0], axis: 1) * $0[0][0, 0]).sum()
      },
      "product": { ($0[0].product(axis: 1) * weights[.all, 1]).sum() + $0[0][1...].product() },
      "cumulative": {
        (exp(-$0[0].cumulativeSum(axis: 1)) * weights).sum() + square($0[0].cumulativeSum(axis: 0)).sum()
      },
      "gaussian": { (erf($0[0]) * weights + gelu($0[0]) + silu($0[0]) * $0[0]).sum() },
      "activations": {
        let first = elu($0[0]) * weights + square(leakyRelu($0[0], slope: 0.2))
        return (first + relu($0[0]) * sigmoid($0[0]) + softplus($0[0])).sum()
      },
      "trigonometry": {
        let x = $0[0]
        return (sin(x) * cos(x) + tan(x) * weights + asin(x) * acos(x) + atan(2 * x) + atanh(x)).sum()
      },
      "hyperbolic": {
        (sinh($0[0]) * cosh($0[0]) + tanh($0[0]) + asinh($0[0]) * weights + acosh(1.5 + square($0[0]))).sum()
      },
      "powers": {
        let (a, b) = ($0[0], $0[1])
        let first = pow(a, b) / (1 + a) + sqrt(a) * log1p(b)
        return (first - rsqrt(a * b) + expm1(-b) + log(a) / b).sum()
      },
      "extremes": {
        let (x, y) = ($0[0], $0[1])
        let pairs = square(maximum(x, y)) * minimum(x, y) + clip(x, -0.5, 0.5) * abs(y) * y
        return (x.max(axis: 0) * y.min(axis: 0)).sum() + pairs.sum()
      },
      "pieces": {
        let x = $0[0]
        let y = concatenate([x[.range(step: 2), .range(step: -1)], x[1..<2] * x[0..<1]])
        let z = y.transposed().padded([(1, 0), (0, 2)])
        let left = x.transposed()[.newAxis].reshaped(to: [2, -1])
        return pow(z[1..., ..<(-1)], 3).sum() + matmul(left, x.reshaped(to: [-1, 2])).sum()
      },
      "attention": {
        let scores = matmul($0[0], $0[1].transposed(permutation: [0, 2, 1])) / Tensor(Double(3).squareRoot())
        return square(matmul(softmax(scores), $0[2])).sum()
      },
    ]
  }

  /// 10⁻¹² of the largest element: some thousand roundings.
  private func check(_ seen: [T], _ expected: [ReferenceTensor], _ what: String) {
    #expect(seen.count == expected.count, "\(what)")
    for (index, (seen, expected)) in zip(seen, expected).enumerated() {
      let largest = expected.scalars.map { Swift.abs($0) }.max() ?? 0
      expectClose(
        seen, shape: Shape(expected.shape), expected.scalars, .relative(1e-12, absolute: 1e-12 * largest),
        "\(what), operand \(index)")
    }
  }

  @Test func agrees() throws {
    let functions = functions()
    #expect(Set(functions.keys) == Set(file.cases.map(\.name)))
    for reference in file.cases {
      let (name, f) = (reference.name, functions[reference.name]!)
      let x = reference.inputs.map(\.tensor), v = reference.directions.map(\.tensor)
      let (value, gradients) = valueWithGradient(at: x, of: f)
      expectClose(value.scalar, reference.value, .relative(1e-12), "\(name), value")
      check(gradients, reference.gradients, "\(name), gradient")
      let (again, tangent) = jvp(at: x, v, of: f)
      expectClose(again.scalar, reference.value, .relative(1e-12), "\(name), value by jvp")
      let scale = zip(gradients, v).reduce(0) { $0 + Nabla.abs($1.0 * $1.1).sum().scalar }
      expectClose(tangent.scalar, reference.tangent, .absolute(1e-12 * scale), "\(name), tangent")
      checkHessianProducts(reference, f, x, v)
    }
  }

  private func checkHessianProducts(_ reference: Case, _ f: @escaping Function, _ x: [T], _ v: [T]) {
    let name = reference.name
    func split(_ all: T) -> [T] {
      var start = 0
      return x.map { x in
        defer { start += x.count }
        return all[start..<(start + x.count)].reshaped(to: x.shape)
      }
    }
    let forward = jvp(at: x, v) { x in concatenate(gradient(at: x, of: f).map { $0.flattened() }) }.tangent
    check(split(forward), reference.hessianProducts, "\(name), Hessian product, forward over reverse")
    // The Hessian is symmetric, so the gradient of ⟨∇f, v⟩ is the same product, by nested tapes.
    let nested = gradient(at: x) { x in zip(gradient(at: x, of: f), v).reduce(T(0)) { $0 + ($1.0 * $1.1).sum() } }
    check(nested, reference.hessianProducts, "\(name), Hessian product, nested tapes")
    // And the tangent of the pullback's scalar product, reverse over forward.
    let reverse = gradient(at: x) { x in jvp(at: x, v, of: f).tangent }
    check(reverse, reference.hessianProducts, "\(name), Hessian product, reverse over forward")
    if x.count == 1 {
      check(
        [hessianVectorProduct(at: x[0], v[0]) { f([$0]) }], reference.hessianProducts, "\(name), hessianVectorProduct")
      let h = hessian(at: x[0]) { f([$0]) }
      let n = x[0].count
      let product = matmul(h.reshaped(to: [n, n]), v[0].flattened()).reshaped(to: x[0].shape)
      check([product], reference.hessianProducts, "\(name), hessian")
      #expect(h.shape == Shape(x[0].shape.dimensions + x[0].shape.dimensions))
    }
  }
}

@Suite struct TransformsTests {
  let x = Tensor<Double>([1, 2, 3])

  @Test func gradients() {
    #expect(gradient(at: x) { square($0).sum() }.scalars == [2, 4, 6])
    #expect(gradient(at: x) { square($0) }.scalars == [2, 4, 6])  // of the sum
    let (value, g) = valueWithGradient(at: x) { ($0 * $0 * $0).sum() }
    #expect(value.scalar == 36 && g.scalars == [3, 12, 27])
    let (a, b) = gradient(at: x, 2 * x) { ($0 * $1).sum() }
    #expect(a.scalars == [2, 4, 6] && b.scalars == [1, 2, 3])
    let several = gradient(at: [x, x]) { ($0[0] * $0[0] * $0[1]).sum() }
    #expect(several[0].scalars == [2, 8, 18] && several[1].scalars == [1, 4, 9])  // one tensor, two arguments
    #expect(gradient(at: x) { _ in Tensor<Double>(5) }.scalars == [0, 0, 0])
    #expect(gradient(at: x) { $0 }.scalars == [1, 1, 1])
    let mixed: Tensor<Float> = gradient(at: Tensor<Float>([2, 3])) { square(Tensor<Double>(castingFrom: $0)).sum() }
    #expect(mixed.scalars == [4, 6])
  }

  @Test func pullbacks() {
    let (value, pullback) = vjp(at: x) { square($0) }
    #expect(value.scalars == [1, 4, 9])
    #expect(pullback([1, 0, 0]).scalars == [2, 0, 0] && pullback([0, 1, 2]).scalars == [0, 4, 12])  // several times
    expectMistake("gradient", "[3]", "[2]") { _ = pullback([1, 2]) }
  }

  @Test func tangents() {
    let (value, tangent) = jvp(at: x, [1, 0, -1]) { square($0) }
    #expect(value.scalars == [1, 4, 9] && tangent.scalars == [2, 0, -6])
    #expect(jvp(at: x, [1, 1, 1]) { _ in Tensor<Double>([5, 5]) }.tangent.scalars == [0, 0])
    #expect(jvp(at: [x, x], [Tensor([1, 0, 0]), Tensor([0, 1, 0])]) { $0[0] * $0[1] }.tangent.scalars == [1, 2, 0])
    expectMistake("jvp", "[3]", "[2]") { _ = jvp(at: x, [1, 2]) { $0 } }
  }

  @Test func matrices() {
    let j = jacobian(at: x) { stack([$0.sum(), ($0 * $0).sum()]) }
    expectEqual(j, shape: [2, 3], [1, 1, 1, 2, 4, 6])
    let elementwise = jacobian(at: Tensor<Double>([[1, 2], [3, 4]])) { square($0) }
    #expect(elementwise.shape == [2, 2, 2, 2] && elementwise[1, 0].scalars == [0, 0, 6, 0])
    #expect(jacobian(at: x) { _ in Tensor<Double>([1, 2]) } == Tensor<Double>(zeros: [2, 3]))
    expectEqual(jacobian(at: x) { $0.sum() }, shape: [3], [1, 1, 1])
    expectEqual(hessian(at: x) { ($0[0] * $0[1] * $0[2]) }, shape: [3, 3], [0, 3, 2, 3, 0, 1, 2, 1, 0])
    #expect(hessianVectorProduct(at: x, [1, 0, 0]) { $0[0] * $0[1] * $0[2] }.scalars == [0, 3, 2])
    expectEqual(jacobian(at: Tensor<Double>(zeros: [0])) { $0 }, shape: [0, 0], [])
  }

  /// d/dx (x · d/dy (x + y)) at x = y = 1 is 1: the perturbations of nested passes stay apart.
  @Test func perturbationsDoNotMix() {
    let one = Tensor<Double>(1)
    let reverse = gradient(at: one) { x in x * gradient(at: one) { y in x + y } }
    let forward = jvp(at: one, one) { x in x * jvp(at: one, one) { y in x + y }.tangent }.tangent
    let mixed = jvp(at: one, one) { x in x * gradient(at: one) { y in x + y } }.tangent
    let other = gradient(at: one) { x in x * jvp(at: one, one) { y in x + y }.tangent }
    #expect([reverse, forward, mixed, other].map(\.scalar) == [1, 1, 1, 1])
    // x shared by both passes: d/dx (x d/dy (x y) at y = x) = 2 x.
    let three = Tensor<Double>(3)
    #expect(gradient(at: three) { x in x * gradient(at: x) { y in x * y } }.scalar == 6)
    #expect(jvp(at: three, one) { x in x * jvp(at: x, one) { y in x * y }.tangent }.tangent.scalar == 6)
  }

  @Test func higherDerivatives() {
    let x = Tensor<Double>(2)
    let f: (Tensor<Double>) -> Tensor<Double> = { $0 * $0 * $0 * $0 }
    let third = gradient(at: x) { gradient(at: $0) { gradient(at: $0, of: f) } }
    #expect(third.scalar == 48)
    let one = Tensor<Double>(1)
    let forward = jvp(at: x, one) { jvp(at: $0, one) { jvp(at: $0, one, of: f).tangent }.tangent }.tangent
    #expect(forward.scalar == 48)
    let fourth = gradient(at: x) { jvp(at: $0, one) { gradient(at: $0) { jvp(at: $0, one, of: f).tangent } }.tangent }
    #expect(fourth.scalar == 24)
  }

  @Test func checkingGradients() throws {
    try checkGradients(at: [x], order: 2) { sin($0[0]) * exp($0[0]) }
    // A wrong rule is found.
    #expect(throws: GradientMismatch.self) {
      try checkGradients(at: [x]) { x in
        customGradient(x[0]) { x in (square(x), { g in g * x }) }
      }
    }
    let error = #expect(throws: GradientMismatch.self) {
      try checkGradients(at: [Tensor<Float>([1, 2])]) { square(stopGradient($0[0])) }
    }
    #expect(error?.description.contains("expected") ?? false && error?.description.contains("seen 0.0") ?? false)
  }
}
