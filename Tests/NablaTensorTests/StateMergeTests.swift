import CKernels
import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

/// The C interface of reductions: states of pieces, their merges, their results.
@Suite struct StateMergeTests {
  private static let all = (0..<NABLA_REDUCTION_COUNT.rawValue).map { nabla_reduction_op($0) }
  private static let types: [DType] = [.float32, .float64, .int32, .int64, .uint8, .bool]

  /// Elements of a type: small numbers that are exact in every one.
  private func elements(_ dtype: DType, _ count: Int, seed: UInt64) -> AnyTensor {
    var generator = RandomGenerator(seed: seed)
    let numbers = Tensor<Double>((0..<count).map { _ in Double(generator.below(dtype == .bool ? 2 : 7)) })
    return AnyTensor(dtype: dtype, shape: [count]) { y in
      nabla_cast_kernel(DType.float64.rawValue, dtype.rawValue)!(numbers.erased.address, 1, y, count)
    }
  }

  /// The results of states as numbers.
  private func numbers(_ r: nabla_reduction, _ op: nabla_reduction_op, _ dtype: DType, _ state: [UInt64]) -> [Double] {
    let isIndex = op == NABLA_ARGMAX || op == NABLA_ARGMIN || op == NABLA_COUNT_TRUE
    let type = isIndex ? DType.int64 : dtype == .bool ? .uint8 : dtype
    var results = [UInt64](repeating: 0, count: 2)
    results.withUnsafeMutableBytes { results in
      state.withUnsafeBytes { state in
        let base = results.baseAddress!
        let addresses: [UnsafeMutableRawPointer?] = [base, base + 8]
        if let result = r.result {
          result(state.baseAddress, 1, addresses, 1)
        } else {
          base.copyMemory(from: state.baseAddress!, byteCount: r.field_bytes)
        }
      }
    }
    return results.prefix(r.results).map { bits in
      var (bits, number) = (bits, 0.0)
      nabla_cast_kernel(type.rawValue, DType.float64.rawValue)!(&bits, 1, &number, 1)
      return number
    }
  }

  private func row(_ r: nabla_reduction, _ x: UnsafeRawPointer, _ n: Int) -> [UInt64] {
    var state = [UInt64](repeating: 0, count: r.fields)
    r.row(x, n, &state, 1)
    return state
  }

  /// Wherever a row is cut, and however often, the merged states give its result; the state of nothing changes none.
  @Test(arguments: types)
  func splits(_ dtype: DType) {
    var generator = RandomGenerator(seed: 41)
    for op in Self.all {
      guard let r = Reduction.description(op, dtype) else { continue }
      for count in [1, 2, 16, 100, 5000] {
        let x = elements(dtype, count, seed: UInt64(count))
        let whole = numbers(r, op, dtype, row(r, x.address, count))
        for _ in 0..<20 {
          let cuts = [0] + (0..<generator.below(5)).map { _ in generator.below(count + 1) }.sorted() + [count]
          var state = row(r, x.address, 0)
          for (start, end) in zip(cuts, cuts.dropFirst()) {
            let part = row(r, x.address + start * dtype.byteCount, end - start)
            r.merge(state, part, &state, 1)
          }
          for (seen, expected) in zip(numbers(r, op, dtype, state), whole) {
            expectClose(
              seen, expected, .relative(64 * (dtype == .float32 ? Double(Float.ulpOfOne) : .ulpOfOne), absolute: 1e-14),
              "\(op) of \(count) \(dtype), cut at \(cuts)")
          }
        }
      }
    }
  }

