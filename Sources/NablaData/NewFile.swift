import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that is being written beside the one whose place it will take.
struct NewFile {
  private let path: String
  private let descriptor: Int32
  private static let serial = Atomic<Int>(0)

  /// Replaces the file at a path by what `body` writes, or, after an error, leaves everything as it was.
  static func replace(_ path: String, _ body: (NewFile) throws(DataError) -> Void) throws(DataError) {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    let number = serial.add(1, ordering: .relaxed).newValue
    let beside = "\(folder).nabla-\(getpid())-\(number).partial"
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .system(path: path, operation: "create", code: errno) }
    let file = NewFile(path: path, descriptor: descriptor)
    do throws(DataError) {
      defer { close(descriptor) }
      try body(file)
      if fsync(descriptor) != 0 { throw .system(path: path, operation: "fsync", code: errno) }
      if rename(beside, path) != 0 { throw .system(path: path, operation: "rename", code: errno) }
    } catch {
      unlink(beside)
      throw error
    }
    synchronize(folder)
  }

  /// Brings the new name to the disk too. A file system that cannot is no reason to fail: the contents are there.
  private static func synchronize(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// Writes bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      let written = systemWrite(descriptor, base, min(rest.count, 1 << 30))
      if written < 0 && errno != EINTR { throw .system(path: path, operation: "write", code: errno) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(0, written)))
    }
  }
}

// Inside of NewFile its own `write` hides the system's.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
