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

@Suite struct VariableTests {
  @Test func assignment() {
    let x = Variable<Float>([1, 2], name: "weights")
    x.assign([3, 4])
    #expect(x.value.scalars == [3, 4])
    x.value = [5, 6]
    x.assignAdd([1, 1])
    x.assignSub([0, 2])
    #expect(x.value.scalars == [6, 5] && x.shape == [2] && x.name == "weights" && x.isTrainable)
    expectMistake("assign", "weights", "[2]", "[3]") { x.assign([1, 2, 3]) }
    expectMistake("assignAdd", "weights", "[2]", "[]") { x.assignAdd(1) }
    expectMistake("assignSub", "weights", "[2]", "[1, 2]") { x.assignSub([[1, 2]]) }
    #expect(x.value.scalars == [6, 5])
    let copy = x
    copy.assign([0, 0])
    #expect(x.value.scalars == [0, 0] && copy == x && Set([x, copy]).count == 1)
    #expect(x != Variable<Float>([0, 0]))
    let text = "\(x)"
    #expect(text == "Variable(weights, shape [2]): [0. 0.]")
    let count = Variable(Tensor<Int32>(.max))
    count.assignAdd(1)
    count.assignSub(2)
    #expect(count.value.scalar == Int32.max - 1)
    let byte = Variable<UInt8>(3)
    byte.assignSub(5)
    #expect(byte.value.scalar == 254)
  }

  @Test func assignmentIsNotDifferentiated() {
    let x = Variable<Double>(3)
    let tape = GradientTape()
    let y = tape.record {
      let before = square(x)
      x.assign(x * 10)
      return before + square(x)
    }
    #expect(y.scalar == 909)
    #expect(tape.gradient(of: y, for: x)?.scalar == 66)  // 2·3 + 2·30: both readings are x
  }

  @Test func theRecordedValueIsTheOneThatWasRead() {
    let x = Variable<Double>(3)
    let tape = GradientTape()
    let y = tape.record { square(x) }
    x.assign(100)
    x.assignAdd(1)
    #expect(tape.gradient(of: y, for: x)?.scalar == 6)
  }

  private func address(_ x: Variable<Float>) -> UnsafeMutableRawPointer { x.erased.current.storage.base }

  @Test func updatesRunInPlaceWhereNothingElseSees() {
    let x = Variable(Tensor<Float>(shape: [1000], scalars: [Float](repeating: 1, count: 1000)))
    let before = address(x)
    let ones = Tensor<Float>(ones: [1000])
    x.assignAdd(ones)
    x.assignSub(ones * 3)
    SGD<Float>(learningRate: 0.5).applyGradients([ones], to: [x])
    #expect(address(x) == before && x.value.scalars == [Float](repeating: -1.5, count: 1000))
    let read = x.value
    x.assignAdd(ones)
    #expect(address(x) != before && read.scalars[0] == -1.5 && x.value.scalars[0] == -0.5)  // the reader keeps its own
  }

  @Test func initialValuesAreNotShared() {
    let start = Tensor<Float>([1, 2])
    let x = Variable(start), y = Variable(start)
    x.assignAdd([1, 1])
    #expect(start.scalars == [1, 2] && y.value.scalars == [1, 2] && x.value.scalars == [2, 3])
    let repeated = Variable(Tensor<Float>(zeros: [3]))
    repeated.assignAdd([1, 2, 3])
    #expect(repeated.value.scalars == [1, 2, 3])
    let view = Variable(Tensor<Float>([[1, 2], [3, 4]]).transposed())
    view.assignAdd([[10, 20], [30, 40]])
    #expect(view.value.scalars == [11, 23, 32, 44])
    view.assignAdd(view.value.transposed())
    #expect(view.value.scalars == [22, 55, 55, 88])
  }
}

/// What the derivative is where it is not unique.
@Suite struct EdgeTests {
  private func gradients(_ a: [Double], _ b: [Double], _ f: (Tensor<Double>, Tensor<Double>) -> Tensor<Double>)
    -> ([Double], [Double])
  {
    let (x, y) = gradient(at: Tensor(a), Tensor(b), of: f)
    return (x.scalars, y.scalars)
  }
  private func gradients(_ x: [Double], _ f: (Tensor<Double>) -> Tensor<Double>) -> [Double] {
    gradient(at: Tensor(x), of: f).scalars
  }
  private func tangents(_ x: [Double], _ f: (Tensor<Double>) -> Tensor<Double>) -> [Double] {
    jvp(at: Tensor(x), Tensor(ones: [x.count]), of: f).tangent.scalars
  }

