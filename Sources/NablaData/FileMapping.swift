import NablaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file as memory that is only read, for as long as this lives.
///
/// Pages come from the file when they are touched, and the system may drop them at any time: a mapping takes no memory
/// that others could not have. The file may be deleted or replaced meanwhile. If another program cuts it short, touching
/// what is gone ends the process (SIGBUS), as with every mapping.
final class FileMapping: Sendable {
  let path: String
  // Never written, and unmapped only when nobody can look any more.
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

  /// Maps a whole file.
  init(path: String) throws(DataError) {
    self.path = path
    // A pipe would keep `open` waiting for its other end.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw .system(path: path, operation: "open", code: errno) }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw .system(path: path, operation: "fstat", code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
    let count = Int(status.st_size)
    if count == 0 {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
      throw .system(path: path, operation: "mmap", code: errno)
    }
    // Advice: read far ahead, and drop early what was read.
    _ = madvise(base, count, MADV_SEQUENTIAL)
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  /// Asks the system to bring some bytes into memory, and does not wait for them.
  func readAhead(_ range: Range<Int>) {
    guard let base = bytes.baseAddress else { return }
    let first = range.lowerBound / Self.pageBytes * Self.pageBytes
    _ = madvise(UnsafeMutableRawPointer(mutating: base) + first, range.upperBound - first, MADV_WILLNEED)
  }
  private static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))

  deinit {
    guard let base = bytes.baseAddress else { return }
    fileMappings.withLock { _ in _ = munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}
