import Nabla
import NablaPlan
import TestSupport
import Testing

/// Mistakes in compiled functions are said when they are traced, or, where data decides, when the plan runs.
@Suite struct CompiledErrorTests {
  private let reading = "a function is being compiled"

  @Test func readingAValueWhileTracing() {
    let v = Variable<Float>([1, 2])
    expectMistake("scalar", reading) { _ = compiled { (x: Tensor<Float>) in x * Tensor(x.sum().scalar) }([1, 2]) }
    expectMistake("scalars", reading, "[2]") { _ = compiled { (x: Tensor<Float>) in Tensor(x.scalars) }([1, 2]) }
    expectMistake("scalars", reading) { compiled { v.assign(Tensor(v.value.scalars)) }() }
    expectMistake("withUnsafeScalars", reading) {
      _ = compiled { (x: Tensor<Float>) in Tensor(x.withUnsafeScalars { $0[0] }) }([1, 2])
    }
    expectMistake("withUnsafeMutableScalars", reading) {
      _ = compiled { (x: Tensor<Float>) -> Tensor<Float> in
        var x = x
        x.withUnsafeMutableScalars { $0[0] = 1 }
        return x
      }([1, 2])
    }
    #expect(v.value.scalars == [1, 2])
  }

  /// After an error nothing of it is kept: the next call traces again.
  @Test func aTraceThatFailedIsNotKept() throws {
    let v = Variable<Float>(0)
    let optimizer = SGD<Float>(learningRate: 1)
    var reads = true
    let f = compiled { (x: Tensor<Float>) -> Tensor<Float> in
      let tape = GradientTape()
      let loss = tape.record { (v + 1) * x }
      optimizer.applyGradients([(tape.gradient(of: loss, for: v), v)])
      return reads ? Tensor(loss.scalar) : loss
    }
    for _ in 0..<2 { expectMistake("scalar", reading) { _ = f(Tensor(3)) } }
    #expect(v.value.scalar == 0 && optimizer.step == 0)
    reads = false
    #expect(try throwingErrors { f(Tensor(3)) }.scalar == 3 && f(Tensor(3)).scalar == -6)
    #expect(v.value.scalar == -6 && optimizer.step == 2)
  }

  @Test func shapesThatDoNotFit() {
    let f = compiled { (x: Tensor<Float>, y: Tensor<Float>) in x + y }
    #expect(f([1, 2], [3, 4]).scalars == [4, 6])
    expectMistake("+", "[2]", "[3]") { _ = f([1, 2], [1, 2, 3]) }
    #expect(f([5, 2], [3, 4]).scalars == [8, 6])
    let v = Variable<Float>([1, 2])
    expectMistake("assign", "[3]") { compiled { (x: Tensor<Float>) in v.assign(x) }([1, 2, 3]) }
    let optimizer = Adam<Float>()
    expectMistake("applyGradients", "no variable has a gradient") {
      compiled {
        let tape = GradientTape()
        let loss = tape.record { Tensor<Float>(1) * 2 }
        optimizer.applyGradients([(tape.gradient(of: loss, for: v), v)])
      }()
    }
    #expect(v.value.scalars == [1, 2] && optimizer.step == 0)
  }

  /// The plan runs inside `throwingErrors` as outside; an index that is out of range is thrown, and nothing changes.
  @Test(arguments: [3, 40_000])
  func indicesOutOfRange(_ count: Int) throws {
    let table = Variable<Float>([10, 20, 30])
    let optimizer = SGD<Float>(learningRate: 1)
    var traces = 0
    let f = compiled { (indices: Tensor<Int32>) in
      traces += 1
      let tape = GradientTape()
      let picked = tape.record { gather(table, indices: indices).sum() }
      optimizer.applyGradients([(tape.gradient(of: picked, for: table), table)])
      return picked
    }
    var indices = [Int32](repeating: 0, count: count)
    (indices[0], indices[count - 1]) = (2, 2)
    #expect(f(Tensor(indices)).scalar == 60 + 10 * Float(count - 2))
    let before = table.value.scalars
    #expect(before == [10 - Float(count - 2), 20, 28])
    for wrong in [Int32(-1), 3] {
      indices[count / 2] = wrong
      expectMistake("gather", "index \(wrong) is out of range for axis 0 of shape [3]") { _ = f(Tensor(indices)) }
      #expect(table.value.scalars == before && optimizer.step == 1)
    }
    indices[count / 2] = 1
    let sum = try throwingErrors { f(Tensor(indices)) }.scalar
    #expect(sum == 56 + 20 + before[0] * Float(count - 3))
    #expect(traces == 1 && optimizer.step == 2)
  }

