import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

/// TensorFlow's semantics, a test for each sentence.
@Suite struct WatchingTests {
  @Test func readingATrainableVariableWatchesIt() {
    let x = Variable<Float>(3, name: "x"), unread = Variable<Float>(4)
    let tape = GradientTape()
    let y = tape.record { x * x }
    #expect(tape.watchedVariables.map(\.name) == ["x"])
    let gradients = tape.gradient(of: y, for: [x, unread])
    #expect(gradients[0]?.scalar == 6 && gradients[1] == nil)
  }

  @Test func readingOutsideDoesNot() {
    let x = Variable<Float>(3)
    let tape = GradientTape()
    let value = x.value
    let y = tape.record { square(value) }
    #expect(tape.watchedVariables.isEmpty && tape.recordedOperations.isEmpty)
    #expect(tape.gradient(of: y, for: x) == nil)
  }

  @Test func everyWayToReadWatches() {
    let x = Variable<Float>([1, 2])
    let ways: [(Variable<Float>) -> Tensor<Float>] = [
      { $0.value * 3 }, { $0 * 3 }, { 3 * $0 }, { $0.asTensor() * 3 }, { $0 + $0 + $0 }, { -$0 * -3 }, { $0.sum() * 3 },
      { $0 / (1 / 3) }, { relu($0) * 3 },
    ]
    for (index, way) in ways.enumerated() {
      let tape = GradientTape()
      let y = tape.record { way(x) }
      expectClose(tape.gradient(of: y, for: x) ?? [0, 0], [3, 3], .ulps(1), "way \(index)")
    }
  }

  @Test func tensorsAreWatchedOnRequest() {
    let x = Tensor<Double>([1, 2]), other = Tensor<Double>([3, 4])
    let tape = GradientTape()
    tape.watch(x)
    let y = tape.record { (x * other).sum() }
    let gradients = tape.gradient(of: y, for: [x, other])
    #expect(gradients[0]?.scalars == [3, 4] && gradients[1] == nil)
    #expect(tape.watchedVariables.isEmpty)
  }

  @Test func watchingInsideRecord() {
    let x = Tensor<Double>(3)
    let tape = GradientTape()
    let y = tape.record {
      let before = x * 2  // not seen
      tape.watch(x)
      return before + x * x
    }
    #expect(tape.gradient(of: y, for: x)?.scalar == 6)
  }

  @Test func watchesAccessedVariablesCanBeTurnedOff() {
    let x = Variable<Float>(3), named = Variable<Float>(5)
    let tape = GradientTape(watchesAccessedVariables: false)
    tape.watch(named)
    let y = tape.record { x * named }
    #expect(tape.watchedVariables.count == 1)
    let gradients = tape.gradient(of: y, for: [x, named])
    #expect(gradients[0] == nil && gradients[1]?.scalar == 3)
  }

  @Test func variablesThatAreNotTrainableAreNotWatched() {
    let x = Variable<Float>(3, isTrainable: false)
    let tape = GradientTape(persistent: true)
    let y = tape.record { x * x }
    #expect(tape.gradient(of: y, for: x) == nil && !x.isTrainable)
    tape.watch(x)  // but on request
    let z = tape.record { x * x }
    #expect(tape.gradient(of: z, for: x)?.scalar == 6)
  }

  @Test func integersAndBoolAreNeverWatched() {
    let count = Variable<Int32>([1, 2]), flag = Variable<Bool>(true), index = Tensor<Int64>([1])
    let x = Variable<Float>([1, 2])
    let tape = GradientTape()
    tape.watch(count)
    tape.watch(flag)
    tape.watch(index)
    let y = tape.record {
      let steps = Tensor<Float>(castingFrom: count * count)
      let picked = gather(x, indices: index)
      return select(flag.value, (steps * 2).sum(), Tensor(0)) + select(x .> 1.5, picked * 2, Tensor(0)).sum()
    }
    #expect(tape.watchedVariables.count == 1)
    #expect(tape.gradient(of: y, for: x)?.scalars == [0, 2])
    let other = GradientTape()
    let z = other.record { Tensor<Float>(castingFrom: Tensor<Int32>(castingFrom: x.value)).sum() }
    #expect(other.gradient(of: z, for: x) == nil)  // nothing flows through an integer
  }

