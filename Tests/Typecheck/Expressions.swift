import Foundation
import Nabla

// Lines as users write them, which the compiler must understand in a tenth of a second each. scripts/typecheck checks this
// file three times: with `Element` as Float, as Double, and as a generic parameter of each function, save those of `numbers`.

// MARK: Everyday

func everyday(
  _ x: Tensor<Element>, _ z: Tensor<Element>, _ a: Variable<Element>, _ b: Variable<Element>, _ Y: Tensor<Element>,
  _ w: Variable<Element>, n: Element, m: Tensor<Element>, v: Tensor<Element>, g: Tensor<Element>, k: Int
) {
  let e1 = z * x + z * x + z * x + z * x + z * x + z * x + z * x + z * x + z * x + z * x
  let e2 = 1.5 * x + 2.5 * x + 3.5 * x + 4.5 * x + 5.5 * x + 6.5 * x + 7.5 * x + 8.5 * x
  let e3 = 1 + 2 * x - 3 * square(x) + 0.1 * x * x * x + 0.5 * (x - 1)
  let e4 = 0.5 * x * (1 + tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
  let e5 = 0.5 * square(a * x + b - Y)
  let e6 =
    -20 * exp(-0.2 * sqrt(0.5 * (x * x + z * z)))
    - exp(0.5 * (cos(2 * Element.pi * x) + cos(2 * Element.pi * z))) + 2.718281828 + 20
  let e7 =
    square(1.5 - x + x * z) + square(2.25 - x + x * z * z) + square(2.625 - x + x * z * z * z)
  let e8 =
    x - n * (0.9 * m + 0.1 * g) / (1 - 0.9) / (sqrt((0.999 * v + 0.001 * g * g) / (1 - 0.999)) + 1e-7)
  let e9 = a * 0.5 + 2 * b - 1 + a * b * x
  let e10 = n * x + x * n - n / x + n
  let e11 = stack([1.1 * x - 0.4 * x * z, 0.1 * x * z - 0.4 * z])
  let e12 = (log(x / z) + (n + 0.02) * Element(k)) / (0.2 * sqrt(Element(k)))
  let e13 = maximum(x, 0) + minimum(0.5 * x, 1) * maximum(a, 0.1)
  let e14 = select(x .> 0, x, 0.01 * x) + select(a .> 0.5, x, 0)
  let e15 = 100 * square(z - square(x)) + square(1 - x)
  let e16 = x / Element(k) + 1 / Element(k)
  let e17 = [a, b].map { 2 * $0 - 1 }
  let e18 = -x * -z + (-a) * x
  let e19 = pow(x, 2) + pow(x, 3) * 0.5 - pow(2, x)
  let e20 = w * x + w * x + w * x + w * x + w * x + w * x + 0.5 * w * w
  _ = (e1, e2, e3, e4, e5, e6, e7, e8, e9, e10)
  _ = (e11, e12, e13, e14, e15, e16, e17, e18, e19, e20)
}

// Lines with more arithmetic of numbers than of tensors. In generic code the compiler takes long over that alone.
func numbers(
  _ x: Tensor<Element>, _ z: Tensor<Element>, _ w: Variable<Element>, _ g: Tensor<Element>, n: Element, k: Int
) {
  let e1 = (log(x / z) + (n + 0.5 * 0.2 * 0.2) * Element(k)) / (0.2 * sqrt(Element(k)))
  let e2 = n * x / (1 + 0.01 * Element(k)) - 2 * Element.pi * (n - 1) * (n + 1) * z
  w.assign(w - n * g / (1 + 0.01 * Element(k)))
  _ = (e1, e2)
}

// MARK: Integers as literals, and none

func literals(_ x: Tensor<Element>, _ z: Tensor<Element>, _ a: Variable<Element>, n: Element) {
  let e1 = 1 + 2 * x - 3 * square(x) + 0.5 * (x - 1)
  let e2 = 1 + 2 * x + 3 * x + 4 * x + 5 * x + 6 * x + 7 * x + 8 * x
  let e3 = (x - 1) * (x - 2) * (x - 3) * (x - 4) * (x - 5)
  let e4 = 2 * (3 * (4 * (5 * (x + 1) + 1) + 1) + 1)
  let e5 = 1 - 2 / (1 + 3 / (x + 4))
  let e6 = 2 * 3 * x + 4 * 5 * z + 6 * 7
  let e7 = 0.5 * (1 + x) * (1 - x) * 2 - 1
  let e8 = (1 + x) / (1 - x) + (2 + z) / (2 - z) - 3 * a
  let e9 = -1 * x - 2 * -z + 3 * -a - -4
  let e10 = x * x * x * x - 16 * x * x + 5 * x + z * z * z * z - 16 * z * z + 5 * z
  let e11 = n * 2 * x + 3 * n * z - n / 4 * a + (n + 1) * (n - 1)
  let e12 = ((((x + 1) * x + 2) * x + 3) * x + 4) * x + 5
  let e13 = 1 / (1 + exp(-x)) * (1 - 1 / (1 + exp(-x)))
  let e14 = 0.254829592 * x - 0.284496736 * square(x) + 1.421413741 * x * x * x - 1.453152027 * x * x * x * x
  _ = (e1, e2, e3, e4, e5, e6, e7, e8, e9, e10)
  _ = (e11, e12, e13, e14)
}

// MARK: Variables

func variables(
  _ x: Tensor<Element>, _ y: Tensor<Element>, _ a: Variable<Element>, _ b: Variable<Element>, _ c: Variable<Element>,
  n: Element
) {
  let e1 = a * b + b * c + c * a + a * a + b * b + c * c
  let e2 = 1.5 * a + 2.5 * b + 3.5 * c + 4.5 * a + 5.5 * b + 6.5 * c + 7.5 * x
  let e3 = a * x * x + b * x + c
  let e4 = square(a * x + b - y) + n * (square(a) + square(b)) + abs(c)
  let e5 = 0.5 * square(a * x + b - y).mean() + 1e-3 * (square(a).sum() + square(b).sum())
  let e6 = (a - 1) * (b - 2) * (c - 3) - (a + 1) / (b + 2) / (c + 3)
  let e7 = exp(-a * x) * cos(b * x + c) + n * sin(c * x - b) / (1 + a)
  let e8 = tanh(matmul(x, a) + b) - sigmoid(matmul(x, c) - b)
  let e9 = matmul(tanh(matmul(x, a) + b), c) - y
  let e10 = a + b + c + a + b + c + a + b + c + a + b + c
  let e11 = -a * -b + -c * x - 2 * -a
  _ = (e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11)
}

// MARK: Functions of several operands

func functions(
  _ x: Tensor<Element>, _ z: Tensor<Element>, _ a: Variable<Element>, _ b: Variable<Element>, n: Element,
  mask: Tensor<Bool>
) {
  let e1 = maximum(0, x) + maximum(x, 0) + maximum(x, z) + maximum(a, x) + maximum(0, a) + maximum(n, x)
  let e2 = minimum(maximum(x, -1), 1) * 2 - minimum(1, maximum(-1, a))
  let e3 = select(mask, a, 0) + select(mask, 0, a) + select(mask, x, a) + select(mask, 1, x)
  let e4 = select(x .> 0, 1, 0) * x + select(x .<= 0, 0.01 * x, x)
  let e5 = select((x .> 0) .&& (z .< 1), x * z, select(x .== 0, 1, -x))
  let e6 = select(a .> 0 .&& x .>= n .|| z .!= 1, x, 0)
  let e7 = pow(x, 2) + pow(2, x) + pow(x, z) + pow(a, 2) + pow(2, a) + pow(n, x)
  let e8 = atan2(x, 1) + atan2(1, x) + atan2(x, z) + atan2(a, x) + atan2(0.5 * x, 1 + z)
  let e9 = concatenate([a, b]) + concatenate([x, z]) + concatenate([2 * x, x + 1, z / 2])
  let e10 = stack([a, b], axis: 1) - stack([x, -x]) + stack([a * x, 1 - x, x * 2])
  let e11 = outer(a, b) + outer(x, a) * 2 - outer(x, z) / 3
  let e12 = dot(a, b) + 2 * dot(x, a) - dot(x - 1, z + 1)
  let e13 = matmul(x, a) + matmul(a, b) - 0.5 * matmul(x.transposed(), z - 1)
  let e14 = clip(x, 0, 1) + clip(a, -1, n) - clip(x * 2, -0.5, 0.5)
  let e15 = 1 - exp(-maximum(x, 0)) + log(1 + maximum(z, 1e-7)) - 0.5 * abs(x - z)
  let e16 = concatenate([x, a.asTensor()], axis: -1)
  let e17 = 0.5 * (x + abs(x)) - maximum(minimum(x, n), -n) * 2 + floor(x / 2) * 2
  _ = (e1, e2, e3, e4, e5, e6, e7, e8, e9, e10)
  _ = (e11, e12, e13, e14, e15, e16, e17)
}

// MARK: Reductions and shapes

func reductions(
  _ x: Tensor<Element>, _ y: Tensor<Element>, _ a: Variable<Element>, xs: [Tensor<Element>], k: Int, m: Int, n: Int
) {
  let e1 = (x - x.mean(axis: 0)) / (x.standardDeviation(axis: 0) + 1e-7)
  let e2 = (x - x.mean(axis: -1, keepingDimensions: true)) / sqrt(x.variance(axis: -1, keepingDimensions: true) + 1e-5)
  let e3 = exp(x - x.max(axis: 1, keepingDimensions: true)) / exp(x).sum(axis: 1, keepingDimensions: true)
  let e4 = -(y * log(x + 1e-7) + (1 - y) * log(1 - x + 1e-7)).mean()
  let e5 = x.sum(axis: k) + x.sum(axis: [k, m]) + x.sum(axis: [0, -1]) + x.sum(axis: .all) + x.sum() + x.sum(axis: 0)
  let e6 = 0.5 * square(x).sum() + 1e-3 * abs(a).sum(axis: [0, 1]) - 2 * x.product(axis: .all)
  let e7 = 1 - square(y - x).sum() / square(y - y.mean()).sum()
  let e8 = x.argmax(axis: -1) .== y.argmax(axis: -1)
  let e9 = (x.argmax() .== 3) .&& (x.argmin(axis: [0, k]) .!= y.argmin(axis: k))
  let e10 = (x .> 0).all(axis: 0) .|| (x .< -1).any(axis: [0, -1])
  let e11 = x.reshaped(to: [n, -1]) + x.reshaped(to: [n, m]) - x.reshaped(to: y.shape) * 2
  let e12 = matmul(x.reshaped(to: [-1, n]), y.reshaped(to: [n, k * m])).sum(axis: 0) / 2
  let e13 = x[0..., 1] * 2 - x[.all, k] + 3 * x[..<3, .newAxis]
  let e14 = (x - x.min()) / (x.max() - x.min()) * 255
  let e15 = Tensor(castingFrom: x .> 0.5).mean() + 0 * x.logSumExp(axis: 1) - Tensor<Element>(ones: [n, m])
  let e16 = xs.map { ($0 - $0.mean()) / ($0.standardDeviation() + 1e-7) }
  let e17 = x.sum(axis: Axes(k), keepingDimensions: true) * x.mean(axis: m, keepingDimensions: true)
  _ = (e1, e2, e3, e4, e5, e6, e7, e8, e9, e10)
  _ = (e11, e12, e13, e14, e15, e16, e17)
}

// MARK: In steps of training

func training(
  _ x: Tensor<Element>, _ y: Tensor<Element>, _ w: Variable<Element>, _ b: Variable<Element>, rate: Element,
  decay: Element
) {
  let tape = GradientTape()
  let loss = tape.record { 0.5 * square(matmul(x, w) + b - y).mean() + 1e-4 * square(w).sum() }
  let gradients = tape.gradient(of: loss, for: [w, b], unconnected: .zeros)
  w.assign(w - rate * gradients[0] / (1 + 0.01 * decay))
  b.assign(b - 0.5 * rate * gradients[1])
  w.assignSub(rate * (gradients[0] + 2 * 1e-4 * w))
  var total = x
  total += 1
  total *= 0.5 * x + 1
  total -= w
  total /= rate
  let (value, slope) = valueWithGradient(at: x) { 1 - exp(-0.5 * square($0 - y)).sum() / 2 }
  let fifth = gradient(at: x) { x in (1 - x) * (1 - x) + 100 * square(x * x - 2 * x) }
  _ = (total, value, slope, fifth)
}
