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

/// Another program, run to its end, which prints and asks.
///
/// Foundation's `Process` puts its child into a process group of its own: Ctrl-C would end this program and leave the
/// child at work, alone, for minutes.
enum Subprocess {
  /// Why a program could not be started.
  struct Failure: Error, CustomStringConvertible {
    let code: Int32
    var description: String { String(cString: strerror(code)) }
  }

  /// Runs a program, which is looked for on the PATH unless its name has a slash, and returns its exit status. Each line
  /// that it prints is handed to `answer`, which returns what is written to its standard input.
  static func run(_ program: String, _ arguments: [String], answer: (String) -> String?) throws -> Int32 {
    let (input, output) = try (pipe(), pipe())
    let started = Result { try start(program, arguments, input: input.reading, output: output.writing) }
    close(input.reading)
    close(output.writing)
    defer { close(output.reading) }
    var isOpen = true
    defer { if isOpen { close(input.writing) } }
    let process = try started.get()
    // A program that has ended is told by its status, not by the signal of who writes to it.
    let handler = signal(SIGPIPE, SIG_IGN)
    while let line = line(from: output.reading) {
      if let text = answer(line) { _ = text.withCString { write(input.writing, $0, strlen($0)) } }
    }
    signal(SIGPIPE, handler)
    close(input.writing)
    isOpen = false
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      if errno != EINTR { throw Failure(code: errno) }
    }
    // The low seven bits are the signal that ended it, the next byte is what it returned.
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }

  /// Two ends, which a program that is started does not inherit.
  private static func pipe() throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    #if canImport(Darwin)
    let code = Darwin.pipe(&ends)
    #elseif canImport(Musl)
    let code = Musl.pipe(&ends)
    #else
    let code = Glibc.pipe(&ends)
    #endif
    if code != 0 { throw Failure(code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func start(_ program: String, _ arguments: [String], input: Int32, output: Int32) throws -> pid_t {
    #if canImport(Darwin)
    var actions: posix_spawn_file_actions_t?
    #else
    var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
    var process = pid_t()
    let code = withCStrings([program] + arguments) { arguments in
      withCStrings(environment) { environment in
        posix_spawnp(&process, program, &actions, nil, arguments, environment)
      }
    }
    if code != 0 { throw Failure(code: code) }
    return process
  }

  /// The next line without its end, or nil at the end of all.
  private static func line(from file: Int32) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      let count = read(file, &byte, 1)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
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
