import CKernels
import NablaTensor

/// How an operation splits over rows, the places along axis 0 of its large operands.
///
/// A compiled function runs rows block by block, so that large operands are read once and what is computed from them
/// never reaches memory; the blocks are what threads share. Row i of the result either needs row i of the row operands
/// alone (*local*), or the result is a reduction over rows, whose blocks are combined (*reducing*).
public struct RowRule: Sendable {
  /// For each operand, whether it is taken row by row; the others are needed whole.
  public var rowOperands: [Bool]
  /// What combines the results of two blocks, for a reduction over rows.
  package var combine: nabla_binary_op?

  package init(rowOperands: [Bool], combine: nabla_binary_op? = nil) {
    self.rowOperands = rowOperands
    self.combine = combine
  }

  /// For nodes that are no operations.
  package static let none = RowRule(rowOperands: [])

  /// The rule of element-wise operations: operands that have the result's axis 0 go row by row, the others repeat.
  static func elementwise(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard y.first == rows else { return nil }
    return RowRule(rowOperands: x.map { $0.rank == y.rank && $0[0] == rows })
  }

  /// The rule of an operation that leaves axis 0 of every operand in its place.
  static func local(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard y.first == rows, x.allSatisfy({ $0.first == rows }) else { return nil }
    return RowRule(rowOperands: x.map { _ in true })
  }
}

extension Primitive {
  /// None: the operation runs whole.
  public func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { nil }
  /// Itself.
  public func onRows(_ count: Int) -> Self { self }
}

/// What a graph may make of an operation: the algebra that compiled functions know.
public enum Rewrite {
  /// Nothing.
  case none
  /// The operand itself.
  case identity
  /// Operands may come before a broadcast.
  case elementwise
  /// The product of two operands, or of one with itself. As `elementwise`; 1 is neutral.
  case multiplication
  /// The sum of two operands, or their difference. As `elementwise`; a product before it may become part of it.
  case sum(isDifference: Bool)
  /// Goes before a following element-wise operation.
  case broadcast
  /// Two in a row are one; one that changes nothing is none.
  case reshape
  /// Becomes a flag of a product that follows.
  case transpose([Int])
  /// Takes transposes before it as flags.
  case product((_ transposesLeft: Bool, _ transposesRight: Bool) -> any Primitive)
}

extension Primitive {
  /// Nothing.
  public var rewrite: Rewrite { .none }
}