  /// Columns, strips of them and rows are the states of their elements, in arrays of any stride.
  @Test(arguments: types)
  func formsAgree(_ dtype: DType) {
    let (size, stride) = (dtype.byteCount, 530)
    for op in Self.all {
      guard let r = Reduction.description(op, dtype) else { continue }
      let fields = r.result == nil ? 1 : stride
      for (rows, columns) in [(1, 3), (9, 1), (33, 4), (100, 10), (70, 130), (40, 513), (0, 5)] {
        let x = elements(dtype, rows * columns, seed: UInt64(columns))
        let across = AnyTensor(Storage(sharing: x.storage, offset: 0, shape: [rows, columns], strides: nil))
          .view(permutedBy: [1, 0]).copied
        func states(_ body: (UnsafeMutableRawPointer) -> Void) -> [[Double]] {
          var state = [UInt64](repeating: 0, count: r.fields * stride)
          state.withUnsafeMutableBytes { body($0.baseAddress!) }
          return (0..<columns).map { column in
            var one = [UInt64](repeating: 0, count: r.fields)
            for field in 0..<r.fields {
              _ = state.withUnsafeBytes { state in
                one.withUnsafeMutableBytes { one in
                  memcpy(
                    one.baseAddress! + field * r.field_bytes,
                    state.baseAddress! + (field * fields + column) * r.field_bytes, r.field_bytes)
                }
              }
            }
            return numbers(r, op, dtype, one)
          }
        }
        let expected = (0..<columns).map {
          numbers(r, op, dtype, row(r, across.address + $0 * rows * size, rows))
        }
        let half = columns / 2
        let forms = [
          states { r.columns(x.address, rows, columns, $0, stride) },
          states { r.rows(across.address, columns, rows, $0, stride) },
          states {
            r.strip(x.address, rows, columns, half, $0, stride)
            r.strip(
              x.address + half * size, rows, columns, columns - half, $0 + half * r.field_bytes, stride)
          },
        ]
        for (form, seen) in forms.enumerated() {
          for (column, pair) in zip(seen, expected).enumerated() {
            for (number, other) in zip(pair.0, pair.1) {
              expectClose(
                number, other,
                .relative(64 * (dtype == .float32 ? Double(Float.ulpOfOne) : .ulpOfOne), absolute: 1e-14),
                "\(op) of \(dtype), form \(form), \(rows) x \(columns), column \(column)")
            }
          }
        }
      }
    }
  }

  /// Sums, products and extremes are their own states, with the bits of their kernels.
  @Test func ownStatesAreTheKernels() {
    var generator = RandomGenerator(seed: 42)
    for (rows, columns) in [(1, 100_000), (3, 50_000), (50_000, 3), (1000, 100), (20, 5000)] {
      let x = Tensor<Float>.random(.normal, shape: [rows, columns], using: &generator)
      for op in [NABLA_SUM, NABLA_PRODUCT, NABLA_MAX, NABLA_MIN] {
        var (sums, seen) = ([Float](repeating: 0, count: columns), [Float](repeating: 1, count: columns))
        nabla_reduce_columns_kernel(op, DType.float32.rawValue)!(x.erased.address, rows, columns, &sums)
        Reduction.reduce(op, x.erased, over: [0], into: &seen)
        #expect(sums.map(\.bitPattern) == seen.map(\.bitPattern))
        Reduction.state(op, x.erased, over: [0], into: &seen)
        #expect(sums.map(\.bitPattern) == seen.map(\.bitPattern))
        for row in 0..<min(rows, 10) {
          var (sum, one) = (Float(0), Float(1))
          nabla_reduce_row_kernel(op, DType.float32.rawValue)!(x[row].erased.address, columns, &sum)
          Reduction.reduce(op, x[row].erased, over: [0], into: &one)
          #expect(sum.bitPattern == one.bitPattern)
        }
      }
    }
  }

