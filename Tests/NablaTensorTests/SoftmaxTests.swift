import Foundation
import Nabla
import TestSupport
import Testing

@Suite struct SoftmaxTests {
  /// Rows of x in Double, one after another; sums carry what each addition loses (Neumaier), to be exact here.
  private static func reference(_ x: Tensor<Double>, logarithm: Bool) -> [Double] {
    let length = x.shape.last!
    return stride(from: 0, to: x.count, by: length).flatMap { start in
      let row = x.scalars[start..<(start + length)]
      let largest = row.max()!
      var (sum, lost) = (0.0, 0.0)
      for element in row {
        let (term, before) = (exp(element - largest), sum)
        sum += term
        lost += before >= term ? (before - sum) + term : (term - sum) + before
      }
      sum += lost
      return row.map { logarithm ? $0 - largest - log(sum) : exp($0 - largest) / sum }
    }
  }

  /// Lengths on both sides of every change of path: columns by fours, groups of rows, lanes, blocks.
  private static let lengths = [1, 2, 3, 4, 5, 7, 8, 10, 16, 31, 32, 33, 63, 64, 65, 100, 128, 1000, 4096, 5000]

  @Test(arguments: lengths)
  func everyLength(_ length: Int) {
    for rows in [1, 2, 7, 8, 9, 16, 17, 40] {
      var generator = RandomGenerator(seed: UInt64(length))
      let x = 4 * Tensor<Double>.random(.normal, shape: [rows, length], using: &generator)
      let single = Tensor<Float>(castingFrom: x)
      let comment = "\(rows) rows of \(length)"
      // The sum is pairwise in lanes: a few units at any length.
      expectClose(softmax(x), shape: x.shape, Self.reference(x, logarithm: false), .ulps(16), comment)
      expectClose(logSoftmax(x), shape: x.shape, Self.reference(x, logarithm: true), .absolute(4e-14), comment)
      let exact = Tensor<Double>(castingFrom: single)
      expectClose(
        softmax(single), shape: x.shape, Self.reference(exact, logarithm: false).map { Float($0) }, .ulps(32), comment)
      expectClose(
        logSoftmax(single), shape: x.shape, Self.reference(exact, logarithm: true).map { Float($0) },
        .absolute(8e-6), comment)
    }
  }

  /// A row's result does not depend on the rows beside it.
  @Test(arguments: lengths)
  func rowsAreIndependent(_ length: Int) {
    var generator = RandomGenerator(seed: 3)
    let x = Tensor<Float>.random(.normal, shape: [19, length], using: &generator)
    let (whole, logarithm) = (softmax(x), logSoftmax(x))
    for row in [0, 15, 18] {
      #expect(softmax(x[row]).scalars == whole[row].scalars)
      #expect(logSoftmax(x[row]).scalars == logarithm[row].scalars)
    }
  }

  @Test func axesAndViews() {
    var generator = RandomGenerator(seed: 4)
    for _ in 0..<100 {
      let view = RandomView<Double>(rank: 3, using: &generator) { _, generator in 3 * generator.uniformDouble() }
      let dense = Tensor<Double>(shape: view.tensor.shape, scalars: view.scalars)
      for axis in -3..<3 {
        let raised = exp(dense)
        let expected = raised / raised.sum(axis: axis, keepingDimensions: true)
        expectClose(softmax(view.tensor, axis: axis), shape: dense.shape, expected.scalars, .ulps(16))
        expectClose(logSoftmax(view.tensor, axis: axis), shape: dense.shape, log(expected).scalars, .absolute(1e-14))
      }
    }
  }

  @Test(arguments: [3, 10, 64, 100, 5000])
  func extremes(_ length: Int) {
    let infinity = Float.infinity
    func row(_ first: Float, _ second: Float, _ rest: Float) -> Tensor<Float> {
      Tensor(shape: [length], scalars: [first, second] + [Float](repeating: rest, count: length - 2))
    }
    let masked = softmax(row(2, 2, -infinity))
    #expect(masked.scalars == [0.5, 0.5] + [Float](repeating: 0, count: length - 2))
    #expect(logSoftmax(row(2, 2, -infinity)).scalars[2...].allSatisfy { $0 == -infinity })
    #expect(softmax(row(3e38, 3e38, -3e38)).scalars[0] == 0.5, "differences may overflow")
    for x in [row(.nan, 0, 0), row(0, 1, .nan), row(-infinity, -infinity, -infinity), row(infinity, .nan, 0)] {
      #expect(softmax(x).isNaN.all().scalar)
      #expect(logSoftmax(x).isNaN.all().scalar)
    }
    #expect(softmax(row(0, infinity, 1)).isNaN.all().scalar)
    let logarithm = logSoftmax(row(0, infinity, 1)).scalars
    #expect(logarithm[1].isNaN && logarithm[0] == -infinity && logarithm[2] == -infinity)
  }

  @Test func empty() {
    #expect(softmax(Tensor<Float>(zeros: [3, 0])).shape == [3, 0])
    #expect(logSoftmax(Tensor<Float>(zeros: [0, 3])).shape == [0, 3])
    #expect(softmax(Tensor<Float>(zeros: [0, 3]), axis: 0).shape == [0, 3])
  }
}