  /// Blocks of rows run on other threads, whose errors belong to the caller as well. The first wrong row is named.
  @Test func indicesOutOfRangeOnOtherThreads() throws {
    let f = compiled { (indices: Tensor<Int64>) in
      gather(Tensor<Float>([[1, 2], [3, 4]]), indices: indices).sum(axis: 0)
    }
    var indices = [Int64](repeating: 1, count: 200_000)
    #expect(f(Tensor(indices)).scalars == [600_000, 800_000] && f.plan.contains("phase: 200000 rows"))
    for row in stride(from: 90_000, to: 200_000, by: 1000) { indices[row] = Int64(row) }
    for _ in 0..<5 { expectMistake("gather", "index 90000 is out of range") { _ = f(Tensor(indices)) } }
    #expect(try throwingErrors { f(Tensor(repeating: 0, shape: [200_000])) }.scalars == [200_000, 400_000])
  }

  @Test func indicesOutOfRangeEndTheProcess() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let f = compiled { (indices: Tensor<Int32>) in gather(Tensor<Float>([1, 2]), indices: indices) }
      _ = f([0, 1])
      _ = f([0, 2])
    }
    expectOneLine(result, "gather", "index 2 is out of range")
  }

  /// Values that get out of the closure have no elements, there or in the next trace.
  @Test func valuesKeptFromAFunction() {
    var kept: [Tensor<Float>] = []
    let f = compiled { (x: Tensor<Float>) -> Tensor<Float> in
      let y = x * 2
      kept.append(y)
      return y + 1
    }
    #expect(f([1, 2]).scalars == [3, 5])
    let y = kept[0], v = Variable<Float>([0, 0])
    expectMistake("+", "known only inside") { _ = y + 1 }
    expectMistake("scalars", reading) { _ = y.scalars }
    expectMistake("compiled", "argument 0") { _ = f(y) }
    expectMistake("*", "known only inside") { _ = compiled { (x: Tensor<Float>) in x * y }([1, 2]) }
    expectMistake("compiled", "does not belong") { _ = compiled { y }() }
    expectMistake("assign", "known only inside") { compiled { v.assign(y) }() }
    expectMistake("assign", "known only inside") { v.assign(y) }
    expectMistake("assignAdd", "known only inside") { v.assignAdd(y) }
    #expect(v.value.scalars == [0, 0])
    expectMistake("Variable", "make it outside") {
      _ = compiled { (x: Tensor<Float>) in Variable(x * 2, name: "late") * 1 }([1, 2])
    }
  }

  @Test func failedArguments() {
    var failed: Tensor<Float>?
    expectMistake("+") { failed = Tensor<Float>([1, 2]) + Tensor<Float>([1, 2, 3]) }
    let f = compiled { (x: Tensor<Float>) in x * 2 }
    expectMistake("compiled", "argument 0 is the result of an operation that failed") { _ = f(failed!) }
  }

  /// What a factorization throws at a run, the closure has caught at the trace already.
  @Test func factorizationsWhileTracing() {
    let f = compiled { (x: Tensor<Double>) in (try? Linalg.leastSquares(x, x[.all, 0])) ?? x }
    expectClose(f([[1, 2], [3, 5]]), [1, 0], .absolute(1e-14))
  }
}