  @Test func tiesOfTwoGoToTheFirst() {
    #expect(gradients([1, 2, 3], [2, 2, 2]) { maximum($0, $1) } == ([0, 1, 1], [1, 0, 0]))
    #expect(gradients([1, 2, 3], [2, 2, 2]) { minimum($0, $1) } == ([1, 1, 0], [0, 0, 1]))
  }

  @Test func tiesOfAReductionAreSplitEvenly() {
    let third = 1.0 / 3
    #expect(gradients([3, 1, 3, 3]) { $0.max() } == [third, 0, third, third])
    #expect(gradients([3, 1, 1, 3]) { $0.min() } == [0, 0.5, 0.5, 0])
    let g = gradient(at: Tensor<Double>([[2, 2], [1, 5]])) { $0.max(axis: 1) }
    #expect(g.scalars == [0.5, 0.5, 0, 1])
    #expect(jvp(at: Tensor<Double>([2, 2]), [1, 3]) { $0.max() }.tangent.scalar == 2)
  }

  @Test func kinks() {
    #expect(gradients([-1, 0, 1], relu) == [0, 0, 1] && tangents([-1, 0, 1], relu) == [0, 0, 1])
    #expect(gradients([-1, 0, 1]) { abs($0) } == [-1, 0, 1] && tangents([-1, 0, 1]) { abs($0) } == [-1, 0, 1])
    #expect(gradients([0, 4], sqrt) == [.infinity, 0.25] && tangents([0, 4], sqrt) == [.infinity, 0.25])
    #expect(gradients([-2, 0, 2]) { sign($0) + floor($0) + ceil($0) + round($0) } == [0, 0, 0])
    #expect(gradients([-2, -1, 0, 1, 2]) { clip($0, -1, 1) } == [0, 1, 1, 1, 0])
    #expect(gradients([-1, 0, 1]) { leakyRelu($0, slope: 0.25) } == [0.25, 0.25, 1])
    #expect(gradients([0, 1]) { elu($0) } == [1, 1])
  }

  @Test func productsWithZerosAreExact() {
    #expect(gradients([2, 0, 5]) { $0.product() } == [0, 10, 0])
    #expect(gradients([0, 0, 5]) { $0.product() } == [0, 0, 0])
    #expect(gradients([2, 3, 5]) { $0.product() } == [15, 10, 6])
    #expect(gradients([7]) { $0.product() } == [1])
    let second = hessian(at: Tensor<Double>([0, 0, 5])) { $0.product() }
    #expect(second.scalars == [0, 5, 0, 5, 0, 0, 0, 0, 0])
    let rows = gradient(at: Tensor<Double>([[0, 2], [3, 0]])) { $0.product(axis: 0) }
    #expect(rows.scalars == [3, 0, 0, 2])
  }

  @Test func powersOfZero() {
    // (0, 0), (0, 1), (0, 2), (-2, 3), (2, 0), (0, 0.5)
    let (a, b) = gradients([0, 0, 0, -2, 2, 0], [0, 1, 2, 3, 0, 0.5]) { pow($0, $1) }
    #expect(a == [0, 1, 0, 12, 0, .infinity])
    #expect(b[0...3] == [0, 0, 0, 0] && b[5] == 0)
    expectClose(b[4], 0.6931471805599453, .ulps(1))
    #expect(gradients([0, -3]) { pow($0, 2) } == [0, -6])
  }

  @Test func selectionLetsNothingThrough() {
    let x = Variable<Double>([-1, 4])
    let tape = GradientTape()
    // The logarithm of what is not chosen is NaN; its gradient is multiplied by 0 before the logarithm, not after.
    let y = tape.record {
      let positive = x .> 0
      return select(positive, log(select(positive, x.value, Tensor(1))), Tensor(0))
    }
    #expect(tape.gradient(of: y, for: x)?.scalars == [0, 0.25])
  }
}

@Suite struct CustomGradientTests {
  let x = Tensor<Double>([1, 2, 3])

  /// x², whose gradient is said to be 10 x.
  private func tenfold(_ x: Tensor<Double>) -> Tensor<Double> {
    customGradient(x) { x in (square(x), { g in g * 10 * x }) }
  }

