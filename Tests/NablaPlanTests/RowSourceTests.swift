import Foundation
import Nabla
import NablaPlan
import NablaTensor
import Synchronization
import TestSupport
import Testing

/// Rows that are computed when they are asked for, in memory that is gone afterwards.
private final class ComputedRows<S: FloatingPointScalar>: RowSource {
  let shape: Shape
  let dtype = S.dtype
  /// The first row that it fails to give.
  private let gap: Int
  private let log = Mutex(Log())

  struct Log {
    var began: [Range<Int>] = []
    var ended = 0
    var announced: Set<Int> = []
    var surprises = 0
  }
  struct Gap: Error, CustomStringConvertible { let description = "the disk is gone" }

  init(_ shape: Shape, gap: Int = .max) {
    self.shape = shape
    self.gap = gap
  }

  static func element(_ row: Int, _ column: Int) -> S { S((row * 37 + column * 11) % 101 - 50) / 32 }

  /// The same array in memory.
  var tensor: Tensor<S> {
    let width = shape[1]
    return Tensor(shape: shape) { scalars in
      for index in scalars.indices { scalars[index] = Self.element(index / width, index % width) }
    }
  }

  func beginReading(_ rows: Range<Int>) throws -> UnsafeRawPointer {
    if rows.upperBound > gap { throw Gap() }
    log.withLock {
      $0.began.append(rows)
      if !$0.announced.contains(rows.lowerBound) { $0.surprises += 1 }
    }
    let memory = UnsafeMutablePointer<S>.allocate(capacity: rows.count * shape[1])
    for (i, row) in rows.enumerated() { for j in 0..<shape[1] { memory[i * shape[1] + j] = Self.element(row, j) } }
    return UnsafeRawPointer(memory)
  }
  func endReading(_ rows: Range<Int>, at address: UnsafeRawPointer) {
    // Whoever looks on sees NaN.
    let bytes = UnsafeMutableRawPointer(mutating: address)
    bytes.initializeMemory(as: UInt8.self, repeating: 255, count: rows.count * shape[1] * S.dtype.byteCount)
    bytes.deallocate()
    log.withLock { $0.ended += 1 }
  }
  func willRead(_ rows: Range<Int>) { log.withLock { _ = $0.announced.insert(rows.lowerBound) } }

  /// What was asked since the last time.
  func takeLog() -> Log {
    log.withLock { log in
      defer { log = Log() }
      return log
    }
  }
}

@Suite struct RowSourceTests {
  private func bits<S: FloatingPointScalar>(_ tensors: [Tensor<S>]) -> [UInt64] {
    tensors.flatMap { $0.scalars.map { Double($0).bitPattern } }
  }

  private func step<S: FloatingPointScalar>(_ width: Int, _ type: S.Type) -> CompiledFunction<[Tensor<S>], Tensor<S>> {
    let w = Variable(Tensor<S>(repeating: 0.25, shape: [width - 1]))
    return compiled { (rows: Tensor<S>) in
      let tape = GradientTape()
      let loss = tape.record { square(tanh(matmul(rows[.all, ..<(width - 1)], w)) - rows[.all, width - 1]).mean() }
      return [loss, tape.gradient(of: loss, for: w)!, rows.max(axis: 0)]
    }
  }

  /// A step on rows that never exist as a whole: the bits of the step in memory, each row asked for once, in pieces.
  @Test(arguments: [40_000, 40_001, 99_999]) func computedRows(_ count: Int) {
    let source = ComputedRows<Float>([count, 33])
    let step = step(33, Float.self)
    let expected = bits(step(source.tensor))
    for _ in 0..<2 {
      #expect(bits(step(Tensor(rowsOf: source))) == expected)
      let log = source.takeLog()
      #expect(log.began.count > 4 && log.ended == log.began.count)
      #expect(Set(log.began.flatMap { $0 }).count == count && log.began.reduce(0) { $0 + $1.count } == count)
      #expect(log.began.allSatisfy { $0.count * 33 * 4 <= 1 << 20 })
    }
    #expect(bits(step(source.tensor)) == expected)
  }

  /// Pieces are announced before they are asked for.
  @Test func announcements() {
    let source = ComputedRows<Double>([70_000, 16])
    let f = compiled { (x: Tensor<Double>) in (x * 2).sum(axis: 0) }
    _ = f(Tensor(rowsOf: source))
    let log = source.takeLog()
    // Threads may take other groups than it was thought.
    #expect(log.surprises * 4 <= log.began.count, "\(log.surprises) of \(log.began.count)")
    #expect(log.announced.isSubset(of: log.began.map(\.lowerBound)))
  }

