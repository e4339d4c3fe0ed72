import CBLAS
import CKernels
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#endif

/// OpenBLAS as it was found and as it is used.
///
/// OpenBLAS picks its kernels from the processors that were known when it was built; a newer processor falls back to
/// SSE3 kernels, an eighth of the speed. At first use Nabla reads what was picked, and where the instruction sets of
/// the machine allow better, selects better in process. A set is used only after small products agree with plain
/// loops. `OPENBLAS_CORETYPE` in the environment wins over all of it.
public struct OpenBLAS: Sendable, Hashable {
  /// The library's description of its build.
  public let configuration: String
  /// The kernel set that the library picked by itself.
  public let coreFound: String
  /// The kernel set in use.
  public let coreUsed: String
  /// Why that one.
  public let reason: String

  /// What is in use; the first call selects. Any number of tasks may make the first call: one selects, all wait.
  public static let current: OpenBLAS = select(
    userChoice: getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }, library: SystemLibrary())

  /// The threads that the library uses for one product.
  public static var threadCount: Int {
    _ = current
    return Int(openblas_get_num_threads())
  }

  /// Whether Nabla's own kernels compute large products, and those with vectors, in its place: where the processor has
  /// AVX-512, unless `NABLA_MATMUL=openblas` is set. They are faster there, and the bits of their results depend on the
  /// operands alone.
  public static var isHelped: Bool { ProductKernel.hasOwn }

  /// Runs `body` while products use one thread each, because the caller shares work over the threads itself; `body` is
  /// told how many OpenBLAS would have used. The setting is the whole process's: the first who asks makes it, the last
  /// who is done takes it back.
  package static func withOneThread<Result>(_ body: (_ threads: Int) throws -> Result) rethrows -> Result {
    _ = current
    let threads = oneThread.withLock { state in
      if state.users == 0 {
        state.before = openblas_get_num_threads()
        if state.before > 1 { openblas_set_num_threads(1) }
      }
      state.users += 1
      return Int(state.before)
    }
    defer {
      oneThread.withLock { state in
        state.users -= 1
        if state.users == 0 && state.before > 1 { openblas_set_num_threads(state.before) }
      }
    }
    return try body(threads)
  }
  /// The threads that share products now.
  package static var sharingThreads: Int {
    _ = current
    let threads = oneThread.withLock { $0.users > 0 ? $0.before : openblas_get_num_threads() }
    return min(Int(threads), Parallel.threadCount)
  }
  private static let oneThread = Mutex<(users: Int, before: Int32)>((0, 1))

  /// The version, as far as the configuration tells: `0.3.21`.
  public var version: String {
    let words = configuration.split(separator: " ")
    return words.count > 1 ? String(words[1]) : configuration
  }
}

/// What the selection asks of OpenBLAS and of the processor; the tests put another in its place.
package protocol KernelLibrary {
  /// Whether kernel sets can be changed in process.
  var canSelect: Bool { get }
  var configuration: String { get }
  var core: String { get }
  /// Selects the named set and returns the one that is then in use.
  func select(_ core: String) -> String
  /// Whether small products agree with plain loops.
  func isCorrect() -> Bool
  func processorHas(_ feature: String) -> Bool
  var isAMD: Bool { get }
}

extension OpenBLAS {
  /// The kernel sets worth trying on a processor, best first.
  package static func candidates(for library: some KernelLibrary) -> [String] {
    let avx512 = ["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"].allSatisfy(library.processorHas)
    var sets: [String] = []
    if avx512 && library.processorHas("avx512bf16") { sets.append("Cooperlake") }
    if avx512 { sets.append("SkylakeX") }
    if library.processorHas("avx2") && library.processorHas("fma") {
      sets += library.isAMD ? ["Zen", "Haswell"] : ["Haswell", "Zen"]
    }
    return sets
  }

  /// Sets that are as good as the named ones here: newer names with the same instruction sets.
  private static let avx512Cores: Set = ["SkylakeX", "Cooperlake", "SapphireRapids", "Sapphirerapids"]
  private static let avx2Cores: Set = ["Haswell", "Zen"]

  /// How much of the machine a set uses: 2 for AVX-512, 1 for AVX2, 0 for less.
  private static func level(of core: String) -> Int {
    avx512Cores.contains(core) ? 2 : avx2Cores.contains(core) ? 1 : 0
  }

  /// Chooses and verifies a kernel set.
  package static func select(userChoice: String?, library: some KernelLibrary) -> OpenBLAS {
    let found = library.core
    func result(_ used: String, _ reason: String) -> OpenBLAS {
      OpenBLAS(configuration: library.configuration, coreFound: found, coreUsed: used, reason: reason)
    }
    if let userChoice, !userChoice.isEmpty { return result(found, "OPENBLAS_CORETYPE=\(userChoice) was set") }
    guard library.canSelect else { return result(found, "this build has one kernel set") }
    let candidates = candidates(for: library)
    let best = candidates.map(level).max() ?? 0
    if level(of: found) >= best && library.isCorrect() {
      return result(found, "OpenBLAS chose it, and the processor allows no better")
    }
    for core in candidates where core != found && library.select(core) == core && library.isCorrect() {
      let why = level(of: found) < best ? "uses less than the processor has" : "computes wrong results"
      return result(core, "\(found), which OpenBLAS chose, \(why)")
    }
    let used = library.select(found)
    return result(used, "no better set that computes right results was found")
  }
}

/// The OpenBLAS that the process is linked with.
package struct SystemLibrary: KernelLibrary {
  package init() {}
  package var canSelect: Bool { nabla_blas_can_select() != 0 }
  package var configuration: String { String(cString: openblas_get_config()) }
  package var core: String { String(cString: openblas_get_corename()) }

  package func select(_ core: String) -> String {
    let before = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
    setenv("OPENBLAS_CORETYPE", core, 1)
    nabla_blas_select_again()
    // Children of this process make their own choice.
    if let before { setenv("OPENBLAS_CORETYPE", before, 1) } else { unsetenv("OPENBLAS_CORETYPE") }
    return self.core
  }

  package func processorHas(_ feature: String) -> Bool { nabla_processor_has(feature) != 0 }

  package var isAMD: Bool {
    var name = [CChar](repeating: 0, count: 13)
    nabla_processor_vendor(&name)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) == "AuthenticAMD"
  }
}

/// The processor as Nabla's own kernels use it.
public enum Processor {
  /// The instruction set of Nabla's own loops.
  public static var instructionSet: String {
    switch nabla_instruction_set() {
    case 2: "AVX-512"
    case 1: "AVX2 and FMA"
    default:
      #if arch(x86_64)
      "SSE2"
      #else
      "plain C"
      #endif
    }
  }

  /// The instruction sets that matter here and that the processor has.
  public static var features: [String] {
    ["avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd", "avx512bf16"]
      .filter { nabla_processor_has($0) != 0 }
  }
}
