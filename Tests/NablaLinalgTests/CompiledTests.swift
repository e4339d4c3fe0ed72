import Nabla
import NablaPlan
import TestSupport
import Testing

/// Factorizations in compiled functions: values and derivatives are those of eager code, and errors are thrown by runs.
@Suite struct CompiledLinalgTests {
  typealias T = Tensor<Double>

  private func matrix(_ shape: Shape, _ seed: UInt64 = 1) -> T { CholeskyTests.matrix(shape, seed) }
  private let bad = T([[1, 2], [2, 1]])

  @Test func valuesAndGradients() throws {
    let loss = { (a: T, b: T) throws(LinalgError) -> T in
      let l = try Linalg.cholesky(a)
      return square(try Linalg.triangularSolve(l, b)).sum() + log((l * T(identity: 5)).sum(axis: 1)).sum()
    }
    let eager = { (a: T, b: T) throws -> (T, T) in
      let tape = GradientTape()
      tape.watch(a)
      let value = try tape.record { try loss(a, b) }
      return (value, tape.gradient(of: value, for: a)!)
    }
    let function = compiled { (a: T, b: T) throws in try eager(a, b) }
    for seed: UInt64 in 1...3 {
      let (a, b) = (matrix([5, 5], seed), matrix([5, 5], seed + 10))
      let (seen, expected) = (try function(a, b), try eager(a, b))
      #expect(seen.0 == expected.0)
      expectClose(seen.1, expected.1, .absolute(1e-14))
    }
  }

  /// Closures that throw typed errors give functions that do, and the trace throws nothing, whatever the constants hold.
  @Test func typedErrors() throws {
    let function = compiled { (a: T) throws(LinalgError) in try Linalg.cholesky(a) }
    let error: LinalgError? = {
      do throws(LinalgError) {
        _ = try function(bad)
        return nil
      } catch { return error }
    }()
    #expect(error == .notPositiveDefinite(operation: "cholesky", pivot: 1))
    #expect(try function(T(identity: 2)) == T(identity: 2))  // the function works on
    #expect(throws: LinalgError.notPositiveDefinite(operation: "cholesky", pivot: 1)) { try function(bad) }

    var traced = 0
    let constant = compiled { (x: T) throws in
      let l = try Linalg.cholesky(bad)
      traced += 1
      return l + x
    }
    for _ in 0..<2 {
      #expect(throws: LinalgError.notPositiveDefinite(operation: "cholesky", pivot: 1)) { try constant(T(1)) }
    }
    #expect(traced == 1)
  }

  /// A closure that does not let errors out cannot let its runs do so: that is a mistake, and says what was thrown.
  @Test func caughtErrors() throws {
    let optional = compiled { (a: T) in (try? Linalg.cholesky(a)) ?? a }
    #expect(optional(T(identity: 2)) == T(identity: 2))
    expectMistake("compiled", "pivot 1", "does not throw") { _ = optional(bad) }
    let forced = compiled { (a: T) in try! Linalg.cholesky(a) }
    expectMistake("compiled", "pivot 1", "does not throw") { _ = forced(bad) }
  }

  /// A run that fails leaves variables and the optimizer's state as they were, for every way in which variables are updated.
  @Test func failedRunsChangeNothing() throws {
    let (w, count) = (Variable<Double>(T(identity: 2)), Variable<Double>(0))
    let optimizer = Adam<Double>(learningRate: 0.1)
    let step = compiled { (a: T) throws in
      let tape = GradientTape()
      let loss = try tape.record { try Linalg.cholesky(a + w * 0).sum() * w.sum() + square(w).sum() }
      optimizer.applyGradients(zip([tape.gradient(of: loss, for: w)], [w]))
      count.assignAdd(T(1))
      return loss
    }
    _ = try step(T(identity: 2))
    for _ in 0..<2 {
      let before = (w.value, count.value, optimizer.step)
      #expect(throws: LinalgError.self) { try step(bad) }
      #expect(w.value == before.0 && count.value == before.1 && optimizer.step == before.2)
      _ = try step(T(identity: 2))
      #expect(w.value != before.0 && count.value == before.1 + 1 && optimizer.step == before.2 + 1)
    }
    // The same steps without the failures.
    let (v, other) = (Variable<Double>(T(identity: 2)), Adam<Double>(learningRate: 0.1))
    for _ in 0..<3 {
      let tape = GradientTape()
      let loss = try tape.record { try Linalg.cholesky(T(identity: 2) + v * 0).sum() * v.sum() + square(v).sum() }
      other.applyGradients(zip([tape.gradient(of: loss, for: v)], [v]))
    }
    expectClose(w.value, v.value, .relative(1e-14))
  }

  /// Stacks go block by block, and an error names the matrix in the whole.
  @Test func stacksInBlocks() throws {
    let function = compiled { (a: T, b: T) throws(LinalgError) in
      try Linalg.triangularSolve(try Linalg.cholesky(a * 2), b) + 1
    }
    function.options = .tiny
    let (a, b) = (matrix([101, 3, 3]), matrix([101, 3, 3], 2))
    let expected = try Linalg.triangularSolve(try Linalg.cholesky(a * 2), b) + 1
    #expect(try function(a, b) == expected)
    #expect(function.plan.contains("rows"))
    for index in [0, 57, 100] {
      var other = a
      other[index, 2, 2] = T(-9)
      if index < 100 { other[100, 0, 0] = T(-9) }
      #expect(throws: LinalgError.notPositiveDefinite(operation: "cholesky", pivot: 2, matrix: index)) {
        try function(other, b)
      }
    }
  }
}