  @Test func watchedVariablesAreInTheOrderOfTheirFirstReading() {
    let a = Variable<Float>(1, name: "a"), b = Variable<Double>(2, name: "b"), c = Variable<Float>(3, name: "c")
    let tape = GradientTape()
    tape.watch(c)
    tape.record {
      _ = b * b
      _ = a * c
      _ = b * b
    }
    #expect(tape.watchedVariables.map(\.name) == ["c", "b", "a"])
  }

  @Test func onlyWhatDependsOnWatchedThingsIsRecorded() {
    let x = Variable<Float>(3)
    let tape = GradientTape()
    tape.record {
      let constant = exp(Tensor<Float>(1)) * 2
      _ = sin(x) * constant + constant
    }
    #expect(tape.recordedOperations == ["sin", "*", "+"])
  }
}

@Suite struct TapeLifeTests {
  let x = Variable<Float>(3)

  @Test func onceUnlessPersistent() {
    let tape = GradientTape()
    let y = tape.record { square(x) }
    #expect(tape.gradient(of: y, for: x)?.scalar == 6)
    expectMistake("gradient", "a tape that is not persistent gives one set of gradients", "persistent") {
      _ = tape.gradient(of: y, for: x)
    }
    expectMistake("record", "reset()", "persistent") { _ = tape.record { square(x) } }
    #expect(tape.recordedOperations.isEmpty)  // its memory is gone
  }

  @Test func persistentTapesGiveMore() {
    let tape = GradientTape(persistent: true)
    let (y, z) = tape.record { (square(x), x * x * x) }
    #expect(tape.gradient(of: y, for: x)?.scalar == 6)
    #expect(tape.gradient(of: z, for: x)?.scalar == 27)
    #expect(tape.gradient(of: y, for: x)?.scalar == 6)
    #expect(tape.isPersistent && !tape.recordedOperations.isEmpty)
  }

  @Test func recordingResumes() {
    let tape = GradientTape()
    let y = tape.record { square(x) }
    let between = y * 100  // not recorded
    let z = tape.record { y * x + between }
    #expect(tape.gradient(of: z, for: x)?.scalar == 27)
    let persistent = GradientTape(persistent: true)
    let first = persistent.record { square(x) }
    #expect(persistent.gradient(of: first, for: x)?.scalar == 6)
    let second = persistent.record { first * x }
    #expect(persistent.gradient(of: second, for: x)?.scalar == 27)
  }

  @Test func recordInsideRecord() {
    let tape = GradientTape()
    let y = tape.record { tape.record { square(x) } + x }
    #expect(tape.recordedOperations == ["square", "+"])  // once each
    #expect(tape.gradient(of: y, for: x)?.scalar == 7)
  }

  @Test func recordReturnsAndRethrows() {
    struct Stop: Error {}
    let tape = GradientTape()
    #expect(throws: Stop.self) {
      try tape.record {
        _ = square(x)
        throw Stop()
      }
    }
    #expect(tape.recordedOperations == ["square"])
    _ = square(x)  // the tape is closed again
    #expect(tape.recordedOperations == ["square"])
    #expect(tape.record { 7 } == 7)
  }

  @Test func withoutRecording() {
    let tape = GradientTape()
    let y = tape.record {
      let a = square(x)
      let b = tape.withoutRecording { square(x) * 10 }
      return a + b
    }
    #expect(y.scalar == 99 && tape.gradient(of: y, for: x)?.scalar == 6)
  }

  @Test func withoutRecordingDoesNotWatch() {
    let tape = GradientTape()
    tape.record {
      tape.withoutRecording {
        tape.withoutRecording { _ = square(x) }; _ = square(x)
      }
    }
    #expect(tape.watchedVariables.isEmpty)
    let y = tape.record { square(x) }
    #expect(tape.gradient(of: y, for: x)?.scalar == 6)
  }

  @Test func withoutRecordingPausesThatTapeAlone() {
    let outer = GradientTape(), inner = GradientTape()
    let y = outer.record { inner.record { inner.withoutRecording { square(x) } } }
    #expect(outer.gradient(of: y, for: x)?.scalar == 6)
    #expect(inner.gradient(of: y, for: x) == nil)
  }

  @Test func reset() {
    let tape = GradientTape()
    let constant = Tensor<Float>(5)
    tape.watch(constant)
    let y = tape.record { square(x) * constant }
    tape.reset()
    #expect(tape.watchedVariables.isEmpty && tape.recordedOperations.isEmpty)
    let z = tape.record { x * constant }
    let gradients = tape.gradient(of: [y, z], for: [x])
    #expect(gradients[0]?.scalar == 5)  // y is forgotten
    tape.reset()  // also after the gradients
    let w = tape.record { square(x) * constant }
    #expect(tape.gradient(of: w, for: constant) == nil)
  }
}

