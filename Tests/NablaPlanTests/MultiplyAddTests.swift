import Nabla
import NablaPlan
import Testing

/// Products that plans make part of sums: one pass instead of two, and the same roundings.
@Suite struct MultiplyAddTests {
  typealias Function<S: FloatingPointScalar> = (Tensor<S>, Tensor<S>, Tensor<S>) -> Tensor<S>

  /// Every form, and each operand in turn a number or a row that is repeated.
  private func forms<S: FloatingPointScalar>(_ type: S.Type) -> [Function<S>] {
    [
      { a, b, c in a * b + c }, { a, b, c in c + a * b }, { a, b, c in a * b - c }, { a, b, c in c - a * b },
      { a, _, c in square(a) + c }, { a, _, c in c - square(a) }, { a, _, c in square(a) - c },
      { a, b, c in a * b + square(c) }, { a, b, c in a * b - c * a },
    ]
  }

  private func check<S: FloatingPointScalar>(_ type: S.Type, _ shapes: [Shape], _ options: PlanOptions) {
    var generator = RandomGenerator(seed: 17)
    for (index, form) in forms(S.self).enumerated() {
      for shape in shapes {
        let x = (0..<3).map { _ in Tensor<S>.random(.normal, shape: shape, using: &generator) }
        let row = Tensor<S>.random(.normal, shape: Shape(shape.suffix(1)), using: &generator)
        let number = Tensor<S>(0.3)
        for operands in [x] + (0..<3).flatMap({ place in [number, row].map { x.with($0, at: place) } }) {
          let expected = form(operands[0], operands[1], operands[2])
          let function = compiled(form)
          function.options = options
          let seen = function(operands[0], operands[1], operands[2])
          #expect(seen.shape == expected.shape)
          #expect(seen.scalars == expected.scalars, "form \(index), shapes \(operands.map(\.shape))")
          // A product that is repeated along the sum stays by itself.
          if operands.allSatisfy({ $0.shape == shape }) { #expect(function.plan.contains("multiply-add")) }
        }
      }
    }
  }

  @Test func theBitsOfEagerCode() {
    let shapes: [Shape] = [[3], [70, 3], [2, 5, 7], [300, 300]]
    for options in [PlanOptions(), .tiny] {
      check(Float.self, shapes, options)
      check(Double.self, shapes, options)
    }
  }

  /// Two roundings: a fused multiplication and addition would give 2⁻²⁴ here.
  @Test func roundsTwice() {
    let x = Tensor<Float>(repeating: 1 + Float(sign: .plus, exponent: -12, significand: 1), shape: [67])
    let c = Tensor<Float>(repeating: 1 + Float(sign: .plus, exponent: -11, significand: 1), shape: [67])
    #expect(compiled { (x: Tensor<Float>, c: Tensor<Float>) in square(x) - c }(x, c).scalars.allSatisfy { $0 == 0 })
  }

  @Test func aProductThatOthersReadStays() {
    let x = Tensor<Float>([1, 2, 3])
    let bodies: [(Tensor<Float>) -> [Tensor<Float>]] = [
      { x in
        let product = x * 2
        return [product + x, product]
      },
      { x in
        let product = square(x)
        return [product + x, product - 5]
      },
    ]
    for body in bodies {
      let f = compiled(body)
      #expect(f(x).map(\.scalars) == body(x).map(\.scalars))
      #expect(!f.plan.contains("multiply-add"))
    }
    let integers = compiled { (x: Tensor<Int32>) in x * x + 1 }
    #expect(integers([3, 4]).scalars == [10, 17] && !integers.plan.contains("multiply-add"))
  }

  /// The product is one value to keep until the mean is known; its factors would be two.
  @Test func aProductOfAnEarlierPassStays() {
    let f = compiled { (x: Tensor<Float>) in tanh(x) * sigmoid(x) - x.mean() }
    let x = Tensor<Float>(repeating: 0.5, shape: [70_000])
    #expect(f(x).scalars == (tanh(x) * sigmoid(x) - x.mean()).scalars)
    #expect(!f.plan.contains("multiply-add"))
  }

  /// w - k g is written over w, also where w is a factor.
  @Test func updatesInPlace() {
    let w = Variable(Tensor<Float>([1, 2, 3]))
    let address = { w.value.withUnsafeScalars { $0.baseAddress! } }
    let step = compiled { (g: Tensor<Float>) in
      w.assign(w.value - 0.5 * g)
      w.assign(w.value * w.value + g)
    }
    step([2, 2, 2])
    let before = address()
    #expect(w.value.scalars == [2, 3, 6])
    step([2, 2, 2])
    #expect(w.value.scalars == [3, 6, 27])
    #expect(address() == before)
  }

  /// So are choices, also where the mask is what is replaced.
  @Test func choicesInPlace() {
    let w = Variable(Tensor<Float>([1, -2, 3]))
    let mask = Variable(Tensor<Bool>([true, false, true]))
    let step = compiled { (x: Tensor<Float>, other: Tensor<Bool>) in
      w.assign(select(w.value .> 0, w.value - 2, x))
      mask.assign(select(mask.value, other, mask.value))
    }
    step([7, 8, 9], [true, true, false])
    let before = (w.value.withUnsafeScalars { $0.baseAddress! }, mask.value.withUnsafeScalars { $0.baseAddress! })
    #expect(w.value.scalars == [-1, 8, 1] && mask.value.scalars == [true, false, false])
    step([7, 8, 9], [false, true, true])
    #expect(w.value.scalars == [7, 6, -1] && mask.value.scalars == [false, false, false])
    #expect(w.value.withUnsafeScalars { $0.baseAddress! } == before.0)
    #expect(mask.value.withUnsafeScalars { $0.baseAddress! } == before.1)
  }
}

extension Array {
  fileprivate func with(_ element: Element, at index: Int) -> [Element] {
    var copy = self
    copy[index] = element
    return copy
  }
}
