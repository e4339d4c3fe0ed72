import CKernels
import NablaTensor

/// y = random numbers by element. The operand is a generator's state, [key, counter] in Int64; element i follows from it and i
/// alone, so any cut into blocks, threads or runs of a loop gives the same numbers.
struct Draw: NondifferentiablePrimitive {
  /// What is drawn.
  enum Distribution: Hashable, Sendable {
    case uniform(low: Double, high: Double)
    case normal(mean: Double, standardDeviation: Double)
    case bernoulli(Double)
    case integers(low: Int, high: Int)
  }
  let distribution: Distribution
  let type: TensorType

  var name: String {
    switch distribution {
    case .uniform: "random uniform"
    case .normal: "random normal"
    case .bernoulli: "random bernoulli"
    case .integers: "random integers"
    }
  }
  // Its elements are those of one place of the stream: an equal draw of a batch is another one.
  var traits: Traits { [.readsPosition, .impure] }

  private var kernel: nabla_draw {
    switch distribution {
    case .uniform(let low, let high): Draws.uniform(type.dtype, low: low, high: high)
    case .normal(let mean, let deviation): Draws.normal(type.dtype, mean: mean, standardDeviation: deviation)
    case .bernoulli(let probability): Draws.bernoulli(probability)
    case .integers(let low, let high): Draws.integers(type.dtype, low: low, high: high)
    }
  }
  /// How far the counter moves on.
  var blocks: UInt64 { Draws.blocks(of: kernel, count: type.shape.elementCount) }

  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype == .int64, x[0].shape.dimensions == [2] else {
      fail(name, "the state is \(x[0].dtype) of shape \(x[0].shape), not a key and a counter in int64")
      return nil
    }
    return type
  }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let state = x[0].dense
    let rowCount = type.shape.dropFirst().reduce(1, *)
    withExtendedLifetime(state.storage) {
      Draws.fill(
        kernel, state: state.address, first: x.firstRow(after: 1) * rowCount, count: type.shape.elementCount, into: y)
    }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    y.first == rows ? RowRule(rowOperands: [false]) : nil
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { onBatch(x.size)(x[0]) }
  /// The draws for all elements of a batch.
  func onBatch(_ size: Int) -> Draw {
    Draw(distribution: distribution, type: TensorType(type.dtype, Shape(unchecked: [size] + type.shape)))
  }
  func onRows(_ count: Int) -> Draw {
    Draw(distribution: distribution, type: TensorType(type.dtype, type.shape.withRows(count)))
  }
}
