import Foundation
import Nabla
import TestSupport
import Testing

@Suite struct SavingTests {
  private func expectRoundTrip<S: TensorScalar>(_ x: Tensor<S>, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    try withFolder { folder in
      try x.save(npy: folder + "x.npy")
      expectEqual(
        try Tensor<S>(mapping: folder + "x.npy"), shape: x.shape, x.scalars, "\(S.self)", sourceLocation: sourceLocation
      )
    }
  }

  @Test func roundTripsOfAllTypes() throws {
    try expectRoundTrip(Tensor<Float>([[1, .nan], [-.infinity, -0.0]]))
    try expectRoundTrip(Tensor<Double>([[.pi], [.leastNonzeroMagnitude]]))
    try expectRoundTrip(Tensor<Int32>([.min, 0, .max]))
    try expectRoundTrip(Tensor<Int64>([.min, 0, .max]))
    try expectRoundTrip(Tensor<UInt8>([0, 255]))
    try expectRoundTrip(Tensor<Int8>([-128, 127]))
    try expectRoundTrip(Tensor<Int16>([.min, .max]))
    try expectRoundTrip(Tensor<UInt16>([0, .max]))
    try expectRoundTrip(Tensor<UInt32>([0, .max]))
    try expectRoundTrip(Tensor<UInt64>([0, .max]))
    try expectRoundTrip(Tensor<Bool>([true, false]))
    try expectRoundTrip(Tensor<Float>(3))
    try expectRoundTrip(Tensor<Float>(zeros: [3, 0, 2]))
  }

  @Test func roundTripsOfViews() throws {
    let x = Tensor<Float>(shape: [3, 4], scalars: (0..<12).map(Float.init))
    try expectRoundTrip(x.transposed())
    try expectRoundTrip(x[.range(step: -1), .range(step: 2)])
    try expectRoundTrip(x[1].broadcast(to: [5, 4]))
    // More than one block.
    try expectRoundTrip(Tensor<Double>(shape: [1000, 1200], scalars: (0..<1_200_000).map(Double.init)).transposed())
  }

  /// Elements begin at a multiple of 64, whatever the shape's length.
  @Test func elementsAreAligned() throws {
    try withFolder { folder in
      for rank in 0..<40 {
        try Tensor<UInt8>(ones: Shape([Int](repeating: 1, count: rank))).save(npy: folder + "x.npy")
        let header = try NPYHeader(path: folder + "x.npy")
        #expect(header.dataOffset % 64 == 0 && contents(folder + "x.npy").count == header.dataOffset + 1)
      }
    }
  }

  @Test func aFileIsReplacedWhole() throws {
    try withFolder { folder in
      let path = folder + "x.npy"
      try Tensor<Float>([1, 2]).save(npy: path)
      let mapped = try Tensor<Float>(mapping: path)
      try (mapped * 2).save(npy: path)
      try mapped[.range(step: -1)].save(npy: folder + "y.npy")
      #expect(mapped.scalars == [1, 2])
      #expect(try Tensor<Float>(mapping: path).scalars == [2, 4])
      #expect(try Tensor<Float>(mapping: folder + "y.npy").scalars == [2, 1])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["x.npy", "y.npy"])
    }
  }

  @Test func errorsLeaveNothingBehind() throws {
    try withFolder { folder in
      let x = Tensor<Float>([1, 2])
      #expect(throws: DataError.system(path: folder + "no/x.npy", operation: "create", code: ENOENT)) {
        try x.save(npy: folder + "no/x.npy")
      }
      try FileManager.default.createDirectory(atPath: folder + "d", withIntermediateDirectories: false)
      #expect(throws: DataError.system(path: folder + "d", operation: "rename", code: EISDIR)) {
        try x.save(npy: folder + "d")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["d"])
    }
  }
}
