#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The machine on which figures were taken.
public struct Machine: Sendable {
  /// The processor's name.
  public let processor: String
  /// The cores that this process may use.
  public let cores: Int
  /// The memory in GiB.
  public let memory: Int
  /// The operating system.
  public let system: String

  /// This machine.
  public static var current: Machine {
    let info = ProcessInfo.processInfo
    return Machine(
      processor: processorName, cores: info.activeProcessorCount,
      memory: Int((Double(info.physicalMemory) / 0x1p30).rounded()), system: info.operatingSystemVersionString)
  }

  /// One line.
  public var description: String { "\(processor), \(cores) cores, \(memory) GiB, \(system)" }

  private static var processorName: String {
    #if os(Linux)
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    func value(_ key: String) -> String? {
      lines.first { $0.hasPrefix(key) }?.split(separator: ":", maxSplits: 1).last
        .map { String($0.drop { $0.isWhitespace }) }
    }
    // The name alone can be as vague as "AMD EPYC"; family and model tell the generation.
    guard let name = value("model name") else { return architecture }
    guard let family = value("cpu family"), let model = value("model\t") else { return name }
    return "\(name) (family \(family), model \(model))"
    #else
    return architecture
    #endif
  }

  private static var architecture: String {
    #if arch(x86_64)
    "x86-64"
    #elseif arch(arm64)
    "arm64"
    #else
    "another processor"
    #endif
  }
}
