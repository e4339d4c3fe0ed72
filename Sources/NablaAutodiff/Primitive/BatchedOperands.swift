import NablaTensor

/// The operands of a primitive for a batch: those that are batched have one more leading axis, of size ``size``; the others
/// are the same for each element of the batch.
public struct BatchedOperands: Sendable {
  /// The elements of the batch.
  public let size: Int
  /// The operands, with the leading axis where they are batched.
  public let operands: Operands
  private let batched: [Bool]

  init(size: Int, _ operands: [AnyTensor], _ batched: [Bool]) {
    self.size = size
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

  /// The operands so that they broadcast as those of one element do: a batched operand of fewer axes than the widest gets axes
  /// of size 1 behind the leading one.
  public var aligned: Operands {
    let widest = (0..<count).map(rank).max() ?? 0
    return Operands(
      (0..<count).map { operand in
        let missing = widest - rank(operand)
        if !batched[operand] || missing == 0 { return operands[operand] }
        let ones = [Int](repeating: 1, count: missing)
        return operands[operand].reshaped(to: Shape(unchecked: [size] + ones + shape(operand)))
      })
  }
}
