import CKernels
import Nabla
import NablaTensor
import Testing

/// Every integer type against Swift's own arithmetic, at lengths where the loops of all instruction sets end in the middle.
@Suite struct IntegerTypeTests {
  private static let lengths = [0, 1, 3, 15, 16, 17, 67, 300, 5000]

  /// Numbers with all bits in use, those at the ends of the range among them.
  private func numbers<I: FixedWidthInteger>(_ count: Int, _ seed: UInt64) -> [I] {
    var state = seed
    let ends: [I] = [0, 1, .max, .min, .max - 1, I(truncatingIfNeeded: -1)]
    return (0..<count).map { index in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return index % 7 == 3 ? ends[index / 7 % ends.count] : I(truncatingIfNeeded: state >> 29)
    }
  }

  private func check<I: NumericScalar & FixedWidthInteger>(_ type: I.Type) {
    for count in Self.lengths {
      let (a, b): ([I], [I]) = (numbers(count, 1), numbers(count, 2))
      let (x, y) = (Tensor(a), Tensor(b))
      func expect(_ seen: Tensor<I>, _ rule: (I, I) -> I) { #expect(seen.scalars == zip(a, b).map(rule)) }
      func expect(_ seen: Tensor<Bool>, _ rule: (I, I) -> Bool) { #expect(seen.scalars == zip(a, b).map(rule)) }
      expect(x + y, &+)
      expect(x - y, &-)
      expect(x * y, &*)
      expect(x / y) { u, v in v == 0 ? 0 : u.dividedReportingOverflow(by: v).partialValue }
      expect(maximum(x, y), Swift.max)
      expect(minimum(x, y), Swift.min)
      expect(square(x)) { u, _ in u &* u }
      expect(abs(x)) { u, _ in u < 0 ? 0 &- u : u }
      expect(sign(x)) { u, _ in u.signum() }
      expect(x .== y, ==)
      expect(x .< y, <)
      expect(x .>= y, >=)
      #expect(x.sum().scalar == total(a) && x.cumulativeSum(axis: 0).scalars == running(a))
      let odd: [I] = a.map { $0 | 1 }
      #expect(Tensor(odd).product().scalar == odd.reduce(1, &*))
      guard count > 0 else { continue }
      #expect(x.max().scalar == a.max() && x.min().scalar == a.min())
      #expect(x.argmax(axis: 0).scalar == Int64(a.firstIndex(of: a.max()!)!))
    }
  }

  private func total<I: FixedWidthInteger>(_ values: [I]) -> I { values.reduce(0, &+) }

  private func running<I: FixedWidthInteger>(_ values: [I]) -> [I] {
    var sum: I = 0
    return values.map {
      sum &+= $0
      return sum
    }
  }

  /// Rows and columns, and memory in another order.
  private func checkMatrix<I: NumericScalar & FixedWidthInteger>(_ type: I.Type) {
    let (rows, columns) = (70, 37)
    let a: [I] = numbers(rows * columns, 3)
    let x = Tensor(shape: [rows, columns], scalars: a)
    func row(_ i: Int) -> [I] { Array(a[i * columns..<(i + 1) * columns]) }
    func column(_ j: Int) -> [I] { (0..<rows).map { i in a[i * columns + j] } }
    let (allRows, allColumns): ([[I]], [[I]]) = ((0..<rows).map(row), (0..<columns).map(column))
    #expect(x.transposed().scalars == allColumns.flatMap { $0 })
    #expect(x.sum(axis: 0).scalars == allColumns.map(total))
    #expect(x.max(axis: 0).scalars == allColumns.map { $0.max()! })
    #expect(x.sum(axis: 1).scalars == allRows.map(total))
    let negated: [I] = column(5).reversed().map { 0 &- $0 }
    #expect((0 - x[.range(step: -1), 5]).scalars == negated)
    #expect("\(Tensor<I>([0, 100, .max]))".hasSuffix("\(I.max)]") && (x * 1).dtype == I.dtype)
  }

  private func checkCasts<I: NumericScalar & FixedWidthInteger, J: NumericScalar & FixedWidthInteger>(
    _ from: I.Type, _ to: J.Type
  ) {
    for count in [1, 67] {
      let a: [I] = numbers(count, 4)
      let expected: [J] = a.map { J(truncatingIfNeeded: $0) }
      #expect(Tensor<J>(castingFrom: Tensor(a)).scalars == expected)
    }
    let largest = Tensor<J>(castingFrom: Tensor<I>(repeating: .max, shape: [5]))
    #expect(largest.scalars == [J](repeating: J(truncatingIfNeeded: I.max), count: 5))
  }

  private func checkOtherCasts<I: NumericScalar & FixedWidthInteger>(_ type: I.Type) {
    let a: [I] = numbers(67, 5)
    let x = Tensor(a)
    #expect(Tensor<Float>(castingFrom: x).scalars == a.map { Float($0) })
    #expect(Tensor<Double>(castingFrom: x).scalars == a.map { Double($0) })
    #expect(Tensor<Bool>(castingFrom: x).scalars == a.map { $0 != 0 })
    #expect(Tensor<I>(castingFrom: Tensor<Bool>([true, false, true])).scalars == [1, 0, 1])
    let d: [Double] = [.nan, .infinity, -.infinity, 1e30, -1e30, 2.9, -0.9, 77]
    let expected: [I] = [0, .max, .min, .max, .min, 2, 0, 77]
    #expect(Tensor<I>(castingFrom: Tensor(d)).scalars == expected)
    #expect(Tensor<I>(castingFrom: Tensor(d.map { Float($0) })).scalars == expected)
    checkCasts(I.self, Int8.self)
    checkCasts(I.self, Int16.self)
    checkCasts(I.self, Int32.self)
    checkCasts(I.self, Int64.self)
    checkCasts(I.self, UInt8.self)
    checkCasts(I.self, UInt16.self)
    checkCasts(I.self, UInt32.self)
    checkCasts(I.self, UInt64.self)
  }

  /// Order, running sums and slices by number, of rows and of columns, where keys are sorted by comparisons and by digits.
  private func checkAlongAxes<I: NumericScalar & FixedWidthInteger>(_ type: I.Type) {
    for count in [1, 5, 40, 1500] {
      let a: [I] = numbers(count, 6)
      let ascending = a.indices.sorted { a[$0] == a[$1] ? $0 < $1 : a[$0] < a[$1] }
      let descending = a.indices.sorted { a[$0] == a[$1] ? $0 < $1 : a[$0] > a[$1] }
      for x in [Tensor(a).reshaped(to: [1, count]), Tensor(a).reshaped(to: [count, 1])] {
        let axis = count == x.shape[0] ? 0 : 1
        let indices = UnsafeMutablePointer<Int64>.allocate(capacity: count)
        let values = UnsafeMutablePointer<I>.allocate(capacity: count)
        defer {
          indices.deallocate()
          values.deallocate()
        }
        func isSeen(_ order: some Collection<Int>) -> Bool {
          order.enumerated().allSatisfy { indices[$0] == Int64($1) && values[$0] == a[$1] }
        }
        Order.sort(x.erased, axis: axis, values: values, indices: indices)
        #expect(isSeen(ascending))
        Order.sort(x.erased, axis: axis, descending: true, values: values, indices: indices)
        #expect(isSeen(descending))
        Order.sort(x.erased, axis: axis, values: values, indices: nil)
        #expect(ascending.enumerated().allSatisfy { values[$0] == a[$1] })
        Order.topK(x.erased, count: (count + 1) / 2, axis: axis, values: values, indices: indices)
        #expect(isSeen(descending.prefix((count + 1) / 2)))
        Scan.cumulativeSum(x.erased, axis: axis, into: values)
        #expect(Array(UnsafeBufferPointer(start: values, count: count)) == running(a))
        #expect(x.argmin(axis: axis).scalars == [Int64(ascending[0])])
        let list = Tensor<Int32>(ascending.map { Int32($0) })
        #expect(Indexing.gather(x.erased, list.erased, axis: axis, into: values) == nil)
        #expect(ascending.enumerated().allSatisfy { values[$0] == a[$1] })
      }
    }
  }

  /// Few targets, many targets, and many positions for each of many targets.
  private func checkScatterAdd<I: NumericScalar & FixedWidthInteger>(_ type: I.Type) {
    for (count, size) in [(300, 7), (300, 5000), (60_000, 150_000)] {
      let a: [I] = numbers(count, 7)
      let places: [UInt32] = numbers(count, 8)
      let list = places.map { Int64($0 % UInt32(size)) }
      var expected = [I](repeating: 3, count: size)
      for (place, value) in zip(list, a) { expected[Int(place)] &+= value }
      var seen = [I](repeating: 3, count: size)
      let position = seen.withUnsafeMutableBytes {
        Indexing.scatterAdd(
          Tensor(a).erased, Tensor(list).erased, axis: 0, size: size, onto: true, into: $0.baseAddress!)
      }
      #expect(position == nil && seen == expected)
    }
  }

  private func checkAll<I: NumericScalar & FixedWidthInteger>(_ type: I.Type) {
    check(I.self)
    checkMatrix(I.self)
    checkAlongAxes(I.self)
    checkScatterAdd(I.self)
    checkOtherCasts(I.self)
  }

  @Test func int8() { checkAll(Int8.self) }
  @Test func int16() { checkAll(Int16.self) }
  @Test func int32() { checkAll(Int32.self) }
  @Test func int64() { checkAll(Int64.self) }
  @Test func uint8() { checkAll(UInt8.self) }
  @Test func uint16() { checkAll(UInt16.self) }
  @Test func uint32() { checkAll(UInt32.self) }
  @Test func uint64() { checkAll(UInt64.self) }

  /// The list in C and the one in Swift name the same types by the same numbers.
  @Test func listsAgree() {
    let kernels: [DType: Int] = [
      .float32: Int(NABLA_F32), .float64: Int(NABLA_F64), .bool: Int(NABLA_BOOL), .int8: Int(NABLA_I8),
      .int16: Int(NABLA_I16), .int32: Int(NABLA_I32), .int64: Int(NABLA_I64), .uint8: Int(NABLA_U8),
      .uint16: Int(NABLA_U16), .uint32: Int(NABLA_U32), .uint64: Int(NABLA_U64),
    ]
    #expect(kernels.count == Int(NABLA_DTYPES) && DType.allCases.count == kernels.count)
    for (dtype, number) in kernels { #expect(Int(dtype.rawValue) == number, "\(dtype)") }
  }

  /// A mask between two single elements, over the lengths of vectors.
  @Test func choiceOfTwoElements() {
    for count in Self.lengths {
      let mask = (0..<count).map { $0 % 3 == 1 }
      let expected = mask.map { $0 ? 5 : -7 }
      #expect(select(Tensor(mask), Tensor<Float>(5), Tensor<Float>(-7)).scalars == expected.map { Float($0) })
      #expect(select(Tensor(mask), Tensor<Double>(5), Tensor<Double>(-7)).scalars == expected.map { Double($0) })
      #expect(select(Tensor(mask), Tensor<Int16>(5), Tensor<Int16>(-7)).scalars == expected.map { Int16($0) })
      #expect(select(Tensor(mask), Tensor<Bool>(true), Tensor<Bool>(false)).scalars == mask)
    }
  }
}
