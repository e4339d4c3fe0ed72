import CKernels

// What this module knows of tapes, maps and plans, which lie above it, is in three places, because a small operation cannot
// afford a second object for any of them:
// - this class: a stack of contexts, of which an operation only asks whether there is one;
// - `AnyTensor.identity`, a number that tapes look up, which a copy keeps and a change or another view renews;
// - `Storage.Kind`: a view without memory that stands for a value of a plan (`symbolic`), of a map (`mapped`), or for one that a
//   tape let go (`released`). Here these are only told apart from views that have memory.

/// Something that takes part in the operations of a thread while it is open: a tape that records, a forward-mode pass,
/// a scope that catches errors.
///
/// Contexts form a stack, innermost first. An operation asks one question, ``isActive``: if nothing is open it runs
/// its kernel. The stack lives in a slot of the thread: the closures that open contexts are synchronous, so they never
/// move to another thread while open, and a thread's slot is read in a nanosecond where a `@TaskLocal` takes ten.
open class Context {
  // An open context is kept by the caller that opened it, and so are those outside of it: what refers to them counts no
  // references. Nothing here is read while it is written, so there is no access to check either.

  @exclusivity(unchecked)
  @usableFromInline
  package private(set) final unowned(unsafe) var surrounding: Context?
  /// The context that was innermost when this one opened.
  @inlinable
  package final var outer: Context? { surrounding }

  /// Whether this is a recorder of operations; a stored flag, since a dynamic cast costs more than small operations.
  package final let isRecorder: Bool
  /// The innermost scope that catches errors, this one included.
  @exclusivity(unchecked)
  package private(set) final unowned(unsafe) var errorScope: ErrorScope?

  /// The innermost context that takes the place of kernels (it compiles a function), this one included.
  @exclusivity(unchecked)
  package private(set) final unowned(unsafe) var tracer: Context?
  /// Whether this context takes the place of kernels.
  package final let takesPlaceOfKernels: Bool
  private let isErrorScope: Bool

  /// A context that is not open yet.
  package init(isRecorder: Bool = false, isTracer: Bool = false, isErrorScope: Bool = false) {
    self.isRecorder = isRecorder
    takesPlaceOfKernels = isTracer
    self.isErrorScope = isErrorScope
  }

  /// What this thread knows; valid on it alone.
  @inlinable @inline(__always)
  package static var thread: UnsafeMutablePointer<nabla_thread> { nabla_this_thread() }

  /// Whether any context is open on this thread.
  @inlinable @inline(__always)
  package static var isActive: Bool { thread.pointee.context != nil }

  /// Whether a context that takes part in operations is open: a recorder or a tracer, not only scopes that catch errors.
  package static var seesOperations: Bool {
    var context = current
    while let seen = context {
      if seen.isRecorder || seen.takesPlaceOfKernels { return true }
      context = seen.outer
    }
    return false
  }

  /// The innermost open context of this thread.
  package static var current: Context? {
    thread.pointee.context.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Opens this context inside the current ones while `body` runs.
  package final func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    open()
    defer { close() }
    return try body()
  }

  /// Opens this context inside the current ones. The caller keeps it until it closes it.
  package final func open() {
    let before = Context.current
    surrounding = before
    errorScope = isErrorScope ? unsafeDowncast(self, to: ErrorScope.self) : before?.errorScope
    tracer = takesPlaceOfKernels ? self : before?.tracer
    Context.enter(self)
  }

  /// Closes this context, which is the innermost one.
  package final func close() {
    Context.enter(surrounding)
    (surrounding, errorScope, tracer) = (nil, nil, nil)
  }

  /// Makes `context` the innermost one while `body` runs; nil closes all.
  package static func with<Result>(_ context: Context?, _ body: () throws -> Result) rethrows -> Result {
    let before = current
    enter(context)
    defer { enter(before) }
    return try withExtendedLifetime(context) { try body() }
  }

  /// Runs `body` with only the contexts outside of this one, which is open. A mistake in it belongs to the innermost scope
  /// that catches errors all the same.
  package final func outside<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let inner = Context.current
    let scope = inner?.errorScope === outer?.errorScope ? nil : ErrorScope()
    Context.enter(outer)
    scope?.open()
    defer {
      scope?.close()
      Context.enter(inner)
      if let error = scope?.error { inner?.errorScope?.keep(error) }
    }
    return try body()
  }

  private static func enter(_ context: Context?) {
    func pointer(_ context: Context?) -> UnsafeMutableRawPointer? {
      context.map { Unmanaged.passUnretained($0).toOpaque() }
    }
    thread.pointee = nabla_thread(
      context: pointer(context), tracer: pointer(context?.tracer),
      has_failed: context?.errorScope?.hasError == true ? 1 : 0)
  }

  /// Whether this context is open on this thread.
  package final var isOpen: Bool {
    var context = Context.current
    while let seen = context {
      if seen === self { return true }
      context = seen.outer
    }
    return false
  }
}
