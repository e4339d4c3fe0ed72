import NablaBench
import NablaMeasurement

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

/// The files that `nabla bench` writes, and those that it reads.
struct BenchFiles {
  /// The results of all libraries.
  let json: String?
  /// Where RESULTS.md and results.svg go.
  let folder: String?

  /// Makes the folder and looks whether files can be written: minutes of measuring shall not be lost.
  func prepare() throws {
    if let folder {
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw CommandError(.failure, "\(folder): cannot be made a folder")
      }
      try requireWritable(folder, for: folder)
    }
    if let json { try requireWritable(URL(fileURLWithPath: json).deletingLastPathComponent().path, for: json) }
  }

  private func requireWritable(_ folder: String, for path: String) throws {
    if access(folder, W_OK) != 0 {
      throw CommandError(.failure, "\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  /// Writes what is wanted.
  func write(_ all: [Results], revision: String?) throws {
    if let json { try write(json) { try Results.write(all, to: json) } }
    guard let folder else { return }
    try write(folder) { try ComparisonReport(all, revision: revision).write(into: folder) }
    Console.line("\nwritten: RESULTS.md and results.svg in \(folder)")
  }

  private func write(_ path: String, _ body: () throws -> Void) throws {
    do { try body() } catch { throw CommandError(.failure, "\(path): cannot be written: \(error)") }
  }

  /// The results in a file.
  static func read(_ path: String) throws -> [Results] {
    if access(path, R_OK) != 0 { throw CommandError(.noInput, "\(path): \(String(cString: strerror(errno)))") }
    do {
      return try Results.read(path)
    } catch {
      throw CommandError(.data, "\(path): \(Results.reason(error))")
    }
  }
}
