import CKernels
import Nabla
import TestSupport
import Testing

#if arch(x86_64)
private let canFlush = true
#else
private let canFlush = false
#endif

/// Results below the least normal number in compiled functions: 1e-20 squared is 1e-40, which Float has, with few digits.
struct SubnormalTests {
  private let tiny: Float = 1e-20 * 1e-20

  @Test(arguments: [16, 2_000_000])
  func chainsFlushOrKeep(count: Int) {
    let x = Tensor<Float>(repeating: 1e-20, shape: [count])
    let flushed = compiled { (x: Tensor<Float>) in square(x) }(x)
    let kept = compiled(subnormals: .kept) { (x: Tensor<Float>) in square(x) }(x)
    #expect(flushed.scalars.allSatisfy { $0 == (canFlush ? 0 : tiny) })
    #expect(kept.scalars.allSatisfy { $0 == tiny })
    // What is computed later, by this thread and by those that helped, keeps them.
    #expect(square(x).scalars.allSatisfy { $0 == tiny })
  }

  @Test(.enabled(if: canFlush), arguments: [(1, 8), (64, 64), (600, 300)])
  func productsFlush(rows: Int, columns: Int) {
    let a = Tensor<Float>(repeating: 1e-21, shape: [rows, columns])
    let b = Tensor<Float>(repeating: 1e-21, shape: [columns, rows])
    let product = compiled { (a: Tensor<Float>, b: Tensor<Float>) in matmul(a, b) }
    #expect(product(a, b).scalars.allSatisfy { $0 == 0 })
    #expect(matmul(a, b).scalars.allSatisfy { $0 > 0 && $0 < .leastNormalMagnitude })
  }

  @Test(.enabled(if: canFlush)) func sumsOverRowsFlush() {
    // Rows go block by block, on all threads; a block's sum is a normal number or none.
    let x = Tensor<Double>(repeating: .leastNormalMagnitude / 8, shape: [200_000, 2])
    #expect(compiled { (x: Tensor<Double>) in (2 * x).sum(axis: 0) }(x).scalars == [0, 0])
    #expect(compiled(subnormals: .kept) { (x: Tensor<Double>) in (2 * x).sum(axis: 0) }(x).scalars[0] > 0)
  }

  /// Operands keep their value, in TensorFlow they do not.
  @Test func operandsAreNotFlushed() {
    let x = Tensor<Float>([tiny, -tiny, .leastNonzeroMagnitude])
    let kept = compiled { (x: Tensor<Float>) in [log(abs(x)), x * 1e20, sign(x), -x] }(x)
    #expect(zip(kept, [log(abs(x)), x * 1e20, sign(x), -x]).allSatisfy { $0.scalars == $1.scalars })
  }

  /// Results that are normal numbers do not depend on the mode.
  @Test func otherResultsStay() {
    var generator = RandomGenerator(seed: 5)
    let x = Tensor<Double>.random(.normal, shape: [5000], using: &generator)
    func f(_ x: Tensor<Double>) -> Tensor<Double> { tanh(x) * exp(x) + sin(x) / (1 + square(x)) }
    #expect(compiled(f)(x).scalars == compiled(subnormals: .kept, f)(x).scalars)
  }

  /// Eager steps of optimizers flush them, and nothing around a step does. Kept ones can be had by compiling.
  @Test func optimizersFlush() {
    func step(_ optimizer: any Optimizer<Float>, _ variable: Variable<Float>) {
      optimizer.applyGradients([Tensor<Float>(repeating: 1e-20, shape: [40])], to: [variable])
    }
    let variable = Variable(Tensor<Float>(repeating: 0, shape: [40]))
    step(SGD(learningRate: 1e-20), variable)
    #expect(variable.value.scalars.allSatisfy { $0 == (canFlush ? 0 : -tiny) })
    #expect(square(Tensor<Float>(repeating: 1e-20, shape: [40])).scalars.allSatisfy { $0 == tiny })

    let kept = Variable(Tensor<Float>(repeating: 0, shape: [40]))
    let sgd = SGD<Float>(learningRate: 1e-20)
    compiled(subnormals: .kept) { (_: Tensor<Float>) in step(sgd, kept) }(Tensor<Float>([0]))
    #expect(kept.value.scalars.allSatisfy { $0 == -tiny })

    // The mean square is too small, and a step is the mean over ε alone.
    let adam = Adam<Float>(learningRate: 1, epsilon: 1e-20)
    let weights = Variable(Tensor<Float>(repeating: 0, shape: [40]))
    step(adam, weights)
    let mean = Float(1e-21), length = Float(0.001).squareRoot() / 0.1
    let root = canFlush ? 0 : (Float(0.001) * tiny).squareRoot()
    #expect(weights.value.scalars.allSatisfy { abs($0 + length * mean / (root + 1e-20)) < 1e-5 })
  }

  /// All threads of a region round as its caller does, and so do not depend on who computes what.
  @Test(.enabled(if: canFlush)) func threadsRoundAsTheirCaller() {
    let x = Tensor<Float>(repeating: 1e-20, shape: [2_000_000])
    let before = nabla_current_rounding()
    nabla_set_rounding(nabla_flushing(before, 1))
    let flushed = square(x)
    nabla_set_rounding(before)
    #expect(flushed.scalars.allSatisfy { $0 == 0 })
    #expect(square(x).scalars.allSatisfy { $0 == tiny })
    #expect(nabla_current_rounding() == before)
  }

  /// A source's code rounds as it would elsewhere.
  @Test func sourcesKeepThem() {
    let rows = SquaringRows(count: 100_000)
    let sum = compiled { (x: Tensor<Float>) in (x * 1e20).sum() }
    #expect(sum(Tensor(rowsOf: rows)).scalar == sum(Tensor(repeating: tiny, shape: [100_000, 1])).scalar)
    #expect(sum(Tensor(rowsOf: rows)).scalar > 0)
  }
}

/// Rows of one element, 1e-20 squared when they are asked for.
private final class SquaringRows: RowSource {
  let count: Int
  let small: Float = 1e-20

  init(count: Int) { self.count = count }
  var dtype: DType { .float32 }
  var shape: Shape { [count, 1] }

  func beginReading(_ rows: Range<Int>) -> UnsafeRawPointer {
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: rows.count)
    memory.initialize(repeating: small * small, count: rows.count)
    return UnsafeRawPointer(memory)
  }
  func endReading(_ rows: Range<Int>, at address: UnsafeRawPointer) { address.deallocate() }
}
