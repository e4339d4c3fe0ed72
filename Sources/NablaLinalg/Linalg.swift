import NablaAutodiff
import NablaTensor

/// Linear algebra by LAPACK. What depends on the data is thrown as a ``LinalgError``; shapes that do not fit are
/// programmer's mistakes, as everywhere.
public enum Linalg {}

/// Why a matrix could not be worked with.
public enum LinalgError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A NaN or an infinity. LAPACK must not see one: some routines never return, others answer as if nothing were wrong.
  case notFinite(operation: String, operand: String)
  /// Columns that are linearly dependent to working precision; the reciprocal of the condition number says how much.
  case rankDeficient(operation: String, column: Int, reciprocalCondition: Double)
  /// LAPACK refused an argument: a defect of Nabla.
  case illegalArgument(routine: String, position: Int)

  /// One line.
  public var description: String {
    switch self {
    case .notFinite(let operation, let operand):
      "\(operation): \(operand) holds a NaN or an infinity"
    case .rankDeficient(let operation, let column, let reciprocal):
      "\(operation): column \(column) depends on the columns before it (reciprocal condition number \(reciprocal))"
    case .illegalArgument(let routine, let position):
      "\(routine): argument \(position) is illegal; this is a defect of Nabla"
    }
  }
}

/// Throws unless every element is finite.
func requireFinite<S: FloatingPointScalar>(_ x: Tensor<S>, _ operation: String, _ operand: String) throws {
  guard x.isFinite.all().scalar else { throw LinalgError.notFinite(operation: operation, operand: operand) }
}
