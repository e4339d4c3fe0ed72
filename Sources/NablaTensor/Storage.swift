import CKernels

/// A view of memory: the elements of one tensor. It owns its memory, or shares that of another view.
///
/// Shape and strides live beside the memory in one object, so that a tensor is one reference: copies of small tensors
/// cost one atomic increment, which is most of what a small operation costs at all.
///
/// Elements are written only while a view has one owner and no other looks through it: by the operation that made it,
/// or by a mutation that first checked `isKnownUniquelyReferenced`. Everything else reads. That is what makes it
/// `Sendable`.
public final class Storage: Sendable {
  /// Why a view has no memory.
  @usableFromInline
  package enum Kind: Sendable, Equatable {
    /// It has.
    case memory
    /// The tape did not keep the value: the primitive said that its derivative does not need it.
    case released
    /// The operation that should have made it failed, inside ``throwingErrors(_:)``.
    case failed
    /// A function is being compiled: the value is that of a node of the graph, known when the plan runs.
    case symbolic(node: Int)
    /// A function is being mapped over a batch, of this number: the value is that for one element, and the owner has those for all.
    case mapped(batch: Int)
    /// The owner is a ``RowSource`` that gives rows to whoever reads them, and has no address for all of them.
    case rows
  }

  @usableFromInline
  package let kind: Kind
  /// The element type.
  public let dtype: DType
  /// The sizes along the axes.
  public let shape: Shape
  /// The steps along the axes, in elements; nil for a dense row-major view, the usual case.
  package let strides: [Int]?
  // What small operations ask, as numbers: an array that is looked at is retained first.
  /// The number of elements.
  @usableFromInline
  package let count: Int
  /// Whether elements lie in memory in row-major order without gaps.
  @usableFromInline
  package let isDense: Bool
  /// Whether all elements are one and the same.
  @usableFromInline
  package let isUniform: Bool
  /// Whose memory this shares: another view's, or that of an object outside, such as a mapped file. Nil where it owns
  /// its own: only then may elements be written.
  package let owner: (any AnyObject & Sendable)?
  // The first element. Elements are written only while uniquely owned; see above. The address itself changes only in the
  // views of plans, which no tensor holds: those of a plan are moved by the one call that it serves at a time, those of
  // a lane by the one thread that has taken it. No access overlaps another: each reads or writes one pointer. (Checking
  // that at run time took a tenth of a small operation.)
  @exclusivity(unchecked)
  @usableFromInline
  nonisolated(unsafe) package private(set) final var base: UnsafeMutableRawPointer
  private let byteCount: Int
  /// The bytes of the memory that this owns, or of its elements where it owns none.
  package var ownByteCount: Int { byteCount > 0 ? byteCount : count * dtype.byteCount }

  /// A dense view of uninitialized memory of its own, or, after the error that there is none, a failed one.
  package init(dtype: DType, shape: Shape) {
    self.dtype = dtype
    owner = nil
    count = shape.elementCount
    isUniform = count == 1
    self.shape = shape  // handed over: from here on it is read in place
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    if !overflow, let block = nabla_allocate(bytes) {
      kind = .memory
      strides = nil
      isDense = true
      byteCount = bytes
      base = block
    } else {
      fail("allocate", "there is no memory for \(self.dtype) of shape \(self.shape)")
      kind = .failed
      strides = [Int](repeating: 0, count: self.shape.rank)
      isDense = false
      byteCount = 0
      base = Self.zero
    }
  }

  private static func isUniform(_ count: Int, _ strides: [Int]?) -> Bool {
    count == 1 || count > 0 && (strides?.allSatisfy { $0 == 0 } ?? false)
  }

  /// What failed tensors are views of, with strides of 0: reading one is never out of bounds.
  // Written once, here; only read afterwards, by any thread. It lives as long as the process.
  private nonisolated(unsafe) static let zero: UnsafeMutableRawPointer = {
    let block = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
    return block
  }()

