import NablaTensor

/// A context that follows operations: a tape, or a forward-mode pass.
///
/// All recorders that are open see every operation, outermost first. A recorder that works itself (forward mode
/// computes tangents) does so while only the contexts outside of it are open: those differentiate its work, those
/// inside do not see it. That order is what keeps the perturbations of nested passes apart (Siskind and Pearlmutter,
/// "Nesting forward-mode AD in a functional framework", 2008).
open class Recorder: Context {
  init() { super.init(isRecorder: true) }

  /// Sees one operation.
  func observe(_ primitive: any Primitive, _ x: Operands, _ y: AnyTensor) {}
  /// Sees that a variable was read as `value`, which has an identity of its own.
  func observeRead(of variable: AnyVariable, as value: AnyTensor) {}

  /// Applies a primitive while contexts are open.
  static func apply(_ primitive: some Primitive, _ x: Operands) -> AnyTensor {
    let thread = Context.thread
    if thread.pointee.has_failed != 0 { return .failed(x[0].dtype, x[0].shape) }
    guard !x.refused(by: type(of: primitive).name), let type = primitive.resultType(x) else {
      return .failed(x[0].dtype, x[0].shape)
    }
    let y = thread.pointee.tracer == nil ? primitive.result(x, type) : Tracer.innermost!.evaluate(primitive, x, type)
    if y.dtype.isFloatingPoint { withCurrent { observe($0, primitive, x, y) } }
    return y
  }

  /// The value of a variable, shown to the open recorders.
  static func read(_ variable: AnyVariable, _ value: AnyTensor) -> AnyTensor {
    let seen = value.detached
    withCurrent { observeRead($0, variable, seen) }
    return seen
  }

  /// Runs `body` with the innermost context, which stays open meanwhile: no reference is counted.
  @inline(__always)
  private static func withCurrent(_ body: (Context) -> Void) {
    guard let context = Context.thread.pointee.context else { return }
    Unmanaged<Context>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
  }

  // The recorders of a stack see things outermost first.
  private static func observe(_ context: Context, _ primitive: any Primitive, _ x: Operands, _ y: AnyTensor) {
    if let outer = context.outer { observe(outer, primitive, x, y) }
    if context.isRecorder { unsafeDowncast(context, to: Recorder.self).observe(primitive, x, y) }
  }
  private static func observeRead(_ context: Context, _ variable: AnyVariable, _ value: AnyTensor) {
    if let outer = context.outer { observeRead(outer, variable, value) }
    if context.isRecorder { unsafeDowncast(context, to: Recorder.self).observeRead(of: variable, as: value) }
  }
}

/// A table from identities to small numbers. Identities of one thread follow each other in runs, so the low bits are a
/// perfect hash within a run; the number of the run is mixed in, for a tape whose runs other threads' lie between.
///
/// It owns plain memory: of an array of these the type would be looked up each time one is made, and a tape makes one.
struct IdentityTable: ~Copyable {
  private struct Slot {
    var key: UInt64 = 0
    var value: Int32 = 0
  }
  private var slots: UnsafeMutableBufferPointer<Slot>
  private(set) var count = 0

  init(capacity: Int = 32) {
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: Slot())
  }
  deinit { slots.deallocate() }

  /// Where a key is, or the free slot where it belongs.
  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: key &+ (key >> 12) &* 0x9E37_79B9_7F4A_7C15) & mask
    while slots[slot].key != key && slots[slot].key != 0 { slot = (slot + 1) & mask }
    return slot
  }

  @inline(__always)
  subscript(key: UInt64) -> Int32? {
    let found = slots[slot(of: key)]
    return found.key == key ? found.value : nil
  }

  /// Maps a key that is not 0; a key that is there already gets the new value.
  mutating func insert(_ key: UInt64, _ value: Int32) {
    if 2 * count >= slots.count { grow() }
    let slot = slot(of: key)
    if slots[slot].key == 0 { count += 1 }
    slots[slot] = Slot(key: key, value: value)
  }

  private mutating func grow() {
    var larger = IdentityTable(capacity: slots.count * 4)
    for slot in slots where slot.key != 0 { larger.insert(slot.key, slot.value) }
    swap(&self, &larger)
  }
}
