import ArgumentParser
import Nabla

/// `nabla info`: how OpenBLAS was found and is used, and what the machine offers.
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells which OpenBLAS and which of its kernels are used and why, and what the machine offers.")

  func run() {
    let blas = OpenBLAS.current
    let memory = Memory.counters
    let features = Processor.features
    let rows = [
      ("OpenBLAS", "\(blas.version) (\(blas.configuration))"),
      ("Kernels found", blas.coreFound),
      ("Kernels used", "\(blas.coreUsed): \(blas.reason)"),
      ("Threads", "\(OpenBLAS.threadCount) on \(Machine.processorCount) processors"),
      ("Nabla's own loops", Processor.instructionSet),
      (
        "Matrix products",
        OpenBLAS.isHelped
          ? "large ones and those with vectors by Nabla's own kernels, others by OpenBLAS" : "by OpenBLAS"
      ),
      ("Processor features", features.isEmpty ? "none of those that matter here" : features.joined(separator: " ")),
      ("Memory", Format.bytes(Machine.memory)),
      (
        "Nabla's memory",
        "\(Format.bytes(Double(memory.inUse))) in use, \(Format.bytes(Double(memory.pooled))) pooled "
          + "of at most \(Format.bytes(Double(memory.limit))), peak \(Format.bytes(Double(memory.peak)))"
      ),
    ]
    let width = rows.map(\.0.count).max() ?? 0
    for (name, value) in rows {
      Console.line(name + String(repeating: " ", count: width + 2 - name.count) + value)
    }
  }
}
