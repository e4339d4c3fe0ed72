import Nabla
import TestSupport
import Testing

@Suite struct ShapeTests {
  @Test func sizesAndCounts() {
    let shape: Shape = [2, 0, 3]
    #expect(shape.rank == 3 && shape.elementCount == 0 && Array(shape) == [2, 0, 3])
    #expect(Shape.scalar.rank == 0 && Shape.scalar.elementCount == 1)
    #expect("\(shape)" == "[2, 0, 3]")
    #expect(Shape([4, 5]).denseStrides == [5, 1])
  }

  @Test func sizesAreChecked() {
    expectMistake("Shape", "[2, -1]", "negative") { _ = Shape([2, -1]) }
    expectMistake("Shape", "\(Int.max)", "more elements than Int.max") { _ = Shape([Int.max, 2]) }
    expectMistake("Shape", "more elements than Int.max") { _ = Shape([1 << 32, 1 << 31]) }
    // What a size of 0 multiplies away must not pass by: the other axes are walked.
    expectMistake("Shape", "Int.max") { _ = Shape([Int.max, 0, 2]) }
    expectMistake("Shape", "negative") { _ = Shape([0, -1]) }
    #expect(Shape([Int.max, 1]).elementCount == Int.max)
    expectMistake("Shape", "[-3]", "negative") {
      var shape: Shape = [3]
      shape[0] = -3
    }
    expectMistake("Shape", "Int.max") {
      var shape: Shape = [3, 4]
      shape[0] = Int.max
    }
  }

  @Test func broadcasting() {
    func check(_ a: Shape, _ b: Shape, _ expected: Shape?, sourceLocation: SourceLocation = #_sourceLocation) {
      #expect(a.broadcast(with: b) == expected, sourceLocation: sourceLocation)
      #expect(b.broadcast(with: a) == expected, sourceLocation: sourceLocation)
    }
    check([2, 3], [2, 3], [2, 3])
    check([2, 3], [], [2, 3])
    check([2, 3], [3], [2, 3])
    check([2, 1], [3], [2, 3])
    check([2, 1, 4], [3, 1], [2, 3, 4])
    check([1], [0], [0])
    check([2, 0], [1, 1], [2, 0])
    check([2, 3], [2], nil)
    check([2], [0], nil)
    check([4, 3], [2, 3], nil)
    check([1 << 40, 1], [1 << 40], nil)  // more elements than Int.max
  }

  @Test func repeatedAxes() {
    #expect(Shape([3, 1]).repeatedAxes(in: [2, 3, 4]) == [0, 2])
    #expect(Shape([3, 1]).repeatedAxes(in: [2, 3, 1]) == [0])
    #expect(Shape.scalar.repeatedAxes(in: [2, 1]) == [0, 1])
  }
}

@Suite struct MakingTests {
  @Test func literals() {
    let vector: Tensor<Float> = [1, 2.5, -3]
    expectEqual(vector, shape: [3], [1, 2.5, -3])
    let matrix: Tensor<Int32> = [[1, 2, 3], [4, 5, 6]]
    expectEqual(matrix, shape: [2, 3], [1, 2, 3, 4, 5, 6])
    let deep: Tensor<Double> = [[[1], [2]], [[3], [4]], [[5], [6]]]
    expectEqual(deep, shape: [3, 2, 1], [1, 2, 3, 4, 5, 6])
    let flags: Tensor<Bool> = [[true, false]]
    expectEqual(flags, shape: [1, 2], [true, false])
    let scalar: Tensor<UInt8> = Tensor(7)
    expectEqual(scalar, shape: [], [7])
    let point: Tensor<Float> = Tensor(2.5)
    expectEqual(point, shape: [], [2.5])
    let truth: Tensor<Bool> = Tensor(true)
    expectEqual(truth, shape: [], [true])
    let empty: Tensor<Float> = []
    expectEqual(empty, shape: [0], [])
    let hollow: Tensor<Float> = [[], []]
    expectEqual(hollow, shape: [2, 0], [])
  }

