import Nabla
import NablaTensor
import TestSupport
import Testing

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