  /// Every number of rows around the sizes of blocks, pieces and groups.
  @Test func everyNumberOfRows() {
    let f = compiled { (x: Tensor<Double>) in [x.sum(axis: 0), x * 2 + 1, matmul(x.transposed(), x), x.min()] }
    f.options = .tiny
    for rows in Array(1...20) + [63, 64, 65, 127, 128, 129, 257, 514] {
      let source = ComputedRows<Double>([rows, 3])
      #expect(bits(f(Tensor(rowsOf: source))) == bits(f(source.tensor)), "\(rows) rows")
    }
  }

  /// Two sources and a tensor side by side; rows that come in twice are asked for once.
  @Test func severalSources() {
    let (a, b) = (ComputedRows<Double>([40_000, 3]), ComputedRows<Double>([40_000, 5]))
    let y = exp(Tensor<Double>(linearSpaceFrom: -1, to: 0, count: 40_000))
    let f = compiled { (a: Tensor<Double>, b: Tensor<Double>, y: Tensor<Double>) in
      [matmul(a.transposed(), sin(b)), (a.sum(axis: 1) * y).sum(), a * a, b.mean(axis: 0) - a.mean()]
    }
    let expected = bits(f(a.tensor, b.tensor, y))
    #expect(bits(f(Tensor(rowsOf: a), Tensor(rowsOf: b), y)) == expected)
    #expect(a.takeLog().began.reduce(0) { $0 + $1.count } == 40_000)
    #expect(bits(f(Tensor(rowsOf: a), b.tensor, y)) == expected)
    #expect(bits(f(a.tensor, Tensor(rowsOf: b), y)) == expected)
  }

  /// What needs all rows at once gets them in memory, for one call; results are those of tensors.
  @Test func neededWhole() {
    let source = ComputedRows<Double>([30_000, 4])
    let f = compiled { (x: Tensor<Double>) in [x, x[.range(step: -1)], x.sum(), x.transposed().mean(axis: 1)] }
    let expected = bits(f(source.tensor))
    for _ in 0..<2 { #expect(bits(f(Tensor(rowsOf: source))) == expected) }
    // Too few rows for a phase.
    let few = ComputedRows<Double>([3, 4])
    let g = compiled { (x: Tensor<Double>) in [x.sum(), matmul(x, x.transposed())] }
    #expect(bits(g(Tensor(rowsOf: few))) == bits(g(few.tensor)))
    // Centred rows: a second pass.
    let h = compiled { (x: Tensor<Double>) in square(x - x.mean(axis: 0)).sum(axis: 0) }
    _ = source.takeLog()
    #expect(bits([h(Tensor(rowsOf: source))]) == bits([h(source.tensor)]))
    #expect(source.takeLog().began.reduce(0) { $0 + $1.count } == 60_000)
  }

  @Test func arrays() throws {
    let x = ComputedRows<Float>([40_000, 6]).tensor
    let step = step(6, Float.self)
    let expected = bits(step(x))
    let rows = ArrayRows(x)
    let tensor = Tensor<Float>(rowsOf: rows)
    #expect(bits(step(tensor)) == expected)
    // A source with an address is a tensor like others.
    #expect(tensor == x && (tensor + 1).scalars == (x + 1).scalars && tensor[1..<3] == x[1..<3])
    #expect(try Tensor<Float>(readingRowsOf: rows) == x)
    let turned = x.transposed()
    #expect(Tensor<Float>(rowsOf: ArrayRows(turned)) == turned)
    var copy = tensor
    copy[0, 0] = Tensor(7)
    #expect(tensor == x && copy != x)
    #expect(Tensor<Float>(rowsOf: ArrayRows(Tensor<Float>(zeros: [0, 3]))).sum(axis: 0).scalars == [0, 0, 0])
  }

  /// Some rows of a source with an address: the source is told of its own numbers of rows.
  @Test func rangesOfRows() throws {
    final class Numbered: RowSource {
      let inner: ArrayRows<Float>
      let lowest = Mutex((begin: Int.max, end: 0))
      init(_ inner: ArrayRows<Float>) { self.inner = inner }
      var dtype: DType { .float32 }
      var shape: Shape { inner.shape }
      var address: UnsafeRawPointer? { inner.address }
      func beginReading(_ rows: Range<Int>) -> UnsafeRawPointer {
        lowest.withLock { $0 = (min($0.begin, rows.lowerBound), max($0.end, rows.upperBound)) }
        return inner.beginReading(rows)
      }
    }
    let x = ComputedRows<Float>([60_000, 6]).tensor
    let source = Numbered(ArrayRows(x))
    let step = step(6, Float.self)
    let part = Tensor<Float>(rowsOf: source)[10_000..<50_000]
    #expect(bits(step(part)) == bits(step((x + 0)[10_000..<50_000])))
    #expect(source.lowest.withLock { $0 == (10_000, 50_000) })
  }

  @Test func reading() throws {
    for shape in [[1000, 700], [5, 0], [0, 5], [3, 1]] as [Shape] {
      let source = ComputedRows<Float>(shape)
      #expect(try Tensor<Float>(readingRowsOf: source) == source.tensor)
      let log = source.takeLog()
      #expect(log.began.count == log.ended)
    }
    #expect(throws: ComputedRows<Float>.Gap.self) {
      try Tensor<Float>(readingRowsOf: ComputedRows<Float>([10, 2], gap: 5))
    }
  }

