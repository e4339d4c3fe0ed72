import Foundation
import Nabla
import TestSupport
import Testing

/// A folder of its own for each test.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("nabla-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url.path + "/")
}

func contents(_ path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map { Array($0) } ?? [] }

/// Arrays that NumPy wrote, and views of files.
@Suite struct MappingTests {
  private func fixture(_ name: String) -> String {
    Bundle.module.bundleURL.appendingPathComponent("Resources/\(name).npy").path
  }

  @Test func readsWhatNumPyWrites() throws {
    expectEqual(
      try Tensor<Float>(mapping: fixture("float32")), shape: [2, 3],
      [1, -2.5, 3e38, .infinity, -0.0, .leastNonzeroMagnitude])
    expectEqual(
      try Tensor<Double>(mapping: fixture("float64")), shape: [2, 3],
      [1, -2.5, 1e308, .infinity, -0.0, .leastNonzeroMagnitude])
    expectEqual(try Tensor<Int32>(mapping: fixture("int32")), shape: [3], [1, -2, .max])
    expectEqual(try Tensor<Int64>(mapping: fixture("int64")), shape: [3], [1, -2, .max])
    expectEqual(try Tensor<UInt8>(mapping: fixture("uint8")), shape: [2, 2, 1], [0, 1, 127, 255])
    expectEqual(try Tensor<Bool>(mapping: fixture("bool")), shape: [3], [true, false, true])
    expectEqual(try Tensor<Float>(mapping: fixture("scalar")), shape: [], [7.5])
    expectEqual(try Tensor<Double>(mapping: fixture("empty")), shape: [2, 0, 3], [])
    expectEqual(try Tensor<Float>(mapping: fixture("version2")), shape: [3, 2], [0, 1, 2, 3, 4, 5])
  }

  @Test func fortranOrderIsATransposedWindow() throws {
    let x = try Tensor<Int32>(mapping: fixture("fortran"))
    expectEqual(x, shape: [2, 3, 4], Array(0..<24))
    expectEqual(x[1, 1..<3, 2], shape: [2], [18, 22])
    #expect(x.erased.isDense == false)
  }

  @Test func headerTellsWithoutElements() throws {
    let header = try NPYHeader(path: fixture("fortran"))
    #expect(header.dtype == .int32 && header.shape == [2, 3, 4] && header.isFortranOrder && header.dataOffset == 128)
  }

  @Test func viewsAndArithmetic() throws {
    let x = try Tensor<Float>(mapping: fixture("version2"))
    expectEqual(x.transposed(), shape: [2, 3], [0, 2, 4, 1, 3, 5])
    expectEqual(x[.range(step: -1), 1], shape: [3], [5, 3, 1])
    expectEqual(x + x, shape: [3, 2], [0, 2, 4, 6, 8, 10])
    #expect(x.sum(axis: 0).scalars == [6, 9])
    #expect(matmul(x[.all, ..<1].transposed(), x[.all, 1...]).scalar == 26)
  }

  @Test func rawElements() throws {
    try withFolder { folder in
      let path = folder + "raw"
      let bytes = (0..<6).flatMap { value in withUnsafeBytes(of: Float(value)) { Array($0) } }
      try Data(bytes + [9]).write(to: URL(fileURLWithPath: path))
      expectEqual(try Tensor<Float>(mapping: path, shape: [2, 3]), shape: [2, 3], [0, 1, 2, 3, 4, 5])
      expectEqual(try Tensor<Float>(mapping: path, shape: [2, 2], offset: 8), shape: [2, 2], [2, 3, 4, 5])
      expectEqual(try Tensor<Float>(mapping: path, shape: [0], offset: 24), shape: [0], [])
      #expect(throws: DataError.self) { try Tensor<Float>(mapping: path, shape: [2, 2], offset: 12) }
      #expect(throws: DataError.self) { try Tensor<Float>(mapping: path, shape: [2], offset: 2) }
      #expect(throws: DataError.self) { try Tensor<Float>(mapping: path, shape: [2], offset: -4) }
      #expect(throws: DataError.self) { try Tensor<Double>(mapping: path, shape: [1 << 61], offset: 0) }
    }
  }

