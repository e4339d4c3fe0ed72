import Nabla
import Testing

@testable import NablaAutodiff

/// The bytes that a tape keeps: what the derivatives toward watched operands read, and no more.
@Suite struct TapeMemoryTests {
  private static let n = 1000
  private static let bytes = 4 * n

  private func random(_ shape: Shape, _ seed: UInt64 = 3) -> Tensor<Float> {
    Tensor.random(.uniform(0.5, 1), shape: shape, using: PhiloxGenerator(seed: seed))
  }

  /// The bytes kept of `f` where the operands with these numbers are watched. Operands are released by the test, so that what
  /// is kept is the tape's own.
  private func kept(_ shapes: [Shape], watching watched: [Int], _ f: ([AnyTensor]) -> AnyTensor) -> Int {
    let tape = GradientTape()
    tape.record {
      let x = shapes.enumerated().map { random($1, UInt64($0)).erased }
      for index in watched { tape.watch(x[index]) }
      _ = f(x)
    }
    return tape.byteCount
  }

  private struct Case: Sendable {
    let name: String
    let shapes: [Shape]
    let watched: [Int]
    let expected: Int
    let function: @Sendable ([AnyTensor]) -> AnyTensor
  }

  private static let table: [Case] = {
    let one: [Shape] = [[n]]
    let two: [Shape] = [[n], [n]]
    return [
      Case(name: "negate", shapes: one, watched: [0], expected: 0) { -$0[0] },
      Case(name: "exp", shapes: one, watched: [0], expected: bytes) { Exp()($0[0]) },
      Case(name: "sin", shapes: one, watched: [0], expected: bytes) { Sin()($0[0]) },
      Case(name: "relu", shapes: one, watched: [0], expected: bytes) { Relu()($0[0]) },
      Case(name: "rsqrt", shapes: one, watched: [0], expected: 2 * bytes) { Rsqrt()($0[0]) },
      Case(name: "+", shapes: two, watched: [0, 1], expected: 0) { $0[0] + $0[1] },
      Case(name: "* of one", shapes: two, watched: [0], expected: bytes) { $0[0] * $0[1] },
      Case(name: "* of both", shapes: two, watched: [0, 1], expected: 2 * bytes) { $0[0] * $0[1] },
      Case(name: "/ numerator", shapes: two, watched: [0], expected: bytes) { $0[0] / $0[1] },
      Case(name: "/ denominator", shapes: two, watched: [1], expected: 2 * bytes) { $0[0] / $0[1] },
      Case(name: "sum", shapes: one, watched: [0], expected: 0) { Sum(axes: [0])($0[0]) },
      Case(name: "matmul, left", shapes: [[100, 80], [80, 60]], watched: [0], expected: 4 * 80 * 60) {
        $0[0].matmul($0[1])
      },
      Case(name: "matmul, right", shapes: [[100, 80], [80, 60]], watched: [1], expected: 4 * 100 * 80) {
        $0[0].matmul($0[1])
      },
      Case(name: "softmax", shapes: [[10, 100]], watched: [0], expected: bytes) { Softmax()($0[0]) },
      Case(name: "reshape and transpose", shapes: [[10, 100]], watched: [0], expected: 0) {
        $0[0].reshaped(to: [100, 10]).transposed(permutation: [1, 0])
      },
      // The mask, a byte an element, and neither branch.
      Case(name: "select", shapes: two, watched: [0, 1], expected: n) { x in
        Select().apply(Operands([Compare(.less)(x[0], x[1]), x[0], x[1]]))
      },
      // Masks are made when gradients are asked for, from both operands.
      Case(name: "maximum", shapes: two, watched: [0], expected: 2 * bytes) { Maximum()($0[0], $0[1]) },
      // The indices, 8 bytes each, and not the table.
      Case(name: "gather", shapes: [[500, 64]], watched: [0], expected: 8 * 100) { x in
        Gather(axis: 0).reported(x[0], Tensor<Int64>(repeating: 3, shape: [100]).erased.copied)
      },
    ]
  }()

  /// Scalars on the way, such as a sum, are kept whether they are read or not.
  private func expectBytes(_ seen: Int, _ expected: Int, _ name: String) {
    #expect((expected...expected + 16).contains(seen), "\(name): expected \(expected), kept \(seen)")
  }

  @Test func primitives() {
    for row in Self.table {
      expectBytes(kept(row.shapes, watching: row.watched, row.function), row.expected, row.name)
    }
  }

  /// An embedding keeps its indices, not the table nor the rows taken; the layer behind it the rows, for its weights.
  @Test func embedding() {
    let table = Variable(random([5000, 16]))
    let weights = Variable(random([16, 8]))
    let indices = Tensor<Int64>((0..<200).map { Int64($0 * 7 % 5000) })
    let tape = GradientTape()
    _ = tape.record { matmul(gather(table, indices: indices), weights).sum() }
    expectBytes(tape.byteCount, 8 * 200 + 4 * 200 * 16 + 4 * 16 * 8, "tape")
  }

  /// A perceptron: what the products read (x and the hidden layer, both weights: the first product's left operand is no variable,
  /// so not the first weights), the result of tanh being the hidden layer, and the residual of the square.
  @Test func perceptron() {
    let (x, y) = (random([128, 20]), random([128, 5]))
    let (w1, b1) = (Variable(random([20, 32])), Variable(Tensor<Float>(zeros: [32])))
    let (w2, b2) = (Variable(random([32, 5])), Variable(Tensor<Float>(zeros: [5])))
    let tape = GradientTape()
    _ = tape.record { square(matmul(tanh(matmul(x, w1) + b1), w2) + b2 - y).mean() }
    expectBytes(tape.byteCount, 4 * (128 * 20 + 128 * 32 + 32 * 5 + 128 * 5) + 4, "tape")
  }

  /// Softmax regression: x for the weights, and the result of logSoftmax; the labels weigh it and are kept for that.
  @Test func softmaxRegression() {
    let (x, labels) = (random([128, 20]), random([128, 10]))
    let (w, b) = (Variable(random([20, 10])), Variable(Tensor<Float>(zeros: [10])))
    let tape = GradientTape()
    _ = tape.record { -(labels * logSoftmax(matmul(x, w) + b)).sum() }
    expectBytes(tape.byteCount, 4 * (128 * 20 + 128 * 10 + 128 * 10), "tape")
  }
}