@Suite struct GradientCallTests {
  let x = Variable<Double>([1, 2, 3])

  private func recorded(_ f: () -> Tensor<Double>) -> (GradientTape, Tensor<Double>) {
    let tape = GradientTape(persistent: true)
    return (tape, tape.record(f))
  }

  @Test func theGradientOfATensorIsThatOfItsSum() {
    let (tape, y) = recorded { square(x) }
    #expect(y.shape == [3] && tape.gradient(of: y, for: x)?.scalars == [2, 4, 6])
  }

  @Test func outputGradientsWeigh() {
    let (tape, y) = recorded { square(x) }
    #expect(tape.gradient(of: y, for: x, outputGradients: [1, 0, -1])?.scalars == [2, 0, -6])
    expectMistake("gradient", "target 0", "[3]", "[2]") {
      _ = tape.gradient(of: y, for: x, outputGradients: [1, 1])
    }
    expectMistake("gradient", "1 targets have 2 output gradients") {
      _ = tape.gradient(of: [y], for: [x], outputGradients: [y, y])
    }
  }

  @Test func severalTargetsAddUp() {
    let tape = GradientTape(persistent: true)
    let (y, z) = tape.record { (square(x), x.sum()) }
    #expect(tape.gradient(of: [y, z], for: [x])[0]?.scalars == [3, 5, 7])
    #expect(tape.gradient(of: [y, y], for: [x])[0]?.scalars == [4, 8, 12])
    let weighed = tape.gradient(of: [y, z], for: [x], outputGradients: [Tensor([1, 1, 1]), Tensor(10)])
    #expect(weighed[0]?.scalars == [12, 14, 16])
    #expect(tape.gradient(of: [Tensor<Double>](), for: [x])[0] == nil)
  }

  @Test func unconnectedSources() {
    let other = Variable<Double>([[1, 2]])
    let (tape, y) = recorded { square(x) + 0 * other.value.sum() }
    let apart = Variable<Double>([[1, 2]])
    #expect(tape.gradient(of: y, for: apart) == nil)
    expectClose(tape.gradient(of: y, for: apart, unconnected: .zeros), [[0, 0]], .exact)
    #expect(tape.gradient(of: y, for: other)?.scalars == [0, 0])  // connected, by a factor of 0
    #expect(tape.gradient(of: Tensor<Double>(5), for: x) == nil)
    #expect(tape.gradient(of: stopGradient(y), for: x) == nil)
  }

  @Test func resultsFollowTheOrderOfTheSources() {
    let a = Variable<Double>(2), b = Variable<Double>(5), c = Variable<Double>(7)
    let (tape, y) = recorded { a * b + b * b }
    let gradients = tape.gradient(of: y, for: [b, c, a, b])
    #expect(gradients.map { $0?.scalar } == [12, nil, 5, 12])  // one that is named twice gets its gradient twice
  }

