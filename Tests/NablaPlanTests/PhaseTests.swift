import Foundation
import Nabla
import NablaPlan
import NablaTensor
import TestSupport
import Testing

/// Functions of many rows, which run block by block: one pass over the data, and the values of eager code.
@Suite(.serialized) struct PhaseTests {
  typealias F = Tensor<Float>
  typealias D = Tensor<Double>

  private static func data<S: FloatingPointScalar>(_ shape: Shape, _ type: S.Type, seed: UInt64 = 31) -> Tensor<S> {
    var generator = RandomGenerator(seed: seed)
    return Tensor.random(.normal, shape: shape, using: &generator)
  }

  /// The lines of a plan that begin with a word.
  private func lines(_ plan: String, _ word: String) -> [Substring] {
    plan.split(separator: "\n").filter { $0.hasPrefix(word) }
  }

  /// Rounding of a sum over n rows that is added up in blocks: pairwise within and between, so a few ulps of the sum of
  /// magnitudes.
  private func tolerance<S: FloatingPointScalar>(_ type: S.Type) -> Tolerance {
    .relative(Double(S.ulpOfOne) * 64, absolute: Double(S.ulpOfOne) * 64)
  }

  private func compare<S: FloatingPointScalar>(_ seen: [Tensor<S>?], _ expected: [Tensor<S>?], _ what: String) {
    #expect(seen.count == expected.count)
    for (index, pair) in zip(seen, expected).enumerated() {
      guard let seen = pair.0, let expected = pair.1 else {
        Issue.record("\(what): result \(index) is missing")
        continue
      }
      expectClose(seen, expected, tolerance(S.self), "\(what), result \(index)")
    }
  }

  /// A loss and its gradients, compiled and eager.
  private func check<S: FloatingPointScalar>(
    _ what: String, _ variables: [Variable<S>], _ x: Tensor<S>, _ y: Tensor<S>,
    _ loss: @escaping (Tensor<S>, Tensor<S>) -> Tensor<S>
  ) -> String {
    let body = { (x: Tensor<S>, y: Tensor<S>) -> [Tensor<S>?] in
      let tape = GradientTape()
      let value = tape.record { loss(x, y) }
      return [value] + tape.gradient(of: value, for: variables)
    }
    let step = compiled(body)
    let expected = body(x, y)
    for run in 0..<2 { compare(step(x, y), expected, "\(what), run \(run)") }
    return step.plan
  }