  @Test func raggedLiterals() {
    expectMistake("Tensor literal", "element 1 has shape [1] where element 0 has [2]") {
      let _: Tensor<Float> = [[1, 2], [3]]
    }
    expectMistake("Tensor literal", "element 1 has shape [] where element 0 has [2]") {
      let _: Tensor<Float> = [[1, 2], 3]
    }
    expectMistake("Tensor literal", "element 1 has shape [2] where element 0 has [1]") {
      let _: Tensor<Int64> = [[[1], [2, 3]], [[4], [5]]]
    }
    expectMistake("Tensor", "row 2 has 1 elements where row 0 has 2") {
      let rows: [[Float]] = [[1, 2], [3, 4], [5]]
      _ = Tensor(rows)
    }
  }

  @Test func initializers() {
    expectEqual(Tensor<Int32>(5), shape: [], [5])
    expectEqual(Tensor([1.5, 2]), shape: [2], [1.5, 2])
    let rows: [[Int64]] = [[1, 2], [3, 4]]
    expectEqual(Tensor(rows), shape: [2, 2], [1, 2, 3, 4])
    expectEqual(Tensor([[Float]]()), shape: [0, 0], [])
    expectEqual(Tensor<Float>(shape: [2, 1], scalars: [3, 4]), shape: [2, 1], [3, 4])
    expectEqual(Tensor<Double>(zeros: [2]), shape: [2], [0, 0])
    expectEqual(Tensor<Bool>(ones: [2]), shape: [2], [true, true])
    expectEqual(Tensor<Bool>(zeros: [1]), shape: [1], [false])
    expectEqual(Tensor<UInt8>(repeating: 9, shape: [2, 2]), shape: [2, 2], [9, 9, 9, 9])
    expectEqual(Tensor<Float>(identity: 2), shape: [2, 2], [1, 0, 0, 1])
    expectEqual(Tensor<Int32>(identity: 0), shape: [0, 0], [])
    expectEqual(Tensor<Int32>(rangeFrom: 1, to: 8, stride: 3), shape: [3], [1, 4, 7])
    expectEqual(Tensor<Int64>(rangeFrom: 3, to: 0, stride: -1), shape: [3], [3, 2, 1])
    expectEqual(Tensor<Float>(rangeFrom: 0, to: 1, stride: 0.25), shape: [4], [0, 0.25, 0.5, 0.75])
    expectEqual(Tensor<Int32>(rangeFrom: 3, to: 3, stride: 1), shape: [0], [])
    expectEqual(Tensor<Double>(linearSpaceFrom: 0, to: 1, count: 5), shape: [5], [0, 0.25, 0.5, 0.75, 1])
    expectEqual(Tensor<Double>(linearSpaceFrom: 2, to: 7, count: 1), shape: [1], [2])
    expectEqual(Tensor<Double>(linearSpaceFrom: 2, to: 7, count: 0), shape: [0], [])
    #expect(Tensor<Float>(linearSpaceFrom: 0, to: 0.1, count: 7).scalars.last == 0.1)
    let written = Tensor<Int32>(shape: [2, 2]) { for index in $0.indices { $0[index] = Int32(index * index) } }
    expectEqual(written, shape: [2, 2], [0, 1, 4, 9])
  }

  @Test func looking() {
    let t: Tensor<Float> = [[1, 2, 3], [4, 5, 6]]
    #expect(t.rank == 2 && t.count == 6 && t.dtype == .float32 && t.shape == [2, 3])
    #expect(Tensor<Float>([[7]]).scalar == 7)
    #expect(t.withUnsafeScalars { Array($0) } == [1, 2, 3, 4, 5, 6])
    #expect(t.transposed().withUnsafeScalars { Array($0) } == [1, 4, 2, 5, 3, 6])
    #expect(t == Tensor<Float>([[1, 2, 3], [4, 5, 6]]))
    #expect(t != Tensor<Float>([1, 2, 3, 4, 5, 6]))
    #expect(Tensor<Float>(.nan) != Tensor<Float>(.nan))
    let names = DType.allCases.map { "\($0)" }
    #expect(names.prefix(3) == ["float32", "float64", "bool"])
    #expect(
      names.dropFirst(3) == ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
    #expect(DType.allCases.map(\.byteCount) == [4, 8, 1, 1, 2, 4, 8, 1, 2, 4, 8])
  }

  @Test func repeatingTakesNoMemory() {
    let before = Memory.counters.inUse
    let large = Tensor<Double>(repeating: 3, shape: [1 << 30, 1 << 30])
    #expect(large.count == 1 << 60 && Memory.counters.inUse - before < 1 << 30)
    #expect(large[5, 1 << 20].scalar == 3)
  }
}