  private func message(_ body: () -> Void) -> String? {
    do {
      try throwingErrors { body() }
      return nil
    } catch {
      return (error as? NablaError).map { "\($0.operation): \($0.message)" }
    }
  }

  /// A source that fails: the error of the call, no update, and the next call works.
  @Test func failingSource() {
    let w = Variable<Float>([1, 2])
    let optimizer = Adam<Float>()
    let step = compiled { (x: Tensor<Float>) in
      let tape = GradientTape()
      let loss = tape.record { square(matmul(x, w)).mean() }
      optimizer.applyGradients([(tape.gradient(of: loss, for: w), w)])
      return [loss, x.max(axis: 0) - loss]
    }
    let good = ComputedRows<Float>([50_000, 2])
    for gap in [0, 20_000, 49_999] {
      let before = w.value.scalars
      let bad = ComputedRows<Float>([50_000, 2], gap: gap)
      let text = message { _ = step(Tensor(rowsOf: bad)) } ?? ""
      #expect(text.hasPrefix("compiled: argument 0: its source does not give rows "))
      #expect(text.hasSuffix(": the disk is gone"))
      #expect(w.value.scalars == before && optimizer.step == 0)
      let log = bad.takeLog()
      #expect(log.began.count == log.ended)
    }
    let (a, b) = (Variable(w.value), bits(step(Tensor(rowsOf: good))))
    #expect(w.value.scalars != a.value.scalars)
    w.assign(a.value)
    #expect(bits([step(good.tensor)[0]]) == [b[0]])
    // One that is needed whole.
    let whole = compiled { (x: Tensor<Float>) in [x[.range(step: -1)], x] }
    let text = message { _ = whole(Tensor(rowsOf: ComputedRows<Float>([50_000, 2], gap: 7))) }
    #expect(text == "compiled: argument 0: its source does not give rows 0..<50000: the disk is gone")
  }

  /// What cannot go row by row outside of compiled functions says so.
  @Test func eagerOperationsAreErrors() {
    let x = Tensor<Float>(rowsOf: ComputedRows<Float>([8, 2]))
    let reason =
      ": the rows of shape [8, 2] come from a source and are not in memory: hand the tensor to a compiled function as an "
      + "argument, or read them with Tensor(readingRowsOf:)"
    let operations: [(String, () -> Void)] = [
      ("+", { _ = x + 1 }), ("matmul", { _ = matmul(x, Tensor<Float>([1, 2])) }), ("sum", { _ = x.sum() }),
      ("transpose", { _ = x.transposed() }), ("slice", { _ = x[0] }), ("scalars", { _ = x.scalars }),
      ("reshape", { _ = x.reshaped(to: [16]) }), ("Variable", { _ = Variable(x) }),
      ("assign", { Variable(Tensor<Float>(zeros: [8, 2])).assign(x) }), ("ArrayRows", { _ = ArrayRows(x) }),
      ("concatenate", { _ = concatenate([x, x], axis: 0) }), ("cast", { _ = Tensor<Double>(castingFrom: x) }),
      ("+", { _ = compiled { (y: Tensor<Float>) in y + x }(Tensor<Float>(ones: [8, 2])) }),
      ("square", { _ = GradientTape().record { square(x) } }),
    ]
    for (name, body) in operations { #expect(message(body) == name + reason, "\(name)") }
    #expect("\(x)" == "Tensor<Float>(rows of a source, shape [8, 2])")
    #expect(
      message { _ = Tensor<Double>(rowsOf: ComputedRows<Float>([8, 2])) }
        == "Tensor(rowsOf:): the source's elements are float32, not float64")
    #expect(message { _ = ArrayRows(Tensor<Float>(3)) } == "ArrayRows: a scalar has no rows")
  }
}
