#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What one library did, as it lies in a file: the format that the peers' script writes too.
public struct Results: Codable, Sendable {
  /// The library: "Nabla", "NumPy", …
  public var library: String
  /// Its version and what else decides its speed.
  public var version: String
  /// The machine that the times are from. Only Nabla tells, for all.
  public var machine: String?
  /// The day on which they were taken, in the form of ISO 8601.
  public var date: String?
  /// Whether there are too few samples to quote.
  public var isQuick: Bool?
  /// A result for each work.
  public var results: [Result]

  /// Results of a library, taken today on this machine.
  public init(library: String, version: String, isQuick: Bool, results: [Result]) {
    self.library = library
    self.version = version
    self.isQuick = isQuick
    self.results = results
    machine = Machine.current.description
    date = Date().formatted(.iso8601.year().month().day())
  }

  /// The time of one work.
  public struct Result: Codable, Sendable {
    /// The work, in the words that all libraries use.
    public var name: String
    /// How the library ran it.
    public var mode: Mode
    /// The unit of all times.
    public static let unit = "µs"

    /// The unit of the times: ``Results/Result/unit``, so that a reader of the file knows.
    public var unit: String
    /// The median of the samples.
    public var median: Double
    /// Every sample.
    public var samples: [Double]
    /// A number that follows from what was computed: libraries that did the same work agree on it.
    public var check: Double

    /// The result of a measurement.
    public init(name: String, mode: Mode, measurement: Measurement, check: Double) {
      self.name = name
      self.mode = mode
      self.unit = Self.unit
      self.samples = measurement.samples.map { $0 * 1e6 }
      self.median = samples.median
      self.check = check
    }
  }

  /// How a library runs a work.
  public enum Mode: String, Codable, Sendable {
    /// Operation by operation.
    case eager
    /// Traced once and replayed: `compiled`, `jax.jit`, `tf.function`.
    case compiled
  }

}

extension Results {
  /// Reads a file: that of one library, as the peers' script writes it, or a list of them.
  ///
  /// Throws what reading throws, or a `DecodingError` where the file holds something else, times in another unit
  /// included.
  public static func read(_ path: String) throws -> [Results] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let isList = data.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "[")
    let decoder = JSONDecoder()
    let all = try isList ? decoder.decode([Results].self, from: data) : [decoder.decode(Results.self, from: data)]
    for result in all.flatMap(\.results) where result.unit != Result.unit {
      let reason = "the times of \"\(result.name)\" are in \(result.unit), not in \(Result.unit)"
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: reason))
    }
    return all
  }

  /// Writes a list of results into a file.
  public static func write(_ all: [Results], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(all).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

extension Results {
  /// Why a file could not be read, in a line.
  public static func reason(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, let context): "no \"\(key.stringValue)\"\(place(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.debugDescription.split { $0.isNewline || $0 == "." }.joined() + place(context)
    case nil: "it cannot be read"
    @unknown default: "it holds something else"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
    return path.isEmpty ? "" : " at " + path.joined(separator: ".")
  }
}