  @Test func leastSquares() {
    let x = Self.data([100_000, 20], Float.self), y = Self.data([100_000, 1], Float.self, seed: 32)
    let variables = [Variable(Self.data([20, 1], Float.self, seed: 33)), Variable(F([0.5]))]
    let plan = check("least squares", variables, x, y) { x, y in
      square(matmul(x, variables[0]) + variables[1] - y).mean()
    }
    let phases = lines(plan, "phase:")
    #expect(
      phases.count == 1 && phases[0].contains("100000 rows") && phases[0].contains("one pass over 2 row operands"))
    #expect(!plan.contains("[100000, 1], kept"))  // no intermediate reaches memory
  }

  @Test func leastSquaresInDouble() {
    let x = Self.data([30_011, 7], Double.self), y = Self.data([30_011], Double.self, seed: 32)
    let w = Variable(Self.data([7], Double.self, seed: 33))
    let plan = check("least squares", [w], x, y) { x, y in 0.5 * square(matmul(x, w) - y).sum() / 30_011 }
    #expect(lines(plan, "phase:").count == 1 && plan.contains("30011 rows"))
  }

  @Test func logisticRegression() {
    let x = Self.data([100_000, 20], Float.self)
    let y = sign(Self.data([100_000], Float.self, seed: 32))
    let variables = [Variable(Self.data([20], Float.self, seed: 33)), Variable(F(0.5))]
    let plan = check("logistic", variables, x, y) { x, y in
      softplus(-y * (matmul(x, variables[0]) + variables[1])).mean()
    }
    #expect(lines(plan, "phase:").count == 1)
  }

  @Test func softmaxRegression() {
    let x = Self.data([20_003, 16], Float.self)
    let y = softmax(Self.data([20_003, 10], Float.self, seed: 32))
    let variables = [Variable(Self.data([16, 10], Float.self, seed: 33)), Variable(F(zeros: [10]))]
    let plan = check("softmax", variables, x, y) { x, y in
      -(y * logSoftmax(matmul(x, variables[0]) + variables[1])).sum(axis: 1).mean()
    }
    #expect(lines(plan, "phase:").count == 1 && lines(plan, "phase:")[0].contains("20003 rows"))
  }

  @Test func aNetwork() {
    let x = Self.data([20_000, 12], Double.self), y = Self.data([20_000, 2], Double.self, seed: 32)
    let shapes: [Shape] = [[12, 8], [8], [8, 2], [2]]
    let variables = shapes.enumerated().map { Variable(Self.data($1, Double.self, seed: UInt64(40 + $0)) * 0.5) }
    let plan = check("network", variables, x, y) { x, y in
      let hidden = relu(matmul(x, variables[0]) + variables[1])
      return square(tanh(matmul(hidden, variables[2]) + variables[3]) - y).mean()
    }
    #expect(lines(plan, "phase:").count == 1)
  }

  /// Means first, then what needs them: each phase is a pass of its own.
  @Test func standardization() {
    let body = { (x: D) -> [D?] in
      let mean = x.mean(axis: 0)
      let deviation = sqrt(square(x - mean).mean(axis: 0))
      let z = (x - mean) / deviation
      return [z, mean, deviation, z.sum(axis: 1).max()]
    }
    let f = compiled(body)
    let x = Self.data([10_007, 9], Double.self) * 3 + 1
    compare(f(x), body(x), "standardization")
    #expect(lines(f.plan, "phase:").count == 3 && f.plan.contains("10007 rows"))
  }

  /// A sum over rows that every row uses, and its derivative back through it.
  @Test func aSumThatRowsUse() {
    let w = Variable(Self.data([4], Double.self, seed: 33))
    let x = Self.data([20_000, 4], Double.self), y = Self.data([20_000], Double.self, seed: 32)
    let plan = check("sum used by rows", [w], x, y) { x, y in
      let scores = matmul(x, w)
      let weights = exp(scores - scores.max()) / exp(scores - scores.max()).sum()
      return (weights * square(y)).sum() + (x * weights.reshaped(to: [20_000, 1])).sum(axis: 0).max()
    }
    #expect(lines(plan, "phase:").count > 1)
  }

  @Test func reductionsOfEveryKind() {
    let body = { (x: F) -> [F?] in
      let mask = x .> 3.5
      return [
        x.max(axis: 0), x.min(), x.sum(axis: [0, 1]), select(mask.any(axis: 0), F(1), F(0)),
        select((x .> -9).all(), F(1), F(0)), x.logSumExp(), x.variance(axis: 0), x.max(axis: 1).sum(),
        (x * 0.01 + 1).product(axis: 1).mean(),
      ]
    }
    let f = compiled(body)
    let x = Self.data([30_001, 5], Float.self)
    compare(f(x), body(x), "reductions")
    #expect(f.plan.contains("30001 rows"))
  }

  /// Rows that are views: transposed, reversed, every second, repeated.
  @Test func rowsOfEveryLayout() {
    let w = Variable<Double>([[1, -1], [2, 0.5], [0.25, 3]])
    let body = { (x: D, y: D) -> [D?] in
      let tape = GradientTape()
      let loss = tape.record { square(sigmoid(matmul(x, w)) - y[.all, .range(step: -1)]).mean() }
      return [loss, tape.gradient(of: loss, for: w)]
    }
    let f = compiled(body)
    let x = Self.data([15_000 * 3], Double.self).scalars, y = Self.data([15_000 * 2], Double.self).scalars
    for layout in Layout.allCases {
      let x = layout.tensor([15_000, 3], x), y = layout.tensor([15_000, 2], y)
      compare(f(x, y), body(x, y), "\(layout)")
    }
    let row = D([0.5, 1, -1]).broadcast(to: [15_000, 3])
    let half = D(0.5).broadcast(to: [15_000, 2])
    compare(f(row, half), body(row, half), "broadcast")
  }

  /// Every number of rows around the sizes of blocks and groups: none is lost, none is added twice.
  @Test func everyNumberOfRows() {
    let body = { (x: D) -> [D?] in
      let y = x * 2 + 1
      return [y.sum(axis: 0), y, matmul(x.transposed(), y), y.max()]
    }
    let f = compiled(body)
    f.options = .tiny
    for rows in Array(1...20) + [63, 64, 65, 127, 128, 129, 130, 131, 255, 257, 514] {
      let x = D(rangeFrom: 1, to: Double(2 * rows + 1), stride: 1).reshaped(to: [rows, 2])  // whole numbers: exact
      for (index, (seen, expected)) in zip(f(x), body(x)).enumerated() {
        #expect(seen! == expected!, "\(rows) rows, result \(index)")
      }
    }
  }

  /// A last block of one row has strides that count as dense where those of a full block do not.
  @Test func aLastBlockOfOneRow() {
    let body = { (x: D) -> [D?] in
      let y = exp(x)
      let narrow = y[.all, 0..<2].reshaped(to: [x.shape[0], 2, 1])  // a copy, or a view where there is one row
      let z = cos(sin(x))  // may take y's place
      return [narrow.sum(axis: 0) + z.sum(), (narrow * z[.all, 0..<2].reshaped(to: [x.shape[0], 2, 1])).sum(axis: 0)]
    }
    let f = compiled(body)
    f.options = .tiny
    for rows in [5, 7, 9] {
      let x = Self.data([rows, 4], Double.self, seed: UInt64(rows))
      compare(f(x), body(x), "\(rows) rows")
    }
  }

  /// The intermediates of a million rows never reach memory. In a process of its own, since counters are those of the
  /// whole process.
  @Test func memory() async {
    await #expect(processExitsWith: .success) {
      let size = 1 << 20
      let x = exp(Tensor<Float>(zeros: [size, 8]))  // dense, which ones are not
      let w = Variable(Tensor<Float>(zeros: [8]))
      let step = compiled { (x: Tensor<Float>) in
        let tape = GradientTape()
        let loss = tape.record { square(tanh(matmul(x, w)) * 2 + 1).mean() }
        w.assignSub(tape.gradient(of: loss, for: w)!)
        return loss
      }
      _ = matmul(Tensor<Float>(ones: [2, 2]), Tensor<Float>(ones: [2, 2]))  // what the first product takes
      let before = Memory.counters.inUse
      for _ in 0..<4 { _ = step(x) }
      // One column of intermediates is 4 MiB, of which eager code keeps five.
      let (kept, most) = (Memory.counters.inUse - before, Memory.counters.peak - before)
      precondition(kept < 4 * size && most < 4 * size, "\(kept) bytes are kept, \(most) were at the most")
    }
  }

  /// A step on 100,000 rows of 1000 takes at most 8 MB beyond the data, by Nabla's counters and, as a whole process on
  /// Linux, by the kernel's. One column of intermediates is 0.4 MB, a copy of the data 400 MB.
  @Test func memoryOfAStep() async {
    await #expect(processExitsWith: .success) {
      let (rows, columns) = (100_000, 1000)
      let x = Tensor<Float>(shape: [rows, columns]) { $0.initialize(repeating: 0.5) }
      let y = Tensor<Float>(shape: [rows, 1]) { $0.initialize(repeating: 1) }
      let w = Variable(Tensor<Float>(zeros: [columns, 1])), b = Variable<Float>(0)
      let optimizer = SGD<Float>(learningRate: 1e-3, momentum: 0.9)
      let step = compiled { (x: Tensor<Float>, y: Tensor<Float>) in
        let tape = GradientTape()
        let loss = tape.record { square(matmul(x, w) + b - y).mean() }
        optimizer.applyGradients(zip(tape.gradient(of: loss, for: [w, b]), [w, b]))
        return loss
      }
      _ = matmul(Tensor<Float>(ones: [200, 200]), Tensor<Float>(ones: [200, 200]))  // what the first product takes
      let before = Memory.counters.inUse
      let resident = residentPeak()
      for _ in 0..<3 { _ = step(x, y) }
      let most = Memory.counters.peak - before
      precondition(most <= 8_000_000, "\(most) bytes beyond the data")
      // Buffers of OpenBLAS, and the pages of code that run for the first time, are the kernel's to count.
      let grown = residentPeak() - resident
      precondition(grown <= 8_000_000, "the process has grown by \(grown) bytes")
    }
  }
}

/// The most memory that this process has had, in bytes; 0 where the system does not tell.
private func residentPeak() -> Int {
  let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
  let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
  return (line?.split(whereSeparator: \.isWhitespace)).flatMap { Int($0[1]) }.map { $0 * 1024 } ?? 0
}
