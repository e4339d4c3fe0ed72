import CBLAS
import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

@Suite struct OpenBLASTests {
  /// An OpenBLAS that knows some kernel sets, some of which compute wrong results.
  final class FakeLibrary: KernelLibrary {
    var canSelect = true
    let configuration = "OpenBLAS 0.3.21 DYNAMIC_ARCH fake"
    var core: String
    let known: Set<String>
    let broken: Set<String>
    let features: Set<String>
    let isAMD: Bool
    private(set) var selected: [String] = []

    init(
      _ core: String, known: Set<String> = ["Prescott", "Haswell", "Zen", "SkylakeX", "Cooperlake"],
      broken: Set<String> = [], features: Set<String>, isAMD: Bool = false
    ) {
      (self.core, self.known, self.broken, self.features, self.isAMD) = (core, known, broken, features, isAMD)
    }
    func select(_ core: String) -> String {
      selected.append(core)
      self.core = known.contains(core) ? core : "Prescott"  // what OpenBLAS does with a name that it does not know
      return self.core
    }
    func isCorrect() -> Bool { !broken.contains(core) }
    func processorHas(_ feature: String) -> Bool { features.contains(feature) }
  }

  static let avx2: Set = ["avx2", "fma"]
  static let avx512 = avx2.union(["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"])
  static let avx512bf16 = avx512.union(["avx512bf16"])

  @Test func theUsersChoiceWins() {
    let library = FakeLibrary("Nehalem", features: Self.avx512)
    let chosen = OpenBLAS.select(userChoice: "Nehalem", library: library)
    #expect(chosen.coreUsed == "Nehalem" && chosen.reason == "OPENBLAS_CORETYPE=Nehalem was set")
    #expect(library.selected.isEmpty)
    // An empty variable is no choice.
    #expect(OpenBLAS.select(userChoice: "", library: library).coreUsed == "SkylakeX")
  }

  @Test func anUnknownProcessorGetsTheBetterSet() {
    let library = FakeLibrary("Prescott", features: Self.avx512bf16)
    let chosen = OpenBLAS.select(userChoice: nil, library: library)
    #expect(chosen.coreFound == "Prescott" && chosen.coreUsed == "Cooperlake" && library.core == "Cooperlake")
    #expect(chosen.reason.contains("Prescott") && chosen.reason.contains("less than the processor has"))
    #expect(chosen.version == "0.3.21")
    let amd = FakeLibrary("Prescott", features: Self.avx2, isAMD: true)
    #expect(OpenBLAS.select(userChoice: nil, library: amd).coreUsed == "Zen")
    let intel = FakeLibrary("Prescott", features: Self.avx2)
    #expect(OpenBLAS.select(userChoice: nil, library: intel).coreUsed == "Haswell")
  }

  @Test func aSetThatTheBuildLacksIsPassedOver() {
    let library = FakeLibrary("Prescott", known: ["Prescott", "Haswell"], features: Self.avx512bf16)
    #expect(OpenBLAS.select(userChoice: nil, library: library).coreUsed == "Haswell")
    #expect(library.selected == ["Cooperlake", "SkylakeX", "Haswell"])
  }

  @Test func wrongResultsLeadToTheNext() {
    let library = FakeLibrary("Prescott", broken: ["Cooperlake", "SkylakeX"], features: Self.avx512bf16)
    let chosen = OpenBLAS.select(userChoice: nil, library: library)
    #expect(chosen.coreUsed == "Haswell" && library.core == "Haswell")
    // Also where the best set was found by OpenBLAS itself.
    let found = FakeLibrary("SkylakeX", broken: ["SkylakeX"], features: Self.avx512)
    let next = OpenBLAS.select(userChoice: nil, library: found)
    #expect(next.coreUsed == "Haswell" && next.reason.contains("wrong results"))
  }

  @Test func whereNothingWorksTheFoundOneStays() {
    let library = FakeLibrary(
      "Prescott", broken: ["Cooperlake", "SkylakeX", "Haswell", "Zen"], features: Self.avx512bf16)
    let chosen = OpenBLAS.select(userChoice: nil, library: library)
    #expect(chosen.coreUsed == "Prescott" && library.core == "Prescott")
    #expect(chosen.reason.contains("no better set"))
  }

  @Test func theBestIsLeftAlone() {
    for (core, features) in [
      ("SkylakeX", Self.avx512), ("Cooperlake", Self.avx512bf16), ("SapphireRapids", Self.avx512bf16),
      ("Zen", Self.avx2), ("Haswell", Self.avx2), ("Prescott", []), ("ARMV8", []),
    ] {
      let library = FakeLibrary(core, features: features)
      let chosen = OpenBLAS.select(userChoice: nil, library: library)
      #expect(chosen.coreUsed == core && library.selected.isEmpty && chosen.reason.contains("no better"), "\(core)")
    }
  }

  @Test func aBuildWithOneSetIsLeftAlone() {
    let library = FakeLibrary("Haswell", features: Self.avx512)
    library.canSelect = false
    let chosen = OpenBLAS.select(userChoice: nil, library: library)
    #expect(chosen.coreUsed == "Haswell" && chosen.reason == "this build has one kernel set")
    #expect(library.selected.isEmpty)
  }

  @Test func theRealLibraryIsVerified() {
    let current = OpenBLAS.current
    #expect(SystemLibrary().isCorrect())
    #expect(current.coreUsed == SystemLibrary().core && !current.reason.isEmpty)
    #expect(current.configuration.contains("OpenBLAS") && current.version.contains("."))
    #expect(OpenBLAS.threadCount >= 1)
    #expect(!Processor.instructionSet.isEmpty)
  }

  /// In a process of its own: the kernels of a processor from 2004 are forced, as OpenBLAS does by itself on one that
  /// it does not know; the selection must leave them.
  @Test(.enabled(if: SystemLibrary().canSelect && SystemLibrary().processorHas("avx2")))
  func selectionInProcess() async {
    await #expect(processExitsWith: .success) {
      let library = SystemLibrary()
      let before = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
      precondition(library.select("Prescott") == "Prescott", library.core)
      precondition(library.isCorrect())
      let chosen = OpenBLAS.select(userChoice: nil, library: library)
      precondition(chosen.coreFound == "Prescott" && chosen.coreUsed != "Prescott", "\(chosen)")
      precondition(library.core == chosen.coreUsed && library.isCorrect(), "\(chosen)")
      precondition(getenv("OPENBLAS_CORETYPE").map { String(cString: $0) } == before)  // children choose for themselves
      let a = Tensor<Double>(shape: [70, 80], scalars: (0..<5600).map { Double($0 % 13) })
      let exact = (a.expandingDimension(at: 2) * a.transposed().expandingDimension(at: 0)).sum(axis: 1)
      precondition(matmul(a, a.transposed()) == exact)
    }
  }

  @Test func concurrentFirstUse() async {
    await #expect(processExitsWith: .success) {
      let a = Tensor<Float>(ones: [64, 64])
      let cores = await withTaskGroup(of: String.self) { group in
        for _ in 0..<32 {
          group.addTask {
            precondition(matmul(a, a).scalars.allSatisfy { $0 == 64 })
            return OpenBLAS.current.coreUsed
          }
        }
        return await group.reduce(into: Set()) { $0.insert($1) }
      }
      precondition(cores == [SystemLibrary().core])
    }
  }
}
