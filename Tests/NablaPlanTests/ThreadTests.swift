import Foundation
import Nabla
import NablaPlan
import TestSupport
import Testing

/// What `SameBitsTests` computes in processes with different numbers of threads.
private enum Work {
  /// The bits of losses, gradients, eager reductions and products, in hexadecimal.
  static func bits(folder: String) throws -> String {
    try (bits(folder, Float.self) + bits(folder, Double.self)).joined(separator: " ")
  }

  private static func bits<S: FloatingPointScalar>(_ folder: String, _ type: S.Type) throws -> [String] {
    var generator = RandomGenerator(seed: 71)
    let x = Tensor<S>.random(.normal, shape: [70_001, 6], using: &generator)
    let memory = compiledBits(x)
    let name = "\(folder)\(S.self)"
    try x.save(npy: name + ".npy")
    // Raw elements that begin at an odd one.
    try (Data(count: S.dtype.byteCount) + x.withUnsafeScalars { Data(buffer: $0) })
      .write(to: URL(fileURLWithPath: name))
    let raw = try FileRows(raw: name, dtype: S.dtype, shape: x.shape, offset: S.dtype.byteCount)
    let files = [try Tensor<S>(mapping: name + ".npy"), Tensor(rowsOf: raw), Tensor(rowsOf: ArrayRows(x))]
    for file in files { precondition(compiledBits(file) == memory, "a file gives other bits than memory") }
    return memory + eagerBits(S.self) + (try productBits(S.self))
  }

  private static func hex<S: FloatingPointScalar>(_ tensors: [Tensor<S>?]) -> [String] {
    tensors.flatMap { $0?.scalars ?? [.nan] }.map { String(Double($0).bitPattern, radix: 16) }
  }

  private static func compiledBits<S: FloatingPointScalar>(_ x: Tensor<S>) -> [String] {
    var generator = RandomGenerator(seed: 73)
    let y = Tensor<S>.random(.normal, shape: [x.shape[0], 3], using: &generator)
    let variables = [
      Variable(Tensor<S>.random(.normal, shape: [6, 3], using: &generator)), Variable(Tensor<S>(zeros: [3])),
    ]
    let optimizer = Adam<S>()
    let step = compiled { (x: Tensor<S>, y: Tensor<S>) -> [Tensor<S>?] in
      let tape = GradientTape()
      let loss = tape.record { square(tanh(matmul(x, variables[0]) + variables[1]) - y).mean() }
      let gradients = tape.gradient(of: loss, for: variables)
      optimizer.applyGradients(zip(gradients, variables))
      let best = topK(x, 5, axis: 0)
      return [loss] + gradients + [logSoftmax(x - x.mean(axis: 0)).sum(axis: 0), x.variance()]
        + [
          x.norm(axis: 0), gram(x), best.values, Tensor(castingFrom: best.indices),
          Tensor(castingFrom: histogram(x, bins: 9, range: -2...2)), Tensor(castingFrom: (x .> 0).countTrue(axis: 0)),
        ]
    }
    return (0..<3).flatMap { _ in hex(step(x, y)) } + hex(variables.map(\.value))
  }

  private static func eagerBits<S: FloatingPointScalar>(_ type: S.Type) -> [String] {
    var generator = RandomGenerator(seed: 72)
    let x = Tensor<S>.random(.normal, shape: [1003, 517], using: &generator)
    let long = x.flattened()
    return hex([
      x.sum(), x.sum(axis: 0), x.sum(axis: 1), x.transposed().sum(axis: 0), long.mean(), long.logSumExp(),
      softmax(x)[.all, 0..<3], logSoftmax(x, axis: 0)[.all, 0..<3],
      exp(x).variance(axis: 0), x[.all, .range(step: 2)].sum(), x.norm(), x.norm(axis: 0),
      gram(x.reshaped(to: [517 * 59, 17])), gram(x)[0],
      segmentSum(long, segments: Tensor<Int64>(zeros: [long.count]), count: 1),
      Tensor(castingFrom: histogram(x, bins: 100)), Tensor(castingFrom: (x .> 0).countTrue(axis: 1)),
    ])
  }

