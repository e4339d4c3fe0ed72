import NablaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that is open, and memory that is only read, for as long as this lives.
///
/// Pages come from the file when they are touched, and the system may drop them at any time: a mapping takes no memory
/// that others could not have. The file may be deleted or replaced meanwhile. If another program cuts it short, touching
/// what is gone ends the process (SIGBUS), as with every mapping.
final class FileMapping: Sendable {
  let path: String
  private let descriptor: Int32
  // Set once and only read, by any thread: the pages are mapped for reading, and unmapped by `deinit`, when nobody can
  // look any more.
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

  /// Maps a whole file.
  init(path: String) throws(DataError) {
    self.path = path
    // A pipe would keep `open` waiting for its other end.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw .system(path: path, operation: "open", code: errno) }
    self.descriptor = descriptor
    var isOpen = false
    defer { if !isOpen { close(descriptor) } }
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw .system(path: path, operation: "fstat", code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
    let count = Int(status.st_size)
    if count == 0 {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      isOpen = true
      return
    }
    guard let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
      throw .system(path: path, operation: "mmap", code: errno)
    }
    // Advice: read far ahead, and drop early what was read.
    _ = madvise(base, count, MADV_SEQUENTIAL)
    bytes = UnsafeRawBufferPointer(start: base, count: count)
    isOpen = true
  }

  /// Reads bytes of the file.
  func read(_ range: Range<Int>, into memory: UnsafeMutableRawPointer) throws(DataError) {
    var position = range.lowerBound
    while position < range.upperBound {
      let count = pread(
        descriptor, memory + (position - range.lowerBound), range.upperBound - position, off_t(position))
      if count < 0 && errno != EINTR { throw .system(path: path, operation: "read", code: errno) }
      if count == 0 {
        throw .malformed(
          path: path, offset: position, expected: "\(range.upperBound - position) bytes", seen: "the end of the file")
      }
      position += max(0, count)
    }
  }

  deinit {
    close(descriptor)
    guard let base = bytes.baseAddress else { return }
    fileMappings.withLock { _ in _ = munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}
