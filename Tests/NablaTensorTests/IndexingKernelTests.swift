import CKernels
import Nabla
import NablaTensor
import TestSupport
import Testing

/// gather and scatterAdd against loops over indices.
@Suite struct IndexingKernelTests {
  private func gathered<S: TensorScalar>(_ x: Tensor<S>, _ index: AnyTensor, axis: Int) -> ([S], Int?) {
    var bad: Int?
    let count = x.shape[axis] == 0 ? 0 : x.count / x.shape[axis] * index.count
    let y = written(count, initial: S.oneScalar) { bad = Indexing.gather(x.erased, index, axis: axis, into: $0) }
    return (y, bad)
  }

  private func sizes(_ shape: [Int], _ axis: Int) -> (outer: Int, size: Int, inner: Int) {
    (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
  }

  private func checkGather<S: TensorScalar>(_ shape: [Int], axis: Int, _ index: [Int], _ element: (Int) -> S) {
    let (outer, size, inner) = sizes(shape, axis)
    for (name, x) in views(shape, element) {
      let flat = x.scalars
      var expected: [S] = []
      for o in 0..<outer { for p in index { for i in 0..<inner { expected.append(flat[(o * size + p) * inner + i]) } } }
      let long = gathered(x, Tensor(index.map(Int64.init)).erased, axis: axis)
      let short = gathered(x, Tensor(index.map(Int32.init)).erased, axis: axis)
      let what = "\(S.self) \(shape) axis \(axis), \(index.count) indices, \(name)"
      #expect(long.0 == expected && long.1 == nil, "\(what)")
      #expect(short.0 == expected && short.1 == nil, "\(what)")
    }
  }

  private func checkGather<S: TensorScalar>(_ element: (Int) -> S) {
    var generator = RandomGenerator(seed: 5)
    for (shape, axis) in [([7], 0), ([5, 3], 0), ([5, 3], 1), ([2, 5, 3], 1), ([3, 4, 1], 1), ([2, 3, 2, 5], 2)] {
      for count in [0, 1, 3, 40] {
        checkGather(shape, axis: axis, (0..<count).map { _ in generator.below(shape[axis]) }, element)
      }
    }
  }

  @Test func gathersEveryType() {
    checkGather { Float($0) }
    checkGather { Double($0) }
    checkGather { Int32($0) }
    checkGather { Int64($0) }
    checkGather { UInt8(truncatingIfNeeded: $0) }
    checkGather { $0 % 3 == 1 }
  }

  /// Every length of a row up to 70 bytes, and around those where the way of copying changes.
  @Test func rowsOfEveryLength() {
    let index = [3, 0, 3, 2, 4, 1, 1]
    for inner in Array(0...70) + [127, 128, 129, 130, 511, 513, 70_000, 300_001] {
      let x = (0..<5 * inner).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      let (y, bad) = gathered(Tensor(shape: [5, inner], scalars: x), Tensor(index.map(Int32.init)).erased, axis: 0)
      #expect(y == index.flatMap { x[$0 * inner..<($0 + 1) * inner] } && bad == nil, "\(inner)")
    }
  }

  @Test func largeGathersAreShared() {
    var generator = RandomGenerator(seed: 6)
    for (outer, size, inner, count) in [
      (1, 1000, 1, 300_001), (3, 500, 3, 40_000), (40_000, 5, 1, 3), (1, 3, 400_000, 5), (1, 30, 1000, 900),
    ] {
      let index = (0..<count).map { _ in generator.below(size) }
      let x = (0..<outer * size * inner).map { Float($0 & 0xFF_FFFF) }
      var expected: [Float] = []
      for o in 0..<outer {
        for p in index {
          let start = (o * size + p) * inner
          expected += x[start..<start + inner]
        }
      }
      let t = Tensor(shape: [outer, size, inner], scalars: x), list = Tensor(index.map(Int64.init)).erased
      #expect(sameOnOneThread { gathered(t, list, axis: 1).0 } == expected, "\(outer) \(size) \(inner) \(count)")
      var wrong = index.map(Int64.init)
      for (place, value) in [(count - 1, Int64(size)), (count / 2, Int64.min), (1, -1)] {
        wrong[place] = value
        #expect(gathered(t, Tensor(wrong).erased, axis: 1).1 == place)
      }
    }
  }

  @Test func indicesOutOfRange() {
    let x = Tensor<Float>([1, 2, 3])
    #expect(gathered(x, Tensor<Int64>([0, 2, 3, -1]).erased, axis: 0).1 == 2)
    #expect(gathered(x, Tensor<Int32>([0, -1, 3]).erased, axis: 0).1 == 1)
    #expect(gathered(x, Tensor<Int64>([.max]).erased, axis: 0).1 == 0)
    #expect(gathered(x, Tensor<Int32>([.min]).erased, axis: 0).1 == 0)
    #expect(gathered(Tensor<Float>(zeros: [0, 2]), Tensor<Int64>([0]).erased, axis: 0).1 == 0)
    let index: [Int32] = [0, 1, .max]
    index.withUnsafeBytes {
      #expect(nabla_first_out_of_range($0.baseAddress, DType.int32.rawValue, 3, 1 << 40) == -1)
      #expect(nabla_first_out_of_range($0.baseAddress, DType.int32.rawValue, 3, Int(Int32.max)) == 2)
    }
    for indexType in [DType.int32, .int64] {
      let index = Tensor<Int64>([0, 2, 3]).erased
      var bad: Int?
      let y: [Float] = written(3, initial: 7) { y in
        let list = indexType == .int64 ? index : Tensor<Int32>(castingFrom: Tensor<Int64>(index)).erased
        bad = Indexing.scatterAdd(x.erased, list, axis: 0, size: 3, into: y)
      }
      #expect(bad == 2 && y == [7, 7, 7], "nothing is written")
    }
  }

  private func scattered<S: TensorScalar>(
    _ v: Tensor<S>, _ index: AnyTensor, axis: Int, size: Int, onto base: [S]?, count: Int
  ) -> [S] {
    var bad: Int?
    var y = base ?? [S](repeating: .oneScalar, count: count)
    y.append(.oneScalar)
    y.withUnsafeMutableBytes {
      bad = Indexing.scatterAdd(
        v.erased, index, axis: axis, size: size, onto: base != nil, into: $0.baseAddress!)
    }
    #expect(bad == nil && y[count] == .oneScalar)
    return Array(y[..<count])
  }

  private func checkScatter<S: SmallScalar>(_ type: S.Type, outer: Int, size: Int, inner: Int, count: Int) {
    var generator = RandomGenerator(seed: UInt64(outer + size * 7 + inner * 31 + count))
    let index = (0..<count).map { _ in generator.below(size) }
    let element = { (number: Int) in S(small: number &* 7 % 11 - (S.dtype == .uint8 ? 0 : 5)) }
    for (name, v) in count * outer * inner > 5000
      ? [("dense", Tensor(shape: [outer, count, inner], scalars: (0..<outer * count * inner).map(element)))]
      : views([outer, count, inner], element)
    {
      let flat = v.scalars
      for base in [nil, (0..<outer * size * inner).map { S(small: $0 % 3) }] {
        var expected = base ?? [S](repeating: 0, count: outer * size * inner)
        for o in 0..<outer {
          for (p, target) in index.enumerated() {
            for i in 0..<inner { expected[(o * size + target) * inner + i] &+= flat[(o * count + p) * inner + i] }
          }
        }
        let what = "\(S.self) [\(outer), \(size), \(inner)], \(count) indices, \(name), onto \(base != nil)"
        let long = Tensor(index.map(Int64.init)).erased, short = Tensor(index.map(Int32.init)).erased
        let y = sameOnOneThread {
          scattered(v, long, axis: 1, size: size, onto: base, count: expected.count)
        }
        #expect(y == expected, "\(what)")
        #expect(scattered(v, short, axis: 1, size: size, onto: base, count: expected.count) == expected, "\(what)")
      }
    }
  }

  @Test func addsEveryType() {
    func check<S: SmallScalar>(_ type: S.Type) {
      // Few targets, many, blocks of positions, groups over pieces, columns past a tile.
      for (outer, size, inner, count) in [
        (1, 1, 1, 0), (1, 5, 1, 1), (2, 3, 4, 9), (3, 7, 2, 40), (1, 400, 3, 5), (2, 1500, 1, 20), (1, 40, 600, 13),
        (1, 30_000, 1, 300), (1, 1, 1, 100_001), (1, 10, 1, 70_001), (1, 3000, 1, 50_000), (1, 200, 5, 30_000),
        (50, 12, 3, 800), (1, 6000, 40, 2000), (30, 9000, 1, 500), (1, 2, 700, 200), (1, 30_000, 9, 30_000),
        (1, 200_000, 1, 60_000), (3, 17_000, 1, 3000), (1, 140_001, 1, 140_001),
      ] { checkScatter(type, outer: outer, size: size, inner: inner, count: count) }
    }
    check(Float.self)
    check(Double.self)
    check(Int32.self)
    check(Int64.self)
    check(UInt8.self)
  }

  /// One index more often than Float can count by ones, by way of blocks and by way of groups.
  @Test func floatCountsPastItsDigits() {
    let count = (1 << 24) + 1001
    let ones = Tensor<Float>(ones: [1]).broadcast(to: [count]), index = Tensor<Int32>(zeros: [1]).broadcast(to: [count])
    let dense = index.erased.dense
    #expect(scattered(ones, dense, axis: 0, size: 3, onto: nil, count: 3) == [Float(count), 0, 0])
    let wide = Tensor<Float>(ones: [1, 1]).broadcast(to: [1 << 20, 40])
    let list = Tensor<Int32>(zeros: [1]).broadcast(to: [1 << 20]).erased.dense
    let base = [Float](repeating: Float(1 << 24), count: 40 * 5000)
    let y = scattered(wide, list, axis: 0, size: 5000, onto: base, count: base.count)
    #expect(y[..<40].allSatisfy { $0 == Float(17 << 20) } && y[40...].allSatisfy { $0 == Float(1 << 24) })
  }

  /// Random Floats: each sum is that in Double, rounded once, but for the order of the additions.
  @Test func sumsAreAccurate() {
    var generator = RandomGenerator(seed: 9)
    for (size, count) in [(10, 200_000), (150_000, 200_000)] {
      let v = (0..<count).map { _ in generator.uniformFloat() - 0.5 }
      let index = (0..<count).map { _ in Int64(generator.below(size)) }
      var expected = [Double](repeating: 0, count: size), sizes = expected
      for (value, target) in zip(v, index) {
        expected[Int(target)] += Double(value)
        sizes[Int(target)] += Double(abs(value))
      }
      let y = scattered(Tensor(v), Tensor(index).erased, axis: 0, size: size, onto: nil, count: size)
      for target in 0..<size {
        let bound = Double(Float(expected[target]).ulp) / 2 + sizes[target] * Double(count) * 0x1p-53
        #expect(abs(Double(y[target]) - expected[target]) <= bound, "\(target) of \(size)")
      }
    }
  }

  /// What is not named stays as it is, the sign of zeros included.
  @Test func untouchedElementsKeepTheirBits() {
    for size in [5, 40_000] {
      let base = [Float](repeating: -0.0, count: size)
      let y = scattered(Tensor<Float>([2]), Tensor<Int64>([3]).erased, axis: 0, size: size, onto: base, count: size)
      #expect(y.enumerated().allSatisfy { $1 == ($0 == 3 ? 2 : 0) && ($0 == 3 || $1.sign == .minus) })
    }
  }

  @Test func listsForEachRow() {
    let x = Tensor<Float>([[1, 2, 3], [4, 5, 6]]), index = Tensor<Int64>([[2, 0], [1, 1]])
    var bad: Int?
    let y: [Float] = written(4, initial: 0) { bad = Indexing.gatherInRows(x.erased, index.erased, into: $0) }
    #expect(y == [3, 1, 5, 5] && bad == nil)
    let z: [Float] = written(6, initial: 9) {
      bad = Indexing.scatterAddInRows(Tensor(shape: [2, 2], scalars: y).erased, index.erased, size: 3, into: $0)
    }
    #expect(z == [1, 0, 3, 0, 10, 0] && bad == nil)
    let wrong = Tensor<Int32>([[2, 0], [1, 3]])
    let before: [Float] = written(6, initial: 9) {
      bad = Indexing.scatterAddInRows(Tensor(shape: [2, 2], scalars: y).erased, wrong.erased, size: 3, into: $0)
    }
    #expect(bad == 3 && before.allSatisfy { $0 == 9 })
    let many: [Float] = written(4, initial: 0) { bad = Indexing.gatherInRows(x.erased, wrong.erased, into: $0) }
    #expect(bad == 3 && many.count == 4)
  }

  /// States of blocks of rows, added.
  @Test func segmentSumsOfBlocksMerge() {
    let v = (0..<60).map { Double($0 * $0 % 13) }, index = (0..<20).map { Int64($0 % 7) }
    func state(_ rows: Range<Int>) -> [Double] {
      written(8 * 3, initial: 1) {
        let part = Tensor(shape: [rows.count, 3], scalars: Array(v[rows.lowerBound * 3..<rows.upperBound * 3]))
        #expect(Indexing.segmentSum(part.erased, Tensor(Array(index[rows])).erased, count: 8, into: $0) == nil)
      }
    }
    #expect(zip(state(0..<11), state(11..<20)).map(+) == state(0..<20))
    #expect(state(0..<0) == [Double](repeating: 0, count: 24))
  }

  @Test func givenWorkspace() {
    for (size, count) in [(10, 50_000), (20_000, 3000)] {
      let slices = nabla_slices(
        outer: 1, size: size, count: count, row: 4, outer_step: 0, axis_step: 4, index_step: 0)
      let bytes = Indexing.scatterAddByteCount(slices, .float32)
      let workspace = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
      defer { workspace.deallocate() }
      workspace.initializeMemory(as: UInt8.self, repeating: 0xA5, count: bytes + 64)
      let v = [Float](repeating: 1, count: count), index = (0..<count).map { Int64($0 % size) }
      let y: [Float] = written(size, initial: 3) { y in
        #expect(Indexing.scatterAdd(slices, v, .float32, index, .int64, into: y, workspace: workspace) == nil)
      }
      #expect(y == (0..<size).map { Float(count / size + ($0 < count % size ? 1 : 0)) })
      #expect((0..<64).allSatisfy { workspace.load(fromByteOffset: bytes + $0, as: UInt8.self) == 0xA5 })
    }
  }
}

extension NumericScalar {
  /// Addition that wraps.
  fileprivate static func &+= (a: inout Self, b: Self) {
    if var x = a as? UInt8, let y = b as? UInt8 {
      x = x &+ y
      a = x as! Self
    } else {
      a += b
    }
  }
}
