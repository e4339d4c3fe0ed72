#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why a command ends without a result: one line, and a status as sysexits.h numbers them.
struct CommandError: Error, Equatable {
  /// The status of the process.
  enum Status: Int32 {
    /// The work was tried and failed.
    case failure = 1
    /// The command line is wrong: EX_USAGE.
    case usage = 64
    /// The input is wrong: EX_DATAERR.
    case data = 65
    /// The input cannot be opened or read: EX_NOINPUT.
    case noInput = 66
  }

  let status: Status
  let message: String

  init(_ status: Status, _ message: String) {
    self.status = status
    self.message = message
  }
}

/// Standard output and error, unbuffered: a line is seen when it is printed, also through a pipe.
enum Console {
  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes text as it is.
  static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let base = rest.baseAddress, !rest.isEmpty {
        let written = systemWrite(descriptor, base, rest.count)
        if written < 0 && errno != EINTR { return }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(0, written)))
      }
    }
  }

  /// Writes a line to standard output.
  static func line(_ text: String = "") { write(text + "\n") }

  /// Writes the line of an error and ends the process with its status.
  static func end(with error: CommandError) -> Never {
    write("nabla: \(error.message)\n", to: STDERR_FILENO)
    exit(error.status.rawValue)
  }
}

// Inside of Console its own `write` hides the system's.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
