import Foundation

/// What one library did, as it lies in a file: the format that the peers' script writes too.
public struct Results: Codable, Sendable {
  /// The library: "Nabla", "NumPy", …
  public var library: String
  /// Its version and what else decides its speed.
  public var version: String
  /// A result for each work.
  public var results: [Result]

  /// Results of a library.
  public init(library: String, version: String, results: [Result]) {
    self.library = library
    self.version = version
    self.results = results
  }

  /// The time of one work.
  public struct Result: Codable, Sendable {
    /// The work, in the words that all libraries use.
    public var name: String
    /// How the library ran it.
    public var mode: Mode
    /// The unit of the times: "µs".
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
      self.unit = "µs"
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

  /// Reads a file.
  public init(contentsOf path: String) throws {
    self = try JSONDecoder().decode(Results.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// Writes a file.
  public func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
