/// What a derivative reads: operands and results, one by one.
///
/// ```swift
/// func residuals(toward operand: Int) -> Residuals { .operand(1 - operand) }     // a product reads the other factor
/// ```
public struct Residuals: OptionSet, Sendable {
  /// A bit for each operand from 0 on, and for each result from 32 on.
  public let rawValue: UInt64
  /// A set from its bits.
  @inline(__always)
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The elements of an operand; from number 31 on all of these.
  @inline(__always)
  public static func operand(_ index: Int) -> Residuals { Residuals(rawValue: 1 << UInt64(min(index, 31))) }
  /// The elements of a result; from number 31 on all of these.
  @inline(__always)
  public static func result(_ index: Int) -> Residuals { Residuals(rawValue: 1 << UInt64(32 + min(index, 31))) }
  /// The elements of all operands.
  public static let operands = Residuals(rawValue: 0xffff_ffff)
  /// The elements of the one result.
  public static let result = Residuals.result(0)

  /// Whether no operand is read.
  var isWithoutOperands: Bool { rawValue & 0xffff_ffff == 0 }
}

/// What an operation is, each property for itself. What a graph may make of it is another matter: see ``Rewrite``.
public struct Traits: OptionSet, Sendable {
  /// A bit for each property.
  public let rawValue: UInt32
  /// A set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// An element of the result needs the elements of the operands that broadcasting lays beside it, and no others: it may be
  /// written where one of them is read. The operation takes no memory of its own.
  public static let elementwise = Traits(rawValue: 1)
  /// The result is a view of the first operand's memory, wherever strides allow.
  public static let view = Traits(rawValue: 2)
  /// A view that copies where strides do not allow one.
  public static let mayCopy = Traits(rawValue: 4)
  /// A product of matrices: work that pays for large blocks of rows, and that OpenBLAS may do.
  public static let product = Traits(rawValue: 8)
  /// Linear in each of its operands.
  public static let linear = Traits(rawValue: 16)
  /// Not a function of the operands alone: never computed ahead, never merged with an equal operation, never moved out of a
  /// run.
  public static let impure = Traits(rawValue: 32)
  /// The elements of a block depend on where in the whole its rows lie: see ``RowRule``.
  public static let readsPosition = Traits(rawValue: 64)
  /// The kernel asks sources for rows itself: operands may be rows that are not in memory.
  public static let takesRows = Traits(rawValue: 128)
}

/// What a graph may make of an operation: the algebra that compiled functions know.
public enum Rewrite {
  /// Nothing.
  case none
  /// The operand itself.
  case identity
  /// The product of two operands, or of one with itself; 1 is neutral.
  case multiplication
  /// The sum of two operands, or their difference; a product before it may become part of it.
  case sum(isDifference: Bool)
  /// Goes before a following element-wise operation.
  case broadcast
  /// Two in a row are one; one that changes nothing is none.
  case reshape
  /// Becomes a flag of a product that follows.
  case transpose([Int])
  /// Takes transposes before it as flags.
  case product((_ transposesLeft: Bool, _ transposesRight: Bool) -> any Primitive)
  /// The sum of operands at places of their own. The sum of two such is one, of the operands of both, which the function makes;
  /// nil where it cannot.
  case sumOfSlices((_ other: any Primitive) -> (any Primitive)?)
}
