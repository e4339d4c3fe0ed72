import Nabla
import NablaPlan
import NablaTensor
import Testing

/// What a plan says of itself. Threads and buffers, which depend on the machine, are replaced by a star.
@Suite struct PlanDescriptionTests {
  private func plan(_ text: String) -> String {
    text.replacing(#/\d+ threads/#) { _ in "* threads" }.replacing(#/[0-9.]+ [kM]?B of buffers/#) { _ in "* of buffers"
    }
  }

  private func leastSquares(_ w: Variable<Float>) -> CompiledFunction<Tensor<Float>, Tensor<Float>, Tensor<Float>> {
    compiled { (x: Tensor<Float>, y: Tensor<Float>) in
      let tape = GradientTape()
      let loss = tape.record { square(matmul(x, w) - y).sum() }
      w.assignSub(tape.gradient(of: loss, for: w)! * 1e-3)
      return loss
    }
  }

  /// Products of 2 · 100000 · 20 operations there and back, four of 100000 between them, 40 for the update.
  @Test func aLeastSquaresStep() {
    let w = Variable(Tensor<Float>(zeros: [20, 1]), name: "w")
    let step = leastSquares(w)
    _ = step(Tensor(zeros: [100_000, 20]), Tensor(zeros: [100_000, 1]))
    #expect(
      plan(step.plan) == """
        plan: 11 nodes, * of buffers; a call reads 8.4 MB, writes 164 B, 8.4 MFLOP
        input: argument 0, float32 [100000, 20], 8 MB, 1 pass
        input: argument 1, float32 [100000, 1], 400 kB, 1 pass
        input: w, float32 [20, 1], 80 B, 2 passes
        phase: 100000 rows in 25 blocks of 4096, 25 groups, * threads; one pass over 2 row operands; * of buffers; \
        reads 8.4 MB, writes 84 B, 8.4 MFLOP
          fused:
            matmul -> float32 [100000, 1]
            - -> float32 [100000, 1]
            square -> float32 [100000, 1]
            sum -> float32 [], reduced over rows
            + -> float32 [100000, 1]
            matmul -> float32 [20, 1], reduced over rows
        whole: reads 164 B, writes 80 B, 40 FLOP
          multiply-add -> float32 [20, 1]
        assign w
        """)
  }

  /// So few rows that every byte is shown: the phase reads x (10 · 3 · 4), y (10 · 4) and w (12).
  @Test func everyByte() {
    let w = Variable(Tensor<Float>(zeros: [3, 1]), name: "w")
    let step = leastSquares(w)
    step.options = .tiny
    _ = step(Tensor(zeros: [10, 3]), Tensor(zeros: [10, 1]))
    #expect(step.plan.contains("a call reads 200 B, writes 28 B, 166 FLOP"))
    #expect(step.plan.contains("reads 172 B, writes 16 B, 160 FLOP"))
    #expect(step.plan.contains("whole: reads 28 B, writes 12 B, 6 FLOP"))
  }

  /// A product over a long sum in two parts keeps the second, 32 · 64 Floats, beside the result.
  @Test func partialSumsAreBuffers() {
    func plan(_ rows: Int) -> String {
      let f = compiled { (x: Tensor<Float>, w: Tensor<Float>) in matmul(x, w) }
      _ = f(Tensor(zeros: [rows, 784]), Tensor(zeros: [784, 64]))
      return f.plan
    }
    #expect(plan(32).hasPrefix("plan: 3 nodes, 8.2 kB of buffers"))
    #expect(plan(2).hasPrefix("plan: 3 nodes, 0 B of buffers"))
  }

  @Test func aChain() {
    let f = compiled { (x: Tensor<Double>) in exp(x * 2).sum() }
    _ = f(Tensor(zeros: [50_000, 4]))
    #expect(
      plan(f.plan) == """
        plan: 5 nodes, * of buffers; a call reads 1.6 MB, writes 8 B, 600 kFLOP
        input: argument 0, float64 [50000, 4], 1.6 MB, 1 pass
        phase: 50000 rows in 391 blocks of 128, 49 groups, * threads; one pass over 1 row operands; * of buffers; \
        reads 1.6 MB, writes 8 B, 600 kFLOP
          fused:
            * -> float64 [50000, 4]
            exp -> float64 [50000, 4]
            sum -> float64 [], reduced over rows
        """)
  }

  /// Chains that have nothing in common, a second pass, and values that reach memory.
  @Test func severalPhases() {
    let table = Tensor<Float>([1, 2, 3])
    let f = compiled { (x: Tensor<Float>, y: Tensor<Float>) in [square(x - x.mean(axis: 0)), sin(y) * table] }
    _ = f(Tensor(zeros: [50_000, 3]), Tensor(zeros: [50_000, 3]))
    #expect(
      plan(f.plan) == """
        plan: 10 nodes, * of buffers; a call reads 1.8 MB, writes 1.2 MB, 750 kFLOP
        input: argument 0, float32 [50000, 3], 600 kB, 2 passes
        input: argument 1, float32 [50000, 3], 600 kB, 1 pass
        input: constant, float32 [3], 12 B, 1 pass
        phase: 50000 rows in 196 blocks of 256, 49 groups, * threads; one pass over 2 row operands; * of buffers; \
        reads 1.2 MB, writes 600 kB, 450 kFLOP
          fused:
            sum -> float32 [3], reduced over rows
          fused:
            sin -> float32 [50000, 3]
            * -> float32 [50000, 3], kept
        whole: reads 16 B, writes 12 B, 3 FLOP
          / -> float32 [3]
        phase: 50000 rows in 196 blocks of 256, 49 groups, * threads; one pass over 1 row operands; * of buffers; \
        reads 600 kB, writes 600 kB, 300 kFLOP
          fused:
            - -> float32 [50000, 3]
            square -> float32 [50000, 3], kept
        """)
  }

  /// Operations that run whole, each of which reads its operands; views and copies compute nothing.
  @Test func wholeOperations() {
    let f = compiled { (x: Tensor<Float>) in [matmul(x, x.transposed()).max(axis: 1), concatenate([x, x], axis: 0)] }
    _ = f(Tensor(zeros: [5, 3]))
    #expect(
      plan(f.plan) == """
        plan: 4 nodes, * of buffers; a call reads 220 B, writes 240 B, 175 FLOP
        input: argument 0, float32 [5, 3], 60 B, 2 passes
        whole: reads 220 B, writes 240 B, 175 FLOP
          matmul -> float32 [5, 5]
          max -> float32 [5]
          concatenate -> float32 [10, 3]
        """)
  }
}