  /// A number for each of some products that run whole, of sizes that are cut into pieces.
  private static func productBits<S: FloatingPointScalar>(_ type: S.Type) throws -> [String] {
    var generator = RandomGenerator(seed: 74)
    func random(_ shape: Shape) -> Tensor<S> { Tensor.random(.normal, shape: shape, using: &generator) }
    let (a, b, v, w) = (random([903, 517]), random([517, 641]), random([517]), random([903]))
    let (tall, long) = (random([20_011, 9]), random([20_011, 7]))
    let (stack, other) = (random([3, 203, 151]), random([3, 151, 167]))
    let wide = random([70_003])
    let products: [Tensor<S>] = [
      matmul(a, b), matmul(b.transposed(), a.transposed()), matmul(a, a.transposed()), matmul(a.transposed(), a),
      matmul(a, v), matmul(a.transposed(), w), matmul(w, a), matmul(v, b), matmul(v, a.transposed()),
      matmul(tall.transposed(), long), matmul(tall, random([9, 64])), matmul(stack, other), matmul(wide, wide),
      matmul(a[.all, .range(step: 2)], b[..<259]), matmul(a[..<64], b[.all, ..<400]), outer(w, v),
      try Linalg.leastSquares(tall, long),
    ]
    return products.map { product in
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for scalar in product.scalars { hash = (hash ^ Double(scalar).bitPattern) &* 0x100_0000_01b3 }
      return String(hash, radix: 16)
    }
  }
}

/// Blocks, pieces of products and the order of every sum follow from shapes alone: the bits do not depend on the number
/// of threads, nor on whether rows come from memory or a file.
@Suite struct SameBitsTests {
  /// The bits that a process with some number of threads prints.
  private func bits(threads: Int) async -> String? {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) { [threads] in
      setenv("NABLA_NUM_THREADS", "\(threads)", 1)  // before anything has started threads
      let folder = FileManager.default.temporaryDirectory.path + "/nabla-\(UUID().uuidString)/"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      print("bits: \(try Work.bits(folder: folder))")
      let step = compiled { (x: Tensor<Float>) in exp(x).sum() }
      _ = step(Tensor(zeros: [100_000]))
      print("plan: \(step.plan.replacingOccurrences(of: "\n", with: ";"))")
    }
    let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self).split(separator: "\n")
    #expect(output.contains { $0.hasPrefix("plan: ") && $0.contains(" \(threads) threads") })
    return output.first { $0.hasPrefix("bits: ") }.map(String.init)
  }

  @Test func anyNumberOfThreads() async throws {
    let one = try #require(await bits(threads: 1))
    #expect(one.split(separator: " ").count > 1000 && !one.contains(" 7ff8"))
    for threads in [2, 3, 7] {
      let seen = try #require(await bits(threads: threads))
      let wrong = zip(one.split(separator: " "), seen.split(separator: " ")).enumerated().filter { $1.0 != $1.1 }
      #expect(seen == one, "\(threads) threads: \(wrong.count) differ, first number \(wrong.first?.offset ?? -1)")
    }
  }
}

/// Tasks with compiled functions of their own.
///
/// The name keeps this suite from the thread sanitizer's run: that does not see how a contended `Mutex` of Swift 6.3
/// orders threads on Linux, and takes what the lanes' lock guards for a race (twenty lines around a `Mutex` show it).
@Suite struct CompiledTasksTests {
  /// The bits of some training steps, from data that all tasks share.
  private static func run(_ x: Tensor<Float>, task: Int) -> [UInt32] {
    let w = Variable(Tensor<Float>(repeating: Float(task) / 8, shape: [6, 2]))
    let optimizer = Adam<Float>(learningRate: 0.01)
    let step = compiled { (x: Tensor<Float>) in
      let tape = GradientTape()
      let loss = tape.record { square(tanh(matmul(x, w)) - 0.5).mean() }
      optimizer.applyGradients([(tape.gradient(of: loss, for: w), w)])
      return loss
    }
    let losses = (0..<5).map { _ in step(x).scalar.bitPattern }
    return losses + w.value.scalars.map(\.bitPattern)
  }

  @Test func tasksGiveTheSerialBits() async {
    var generator = RandomGenerator(seed: 81)
    let x = Tensor<Float>.random(.normal, shape: [9000, 6], using: &generator)
    let serial = (0..<8).map { Self.run(x, task: $0) }
    #expect(Set(serial).count == 8)
    let parallel = await withTaskGroup(of: (Int, [UInt32]).self) { group in
      for task in 0..<8 { group.addTask { (task, Self.run(x, task: task)) } }
      return await group.reduce(into: [[UInt32]](repeating: [], count: 8)) { $0[$1.0] = $1.1 }
    }
    #expect(parallel == serial)
  }

  /// Errors stay in the task that made them.
  @Test func errorsStayInTheirTask() async {
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          let table = Tensor<Float>([1, 2, 3])
          let f = compiled { (indices: Tensor<Int32>) in gather(table, indices: indices).sum() }
          for round in 0..<4 {
            var indices = [Int32](repeating: 1, count: 40_000)
            let isWrong = (task + round) % 2 == 0
            if isWrong { indices[20_000] = 9 }
            let result = Result { try throwingErrors { f(Tensor(indices)).scalar } }
            switch result {
            case .success(let sum): if isWrong || sum != 80_000 { Issue.record("task \(task): \(sum)") }
            case .failure(let error): if !isWrong { Issue.record("task \(task): \(error)") }
            }
          }
        }
      }
    }
  }
}
