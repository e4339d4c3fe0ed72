import Nabla
import NablaTensor
import TestSupport
import Testing

/// Sequences, and whether all elements agree: kernels that are compared with loops of the standard library.
@Suite struct SequenceTests {
  private func check<S: NumericScalar & Strideable>(
    _ start: S, _ end: S, _ step: S.Stride, sourceLocation: SourceLocation = #_sourceLocation
  ) where S.Stride: SignedNumeric {
    let range = Tensor<S>(rangeFrom: start, to: end, stride: step)
    let expected = Array(stride(from: start, to: end, by: step))
    #expect(range.shape == [expected.count], sourceLocation: sourceLocation)
    #expect(range.scalars == expected, "\(start), \(end), \(step)", sourceLocation: sourceLocation)
  }

  @Test func rangesAreThoseOfTheStandardLibrary() {
    var generator = RandomGenerator(seed: 3)
    for _ in 0..<300 {
      let (start, end) = (Double.random(in: -9...9, using: &generator), Double.random(in: -9...9, using: &generator))
      let step = Double.random(in: -1...1, using: &generator)
      check(start, end, step)
      check(Float(start), Float(end), Float(step))
      let by = Int(step * 9) == 0 ? 1 : Int(step * 9)
      check(Int(start * 10), Int(end * 10), by)
      check(Int8(start * 10), Int8(end * 10), by)
      check(UInt16(abs(start) * 10), UInt16(abs(end) * 10), by)
    }
    check(Float(0), 1, 0.1)
    check(Float(0), 70_000, 0.3)
    check(Float(16_777_210), 16_777_230, 1)
    check(Double(1), 1, 1)
    check(Double(0), 1, .infinity)
    check(Float(3), -.infinity, -.greatestFiniteMagnitude)
    check(Int32(-100_000), 100_000, 1)
    check(Int64.min + 1, .max - 5, Int.max / 3)
    check(UInt64.max - 10, .max - 1, 4)
    #expect(Tensor<Float>(rangeFrom: -0.0, to: 1, stride: 0.5).scalars[0].sign == .minus)
    #expect(Tensor<Int8>(rangeFrom: 0, to: 100, stride: 1000).scalars == [0])
    #expect(Tensor<UInt8>(rangeFrom: 0, to: 255, stride: 100).scalars == [0, 100, 200])
    let (most, nan) = (Double.infinity, Double.nan)
    let endless: [(Double, Double, Double)] = [(0, most, 1), (-most, 0, 1), (nan, 1, 1), (0, nan, 1), (1, 0, nan)]
    for (start, end, step) in endless {
      expectMistake("Tensor(rangeFrom:to:stride:)", "no end") {
        _ = Tensor<Double>(rangeFrom: start, to: end, stride: step)
      }
    }
  }

  @Test func linearSpacesAreStartPlusMultiples() {
    for count in [2, 3, 7, 1000, 200_001] {
      func check<S: FloatingPointScalar>(_ start: S, _ end: S) {
        let space = Tensor<S>(linearSpaceFrom: start, to: end, count: count).scalars
        let step = (end - start) / S(count - 1)
        #expect(space.dropLast().enumerated().allSatisfy { $0.element == start + S($0.offset) * step }, "\(count)")
        #expect(space.last == end)
      }
      check(Float(0.1), 0.7)
      check(-3.3, 1e3)
    }
  }

  @Test func identitiesOfAllSizes() {
    func check<S: NumericScalar>(_ type: S.Type) {
      for n in [0, 1, 2, 5, 300] {
        let matrix = Tensor<S>(identity: n)
        #expect(matrix.shape == [n, n])
        #expect(matrix.scalars.enumerated().allSatisfy { $0.element == ($0.offset % max(1, n + 1) == 0 ? 1 : 0) })
      }
    }
    check(Float.self)
    check(Double.self)
    check(Int8.self)
    check(UInt64.self)
  }

  @Test(arguments: [1, 5, 1023, 1025, 70_000, 200_001]) func oneDifferenceIsFound(count: Int) {
    func check<S: NumericScalar>(_ type: S.Type) {
      let a = Tensor<S>(repeating: 1, shape: [count])
      for place in Set([0, count / 2, count - 1]) {
        var b = a
        #expect(a == b)
        b[place] = Tensor(0)
        #expect(a != b && b != a && b == b && a.reversed(axis: 0) != b)
        let both = stack([a, b], axis: 1)
        #expect(both != both.reversed(axis: 1) && both[.all, 1] == b && both[.all, 0] == a && both[.all, 0] != b)
      }
    }
    check(Float.self)
    check(Double.self)
    check(Int8.self)
    check(UInt16.self)
    check(Int32.self)
    check(UInt64.self)
    let truths = Tensor<Bool>(repeating: true, shape: [count])
    var others = truths
    others[count - 1] = Tensor(false)
    #expect(truths == truths && truths != others)
  }

  @Test func equalityIsThatOfElements() {
    let nan = Tensor<Float>([1, .nan])
    #expect(nan != nan && Tensor<Float>([0.0]) == Tensor<Float>([-0.0]))
    #expect(Tensor<Float>(zeros: [0, 2]) == Tensor<Float>(zeros: [0, 2]))
    #expect(Tensor<Float>(zeros: [0, 2]) != Tensor<Float>(zeros: [2, 0]) && Tensor<Float>(1) != Tensor<Float>([1]))
    expectMistake("==", "being compiled") {
      _ = compiled { (x: Tensor<Float>) in x + Tensor(x == x ? 1 : 0) }(Tensor([1]))
    }
  }

  @Test func closenessIsThatOfElements() {
    func check<S: FloatingPointScalar>(_ type: S.Type) {
      let values: [S] = [0, -0.0, 1, 1.00001, 1.0001, -1, 1e-9, 1e-7, .infinity, -.infinity, .nan, 1e30]
      for relative: S in [1e-5, 0, 1e-3] {
        for absolute: S in [1e-8, 0] {
          for a in values {
            for b in values {
              let bound = absolute + relative * abs(b)
              let expected = a == b || (b.isFinite && abs(a - b) <= bound)
              for count in [1, 3000] {
                let x = Tensor<S>(repeating: a, shape: [count]) + 0, y = Tensor<S>(repeating: b, shape: [count])
                #expect(x.allClose(y, relative: relative, absolute: absolute) == expected, "\(a) \(b)")
              }
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
    var m = Tensor<Double>(repeating: 2, shape: [70_000, 3])
    let row = Tensor<Double>([2, 2, 2])
    #expect(m.allClose(row) && row.allClose(m) && m.transposed().allClose(m.transposed()) && m.allClose(2))
    m[69_999, 1] = Tensor(2.1)
    #expect(!m.allClose(row) && !row.allClose(m) && !m.allClose(2) && m.allClose(row, absolute: 0.2))
    #expect(Tensor<Double>(zeros: [0]).allClose(Tensor(1)))
    expectMistake("allClose", "[2]", "[3]") { _ = Tensor<Float>([1, 2]).allClose(Tensor([1, 2, 3])) }
  }

  @Test func rowsBecomeAMatrix() {
    expectEqual(Tensor<Int16>([[1, 2], [3, 4], [5, 6]]), shape: [3, 2], [1, 2, 3, 4, 5, 6])
    #expect(Tensor<Float>([[], []]).shape == [2, 0] && Tensor<Float>([[Float]]()).shape == [0, 0])
  }
}
