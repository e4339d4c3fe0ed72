import Nabla
import NablaTensor
import TestSupport
import Testing

/// What the derivative is where it is not unique.
@Suite struct EdgeTests {
  private func gradients(_ a: [Double], _ b: [Double], _ f: (Tensor<Double>, Tensor<Double>) -> Tensor<Double>)
    -> ([Double], [Double])
  {
    let (x, y) = gradient(at: Tensor(a), Tensor(b), of: f)
    return (x.scalars, y.scalars)
  }
  private func gradients(_ x: [Double], _ f: (Tensor<Double>) -> Tensor<Double>) -> [Double] {
    gradient(at: Tensor(x), of: f).scalars
  }
  private func tangents(_ x: [Double], _ f: (Tensor<Double>) -> Tensor<Double>) -> [Double] {
    jvp(at: Tensor(x), Tensor(ones: [x.count]), of: f).tangent.scalars
  }

  @Test func tiesOfTwoGoToTheFirst() {
    #expect(gradients([1, 2, 3], [2, 2, 2]) { maximum($0, $1) } == ([0, 1, 1], [1, 0, 0]))
    #expect(gradients([1, 2, 3], [2, 2, 2]) { minimum($0, $1) } == ([1, 1, 0], [0, 0, 1]))
  }

  @Test func tiesOfAReductionAreSplitEvenly() {
    let third = 1.0 / 3
    #expect(gradients([3, 1, 3, 3]) { $0.max() } == [third, 0, third, third])
    #expect(gradients([3, 1, 1, 3]) { $0.min() } == [0, 0.5, 0.5, 0])
    let g = gradient(at: Tensor<Double>([[2, 2], [1, 5]])) { $0.max(axis: 1) }
    #expect(g.scalars == [0.5, 0.5, 0, 1])
    #expect(jvp(at: Tensor<Double>([2, 2]), [1, 3]) { $0.max() }.tangent.scalar == 2)
  }

  @Test func kinks() {
    #expect(gradients([-1, 0, 1], relu) == [0, 0, 1] && tangents([-1, 0, 1], relu) == [0, 0, 1])
    #expect(gradients([-1, 0, 1]) { abs($0) } == [-1, 0, 1] && tangents([-1, 0, 1]) { abs($0) } == [-1, 0, 1])
    #expect(gradients([0, 4], sqrt) == [.infinity, 0.25] && tangents([0, 4], sqrt) == [.infinity, 0.25])
    #expect(gradients([-2, 0, 2]) { sign($0) + floor($0) + ceil($0) + round($0) } == [0, 0, 0])
    #expect(gradients([-2, -1, 0, 1, 2]) { clip($0, -1, 1) } == [0, 1, 1, 1, 0])
    #expect(gradients([-1, 0, 1]) { leakyRelu($0, slope: 0.25) } == [0.25, 0.25, 1])
    #expect(gradients([0, 1]) { elu($0) } == [1, 1])
  }

  @Test func productsWithZerosAreExact() {
    #expect(gradients([2, 0, 5]) { $0.product() } == [0, 10, 0])
    #expect(gradients([0, 0, 5]) { $0.product() } == [0, 0, 0])
    #expect(gradients([2, 3, 5]) { $0.product() } == [15, 10, 6])
    #expect(gradients([7]) { $0.product() } == [1])
    let second = hessian(at: Tensor<Double>([0, 0, 5])) { $0.product() }
    #expect(second.scalars == [0, 5, 0, 5, 0, 0, 0, 0, 0])
    let rows = gradient(at: Tensor<Double>([[0, 2], [3, 0]])) { $0.product(axis: 0) }
    #expect(rows.scalars == [3, 0, 0, 2])
  }

  @Test func powersOfZero() {
    // (0, 0), (0, 1), (0, 2), (-2, 3), (2, 0), (0, 0.5)
    let (a, b) = gradients([0, 0, 0, -2, 2, 0], [0, 1, 2, 3, 0, 0.5]) { pow($0, $1) }
    #expect(a == [0, 1, 0, 12, 0, .infinity])
    #expect(b[0...3] == [0, 0, 0, 0] && b[5] == 0)
    expectClose(b[4], 0.6931471805599453, .ulps(1))
    #expect(gradients([0, -3]) { pow($0, 2) } == [0, -6])
  }

  @Test func selectionLetsNothingThrough() {
    let x = Variable<Double>([-1, 4])
    let tape = GradientTape()
    // The logarithm of what is not chosen is NaN; its gradient is multiplied by 0 before the logarithm, not after.
    let y = tape.record {
      let positive = x .> 0
      return select(positive, log(select(positive, x.value, Tensor(1))), Tensor(0))
    }
    #expect(tape.gradient(of: y, for: x)?.scalars == [0, 0.25])
  }
}