  /// Every way to change a mapped tensor copies it: the file's bytes stay, and nothing writes to pages that cannot be
  /// written.
  @Test func changesDoNotReachTheFile() throws {
    try withFolder { folder in
      let path = folder + "x.npy"
      try Tensor<Float>([[1, 2], [3, 4]]).save(npy: path)
      let before = contents(path)
      var x = try Tensor<Float>(mapping: path)
      var part = x[1]
      x.withUnsafeMutableScalars { $0[0] = 10 }
      part.withUnsafeMutableScalars { $0[0] = 30 }
      var y = try Tensor<Float>(mapping: path)
      y[0, 1] = Tensor(20)
      let variable = Variable(try Tensor<Float>(mapping: path))
      variable.assignAdd(Tensor<Float>(1).broadcast(to: [2, 2]))
      SGD<Float>(learningRate: 1).applyGradients([Tensor<Float>(ones: [2, 2])], to: [variable])
      #expect(x.scalars == [10, 2, 3, 4] && part.scalars == [30, 4] && y.scalars == [1, 20, 3, 4])
      #expect(variable.value.scalars == [1, 2, 3, 4])
      #expect(contents(path) == before)
    }
  }

  @Test func outlivesTheFileAndUnmaps() throws {
    try withFolder { folder in
      let path = folder + "gone.npy"
      try Tensor<Int64>(Array(0..<1000)).save(npy: path)
      var view: Tensor<Int64>? = try Tensor<Int64>(mapping: path)[500..<502]
      #if os(Linux)
      #expect(isMapped(path))
      #endif
      try FileManager.default.removeItem(atPath: path)
      #expect(view?.scalars == [500, 501])
      view = nil
      #if os(Linux)
      #expect(!isMapped(path))
      #endif
    }
  }

  #if os(Linux)
  /// Whether this process maps a file, by the kernel's list, whose size is said to be 0.
  private func isMapped(_ path: String) -> Bool {
    let list = FileHandle(forReadingAtPath: "/proc/self/maps")?.readDataToEndOfFile() ?? Data()
    return String(decoding: list, as: UTF8.self).contains(path)
  }
  #endif

  /// A compiled step on the mapping has the bits of the one in memory.
  @Test func compiledStepsHaveTheSameBits() throws {
    try withFolder { folder in
      var generator = RandomGenerator(seed: 1)
      let memory = Tensor<Float>.random(.normal, shape: [5000, 9], using: &generator)
      try memory.save(npy: folder + "m.npy")
      let w = Variable(Tensor<Float>(ones: [8]))
      let step = compiled { (rows: Tensor<Float>) in
        let tape = GradientTape()
        let loss = tape.record { square(matmul(rows[.all, ..<8], w) - rows[.all, 8]).mean() }
        return [loss] + tape.gradient(of: loss, for: [w]).map { $0! }
      }
      let (a, b) = (step(memory), step(try Tensor<Float>(mapping: folder + "m.npy")))
      #expect(a[0].scalar.bitPattern == b[0].scalar.bitPattern)
      #expect(a[1].scalars.map(\.bitPattern) == b[1].scalars.map(\.bitPattern))
    }
  }

  /// Compiled functions read the rows of a file; of one that was cut short they say so, and the process lives.
  @Test func aFileThatIsCutShort() throws {
    try withFolder { folder in
      let path = folder + "x.npy"
      try Tensor<Float>(shape: [50_000, 8], scalars: [Float](repeating: 1, count: 400_000)).save(npy: path)
      let x = try Tensor<Float>(mapping: path)
      let w = Variable<Float>(1)
      let step = compiled { (x: Tensor<Float>) in
        let total = (x * w).sum(axis: 0)
        w.assign(total.sum())
        return total
      }
      #expect(step(x).scalars == [Float](repeating: 50_000, count: 8) && w.value.scalar == 400_000)
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.truncate(atOffset: 1_000_001)
      do {
        _ = try throwingErrors { step(x) }
        Issue.record("no error")
      } catch let error as NablaError {
        #expect(error.message.contains("argument 0: its source does not give rows "))
        #expect(error.message.contains("\(path): byte 1000001: expected "))
        #expect(error.message.hasSuffix("seen the end of the file"))
      }
      #expect(w.value.scalar == 400_000)
    }
  }

  @Test func fileRows() throws {
    let rows = try FileRows(npy: fixture("version2"))
    #expect(rows.shape == [3, 2] && rows.dtype == .float32)
    expectEqual(try Tensor<Float>(readingRowsOf: rows), shape: [3, 2], [0, 1, 2, 3, 4, 5])
    expectEqual(Tensor<Float>(rowsOf: rows)[1..<3], shape: [2, 2], [2, 3, 4, 5])
    for name in ["fortran", "scalar"] { #expect(throws: DataError.self) { try FileRows(npy: fixture(name)) } }
    #expect(throws: DataError.self) { try FileRows(raw: fixture("version2"), dtype: .float32, shape: .scalar) }
    let empty = try FileRows(npy: fixture("empty"))
    expectEqual(try Tensor<Double>(readingRowsOf: empty), shape: [2, 0, 3], [])
    #expect(Tensor<Double>(rowsOf: empty).sum(axis: 0).shape == [0, 3])
  }
}
