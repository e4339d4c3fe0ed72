// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "Nabla",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Nabla", targets: ["Nabla"]),
    .executable(name: "nabla", targets: ["NablaCommand"]),
    // For the package in Benchmarks, which has other benchmarks beside the table of `nabla bench`.
    .library(name: "NablaMeasurement", targets: ["NablaMeasurement"]),
  ],
  dependencies: [
    // Only the command line needs it: a package that depends on the library does not build it.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    .systemLibrary(
      name: "CBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CLAPACKE", pkgConfig: "lapacke",
      providers: [.apt(["liblapacke-dev"]), .brew(["lapack"])]),
    .target(name: "CKernels"),
    .target(name: "NablaTensor", dependencies: ["CBLAS", "CKernels"]),
    .target(name: "NablaAutodiff", dependencies: ["NablaTensor"]),
    .target(name: "NablaLinalg", dependencies: ["NablaAutodiff", "CBLAS", "CLAPACKE", "CKernels"]),
    .target(name: "NablaData", dependencies: ["NablaTensor"]),
    .target(name: "NablaPlan", dependencies: ["NablaAutodiff", "CKernels"]),
    .target(name: "NablaOptimizers", dependencies: ["NablaAutodiff"]),
    .target(
      name: "Nabla",
      dependencies: ["NablaTensor", "NablaAutodiff", "NablaLinalg", "NablaData", "NablaPlan", "NablaOptimizers"]),
    // What `nabla bench` runs. Only the command needs it.
    .target(name: "NablaMeasurement", path: "Benchmarks/Sources/NablaMeasurement"),
    .target(name: "NablaBench", dependencies: ["Nabla", "NablaMeasurement"], path: "Benchmarks/Sources/NablaBench"),
    .executableTarget(
      name: "NablaCommand",
      dependencies: [
        "Nabla", "NablaBench", "NablaMeasurement",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "Tutorial", dependencies: ["Nabla"], path: "Examples/Tutorial"),
    .target(name: "TestSupport", dependencies: ["Nabla"], path: "Tests/TestSupport"),
    .testTarget(
      name: "NablaTensorTests", dependencies: ["Nabla", "TestSupport", "CBLAS", "CKernels"],
      resources: [.copy("Resources")]),
    .testTarget(
      name: "NablaAutodiffTests", dependencies: ["Nabla", "TestSupport"], resources: [.copy("Resources")]),
    .testTarget(name: "NablaLinalgTests", dependencies: ["Nabla", "TestSupport"], resources: [.copy("Resources")]),
    .testTarget(name: "NablaDataTests", dependencies: ["Nabla", "TestSupport"], resources: [.copy("Resources")]),
    .testTarget(name: "NablaPlanTests", dependencies: ["Nabla", "TestSupport", "CKernels"]),
    .testTarget(
      name: "NablaOptimizersTests", dependencies: ["Nabla", "TestSupport"], resources: [.copy("Resources")]),
    .testTarget(
      name: "NablaCommandTests",
      dependencies: ["NablaCommand", "NablaBench", "NablaMeasurement", "Nabla", "TestSupport"],
      resources: [.copy("Resources")]),
  ],
  swiftLanguageModes: [.v6]
)
