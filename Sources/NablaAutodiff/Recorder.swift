import NablaTensor

/// A context that follows operations: a tape, or a forward-mode pass.
///
/// All recorders that are open see every operation, outermost first. A recorder that works itself (forward mode
/// computes tangents) does so while only the contexts outside of it are open: those differentiate its work, those
/// inside do not see it. That order is what keeps the perturbations of nested passes apart (Siskind and Pearlmutter,
/// "Nesting forward-mode AD in a functional framework", 2008).
open class Recorder: Context {
  /// Sees one operation.
  func observe(_ primitive: some Primitive, _ x: Operands, _ y: AnyTensor) {}
  /// Sees that a variable was read as `value`, which has an identity of its own.
  func observeRead(of variable: AnyVariable, as value: AnyTensor) {}

  /// Applies a primitive while contexts are open.
  static func apply(_ primitive: some Primitive, _ x: Operands) -> AnyTensor {
    if ErrorScope.hasFailed { return .failed(x[0].dtype, x[0].shape) }
    guard let type = primitive.resultType(x) else { return .failed(x[0].dtype, x[0].shape) }
    let y = primitive.evaluate(x, type)
    if y.dtype.isFloatingPoint { visit(Context.current) { $0.observe(primitive, x, y) } }
    return y
  }

  /// The value of a variable, shown to the open recorders.
  static func read(_ variable: AnyVariable, _ value: AnyTensor) -> AnyTensor {
    let seen = value.detached
    visit(Context.current) { $0.observeRead(of: variable, as: seen) }
    return seen
  }

  /// Calls `body` for every recorder of a stack, outermost first.
  private static func visit(_ context: Context?, _ body: (Recorder) -> Void) {
    guard let context else { return }
    visit(context.outer, body)
    if let recorder = context as? Recorder { body(recorder) }
  }
}

/// A table from identities to small numbers. Identities of one thread follow each other, so the low bits alone are a
/// perfect hash in the usual case; probing settles the rest.
struct IdentityTable {
  private var keys: [UInt64]
  private var values: [Int32]
  private(set) var count = 0

  init(capacity: Int = 32) {
    keys = [UInt64](repeating: 0, count: capacity)
    values = [Int32](repeating: 0, count: capacity)
  }

  @inline(__always)
  subscript(key: UInt64) -> Int32? {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: key) & mask
    while keys[slot] != key {
      if keys[slot] == 0 { return nil }
      slot = (slot + 1) & mask
    }
    return values[slot]
  }

  /// Maps a key that is not 0; a key that is there already gets the new value.
  mutating func insert(_ key: UInt64, _ value: Int32) {
    if 2 * count >= keys.count { grow() }
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: key) & mask
    while keys[slot] != 0 && keys[slot] != key { slot = (slot + 1) & mask }
    if keys[slot] == 0 { count += 1 }
    keys[slot] = key
    values[slot] = value
  }

  private mutating func grow() {
    var larger = IdentityTable(capacity: keys.count * 4)
    for (key, value) in zip(keys, values) where key != 0 { larger.insert(key, value) }
    self = larger
  }
}
