import NablaTensor

/// The operands of a primitive. One or two, the usual numbers, need no array.
public struct Operands: Sendable {
  private let first: AnyTensor?
  private let second: AnyTensor?
  private let rest: [AnyTensor]

  /// No operands.
  public init() { (first, second, rest) = (nil, nil, []) }
  /// One operand.
  @inline(__always)
  public init(_ first: AnyTensor) {
    self.first = first
    second = nil
    rest = []
  }
  /// Two operands.
  @inline(__always)
  public init(_ first: AnyTensor, _ second: AnyTensor) {
    self.first = first
    self.second = second
    rest = []
  }
  /// Any number of operands.
  public init(_ all: [AnyTensor]) {
    first = all.first
    second = all.count > 1 ? all[1] : nil
    rest = Array(all.dropFirst(2))
  }

  /// How many there are.
  @inline(__always)
  public var count: Int { (second == nil ? first == nil ? 0 : 1 : 2) + rest.count }

  /// One of them.
  @inline(__always)
  public subscript(index: Int) -> AnyTensor { index == 0 ? first! : index == 1 ? second! : rest[index - 2] }

  /// All of them.
  public var all: [AnyTensor] { (0..<count).map { self[$0] } }

  /// Their types.
  package var types: [TensorType] { all.map { TensorType($0.dtype, $0.shape) } }

  /// Whether one of them has no elements and never will: the result of a failed operation, which came out of its
  /// ``NablaTensor/throwingErrors(_:)``, a value of a compiled function, which came out of that, or rows that a source
  /// gives to those alone that take them; with the error that says so.
  @inline(__always)
  func refused(by primitive: some Primitive) -> Bool {
    if first?.hasMemory ?? true && second?.hasMemory ?? true && rest.isEmpty { return false }
    return refusedUnlessMemory(primitive.name, takesRows: primitive.traits.contains(.takesRows))
  }
  /// The same by the name of a function that is no primitive.
  func refused(byFunction name: String) -> Bool { refusedUnlessMemory(name, takesRows: false) }
  @inline(never)
  private func refusedUnlessMemory(_ operation: String, takesRows: Bool) -> Bool {
    for operand in all {
      if operand.isFailed {
        fail(operation, "an operand is the result of an operation that failed")
        return true
      }
      switch operand.storage.kind {
      case .released: _ = operand.isReadable(operation)  // ends the process, saying why
      case .rows where takesRows: break
      case .rows: return !operand.isReadable(operation)
      case .memory, .failed, .symbolic, .mapped: break
      }
      if operand.isStray {
        fail(
          operation,
          "an operand of shape \(operand.shape) was made while a function was compiled or mapped over a batch, and is known "
            + "only inside that")
        return true
      }
    }
    return false
  }

  /// Whether the elements of the first two lie in row-major order without gaps, or are one and the same. (No reference is
  /// counted, as for an operand that is handed out.)
  @inline(__always)
  var areFlat: Bool { first?.isFlat ?? true && second?.isFlat ?? true }

  /// Whether letting the elements go would free next to nothing.
  @inline(__always)
  var areSmall: Bool { rest.isEmpty && first?.isSmall ?? true && second?.isSmall ?? true }

  /// The operands with the elements of those that `kept` names; of the others shapes and types alone.
  func keeping(_ kept: Residuals) -> Operands {
    func operand(_ index: Int, _ x: AnyTensor) -> AnyTensor { kept.contains(.operand(index)) ? x : x.withoutElements }
    guard let first else { return self }
    if let second, rest.isEmpty { return Operands(operand(0, first), operand(1, second)) }
    if rest.isEmpty { return Operands(operand(0, first)) }
    return Operands(all.enumerated().map { operand($0.offset, $0.element) })
  }
}

// MARK: - Where a block of rows lies

// A compiled function runs operations with the trait `readsPosition` on blocks of rows with one operand more, of which the
// address alone counts: it is that of row 0, moved on by one byte for each row.
extension Operands {
  /// Where the operand that tells the position of row 0 is placed.
  package static var positionOrigin: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 64)! }

  /// The number of the block's first row in the whole, for an operation with `count` operands of its own; 0 outside of
  /// blocks.
  package func firstRow(after count: Int) -> Int {
    self.count > count ? self[count].address - Operands.positionOrigin : 0
  }
}
