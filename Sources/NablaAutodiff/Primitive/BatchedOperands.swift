import NablaTensor

/// The operands of a primitive for a batch: those that are batched have one more leading axis, of size ``size``; the others
/// are the same for each element of the batch. At least one is batched, unless the primitive is impure.
///
/// A rule is written with the public operations, so that it is differentiated, compiled and batched once more like any
/// other code. It gives every result the leading axis:
///
/// ```swift
/// // Several results: the k best along another axis, values and indices.
/// func batched(_ x: BatchedOperands) -> ResultTensors? { TopK(axis: axis + 1).results(of: x.operands, count: 2) }
/// // Operands that broadcast with each other.
/// func batchedResult(_ x: BatchedOperands) -> AnyTensor? { apply(x.aligned) }
/// // An operation that works on stacks already, and may throw.
/// func batchedResult(_ x: BatchedOperands) throws(LinalgError) -> AnyTensor? { try self(x[0]) }
/// ```
/// An impure operation (a draw) is asked for a batch of its own even where no operand is batched; without a rule it runs once
/// for each element.
public struct BatchedOperands: Sendable {
  /// The elements of the batch.
  public var size: Int { batch.size }
  /// The operands, with the leading axis where they are batched.
  public let operands: Operands
  /// The map over the batch, for rules that call functions of the caller's.
  let batch: Batch
  private let batched: [Bool]

  init(_ batch: Batch, _ operands: [AnyTensor], _ batched: [Bool]) {
    self.batch = batch
    self.operands = Operands(operands)
    self.batched = batched
  }

  /// How many there are.
  public var count: Int { batched.count }
  /// One of them, with the leading axis where it is batched.
  public subscript(index: Int) -> AnyTensor { operands[index] }
  /// Whether an operand is batched.
  public func isBatched(_ operand: Int) -> Bool { batched[operand] }
  /// The number of axes of an operand for one element of the batch.
  public func rank(_ operand: Int) -> Int { operands[operand].rank - (batched[operand] ? 1 : 0) }
  /// The shape of an operand for one element of the batch.
  public func shape(_ operand: Int) -> Shape {
    batched[operand] ? Shape(unchecked: Array(operands[operand].shape.dropFirst())) : operands[operand].shape
  }

  /// An operand with the leading axis: repeated along it where it is not batched.
  public func spread(_ operand: Int) -> AnyTensor {
    let x = operands[operand]
    return batched[operand] ? x : x.broadcast(to: Shape(unchecked: [size] + x.shape))
  }

  /// An operand for broadcasting with others of `rank` axes for one element: where it is batched and has fewer, it gets axes of
  /// size 1 behind the leading one.
  public func padded(_ operand: Int, to rank: Int) -> AnyTensor {
    let missing = rank - self.rank(operand)
    if !batched[operand] || missing <= 0 { return operands[operand] }
    let ones = [Int](repeating: 1, count: missing)
    return operands[operand].reshaped(to: Shape(unchecked: [size] + ones + shape(operand)))
  }

  /// The operands so that they broadcast as those of one element do: a batched operand of fewer axes than the widest gets axes
  /// of size 1 behind the leading one.
  public var aligned: Operands {
    let widest = (0..<count).map(rank).max() ?? 0
    return Operands((0..<count).map { padded($0, to: widest) })
  }

  /// The operands for one element of the batch.
  func element(_ index: Int) -> Operands {
    Operands((0..<count).map { batched[$0] ? operands[$0].element(index) : operands[$0] })
  }
}

extension AnyTensor {
  /// What lies at an index of axis 0.
  fileprivate func element(_ index: Int) -> AnyTensor {
    let rest = Array(shape.dropFirst())
    let slice = Slice(
      starts: [index] + rest.map { _ in 0 }, sizes: [1] + rest, steps: [Int](repeating: 1, count: rank))
    return slice(self).reshaped(to: Shape(unchecked: rest))
  }

  /// An axis moved to another place.
  func movingAxis(_ from: Int, to place: Int) -> AnyTensor {
    var order = Array(0..<rank)
    order.insert(order.remove(at: from), at: place)
    return transposed(permutation: order)
  }
}
