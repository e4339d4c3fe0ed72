import CKernels
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

  /// A rule.
  public init(rowOperands: [Bool], isReducing: Bool = false) {
    self.rowOperands = rowOperands
    self.isReducing = isReducing
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

/// A reduction over rows as a merge of states: what a block of rows leaves behind, and how two of these become one.
///
/// Blocks are merged in a fixed binary tree of neighbours, the earlier rows first, so that results do not depend on the
/// number of threads.
public struct BlockReduction: Sendable {
  /// How two states become one.
  package enum Merge: Sendable {
    /// Element by element, by a kernel of two operands: the state is the result.
    case elementwise(nabla_binary_op, DType, count: Int)
    /// As a reduction of the kernels says, for so many results.
    case states(nabla_reduction_op, DType, count: Int)
    /// y = a, then b.
    case custom(@Sendable (_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) -> Void)
  }

  /// The bytes of a state.
  public let stateByteCount: Int
  package let merge: Merge
  /// Writes the results of a state; nil where the state is the one result.
  package let finish: (@Sendable (_ state: UnsafeRawPointer, _ y: [UnsafeMutableRawPointer]) throws -> Void)?

  package init(
    stateByteCount: Int, _ merge: Merge,
    finish: (@Sendable (UnsafeRawPointer, [UnsafeMutableRawPointer]) throws -> Void)? = nil
  ) {
    self.stateByteCount = stateByteCount
    self.merge = merge
    self.finish = finish
  }

  /// A reduction with a state of its own.
  ///
  /// - Parameters:
  ///   - stateByteCount: the bytes of a state.
  ///   - merge: writes to y what rows of a and then rows of b leave behind; y may be a or b.
  ///   - finish: writes the results of a state; nil where the state is the one result.
  public init(
    stateByteCount: Int,
    merge: @escaping @Sendable (_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) -> Void,
    finish: (@Sendable (_ state: UnsafeRawPointer, _ y: [UnsafeMutableRawPointer]) throws -> Void)?
  ) {
    self.init(stateByteCount: stateByteCount, .custom(merge), finish: finish)
  }

  /// The sum of the blocks' results.
  package static func sum(_ y: TensorType) -> BlockReduction {
    BlockReduction(stateByteCount: y.byteCount, .elementwise(NABLA_ADD, y.dtype, count: y.shape.elementCount))
  }
}