  @Test func intermediatesMayBeSources() {
    let tape = GradientTape(persistent: true)
    let (h, y) = tape.record {
      let h = square(x)
      return (h, (h * h).sum() + x.sum())
    }
    #expect(tape.gradient(of: y, for: h)?.scalars == [2, 8, 18])
    #expect(tape.gradient(of: y, for: x)?.scalars == [5, 33, 109])
    let both = tape.gradient(of: [y], for: [h, x.value])
    #expect(both[0]?.scalars == [2, 8, 18] && both[1] == nil)  // a value read outside is another tensor
    #expect(tape.gradient(of: h, for: y) == nil)  // not backwards
  }

  @Test func aTargetThatIsItsOwnSourceGivesOnes() {
    let (tape, y) = recorded { square(x) }
    #expect(tape.gradient(of: y, for: y)?.scalars == [1, 1, 1])
    #expect(tape.gradient(of: y, for: y, outputGradients: [1, 2, 3])?.scalars == [1, 2, 3])
    let t = Tensor<Double>([1, 2])
    let other = GradientTape()
    other.watch(t)
    #expect(other.gradient(of: t, for: t)?.scalars == [1, 1])
    let reader = GradientTape()
    let value = reader.record { x.value }
    #expect(reader.gradient(of: value, for: x)?.scalars == [1, 1, 1])
  }

  @Test func sourcesThatAreUsedOftenAddUp() {
    let (tape, y) = recorded { x * x + x * x * x + x }
    #expect(tape.gradient(of: y, for: x)?.scalars == [6, 17, 34])
  }

  @Test func gradientsHaveTheSourcesShape() {
    let row = Variable<Double>([[1, 2]]), scalar = Variable<Double>(3)
    let (tape, y) = recorded { row * scalar + Tensor<Double>(ones: [4, 3, 2]) }
    #expect(y.shape == [4, 3, 2])
    #expect(tape.gradient(of: y, for: row)! == Tensor<Double>([[36, 36]]))
    #expect(tape.gradient(of: y, for: scalar)! == Tensor<Double>(36))
  }

  @Test func gradientsOfBothFloatTypes() {
    let a = Variable<Float>(2), b = Variable<Double>(3)
    let tape = GradientTape(persistent: true)
    let y = tape.record { Tensor<Double>(castingFrom: a * a) * b }
    let gradient: Tensor<Float>? = tape.gradient(of: y, for: a)
    #expect(gradient?.scalar == 12 && tape.gradient(of: y, for: b)?.scalar == 4)
  }

  @Test func gradientsDoNotShareTheTargetsSeeds() {
    let seeds = Tensor<Double>(shape: [3], scalars: [1, 1, 1])
    let (tape, y) = recorded { x + x }  // what reaches x twice is added up
    #expect(tape.gradient(of: y, for: x, outputGradients: seeds)?.scalars == [2, 2, 2])
    #expect(seeds.scalars == [1, 1, 1])
    let (other, z) = recorded { x.value + x.value + x.value }
    #expect(other.gradient(of: z, for: x)?.scalars == [3, 3, 3])
  }
}

@Suite struct NestingTests {
  @Test func nestedTapesDifferentiateGradients() {
    let x = Variable<Double>(2)
    let outer = GradientTape(), middle = GradientTape(), inner = GradientTape()
    let second = outer.record {
      let first = middle.record {
        let y = inner.record { x * x * x * x }
        return inner.gradient(of: y, for: x)!
      }
      #expect(first.scalar == 32)
      return middle.gradient(of: first, for: x)!
    }
    #expect(second.scalar == 48)
    #expect(outer.gradient(of: second, for: x)?.scalar == 48)  // 24 x, the third derivative of x⁴
  }

  @Test func gradientsInsideTheirOwnRecording() {
    let x = Variable<Double>(3)
    let tape = GradientTape(persistent: true)
    let (y, first) = tape.record {
      let y = x * x * x
      return (y, tape.gradient(of: y, for: x)!)
    }
    #expect(first.scalar == 27)
    #expect(tape.gradient(of: y, for: x)?.scalar == 27)
    #expect(tape.gradient(of: first, for: x)?.scalar == 18)
  }

