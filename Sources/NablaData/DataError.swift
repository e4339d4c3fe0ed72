#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why a file could not be read or written.
public enum DataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The system refused: no such file, no permission, no space left. `code` is an `errno`.
  case system(path: String, operation: String, code: Int32)
  /// A directory, a pipe or a device, which cannot be mapped.
  case notAFile(path: String)
  /// The bytes at an offset are not what the format asks for, or not what the caller asks for.
  case malformed(path: String, offset: Int, expected: String, seen: String)

  /// One line: the file, the place in it, what was expected and what was seen.
  public var description: String {
    switch self {
    case .system(let path, let operation, let code): "\(path): \(operation): \(String(cString: strerror(code)))"
    case .notAFile(let path): "\(path): not a regular file"
    case .malformed(let path, let offset, let expected, let seen):
      "\(path): byte \(offset): expected \(expected), seen \(seen)"
    }
  }
}
