import NablaMeasurement

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The peers' scripts, and the interpreter that runs them.
public struct Peers {
  /// The libraries that the scripts know, in the order of the table.
  public static let libraries = Contender.peers.map(\.library).reduce(into: [String]()) { names, name in
    if names.last != name { names.append(name) }
  }

  /// What holds an OpenBLAS back from the kernels that it thinks best.
  private static let settings = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]

  private let interpreter: String
  private let script: String

  /// The scripts in a folder. Throws a ``PeersError`` where they are not there.
  public init(interpreter: String, folder: String) throws {
    self.interpreter = interpreter
    script = URL(fileURLWithPath: folder, isDirectory: true).appendingPathComponent("peers.py").path
    if !FileManager.default.fileExists(atPath: script) { throw PeersError.noScripts(folder: folder) }
  }

  /// Runs the scripts, whose progress is printed. Several times in each work they pause, and `turn` is called with its
  /// name.
  ///
  /// A peer that is not installed, or that fails, is left out and told in `complaints`. Throws a ``PeersError`` where
  /// the interpreter cannot be started, or no peer could be measured.
  public func measure(
    only: String, in groups: [WorkGroup], isQuick: Bool, print: (String) -> Void, turn: (String) -> Void
  ) throws -> (results: [Results], complaints: [String]) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nabla-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let arguments =
      [script, "--turns", "--output", folder.path, "--only=\(only)"] + (isQuick ? ["--quick"] : [])
      + groups.map { "--group=\($0.rawValue)" }
    do {
      // What failed is seen from the files that are missing.
      _ = try Subprocess.run(interpreter, arguments) { line in
        guard line.hasPrefix("turn: ") else {
          print(line)
          return nil
        }
        turn(String(line.dropFirst("turn: ".count)))
        return "\n"
      }
    } catch let error as Subprocess.Failure {
      throw PeersError.noInterpreter(interpreter, reason: error.description)
    }
    var results: [Results] = []
    var complaints = Self.settings.filter { ProcessInfo.processInfo.environment[$0] != nil }.map {
      "\($0) is set: Nabla runs with it, and the peers' scripts take it away from theirs"
    }
    for library in Self.libraries {
      let file = folder.appendingPathComponent(library + ".json").path
      if !FileManager.default.fileExists(atPath: file) {
        complaints.append("\(library) was not measured and is left out")
        continue
      }
      do {
        results += try Results.read(file)
      } catch {
        complaints.append("\(library) is left out: its results cannot be read (\(Results.reason(error)))")
      }
    }
    if results.isEmpty { throw PeersError.nothingMeasured(interpreter) }
    return (results, complaints)
  }
}

/// Why no peer can be measured.
public enum PeersError: Error, Equatable, CustomStringConvertible {
  /// The folder has no `peers.py`.
  case noScripts(folder: String)
  /// The interpreter cannot be started.
  case noInterpreter(String, reason: String)
  /// The scripts ran, and left no results.
  case nothingMeasured(String)

  /// One line.
  public var description: String {
    switch self {
    case .noScripts(let folder):
      "\(folder) has no peers.py; --scripts names the folder of the peers' scripts, Benchmarks/peers in Nabla's sources"
    case .noInterpreter(let name, let reason):
      "the Python interpreter \(name) cannot be started: \(reason); --python names another one"
    case .nothingMeasured(let name):
      "no peer could be measured: --python names an interpreter that has NumPy, and PyTorch, JAX, TensorFlow or some "
        + "of them; this was \(name)"
    }
  }
}
