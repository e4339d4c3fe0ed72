// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that who uses Nabla never builds it. NablaMeasurement and NablaBench lie here too, but are
// targets of the package above: `nabla bench` is made of them.
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nabla = Target.Dependency.product(name: "Nabla", package: "Nabla")
let measurement = Target.Dependency.product(name: "NablaMeasurement", package: "Nabla")

let package = Package(
  name: "NablaBenchmarks",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "matmul-benchmark", targets: ["MatmulBenchmark"]),
    .executable(name: "accuracy-benchmark", targets: ["AccuracyBenchmark"]),
    .executable(name: "growth-benchmark", targets: ["GrowthBenchmark"]),
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
    .executableTarget(
      name: "MatmulBenchmark", dependencies: [nabla, argumentParser, measurement, "COpenBLAS", "CPeak"]),
    .target(name: "CReference"),
    .executableTarget(name: "GrowthBenchmark", dependencies: [nabla, argumentParser]),
    .executableTarget(name: "AccuracyBenchmark", dependencies: [nabla, argumentParser, "CReference"]),
  ],
  swiftLanguageModes: [.v6]
)
