import NablaAutodiff
import NablaTensor

/// One call of a primitive on windows that are fixed when the plan is made; what moves is where they look.
struct Instruction {
  let primitive: any Primitive
  let type: TensorType
  let target: Storage
  /// The call.
  let run: () -> Void

  init(primitive: any Primitive, operands: Operands, type: TensorType, target: Storage) {
    self.primitive = primitive
    self.type = type
    self.target = target
    run = primitive.prepared(operands, type, into: target)
  }
}

/// Moves a window to a place in another one's memory: a view, or the rows of a block.
///
/// Whoever holds a placement keeps both windows alive. Threads move windows over sources that they share, and counting
/// references to those from two cores would cost more than the work on a block.
struct Placement {
  unowned(unsafe) let window: Storage
  unowned(unsafe) let source: Storage
  /// Bytes from the source's first element.
  let offset: Int
  /// Bytes from one row to the next.
  var step = 0

  @inline(__always)
  func run(row: Int = 0) { window.move(to: source.base + offset + row * step) }
}

extension Primitive {
  /// The window that a view primitive makes on an operand's window, with its offset in bytes; nil where it computes.
  func view(of operand: Storage) -> (window: Storage, offset: Int)? {
    guard let primitive = self as? any ViewPrimitive else { return nil }
    if case .reshape = rewrite, operand.strides != nil { return nil }  // it might copy
    let result = primitive.window(Operands(AnyTensor(operand)))
    let window = Storage(movable: result.dtype, shape: result.shape, strides: result.strides)
    return (window, result.address - operand.base)
  }
}
