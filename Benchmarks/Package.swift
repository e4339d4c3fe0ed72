// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that who uses Nabla never builds it.
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nabla = Target.Dependency.product(name: "Nabla", package: "Nabla")

let package = Package(
  name: "NablaBenchmarks",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "matmul-benchmark", targets: ["MatmulBenchmark"]),
    .executable(name: "works-benchmark", targets: ["WorksBenchmark"]),
    .executable(name: "accuracy-benchmark", targets: ["AccuracyBenchmark"]),
    .executable(name: "benchmark-report", targets: ["BenchmarkReport"]),
  ],
  dependencies: [
    .package(name: "Nabla", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .target(name: "CPeak"),
    .target(name: "BenchmarkSupport"),
    .executableTarget(
      name: "MatmulBenchmark", dependencies: [nabla, argumentParser, "BenchmarkSupport", "COpenBLAS", "CPeak"]),
    .executableTarget(name: "WorksBenchmark", dependencies: [nabla, argumentParser, "BenchmarkSupport"]),
    .target(name: "CReference"),
    .executableTarget(name: "AccuracyBenchmark", dependencies: [nabla, argumentParser, "CReference"]),
    .executableTarget(name: "BenchmarkReport", dependencies: [argumentParser, "BenchmarkSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
