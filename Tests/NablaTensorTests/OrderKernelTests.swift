import CKernels
import Nabla
import NablaTensor
import TestSupport
import Testing

/// sort, argsort and topK against a comparison of elements and indices.
@Suite struct OrderKernelTests {
  /// An element as what tells it from others of its type: zeros of two signs and all NaN differ.
  private func bits<S: TensorScalar>(_ x: [S]) -> [UInt64] {
    x.map {
      switch $0 {
      case let x as Float: UInt64(x.bitPattern)
      case let x as Double: x.bitPattern
      case let x as Bool: x ? 1 : 0
      default: UInt64(bitPattern: Int64("\($0)")!)
      }
    }
  }

  /// Whether a comes before b; NaN after all.
  private func isLess<S: TensorScalar>(_ a: S, _ b: S) -> Bool {
    switch (a, b) {
    case (let a as Float, let b as Float): a < b || (!a.isNaN && b.isNaN)
    case (let a as Double, let b as Double): a < b || (!a.isNaN && b.isNaN)
    case (let a as Int32, let b as Int32): a < b
    case (let a as Int64, let b as Int64): a < b
    case (let a as UInt8, let b as UInt8): a < b
    default: (a as! Bool) == false && (b as! Bool) == true
    }
  }

  private func isNaN<S: TensorScalar>(_ x: S) -> Bool { x != x }

  /// The indices of a row in order; NaN first or last.
  private func order<S: TensorScalar>(_ x: [S], descending: Bool, notNumbersFirst: Bool) -> [Int] {
    let numbers = x.indices.filter { !isNaN(x[$0]) }, rest = x.indices.filter { isNaN(x[$0]) }
    let sorted = numbers.sorted { a, b in
      let (less, more) = (isLess(x[a], x[b]), isLess(x[b], x[a]))
      return descending ? more || (!less && a < b) : less || (!more && a < b)
    }
    return notNumbersFirst ? rest + sorted : sorted + rest
  }

