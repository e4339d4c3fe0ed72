import Foundation

/// The `nabla` that the tests' build made.
enum Executable {
  /// What a run left.
  struct Result {
    let status: Int32
    let output: String
    let error: String
    /// The lines of standard error.
    var errorLines: [Substring] { error.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }
  }

  /// The build puts the executable beside the bundle of the tests' resources.
  static let url = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("nabla")

  /// Runs `nabla` to its end.
  static func run(_ arguments: [String]) throws -> Result {
    let run = try Run(arguments)
    return run.finish()
  }

  /// A run that is still going.
  final class Run: @unchecked Sendable {  // only `interrupt()` looks at it from another thread, at the process alone
    private let process = Process()
    private let output = Pipe()
    private let error = Pipe()
    private var seen = Data()

    init(_ arguments: [String]) throws {
      process.executableURL = Executable.url
      process.arguments = arguments
      process.standardOutput = output
      process.standardError = error
      process.standardInput = FileHandle.nullDevice
      try process.run()
    }

    /// Reads until the output holds a text, or ends.
    func wait(for text: String) {
      while !String(decoding: seen, as: UTF8.self).contains(text) {
        let part = output.fileHandleForReading.availableData
        if part.isEmpty { return }
        seen += part
      }
    }

    /// Presses Ctrl-C. A run that does not end within half a minute is killed, so that the test fails and does not hang.
    func interrupt() {
      let process = process.processIdentifier
      kill(process, SIGINT)
      DispatchQueue.global().asyncAfter(deadline: .now() + 30) { [weak self] in
        if self?.process.isRunning == true { kill(process, SIGKILL) }
      }
    }

    /// Waits for the end.
    func finish() -> Result {
      seen += output.fileHandleForReading.readDataToEndOfFile()
      let error = error.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      // A signal's number counts as shells count it, from 128 on.
      let status = process.terminationStatus + (process.terminationReason == .exit ? 0 : 128)
      return Result(
        status: status, output: String(decoding: seen, as: UTF8.self), error: String(decoding: error, as: UTF8.self))
    }
  }

  /// A file of the tests' resources.
  static func resource(_ name: String) -> String {
    Bundle.module.bundleURL.appendingPathComponent("Resources").appendingPathComponent(name).path
  }

  /// Calls `body` with the path of a file with these contents.
  static func withFile<R>(_ contents: String, _ body: (String) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("nabla-\(UUID().uuidString).csv")
    try Data(contents.utf8).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
  }
}