  @Test func thePullbackReplacesWhatWasRecorded() {
    #expect(gradient(at: x, of: tenfold).scalars == [10, 20, 30])
    #expect(gradient(at: x) { tenfold($0) * 2 + $0 }.scalars == [21, 41, 61])
    let variable = Variable(x)
    let tape = GradientTape()
    let y = tape.record { tenfold(variable.value) }
    #expect(y.scalars == [1, 4, 9] && tape.gradient(of: y, for: variable)?.scalars == [10, 20, 30])
  }

  @Test func nested() {
    // The derivative of the pullback: d/dx 10 x.
    #expect(gradient(at: x) { gradient(at: $0, of: tenfold) }.scalars == [10, 10, 10])
    let inner: (Tensor<Double>) -> Tensor<Double> = { x in
      customGradient(x) { x in (tenfold(x), { g in g * 3 }) }
    }
    #expect(gradient(at: x, of: inner).scalars == [3, 3, 3])
  }

  @Test func forwardModeTransposesThePullback() {
    #expect(jvp(at: x, [1, 1, -1], of: tenfold).tangent.scalars == [10, 20, -30])
    let product = jvp(at: [x, 2 * x], [Tensor([1, 0, 0]), Tensor([0, 1, 0])]) { x in
      customGradient(x) { x in (x[0] * x[1], { g in [g * x[1], g * x[0]] }) }
    }
    #expect(product.value.scalars == [2, 8, 18] && product.tangent.scalars == [2, 2, 0])
    #expect(hessianVectorProduct(at: x, [1, 2, 3], of: tenfold).scalars == [10, 20, 30])
  }

  @Test func severalOperands() {
    let (a, b) = gradient(at: x, x + 1) { a, b in
      customGradient([a, b]) { _ in (Tensor<Double>(1), { g in [g * Tensor([1, 2, 3]), g * Tensor([4, 5, 6])] }) }
    }
    #expect(a.scalars == [1, 2, 3] && b.scalars == [4, 5, 6])
  }

  @Test func mistakes() {
    expectMistake("customGradient", "[1]", "[3]") {
      _ = gradient(at: x) { x in customGradient(x) { x in (square(x), { _ in Tensor([1]) }) } }
    }
    expectMistake("customGradient", "no operands") {
      _ = customGradient([Tensor<Double>]()) { _ in (Tensor<Double>(1), { _ in [] }) }
    }
  }

  @Test func stoppedGradients() {
    #expect(gradient(at: x) { $0 * stopGradient($0) }.scalars == [1, 2, 3])
    #expect(gradient(at: x) { stopGradient(square($0)) }.scalars == [0, 0, 0])
    #expect(jvp(at: x, [1, 1, 1]) { $0 * stopGradient($0) }.tangent.scalars == [1, 2, 3])
    #expect(gradient(at: x) { gradient(at: $0) { $0 * $0 * stopGradient($0) } }.scalars == [2, 4, 6])
  }
}

@Suite struct LongTapeTests {
  /// A chain of 100,000 operations: walked and freed in loops. Recursion would not fit the stack of a quarter of a
  /// mebibyte.
  @Test func aHundredThousandOperations() async {
    await withCheckedContinuation { done in
      let thread = Thread {
        differentiateALongChain()
        done.resume()
      }
      thread.stackSize = 1 << 18
      thread.start()
    }
  }

  private func differentiateALongChain() {
    let x = Variable<Double>(1)
    for persistent in [false, true] {
      let tape = GradientTape(persistent: persistent)
      var y = tape.record { x * 1 }
      tape.record { for _ in 0..<99_999 { y = y * (1 + 1e-6) } }
      #expect(tape.recordedOperations.count == 100_000)
      // y = x · factor⁹⁹⁹⁹⁹; each product rounds once, and so does each step back.
      let g = tape.gradient(of: y, for: x)?.scalar ?? 0
      expectClose(g, y.scalar, .relative(1e5 * Double.ulpOfOne))
      expectClose(g, Foundation.exp(99_999 * Foundation.log1p(1e-6)), .relative(1e5 * Double.ulpOfOne))
    }
  }

  /// In a process of its own: the counters are the whole process's.
  @Test func memoryFallsOnTheWay() async {
    await #expect(processExitsWith: .success) {
      let x = Variable<Float>(Tensor(ones: [1 << 16]))
      let before = Memory.counters.inUse
      let tape = GradientTape()
      let y = tape.record { (0..<64).reduce(x.value) { y, _ in sin(y) } }
      precondition(Memory.counters.inUse - before > 50 << 18)  // the operands of 64 sines
      precondition(tape.gradient(of: y, for: x) != nil)
      precondition(Memory.counters.inUse - before < 16 << 18)  // the tape has let go
    }
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
