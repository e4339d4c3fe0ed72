import CKernels

/// A window on memory: the elements of one tensor. It owns its memory, or shares that of another window.
///
/// Shape and strides live beside the memory in one object, so that a tensor is one reference: copies of small tensors
/// cost one atomic increment, which is most of what a small operation costs at all.
///
/// Elements are written only while a window has one owner and no other looks through it: by the operation that made it,
/// or by a mutation that first checked `isKnownUniquelyReferenced`. Everything else reads. That is what makes it
/// `Sendable`.
public final class Storage: Sendable {
  /// Why a window has no memory.
  package enum Kind: Sendable {
    /// It has.
    case memory
    /// The tape did not keep the value: the primitive said that its derivative does not need it.
    case released
    /// The operation that should have made it failed, inside ``throwingErrors(_:)``.
    case failed
  }

  package let kind: Kind
  /// The element type.
  public let dtype: DType
  /// The sizes along the axes.
  public let shape: Shape
  /// The steps along the axes, in elements; nil for a dense row-major window, the usual case.
  package let strides: [Int]?
  /// Whose memory this shares; nil where it owns its own.
  package let owner: Storage?
  // The first element. Written only while uniquely owned; see above.
  nonisolated(unsafe) package let base: UnsafeMutableRawPointer
  private let byteCount: Int

  /// A dense window on uninitialized memory of its own, or, after the error that there is none, a failed one.
  package init(dtype: DType, shape: Shape) {
    self.dtype = dtype
    self.shape = shape
    owner = nil
    let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    if !overflow, let block = nabla_allocate(bytes) {
      kind = .memory
      strides = nil
      byteCount = bytes
      base = block
    } else {
      fail("allocate", "there is no memory for \(dtype) of shape \(shape)")
      nabla_note_failure()
      kind = .failed
      strides = [Int](repeating: 0, count: shape.rank)
      byteCount = 0
      base = Self.zero
    }
  }

  /// What windows of failed operations look at, with strides of 0: reading one is never out of bounds.
  private nonisolated(unsafe) static let zero: UnsafeMutableRawPointer = {
    let block = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
    return block
  }()

  /// Another window on the memory of `other`, which begins `offset` elements after its first.
  package init(sharing other: Storage, offset: Int, shape: Shape, strides: [Int]?) {
    kind = other.kind
    dtype = other.dtype
    self.shape = shape
    self.strides = strides
    owner = other.owner ?? other
    byteCount = 0
    base = other.base + offset * other.dtype.byteCount
  }

  /// A window without memory.
  package init(_ kind: Kind, dtype: DType, shape: Shape) {
    if kind == .failed { nabla_note_failure() }
    self.kind = kind
    self.dtype = dtype
    self.shape = shape
    strides = kind == .failed ? [Int](repeating: 0, count: shape.rank) : nil
    owner = nil
    byteCount = 0
    // A released window is not read: that would be a defect of a derivative, and ends the process.
    base = kind == .failed ? Self.zero : UnsafeMutableRawPointer(bitPattern: 64)!
  }

  deinit {
    if kind == .memory && owner == nil { nabla_free(base, byteCount) }
  }
}

/// What Nabla's memory holds now.
public struct MemoryCounters: Sendable, Hashable {
  /// Bytes of blocks that tensors own. Blocks of up to 1 KiB are not counted.
  public var inUse: Int
  /// Bytes that were freed and are kept for the next tensor.
  public var pooled: Int
  /// The most that `inUse` has been.
  public var peak: Int
  /// The most that is kept.
  public var limit: Int
}

/// The memory of tensors: freed blocks are kept in a bounded pool, since fresh memory costs a page fault for every
/// four KiB.
public enum Memory {
  /// The counters now.
  public static var counters: MemoryCounters {
    let c = nabla_memory()
    return MemoryCounters(inUse: Int(c.in_use), pooled: Int(c.pooled), peak: Int(c.peak), limit: Int(c.limit))
  }
  /// Returns the pooled blocks to the system.
  public static func trim() { nabla_memory_trim() }
  /// Bounds the pool; 1 GiB unless set.
  public static func setLimit(bytes: Int) { nabla_memory_set_limit(max(0, bytes)) }
}
