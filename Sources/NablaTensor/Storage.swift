import CKernels

/// The memory of a tensor: a block of elements of one type, shared by reference and copied on write.
///
/// Elements are written only while a storage has one owner: by the operation that made it, or by a mutation that first
/// checked `isKnownUniquelyReferenced`. Everything else reads. That is what makes it `Sendable`.
public final class Storage: Sendable {
  /// Why a storage has no memory.
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
  package let byteCount: Int
  // Written only while uniquely owned; see above.
  nonisolated(unsafe) package let base: UnsafeMutableRawPointer

  /// Uninitialized memory for `count` elements.
  package init(dtype: DType, count: Int) {
    self.kind = .memory
    self.dtype = dtype
    self.byteCount = count * dtype.byteCount
    guard let block = nabla_allocate(byteCount) else {
      fatalError("Nabla: out of memory: \(byteCount) bytes were asked for")
    }
    self.base = block
  }

  /// A storage without memory.
  private init(_ kind: Kind, dtype: DType) {
    self.kind = kind
    self.dtype = dtype
    self.byteCount = 0
    self.base = UnsafeMutableRawPointer(bitPattern: 64)!
  }

  deinit {
    if kind == .memory { nabla_free(base, byteCount) }
  }

  private static let released = DType.allCases.map { Storage(.released, dtype: $0) }
  private static let failed = DType.allCases.map { Storage(.failed, dtype: $0) }

  package static func released(_ dtype: DType) -> Storage { released[Int(dtype.rawValue)] }
  package static func failed(_ dtype: DType) -> Storage { failed[Int(dtype.rawValue)] }
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
