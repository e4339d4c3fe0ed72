import NablaTensor

/// How an operation splits over rows, the places along axis 0 of its large operands.
///
/// A compiled function runs rows block by block, so that large operands are read once and what is computed from them
/// never reaches memory; the blocks are what threads share. Row i of the results either needs row i of the row operands
/// alone (*local*), or the results are a reduction over rows: each block gives a state, and states are merged (*reducing*,
/// see ``BlockReduction``).
///
/// An operation with the trait ``Traits/readsPosition`` is told where a block's rows lie in the whole.
public struct RowRule: Sendable {
  /// For each operand, whether it is taken row by row; the others are needed whole.
  public var rowOperands: [Bool]
  /// Whether the results are a reduction over rows.
  public var isReducing: Bool
  /// The rows that a block should have at least, as far as the operation knows: fewer would not be worth the price of one.
  public var fewestRows: Int

  /// A rule.
  public init(rowOperands: [Bool], isReducing: Bool = false, fewestRows: Int = 1) {
    self.rowOperands = rowOperands
    self.isReducing = isReducing
    self.fewestRows = fewestRows
  }

  /// For nodes that are no operations.
  package static let none = RowRule(rowOperands: [])

  /// The rule of element-wise operations: operands that have the result's axis 0 go row by row, the others repeat.
  public static func elementwise(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard y.first == rows else { return nil }
    return RowRule(rowOperands: x.map { $0.rank == y.rank && $0[0] == rows })
  }

  /// The rule of an operation that leaves axis 0 of every operand in its place.
  public static func local(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard y.first == rows, x.allSatisfy({ $0.first == rows }) else { return nil }
    return RowRule(rowOperands: x.map { _ in true })
  }
}
