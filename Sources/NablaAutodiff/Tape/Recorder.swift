import CKernels
import NablaTensor

/// A context that follows operations: a tape, or a forward-mode pass.
///
/// All recorders that are open see every operation, outermost first. A recorder that works itself (forward mode
/// computes tangents) does so while only the contexts outside of it are open: those differentiate its work, those
/// inside do not see it. That order is what keeps the perturbations of nested passes apart (Siskind and Pearlmutter,
/// "Nesting forward-mode AD in a functional framework", 2008).
open class Recorder: Context {
  init() { super.init(isRecorder: true) }

  /// What a recorder sees of an operation, and may keep.
  struct Operation {
    let primitive: any Primitive
    var operands: Operands
    var results: ResultTensors
  }

  /// Sees one operation.
  func observe(_ operation: consuming Operation) {}
  /// Sees that a variable was read as a value of this identity, which is its own.
  func observeRead(of variable: AnyVariable, as identity: UInt64) {}

  /// Applies a primitive with one result while contexts are open.
  static func apply<P: SingleResultPrimitive>(
    _ primitive: P, _ x: consuming Operands
  ) throws(P.Failure) -> AnyTensor {
    let thread = Context.thread
    if thread.pointee.has_failed != 0 { return .failed(like: x) }
    guard !x.refused(by: primitive), let type = primitive.resultType(x) else { return .failed(like: x) }
    let y =
      thread.pointee.tracer == nil
      ? try primitive.result(x, type) : try Tracer.innermost!.evaluate(primitive, x, ResultTypes(type)).first
    if y.dtype.isFloatingPoint {
      var operation = Optional(Operation(primitive: primitive, operands: x, results: ResultTensors(y)))
      withCurrent { observe($0, &operation) }
    }
    return y
  }

  /// Applies a primitive with any number of results while contexts are open.
  static func apply<P: Primitive>(
    _ primitive: P, _ x: consuming Operands, count: Int
  ) throws(P.Failure) -> ResultTensors {
    let thread = Context.thread
    if thread.pointee.has_failed != 0 { return .failed(like: x, count: count) }
    guard !x.refused(by: primitive), let types = primitive.resultTypes(x) else {
      return .failed(like: x, count: count)
    }
    let y =
      thread.pointee.tracer == nil
      ? try primitive.results(x, types) : try Tracer.innermost!.evaluate(primitive, x, types)
    if y.areDifferentiable {
      var operation = Optional(Operation(primitive: primitive, operands: x, results: y))
      withCurrent { observe($0, &operation) }
    }
    return y
  }

  /// The value of a variable, under an identity of this read, shown to the open recorders.
  static func read(_ variable: AnyVariable, _ value: consuming AnyTensor) -> AnyTensor {
    let identity = value.identity
    withCurrent { observeRead($0, variable, identity) }
    return value
  }

  /// Runs `body` with the innermost context, which stays open meanwhile: no reference is counted.
  @inline(__always)
  private static func withCurrent(_ body: (Context) -> Void) {
    guard let context = Context.thread.pointee.context else { return }
    Unmanaged<Context>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
  }

  // The recorders of a stack see things outermost first. The innermost one is handed the operation, the others copies. Those
  // outside of a tracer see what that makes of the operation, not the operation itself.
  private static func observe(_ context: Context, _ operation: inout Operation?) {
    if let outer = context.outer, !context.takesPlaceOfKernels {
      var copy = operation
      observe(outer, &copy)
    }
    if context.isRecorder { unsafeDowncast(context, to: Recorder.self).observe(operation.take()!) }
  }
  private static func observeRead(_ context: Context, _ variable: AnyVariable, _ identity: UInt64) {
    if let outer = context.outer, !context.takesPlaceOfKernels { observeRead(outer, variable, identity) }
    if context.isRecorder { unsafeDowncast(context, to: Recorder.self).observeRead(of: variable, as: identity) }
  }
}

/// A table from identities to small numbers. The high bits of a product with the golden ratio spread identities, which follow
/// each other in runs, evenly (Knuth, The Art of Computer Programming, volume 3, section 6.4).
///
/// It owns plain memory: of an array of these the type would be looked up each time one is made, and a tape makes one.
struct IdentityTable: ~Copyable {
  private struct Slot {
    var key: UInt64 = 0
    var value: Int32 = 0
  }
  private var slots: UnsafeMutableBufferPointer<Slot>
  private let shift: UInt64
  private(set) var count = 0

  /// A table with slots for half as many keys as the capacity, which is a power of 2.
  init(capacity: Int = 32) {
    shift = UInt64(capacity.leadingZeroBitCount + 1)
    slots = .allocateShortLived(capacity: capacity)
    slots.initialize(repeating: Slot())
  }
  deinit { slots.deallocateShortLived() }

  /// Where a key is, or the free slot where it belongs.
  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> shift)
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

extension UnsafeMutableBufferPointer {
  /// Memory for a tape or for one pass over it. A little of it comes from where that of small tensors does, which the
  /// thread has at hand: malloc takes several times as long. (More would be counted as memory of tensors.)
  static func allocateShortLived(capacity: Int) -> Self {
    let bytes = capacity * MemoryLayout<Element>.stride
    if bytes > 1024 { return allocate(capacity: capacity) }
    guard let block = nabla_allocate(bytes) else { fatalError("Nabla: there is no memory for a tape") }
    return Self(start: block.bindMemory(to: Element.self, capacity: capacity), count: capacity)
  }
  /// Gives it back. The elements are gone.
  func deallocateShortLived() {
    let bytes = count * MemoryLayout<Element>.stride
    bytes <= 1024 ? nabla_free(baseAddress, bytes) : deallocate()
  }
}
