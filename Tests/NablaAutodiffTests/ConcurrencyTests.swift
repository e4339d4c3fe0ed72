import Nabla
import TestSupport
import Testing

/// Tasks that share data and variables, each with a tape of its own. The thread sanitizer runs this suite.
@Suite struct ConcurrencyTests {
  /// A small model's loss and gradients, from data that all tasks share.
  private static func run(_ X: Tensor<Float>, _ variables: [Variable<Float>], task: Int) -> [[UInt32]] {
    let scale = Tensor(Float(task) / 64 + 0.5)
    var results: [[UInt32]] = []
    for _ in 0..<3 {
      let tape = GradientTape()
      let loss = tape.record {
        let hidden = tanh(matmul(X * scale, variables[0]) + variables[1])
        return square(softmax(matmul(hidden, variables[2]), axis: 1) - 0.5).mean()
      }
      let gradients = tape.gradient(of: loss, for: variables)
      results.append(([loss] + gradients.map { $0! }).flatMap { $0.scalars.map(\.bitPattern) })
    }
    return results
  }

  @Test func sixtyFourTapesGiveTheSerialBits() async {
    var generator = RandomGenerator(seed: 64)
    let X = Tensor<Float>.random(.normal, shape: [200, 16], using: &generator)
    let variables = [[16, 32], [32], [32, 4]].map {
      Variable(Tensor<Float>.random(.normal, shape: Shape($0), using: &generator))
    }
    let serial = (0..<64).map { Self.run(X, variables, task: $0) }
    #expect(Set(serial).count == 64)  // they differ from each other
    let parallel = await withTaskGroup(of: (Int, [[UInt32]]).self) { group in
      for task in 0..<64 { group.addTask { (task, Self.run(X, variables, task: task)) } }
      return await group.reduce(into: [[[UInt32]]](repeating: [], count: 64)) { $0[$1.0] = $1.1 }
    }
    #expect(parallel == serial)
  }

  /// Tensors made by one task are read and freed by others.
  @Test func tensorsTravel() async {
    let total = await withTaskGroup(of: Tensor<Float>.self) { group in
      for task in 0..<64 {
        group.addTask {
          let made = Tensor<Float>(repeating: Float(task), shape: [300]) + Tensor<Float>(ones: [300])
          return made.reshaped(to: [3, 100]).transposed()
        }
      }
      var total = Tensor<Float>(0)
      for await tensor in group { total = total + tensor.sum() }
      return total
    }
    #expect(total.scalar == Float((1...64).reduce(0, +) * 300))
  }

  @Test func variablesAreAtomic() async {
    let counter = Variable<Int64>(0), sum = Variable<Double>(Tensor(zeros: [100]))
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<64 {
        group.addTask {
          for _ in 0..<50 {
            counter.assignAdd(1)
            sum.assignAdd(Tensor(repeating: 1, shape: [100]))
            let seen = sum.value.scalars  // never half of an update
            if !seen.allSatisfy({ $0 == seen[0] }) { Issue.record("task \(task) saw \(seen)") }
          }
        }
      }
    }
    #expect(counter.value.scalar == 3200 && sum.value.scalars.allSatisfy { $0 == 3200 })
  }

  @Test func copiesOnWriteInManyTasks() async {
    let shared = Tensor<Int32>(shape: [500], scalars: (0..<500).map { Int32($0) })
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<64 {
        group.addTask {
          var own = shared
          own.withUnsafeMutableScalars { for index in $0.indices { $0[index] += Int32(task) } }
          return own.scalars == (0..<500).map { Int32($0 + task) }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    #expect(shared.scalars == (0..<500).map { Int32($0) })
  }
}
