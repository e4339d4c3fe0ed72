import CKernels
import Nabla
import NablaTensor
import TestSupport
import Testing

/// Cumulative sums against loops.
@Suite struct ScanKernelTests {
  private func sums<S: TensorScalar>(_ x: Tensor<S>, axis: Int, reversed: Bool, exclusive: Bool) -> [S] {
    sameOnOneThread {
      written(x.count, initial: S.oneScalar) {
        Scan.cumulativeSum(x.erased, axis: axis, reversed: reversed, exclusive: exclusive, into: $0)
      }
    }
  }

  /// Of small whole numbers, which every type adds exactly (`UInt8` wraps).
  private func check<S: SmallScalar>(_ x: Tensor<S>, axis: Int, _ what: String) {
    let shape = x.shape.dimensions, n = shape[axis], flat = x.scalars
    let inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *)
    for (reversed, exclusive) in [(false, false), (false, true), (true, false), (true, true)] {
      var expected = flat
      for o in 0..<outer {
        for i in 0..<inner {
          var sum: S = 0
          for k in 0..<n {
            let place = (o * n + (reversed ? n - 1 - k : k)) * inner + i
            let before = sum
            sum = added(sum, flat[place])
            expected[place] = exclusive ? before : sum
          }
        }
      }
      let seen = sums(x, axis: axis, reversed: reversed, exclusive: exclusive)
      #expect(
        seen == expected, "\(S.self) \(shape), axis \(axis), \(what), reversed \(reversed), exclusive \(exclusive)")
    }
  }

  private func added<S: SmallScalar>(_ a: S, _ b: S) -> S {
    if let x = a as? UInt8, let y = b as? UInt8 { return (x &+ y) as! S }
    return a + b
  }

  private func checkShapes<S: SmallScalar>(_ type: S.Type) {
    let element = { (number: Int) in S(small: number &* 7 % 11 - (S.dtype == .uint8 ? 0 : 5)) }
    for (shape, axis) in [
      ([0], 0), ([1], 0), ([7], 0), ([8], 0), ([9], 0), ([100], 0), ([3, 5], 0), ([3, 5], 1), ([2, 9, 3], 1),
      ([2, 9, 4], 1), ([2, 9, 1], 1), ([2, 0, 3], 1),
    ] {
      for (name, x) in views(shape, element) { check(x, axis: axis, name) }
    }
    // Blocks, tiles of columns, many rows.
    for (shape, axis) in [
      ([32_768], 0), ([32_769], 0), ([100_001], 0), ([40_000, 2], 0), ([35_000, 3], 0), ([70, 600], 0), ([5000, 9], 1),
      ([2, 33_000, 4], 1),
    ] {
      let count = shape.reduce(1, *)
      check(Tensor(shape: Shape(shape), scalars: (0..<count).map(element)), axis: axis, "dense")
    }
  }

  @Test func everyType() {
    checkShapes(Float.self)
    checkShapes(Double.self)
    checkShapes(Int32.self)
    checkShapes(Int64.self)
    checkShapes(UInt8.self)
  }

  /// Each sum of Floats is that in Double, rounded once: an addition at a time in Float would be off by some 200 units.
  @Test func floatIsSummedInDouble() {
    var generator = RandomGenerator(seed: 7)
    let x = (0..<200_000).map { _ in generator.uniformFloat() }
    var sum = 0.0
    for (index, seen) in sums(Tensor(x), axis: 0, reversed: false, exclusive: false).enumerated() {
      sum += Double(x[index])
      // The order differs from this one, by what Double rounds, and that may lie on the border between two Floats.
      expectClose(seen, Float(sum), .ulps(1), "\(index)")
    }
  }

  @Test func notANumberAndInfinityGoOn() {
    var x = [Double](repeating: 1, count: 40)
    (x[9], x[20]) = (.infinity, .nan)
    let y: [Double] = written(40, initial: 0) { Scan.cumulativeSum(Tensor(x).erased, axis: 0, into: $0) }
    #expect(y[8] == 9 && y[9..<20].allSatisfy { $0 == .infinity } && y[20...].allSatisfy { $0.isNaN })
  }

  @Test func inPlaceAndWorkspace() {
    var x = (0..<100_000).map { Double($0 % 10) }
    let expected = sums(Tensor(x), axis: 0, reversed: true, exclusive: true)
    let lines = nabla_lines(outer: 1, n: x.count, inner: 1, outer_step: 0, axis_step: 8, inner_step: 0)
    let bytes = Scan.cumulativeSumByteCount(lines)
    let workspace = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
    defer { workspace.deallocate() }
    workspace.initializeMemory(as: UInt8.self, repeating: 0xA5, count: bytes + 64)
    x.withUnsafeMutableBytes {
      Scan.cumulativeSum(
        lines, .float64, $0.baseAddress!, reversed: true, exclusive: true, into: $0.baseAddress!, workspace: workspace)
    }
    #expect(x == expected)
    #expect((0..<64).allSatisfy { workspace.load(fromByteOffset: bytes + $0, as: UInt8.self) == 0xA5 })
  }
}
