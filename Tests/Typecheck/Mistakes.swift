import Foundation
import Nabla

// Lines with a mistake, and the words with which the compiler must tell it, in the line's comment. A long line must not hide
// a mistake behind "unable to type-check".

func elementTypes(
  _ x: Tensor<Float>, _ d: Tensor<Double>, _ i: Tensor<Int>, _ a: Variable<Float>, _ e: Variable<Double>, r: Double,
  k: Int
) {
  _ = x + d  // element types differ: convert one with Tensor(castingFrom:)
  _ = d * x  // element types differ
  _ = x + i  // element types differ
  _ = a - d  // element types differ
  _ = a * e  // element types differ
  _ = x / e  // element types differ
  _ = x * k  // element types differ: convert the number
  _ = r * x  // element types differ: convert the number
  _ = a + r  // element types differ: convert the number
  _ = x + x + x + x + d  // element types differ
  _ = a * x + a * x + a * d  // element types differ
  _ = 0.5 * square(a * d + 1 - x)  // element types differ
  _ = 1.5 * x + 2.5 * x + 3.5 * d  // element types differ
  _ = 1.5 * x + 2.5 * x + r * x  // element types differ
  _ = 2 * x + 3 * x + k * x  // element types differ
  _ = exp(x) * (1 + tanh(d))  // element types differ
  _ = x .> d  // cannot convert value of type 'Tensor<Double>'
  _ = x .== i  // cannot convert value of type 'Tensor<Int>'
}

func functions(_ x: Tensor<Float>, _ d: Tensor<Double>, _ a: Variable<Float>, mask: Tensor<Bool>, r: Double, k: Int) {
  _ = maximum(x, d)  // 'Tensor<Double>'
  _ = maximum(x, k)  // no exact matches in call to global function 'maximum'
  _ = pow(x, d)  // 'Tensor<Double>'
  _ = atan2(a, d)  // no exact matches in call to global function 'atan2'
  _ = select(mask, x, d)  // 'Tensor<Double>'
  _ = select(x, x, x)  // 'Tensor<Bool>'
  _ = matmul(x, d)  // 'Tensor<Double>'
  _ = concatenate([x, d])  // 'Tensor<Double>'
}

func results(_ x: Tensor<Float>, _ d: Tensor<Double>) {
  let y: Tensor<Float> = 0.5 * d  // 'Tensor<Double>'
  let z: Float = 0.5 * x + 1  // 'Tensor<Float>'
  let w: Tensor<Float> = 0.5  // 'Double'
  _ = (y, z, w)
}

func names(_ x: Tensor<Float>, _ a: Variable<Float>) {
  _ = 1.5 * x + 2.5 * x + sqare(x) + 3.5 * x  // cannot find 'sqare' in scope
  _ = 1.5 * x + x.summ()  // has no member 'summ'
  _ = x.sum(axes: "all")  // 'String'
  _ = x.mean(axis: 0.5)  // 'Double'
}
