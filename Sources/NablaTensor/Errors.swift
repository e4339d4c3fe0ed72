import CKernels
import Synchronization

#if os(Linux) && canImport(Runtime)
import Runtime
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#endif

/// A mistake in a call of Nabla: shapes that do not fit, an axis out of range, a size past a limit.
///
/// Outside of ``throwingErrors(_:)`` such a mistake ends the process with this error's description on one line.
public struct NablaError: Error, Sendable, CustomStringConvertible {
  /// The operation, as the caller wrote it: `matmul`.
  public let operation: String
  /// What was seen and what was expected, with the shapes.
  public let message: String
  #if os(Linux) && canImport(Runtime)
  // The names behind the addresses are looked up when they are asked for: that takes tens of milliseconds, and a
  // server that answers 400 need not spend them.
  private let stack: Backtrace?
  #endif

  /// The first line outside of Nabla that led to the call, as `file:line`, where the program carries debug
  /// information (Swift packages do, in release builds too). Looked up at each call, which takes a while.
  public var location: String? {
    #if os(Linux) && canImport(Runtime)
    stack.flatMap(callerLocation)
    #else
    nil
    #endif
  }

  /// An error of an operation, raised by the line that calls Nabla.
  public init(operation: String, message: String) {
    self.operation = operation
    self.message = message
    #if os(Linux) && canImport(Runtime)
    // The walk of `capture` trusts frame pointers, also past the end of a stack. It goes no further than a careful walk
    // has been, and asks for no frames of the far end, which it would have to go there for.
    let frames = Int(nabla_frame_count(64)) - 2
    stack = frames > 0 ? try? Backtrace.capture(limit: frames, top: 0, images: programImages) : nil
    #endif
  }

  /// One line: operation, message and place.
  public var description: String {
    "Nabla: \(operation): \(message)" + (location.map { " (at \($0))" } ?? "")
  }
}

/// Held while the files that are mapped into the process are looked at, and while one is taken out: looking reads the
/// first bytes of each.
package let fileMappings = Mutex<Void>(())

#if os(Linux) && canImport(Runtime)
/// The program and its libraries, in memory.
private let programImages = fileMappings.withLock { _ in ImageMap.capture() }

/// The innermost frame of the stack whose source is not Nabla's own.
///
/// Operators cannot take `#fileID` as a default argument, and a signature with `file:line:` on every function hides
/// what matters in it; so the place is read from the stack, and only when there is something to report.
private func callerLocation(_ captured: Backtrace) -> String? {
  let options: Backtrace.SymbolicationOptions = [.showInlineFrames, .showSourceLocations, .useSymbolCache]
  guard let stack = captured.symbolicated(with: programImages, options: options) else { return nil }
  let own = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
  for frame in stack.frames {
    guard let place = frame.symbol?.sourceLocation, !place.path.isEmpty, place.line > 0 else { continue }
    let path = place.path
    let isLibrary = libraryFolders.contains { path.contains("\(own)/\($0)/") }
    // What a macro expands to is no place that a reader could look at; the line that uses it follows.
    let isGenerated = path.contains("<compiler-generated>") || path.contains("swift-generated-sources")
    if isLibrary || isGenerated || path.hasPrefix("/<") { continue }
    return "\(path.split(separator: "/").suffix(2).joined(separator: "/")):\(place.line)"
  }
  return nil
}
#endif

/// The folders of `Sources` whose frames are the library's, not the caller's.
private let libraryFolders = [
  "NablaTensor", "NablaAutodiff", "NablaLinalg", "NablaData", "NablaPlan", "NablaOptimizers", "Nabla", "CKernels",
]

/// Reports a programmer's mistake: ends the process with one line, or, inside ``throwingErrors(_:)``, keeps the first
/// such mistake and returns, for the caller to hand back ``AnyTensor/failed(_:_:)``.
///
/// Public for authors of primitives; others throw errors of their own.
public func fail(_ operation: String, _ message: @autoclosure () -> String) {
  if let scope = ErrorScope.innermost {
    if scope.error == nil { scope.keep(NablaError(operation: operation, message: message())) }
    return
  }
  let line = NablaError(operation: operation, message: message()).description + "\n"
  line.withCString { text in _ = write(2, text, strlen(text)) }
  abort()
}

/// Runs `body` and throws the first mistake in it as a ``NablaError``, where the process would otherwise end.
///
/// Use it where data from outside meets a model: a server answers 400 and lives. After a mistake the rest of `body`
/// runs without computing anything: operations return empty stand-ins at once, variables and optimizers refuse
/// updates, and the result of `body` is dropped. Errors that `body` itself throws pass through.
///
/// `body` is synchronous: the scope belongs to the calling thread. Scopes nest; the innermost one catches.
public func throwingErrors<Result>(_ body: () throws -> Result) throws -> Result {
  let scope = ErrorScope()
  let result = Swift.Result { try scope.run(body) }
  if let error = scope.error { throw error }
  return try result.get()
}

/// The context that ``throwingErrors(_:)`` opens.
@usableFromInline
package final class ErrorScope: Context {
  package private(set) var error: NablaError? { didSet { hasError = error != nil } }
  /// Whether there is one; a stored flag, since an error is copied to be looked at.
  package private(set) var hasError = false

  package init() { super.init(isErrorScope: true) }

  package static var innermost: ErrorScope? { Context.current?.errorScope }

  /// Whether mistakes are caught here, rather than end the process.
  package static var isOpen: Bool { Context.isActive && innermost != nil }

  /// Whether a mistake was made in the innermost scope: nothing may change any more.
  @inlinable @inline(__always)
  package static var hasFailed: Bool { Context.thread.pointee.has_failed != 0 }

  /// Keeps the first mistake. This scope is the innermost one of the calling thread.
  package func keep(_ error: NablaError) {
    if self.error == nil { self.error = error }
    Context.thread.pointee.has_failed = 1
  }
}