  @Test func tapesSideBySide() {
    let x = Variable<Double>(3), z = Variable<Double>(5)
    let a = GradientTape(), b = GradientTape()
    let y = a.record { b.record { x * z } + x }
    #expect(a.gradient(of: y, for: x)?.scalar == 6)
    #expect(b.gradient(of: y, for: x) == nil)  // y was finished outside of b
  }
}

@Suite struct JacobianTests {
  @Test func jacobianHasTheShapeOfTargetAndSource() throws {
    let x = Variable<Double>([[1, 2, 3], [4, 5, 6]])
    let tape = GradientTape(persistent: true)
    let y = tape.record { x.sum(axis: 0) * Tensor<Double>([1, 10, 100]) }
    let j = try #require(tape.jacobian(of: y, for: x))
    #expect(j.shape == [3, 2, 3])
    #expect(j.scalars == [1, 0, 0, 1, 0, 0, 0, 10, 0, 0, 10, 0, 0, 0, 100, 0, 0, 100])
    #expect(tape.jacobian(of: y, for: Variable<Double>(0)) == nil)
    let zeros = tape.jacobian(of: y, for: Variable<Double>([0, 0]), unconnected: .zeros)
    #expect(zeros == Tensor<Double>(zeros: [3, 2]))
    let once = GradientTape()
    let z = once.record { x.sum() }
    #expect(once.jacobian(of: z, for: x)?.scalars == [1, 1, 1, 1, 1, 1])  // one element needs no persistence
    // All rows count as one set of gradients.
    let several = GradientTape()
    let sums = several.record { x.sum(axis: 0) }
    #expect(several.jacobian(of: sums, for: x)?.shape == [3, 2, 3])
    expectMistake("gradient", "persistent") { _ = several.jacobian(of: sums, for: x) }
  }

  @Test func batchJacobianGoesRowByRow() throws {
    let x = Variable<Double>([[1, 2], [3, 4], [5, 6]])
    let tape = GradientTape(persistent: true)
    let w = Tensor<Double>([[1, 0, 2], [0, 1, 3]])
    let y = tape.record { matmul(square(x), w) }
    let b = try #require(tape.batchJacobian(of: y, for: x))
    #expect(b.shape == [3, 3, 2])
    let full = try #require(tape.jacobian(of: y, for: x))
    for row in 0..<3 { #expect(b[row] == full[row, .all, row]) }
    #expect(b[1].scalars == [6, 0, 0, 8, 12, 24])
    expectMistake("batchJacobian", "[3, 3]", "[2]") { _ = tape.batchJacobian(of: y, for: Variable<Double>([1, 2])) }
    expectMistake("batchJacobian", "[]") { _ = tape.batchJacobian(of: y.sum(), for: x) }
    #expect(tape.batchJacobian(of: y, for: Variable<Double>([[1], [2], [3]])) == nil)
  }
}

@Suite struct MixtureTests {
  @Test func sourcesOfSeveralKinds() throws {
    let w = Variable<Float>(3)
    let x = Tensor<Double>([1, 2])
    let tape = GradientTape()
    tape.watch(x)
    let middle = tape.record { Tensor<Float>(castingFrom: square(x)) }
    let loss = tape.record { (w * middle).sum() }
    let (dw, dx, dm, none) = tape.gradient(of: loss, for: w, x, middle, Variable<Float>(0))
    #expect(dw?.scalar == 5)
    #expect(dx?.scalars == [6, 12])
    #expect(dm?.scalars == [3, 3])
    #expect(none == nil)
  }

  @Test func variablesWithNumbers() {
    let w = Variable<Float>(3)
    let rate: Float = 0.5
    #expect((w * rate).scalar == 1.5 && (rate * w).scalar == 1.5 && (2 * w).scalar == 6 && (w * 2).scalar == 6)
    #expect((w + rate).scalar == 3.5 && (rate - w).scalar == -2.5 && (w / rate).scalar == 6 && (1 - w).scalar == -2)
  }
}