  private func check<S: TensorScalar>(_ x: Tensor<S>, axis: Int, _ what: String) {
    let shape = x.shape.dimensions, n = shape[axis], flat = x.scalars
    let inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *)
    for descending in [false, true] {
      var expected = [Int64](repeating: 0, count: flat.count)
      for o in 0..<outer {
        for i in 0..<inner {
          let row = (0..<n).map { flat[(o * n + $0) * inner + i] }
          for (p, index) in order(row, descending: descending, notNumbersFirst: false).enumerated() {
            expected[(o * n + p) * inner + i] = Int64(index)
          }
        }
      }
      let sorted = flat.indices.map { place -> S in
        let (o, i) = (place / inner / max(n, 1), place % inner)
        return flat[(o * n + Int(expected[place])) * inner + i]
      }
      var values: [S] = []
      let indices: [Int64] = written(flat.count, initial: -1) { indices in
        values = written(flat.count, initial: S.oneScalar) {
          Order.sort(
            x.erased, axis: axis, descending: descending, values: $0,
            indices: indices.assumingMemoryBound(to: Int64.self))
        }
      }
      let alone: [S] = written(flat.count, initial: S.oneScalar) {
        Order.sort(x.erased, axis: axis, descending: descending, values: $0, indices: nil)
      }
      let arguments: [Int64] = written(flat.count, initial: -1) {
        Order.sort(
          x.erased, axis: axis, descending: descending, values: nil, indices: $0.assumingMemoryBound(to: Int64.self))
      }
      #expect(indices == expected && arguments == expected, "\(what), descending \(descending): indices")
      #expect(bits(values) == bits(sorted) && bits(alone) == bits(sorted), "\(what), descending \(descending): values")
    }
  }

  /// Random tensors of every type, with few and with many different elements.
  private func samples(_ count: Int) -> [AnyTensor] {
    var g = RandomGenerator(seed: UInt64(count))
    func make<S: TensorScalar>(_ element: () -> S) -> AnyTensor { Tensor((0..<count).map { _ in element() }).erased }
    return [
      make { special(Float(g.below(40)) - 20, &g) }, make { special(g.normalFloat() * 1e-38, &g) },
      make { special(Double(g.below(1000)) - 500, &g) }, make { g.normalDouble() },
      make { Int32(truncatingIfNeeded: g.next()) }, make { Int64(g.below(7)) - 3 },
      make { Int64(bitPattern: g.next()) }, make { UInt8(g.below(256)) }, make { g.below(2) == 0 },
      // Far apart, and near ones that differ in their last bits alone.
      make { special(1 + Double(g.below(1 << 16)) * 0x1p-52, &g) },
    ]
  }

  private func check(_ x: AnyTensor, _ what: String) {
    func check<S: TensorScalar>(_ type: S.Type) { self.check(Tensor<S>(x), axis: 0, what) }
    x.dtype.withScalarType { check($0) }
  }

  private func checkTop(_ x: AnyTensor, _ count: Int, _ what: String) {
    func check<S: TensorScalar>(_ type: S.Type) { checkTop(Tensor<S>(x), axis: 0, count: count, what) }
    x.dtype.withScalarType { check($0) }
  }

  /// Every so often a zero of either sign, an infinity, or a NaN of either sign.
  private func special<S: FloatingPointScalar>(_ x: S, _ g: inout RandomGenerator) -> S {
    switch g.below(20) {
    case 0: -S.zero
    case 1: S.zero
    case 2: S.infinity
    case 3: -S.infinity
    case 4: S.nan
    case 5: -S.nan
    default: x
    }
  }

  @Test func rowsOfEveryLength() {
    for count in Array(0...40) + [63, 64, 65, 127, 255, 256, 257, 500, 767, 768, 1500] {
      for x in samples(count) { check(x, "\(count) of \(x.dtype)") }
    }
  }

  @Test func longRows() {
    for x in samples(5000) { check(x, "5000 of \(x.dtype)") }
    // Shared by threads: with keys of 32 and of 64 bits.
    for x in [samples(70_001)[0], samples(70_001)[3], samples(70_001)[9]] { check(x, "70001 of \(x.dtype)") }
  }

  @Test func anyAxisOfAnyView() {
    let element = { (i: Int) in Float(i &* 7919 % 23) }
    for (shape, axis) in [
      ([3, 5], 0), ([3, 5], 1), ([2, 4, 3], 1), ([2, 1, 3], 1), ([2, 0, 3], 1), ([300, 20], 0),
    ] {
      for (name, x) in views(shape, element) { check(x, axis: axis, "\(shape), axis \(axis), \(name)") }
    }
  }

  @Test func manyRows() {
    var generator = RandomGenerator(seed: 3)
    for (rows, n) in [(4000, 10), (300, 100), (40, 2000)] {
      let x = Tensor<Float>(shape: [rows, n], scalars: (0..<rows * n).map { _ in Float(generator.below(50)) })
      check(x, axis: 1, "\(rows) rows of \(n)")
    }
  }

  private func checkTop<S: TensorScalar>(_ x: Tensor<S>, axis: Int, count: Int, _ what: String) {
    let shape = x.shape.dimensions, n = shape[axis], flat = x.scalars
    let inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *)
    for largest in [true, false] {
      var expected = [Int64](repeating: 0, count: outer * count * inner), best: [S] = []
      for o in 0..<outer {
        for i in 0..<inner {
          let row = (0..<n).map { flat[(o * n + $0) * inner + i] }
          let sorted = order(row, descending: largest, notNumbersFirst: largest)
          for p in 0..<count { expected[(o * count + p) * inner + i] = Int64(sorted[p]) }
        }
      }
      for place in expected.indices {
        best.append(flat[(place / inner / max(count, 1) * n + Int(expected[place])) * inner + place % inner])
      }
      var values: [S] = []
      let indices: [Int64] = written(expected.count, initial: -1) { indices in
        values = written(expected.count, initial: S.oneScalar) {
          Order.topK(
            x.erased, count: count, axis: axis, largest: largest, values: $0,
            indices: indices.assumingMemoryBound(to: Int64.self))
        }
      }
      #expect(indices == expected, "\(what), \(count) of \(n), largest \(largest): indices")
      #expect(bits(values) == bits(best), "\(what), \(count) of \(n), largest \(largest): values")
    }
  }

  @Test func theBest() {
    for (n, counts) in [
      (1, [0, 1]), (30, [1, 7, 30]), (300, [1, 5, 37, 38, 300]), (3000, [0, 1, 64, 374, 3000]),
    ] {
      for x in samples(n) { for k in counts { checkTop(x, k, "\(x.dtype)") } }
    }
    for x in [samples(70_001)[1], samples(70_001)[2]] { checkTop(x, 2000, "\(x.dtype)") }
    for (name, x) in views([2, 400, 3], { Float($0 &* 7919 % 229) }) { checkTop(x, axis: 1, count: 5, name) }
    // All the same, ascending and descending: those that come first, and many that are better than all before.
    for x in [[Float](repeating: 2, count: 9000), (0..<9000).map { Float($0) }, (0..<9000).map { Float(-$0) }] {
      checkTop(Tensor(x), axis: 0, count: 100, "run")
    }
  }

  @Test func givenWorkspace() {
    var generator = RandomGenerator(seed: 4)
    for (rows, n) in [(1, 100_000), (500, 40), (3, 900)] {
      let x = (0..<rows * n).map { _ in generator.uniformFloat() }
      let lines = nabla_lines(outer: rows, n: n, inner: 1, outer_step: 4 * n, axis_step: 4, inner_step: 0)
      let bytes = max(
        Order.sortByteCount(lines, .float32, hasIndices: false), Order.sortByteCount(lines, .float32, hasIndices: true),
        Order.topKByteCount(lines, .float32, count: 2))
      let workspace = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
      defer { workspace.deallocate() }
      workspace.initializeMemory(as: UInt8.self, repeating: 0xA5, count: bytes + 64)
      let values: [Float] = written(rows * n, initial: 0) {
        Order.sort(lines, .float32, x, values: $0, indices: nil, workspace: workspace)
      }
      let arguments: [Int64] = written(rows * n, initial: 0) {
        let indices = $0.assumingMemoryBound(to: Int64.self)
        Order.sort(lines, .float32, x, values: nil, indices: indices, workspace: workspace)
      }
      let best: [Float] = written(rows * 2, initial: 0) {
        Order.topK(lines, .float32, x, count: 2, values: $0, indices: nil, workspace: workspace)
      }
      for row in 0..<rows {
        let own = x[row * n..<(row + 1) * n], sorted = own.sorted()
        #expect(Array(values[row * n..<(row + 1) * n]) == sorted)
        #expect(arguments[row * n..<(row + 1) * n].map { own[own.startIndex + Int($0)] } == sorted)
        #expect(best[2 * row] == sorted[n - 1] && best[2 * row + 1] == sorted[n - 2])
      }
      #expect((0..<64).allSatisfy { workspace.load(fromByteOffset: bytes + $0, as: UInt8.self) == 0xA5 })
    }
  }
}