  /// What plans call has the bits of the eager reduction.
  @Test func preparedCalls() throws {
    var generator = RandomGenerator(seed: 43)
    for (sizes, axes) in [([40, 30], [1]), ([40, 30], [0]), ([7, 4, 5], [1, 2]), ([300], [0]), ([2000, 4], [1])] {
      let x = Tensor<Float>.random(.normal, shape: Shape(sizes), using: &generator).erased
      let count = sizes.indices.reduce(1) { axes.contains($1) ? $0 : $0 * sizes[$1] }
      for op in Self.all where op != NABLA_COUNT_TRUE {
        let r = try #require(Reduction.description(op, .float32))
        let isIndex = op == NABLA_ARGMAX || op == NABLA_ARGMIN
        func run(_ call: PreparedCall, _ operands: AnyTensor, into y: AnyTensor) {
          let addresses: [UnsafeMutablePointer<CChar>?] = [operands, y].map {
            $0.address.assumingMemoryBound(to: CChar.self)
          }
          var placed = call.placed(at: [0, 1])
          nabla_run_calls(&placed, 1, addresses)
        }
        for result in 0..<r.results {
          func empty() -> AnyTensor {
            AnyTensor(0, dtype: isIndex ? .int64 : .float32).view(broadcastTo: [count]).copied
          }
          func bytes(_ x: AnyTensor) -> [UInt8] {
            Array(UnsafeRawBufferPointer(start: x.address, count: count * r.result_bytes))
          }
          let (eager, prepared, finished) = (empty(), empty(), empty())
          Reduction.reduce(op, x, over: axes, result: result, into: eager.address)
          run(
            try #require(Reduction.prepared(op, x.storage, over: axes, result: result, into: prepared.storage)), x,
            into: prepared)
          #expect(bytes(prepared) == bytes(eager), "\(op) of \(sizes) over \(axes)")
          let state = AnyTensor(0, dtype: .uint8).view(
            broadcastTo: [Reduction.stateByteCount(op, .float32, count: count)]
          ).copied
          run(
            try #require(Reduction.preparedState(op, x.storage, over: axes, into: state.storage)), x, into: state)
          if r.result == nil {
            #expect(bytes(state) == bytes(eager))
          } else {
            let kernel = try #require(nabla_reduction_kernel(op, DType.float32.rawValue))
            run(
              PreparedCall(resultOf: kernel, state.storage, result: result, into: finished.storage, count: count),
              state,
              into: finished)
            #expect(bytes(finished) == bytes(eager), "\(op) of \(sizes) over \(axes)")
          }
        }
      }
    }
  }
}

/// What `SameBitsOfStatesTests` computes in processes with different numbers of threads.
private enum Work {
  static func bits() -> String {
    var generator = RandomGenerator(seed: 44)
    let x = Tensor<Float>.random(.normal, shape: [252_000], using: &generator)
    let y = Tensor<Double>(castingFrom: x)
    let shapes: [([Int], [Int])] = [
      ([252_000], [0]), ([2, 126_000], [1]), ([25_200, 10], [0]), ([25_200, 10], [1]), ([3, 84_000], [0]),
      ([252, 1000], [0]), ([28, 9, 1000], [1]), ([18, 14, 1000], [0, 2]), ([4, 21_000, 3], [1]),
    ]
    return shapes.map { sizes, axes in
      [x.erased, y.erased].map { hash($0.view(reshapedTo: Shape(sizes)), axes) }.joined(separator: " ")
    }.joined(separator: " ")
  }

  private static func hash(_ x: AnyTensor, _ axes: [Int]) -> String {
    let count = x.shape.indices.reduce(1) { axes.contains($1) ? $0 : $0 * x.shape[$1] }
    let ops = [
      NABLA_SUM, NABLA_PRODUCT, NABLA_MAX, NABLA_MIN, NABLA_MOMENTS, NABLA_LOG_SUM_EXP, NABLA_ARGMAX, NABLA_ARGMIN,
      NABLA_NORM,
    ]
    return ops.map { op in
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for result in 0..<Reduction.description(op, x.dtype)!.results {
        var bytes = [UInt8](repeating: 0, count: count * 8)
        Reduction.reduce(op, x, over: axes, result: result, into: &bytes)
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      }
      return String(hash, radix: 16)
    }.joined(separator: " ")
  }
}

/// Every tree follows from shapes alone.
@Suite struct SameBitsOfStatesTests {
  private func bits(threads: Int) async -> String? {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) { [threads] in
      setenv("NABLA_NUM_THREADS", "\(threads)", 1)  // before anything has started threads
      print("threads: \(Parallel.threadCount)")
      print("bits: \(Work.bits())")
    }
    let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self).split(separator: "\n")
    #expect(output.contains("threads: \(threads)"))
    return output.first { $0.hasPrefix("bits: ") }.map(String.init)
  }

  @Test func anyNumberOfThreads() async throws {
    let one = try #require(await bits(threads: 1))
    let words = one.split(separator: " ").count
    #expect(words == 163, "a number for each of 9 shapes, 2 types and 9 reductions")
    for threads in [2, 3, 7] {
      let seen = try #require(await bits(threads: threads))
      let wrong = zip(one.split(separator: " "), seen.split(separator: " ")).enumerated().filter { $1.0 != $1.1 }
      #expect(seen == one, "\(threads) threads: \(wrong.count) differ, first number \(wrong.first?.offset ?? -1)")
    }
  }
}