  /// Another view of the memory of `other`, which begins `offset` elements after its first.
  package init(sharing other: Storage, offset: Int, shape: Shape, strides: [Int]?) {
    kind = other.kind
    dtype = other.dtype
    self.shape = shape
    self.strides = strides
    owner = other.owner ?? other
    byteCount = 0
    count = shape.elementCount
    isDense = strides == nil
    isUniform = Self.isUniform(count, strides)
    base = other.base + offset * other.dtype.byteCount
  }

  /// The view of `other` without its first axes, which begins `offset` elements after its first.
  init(partOf other: Storage, offset: Int, axes: Int) {
    kind = .memory
    dtype = other.dtype
    owner = other.owner ?? other
    byteCount = 0
    base = other.base + offset * other.dtype.byteCount
    if axes == other.shape.rank {  // an element, as is mostly asked for
      shape = Shape(unchecked: [])
      strides = nil
      (count, isDense, isUniform) = (1, true, true)
      return
    }
    let shape = Shape(unchecked: Array(other.shape.dimensions[axes...]))
    let strides = other.strides.flatMap {
      let strides = Array($0[axes...])
      return shape.hasDenseStrides(strides) ? nil : strides
    }
    count = shape.elementCount
    isDense = strides == nil
    isUniform = Self.isUniform(count, strides)
    self.shape = shape
    self.strides = strides
  }

  /// A dense view of the rows of a source, which are never written: that begins with a copy wherever there is an owner.
  package init(rowsOf source: any RowSource) {
    let address = UnsafeMutableRawPointer(mutating: source.address)
    kind = address == nil ? .rows : .memory
    dtype = source.dtype
    shape = source.shape
    strides = nil
    owner = source
    byteCount = 0
    count = shape.elementCount
    isDense = true
    isUniform = count == 1
    base = address ?? UnsafeMutableRawPointer(bitPattern: 64)!  // not looked at without an address
  }

  /// A view without memory; the owner has what it stands for, if anything does.
  package init(_ kind: Kind, dtype: DType, shape: Shape, owner: (any AnyObject & Sendable)? = nil) {
    self.kind = kind
    self.dtype = dtype
    self.shape = shape
    strides = kind == .failed ? [Int](repeating: 0, count: shape.rank) : nil
    self.owner = owner
    byteCount = 0
    count = shape.elementCount
    isDense = strides == nil && owner == nil  // the values for all elements of a batch lie as they lie
    isUniform = Self.isUniform(count, strides)
    // A released view is not read: that would be a defect of a derivative, and ends the process.
    base = kind == .failed ? Self.zero : UnsafeMutableRawPointer(bitPattern: 64)!
  }

  /// A view of a plan, on memory that ``move(to:)`` tells. It keeps nothing alive.
  package init(movable dtype: DType, shape: Shape, strides: [Int]? = nil) {
    kind = .memory
    self.dtype = dtype
    self.shape = shape
    self.strides = strides
    owner = Storage.plan
    byteCount = 0
    count = shape.elementCount
    isDense = strides == nil
    isUniform = Self.isUniform(count, strides)
    base = UnsafeMutableRawPointer(bitPattern: 64)!
  }
  private static let plan = Storage(.released, dtype: .uint8, shape: .scalar)

  /// Lets a view of a plan be one of other memory.
  @inline(__always)
  package func move(to address: UnsafeMutableRawPointer) { base = address }

  deinit {
    if kind == .memory && owner == nil { nabla_free(base, byteCount) }
  }
}

/// What Nabla's memory holds now. What threads keep to pack the operands of products, up to about 4.5 MiB each, is not
/// in it, as OpenBLAS's is not.
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
  /// Returns the pooled blocks to the system, and what the calling thread keeps for products.
  public static func trim() { nabla_memory_trim() }
  /// Bounds the pool; 1 GiB unless set.
  public static func setLimit(bytes: Int) { nabla_memory_set_limit(max(0, bytes)) }
}
