/// Linear algebra by LAPACK. What depends on the numbers is thrown as a ``LinalgError``; shapes that do not fit are
/// programmer's mistakes, as everywhere.
///
/// Functions take matrices or stacks of them, shapes [..., n, n], and are primitives: differentiable to any order, and part of
/// compiled functions. A compiled function throws where its run meets such numbers, never when it is traced.
public enum Linalg {}

/// Why a matrix could not be worked with. Pivots, rows and columns count from 0; `matrix` is the number of the first such
/// matrix in a stack, in row-major order of the leading axes, and nil where there is one matrix.
public enum LinalgError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A NaN or an infinity. LAPACK must not see one: some routines never return, others answer as if nothing were wrong.
  case notFinite(operation: String, operand: String)
  /// The leading block of rows and columns up to the pivot, this one included, is not positive definite; the block before it is.
  case notPositiveDefinite(operation: String, pivot: Int, matrix: Int? = nil)
  /// The pivot is zero.
  case singular(operation: String, pivot: Int, matrix: Int? = nil)
  /// Columns that are linearly dependent to working precision; the reciprocal of the condition number says how much.
  case rankDeficient(operation: String, column: Int, reciprocalCondition: Double)
  /// A result is larger than the largest number of its type.
  case overflow(operation: String, row: Int)
  /// LAPACK refused an argument: a defect of Nabla.
  case illegalArgument(routine: String, position: Int)

  /// One line.
  public var description: String {
    switch self {
    case .notFinite(let operation, let operand):
      "\(operation): \(operand) holds a NaN or an infinity"
    case .notPositiveDefinite(let operation, let pivot, let matrix):
      "\(operation): \(Self.name(matrix)) is not positive definite; pivot \(pivot) is not positive"
    case .singular(let operation, let pivot, let matrix):
      "\(operation): \(Self.name(matrix)) is singular; pivot \(pivot) is zero"
    case .rankDeficient(let operation, let column, let reciprocal):
      "\(operation): column \(column) depends on the columns before it (reciprocal condition number \(reciprocal))"
    case .overflow(let operation, let row):
      "\(operation): row \(row) of the result is too large for its type"
    case .illegalArgument(let routine, let position):
      "\(routine): argument \(position) is illegal; this is a defect of Nabla"
    }
  }

  /// A matrix as messages name it.
  static func name(_ matrix: Int?) -> String { matrix.map { "matrix \($0)" } ?? "the matrix" }
}
