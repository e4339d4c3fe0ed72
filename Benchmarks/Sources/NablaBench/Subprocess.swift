#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Another program, run to its end with the standard streams of this one.
///
/// Foundation's `Process` puts its child into a process group of its own: Ctrl-C would end this program and leave the
/// child at work, alone, for minutes.
enum Subprocess {
  /// Why a program could not be started.
  struct Failure: Error, CustomStringConvertible {
    let code: Int32
    var description: String { String(cString: strerror(code)) }
  }

  /// Runs a program, which is looked for on the PATH unless its name has a slash, and returns its exit status.
  static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
    var process = pid_t()
    let code = withCStrings([program] + arguments) { arguments in
      withCStrings(environment) { environment in
        posix_spawnp(&process, program, nil, nil, arguments, environment)
      }
    }
    if code != 0 { throw Failure(code: code) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      if errno != EINTR { throw Failure(code: errno) }
    }
    // The low seven bits are the signal that ended it, the next byte is what it returned.
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }

  /// A list of C strings that ends in nil.
  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }
}
