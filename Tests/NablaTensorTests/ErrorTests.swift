import Nabla
import NablaTensor
import TestSupport
import Testing

/// Every mistake has its message. Views stand for large tensors: they take no memory.
@Suite struct ErrorTests {
  let m = Tensor<Float>([[1, 2, 3], [4, 5, 6]])
  let v = Tensor<Float>([1, 2])

  @Test func making() {
    expectMistake("Tensor(shape:scalars:)", "[2, 2]", "4 elements, not 1") {
      _ = Tensor<Float>(shape: [2, 2], scalars: [1])
    }
    expectMistake("Shape", "[-1, -1]") { _ = Tensor<Float>(identity: -1) }
    expectMistake("Shape", "[-1]") { _ = Tensor<Float>(zeros: [-1]) }
    expectMistake("Shape", "[-2]") { _ = Tensor<Float>(linearSpaceFrom: 0, to: 1, count: -2) }
    expectMistake("Tensor(rangeFrom:to:stride:)", "stride is 0") { _ = Tensor<Int32>(rangeFrom: 0, to: 1, stride: 0) }
    expectMistake("Tensor<Float>", "float64") { _ = Tensor<Float>(Tensor<Double>(1).erased) }
    expectMistake("scalar", "[2]", "2 elements, not 1") { _ = v.scalar }
    expectMistake("scalar", "0 elements") { _ = Tensor<Float>(zeros: [0]).scalar }
  }

  @Test func elementwise() {
    expectMistake("+", "[2, 3]", "[2]", "do not broadcast") { _ = m + v }
    expectMistake("-", "[2, 3]", "[2]") { _ = m - v }
    expectMistake("*", "[2]", "[2, 3]") { _ = v * m }
    expectMistake("/", "[2, 3]", "[2]") { _ = m / v }
    expectMistake("pow", "[2, 3]", "[2]") { _ = pow(m, v) }
    expectMistake("maximum", "[2, 3]", "[2]") { _ = maximum(m, v) }
    expectMistake("minimum", "[2, 3]", "[2]") { _ = minimum(m, v) }
    expectMistake(".==", "[2, 3]", "[2]") { _ = m .== v }
    expectMistake(".&&", "[3]", "[2]") { _ = Tensor<Bool>(zeros: [3]) .&& Tensor<Bool>(zeros: [2]) }
    expectMistake("select", "mask", "[4]", "[2]") { _ = select(Tensor<Bool>(zeros: [4]), v, v) }
    expectMistake("select", "[2, 3]", "[2]", "do not broadcast") { _ = select(Tensor(true), m, v) }
    expectMistake("allClose", "[2, 3]", "[2]") { _ = m.allClose(v) }
    expectMistake("+", "float32", "float64", "do not mix") { _ = m.erased + Tensor<Double>(1).erased }
    var sum = v
    expectMistake("+=", "[2, 2]", "does not broadcast to [2]") { sum += m[.all, 0..<2] }
    expectMistake("-=", "[3]", "[2]") { sum -= m[0] }
    expectMistake("*=", "[3]", "[2]") { sum *= m[0] }
    expectMistake("/=", "[3]", "[2]") { sum /= m[0] }
    #expect(sum == v)
  }

  @Test func products() {
    expectMistake("matmul", "[2, 3]", "[2, 3]", "3 columns meet 2 rows") { _ = matmul(m, m) }
    expectMistake("matmul", "[2, 3]", "[2, 1]") { _ = matmul(m, v) }
    expectMistake("matmul", "[]", "scalar") { _ = matmul(m, Tensor<Float>(2)) }
    expectMistake("matmul", "leading axes", "[2, 2, 2, 3]", "[3, 3, 1]") {
      _ = matmul(m.broadcast(to: [2, 2, 2, 3]), Tensor<Float>(ones: [3, 3, 1]))
    }
    expectMistake("matmul", "float32", "float64") { _ = m.erased.matmul(Tensor<Double>(ones: [3, 1]).erased) }
    expectMistake("matmul", "int32", "only float32 and float64") {
      _ = Tensor<Int32>([[1]]).erased.matmul(Tensor<Int32>([[1]]).erased)
    }
    expectMistake("dot", "[2, 3]", "[2]") { _ = dot(m, v) }
    expectMistake("outer", "[2, 3]", "[2]") { _ = outer(m, v) }
  }

  @Test func sizesPastTheLimitOfBLAS() {
    let limit = Int(Int32.max), before = Memory.counters
    func ones(_ rows: Int, _ columns: Int) -> Tensor<Float> { Tensor(ones: [rows, columns]) }
    expectMistake("matmul", "\(limit + 1)", "32 bits") { _ = matmul(ones(limit + 1, 2), ones(2, 1)) }
    expectMistake("matmul", "\(limit + 1)", "32 bits") { _ = matmul(ones(1, limit + 1), ones(limit + 1, 1)) }
    expectMistake("matmul", "\(limit + 1)", "32 bits") { _ = matmul(ones(2, 1), ones(1, limit + 1)) }
    expectMistake("matmul", "\(1 << 40)", "32 bits") {
      _ = dot(Tensor<Double>(ones: [1 << 40]), Tensor<Double>(ones: [1 << 40]))
    }
    let large = Tensor<Float>(ones: [1 << 31 - 1, 1 << 31 - 1, 1])
    expectMistake("matmul", "more elements than Int.max") {
      _ = matmul(large.expandingDimension(at: 3), Tensor<Float>(ones: [1, 4]))
    }
    #expect(Memory.counters.peak - before.peak < 1 << 30)
  }

  @Test func sizesPastTheMemory() {
    // 2⁶⁰ bytes are more than an address space holds; Int.max elements have more than Int.max bytes.
    expectMistake("allocate", "float32 of shape [\(1 << 58)]") { _ = Tensor<Float>(ones: [1 << 58]) + 1 }
    expectMistake("allocate", "float64 of shape [\(Int.max)]") { _ = -Tensor<Double>(ones: [Int.max]) }
    expectMistake("allocate", "int64") { _ = Tensor<Int64>(ones: [Int.max]).cumulativeSum() }
    expectMistake("allocate", "float32") { _ = Tensor<Float>(shape: [1 << 60]) { #expect($0.isEmpty) } }
    expectMistake("concatenate", "Int.max") {
      _ = concatenate([Tensor<UInt8>(ones: [Int.max]), Tensor<UInt8>(ones: [1])])
    }
    expectMistake("padded", "[\(Int.max)]") { _ = Tensor<UInt8>(ones: [Int.max]).padded([(1, 1)]) }
    expectMistake("tiled", "[\(Int.max)]") { _ = Tensor<UInt8>(ones: [Int.max]).tiled([2]) }
    expectMistake("gather", "Int.max") {
      _ = gather(Tensor<UInt8>(ones: [1, Int.max]), indices: Tensor<Int32>([0, 0]), axis: 0)
    }
    expectMistake("+", "\(1 << 40)", "do not broadcast") {
      _ = Tensor<Float>(ones: [1 << 40, 1]) + Tensor<Float>(ones: [1 << 40])
    }
  }

  @Test func shapes() {
    expectMistake("reshape", "[2, 3]", "6 elements", "[4]") { _ = m.reshaped(to: [4]) }
    expectMistake("reshape", "[4, -1]", "[2, 3]") { _ = m.reshaped(to: [4, -1]) }
    expectMistake("reshape", "[-1, -1]") { _ = m.reshaped(to: [-1, -1]) }
    expectMistake("Shape", "[-2, -3]") { _ = m.reshaped(to: [-2, -3]) }
    expectMistake("transpose", "[0, 0]", "[2, 3]") { _ = m.transposed(permutation: [0, 0]) }
    expectMistake("transpose", "[1]") { _ = m.transposed(permutation: [1]) }
    expectMistake("expandingDimension", "axis 3", "[2, 3]") { _ = m.expandingDimension(at: 3) }
    expectMistake("expandingDimension", "axis -4") { _ = m.expandingDimension(at: -4) }
    expectMistake("squeezed", "axis 0", "[2, 3]") { _ = m.squeezed(axis: 0) }
    expectMistake("squeezed", "axis 2") { _ = m.squeezed(axis: 2) }
    expectMistake("broadcast", "[2, 3]", "[2, 2]") { _ = m.broadcast(to: [2, 2]) }
    expectMistake("broadcast", "[2, 3]", "[3]") { _ = m.broadcast(to: [3]) }
    expectMistake("reversed", "axis 2", "[2, 3]") { _ = m.reversed(axis: 2) }
    expectMistake("padded", "[2, 3]") { _ = m.padded([(1, 1)]) }
    expectMistake("padded", "[2, 3]") { _ = m.padded([(1, 1), (0, -1)]) }
    expectMistake("tiled", "[2]", "[2, 3]") { _ = m.tiled([2]) }
    expectMistake("tiled", "[2, -1]") { _ = m.tiled([2, -1]) }
    expectMistake("concatenate", "no tensors") { _ = concatenate([Tensor<Float>]()) }
    expectMistake("concatenate", "axis 2") { _ = concatenate([m, m], axis: 2) }
    expectMistake("concatenate", "operand 1", "[2]", "[2, 3]") { _ = concatenate([m, v]) }
    expectMistake("concatenate", "[3, 2]", "axis 0") { _ = concatenate([m, m.transposed()]) }
    expectMistake("stack", "no tensors") { _ = stack([Tensor<Float>]()) }
    expectMistake("stack", "axis 4") { _ = stack([m], axis: 4) }
    expectMistake("concatenate", "[1, 2]") { _ = stack([m[0], v]) }
    expectMistake("split", "[2, 3]", "2") { _ = split(m, count: 2, axis: 1) }
    expectMistake("split", "0") { _ = split(m, count: 0) }
    expectMistake("split", "axis -3") { _ = split(m, count: 1, axis: -3) }
  }

  @Test func picking() {
    expectMistake("gather", "index 2", "axis 0", "[2, 3]") { _ = gather(m, indices: Tensor<Int32>([0, 2])) }
    expectMistake("gather", "index -1", "axis 1") { _ = gather(m, indices: Tensor<Int64>([-1]), axis: 1) }
    expectMistake("gather", "axis 2") { _ = gather(m, indices: Tensor<Int64>([0]), axis: 2) }
    #expect(gather(m, indices: Tensor<UInt8>([1])).shape == [1, 3])
    expectMistake("scatterAdd", "index 5", "[2]") { _ = scatterAdd(v, indices: Tensor<Int32>([5]), values: [1]) }
    expectMistake("scatterAdd", "[2]", "[1]") { _ = scatterAdd(v, indices: Tensor<Int32>([0]), values: [1, 2]) }
    expectMistake("subscript", "index 2", "axis 0", "[2, 3]") { _ = m[2] }
    expectMistake("subscript", "index -4", "axis 1") { _ = m[0, -4] }
    expectMistake("subscript", "3 indices", "[2, 3]") { _ = m[0, 0, 0] }
    expectMistake("subscript", "2 ellipses") { _ = m[.ellipsis, .ellipsis] }
    expectMistake("subscript", "step is 0") { _ = m[.range(step: 0)] }
    var changed = m
    expectMistake("subscript", "[2]", "[3]", "does not broadcast") { changed[0] = v }
    expectMistake("subscript", "index 7") { changed[7] = v }
    #expect(changed == m)
  }

  @Test func axes() {
    expectMistake("sum", "axis 2", "[2, 3]", "2 axes") { _ = m.sum(axis: 2) }
    expectMistake("product", "axis -3") { _ = m.product(axis: -3) }
    expectMistake("max", "axis 5") { _ = m.max(axis: 5) }
    expectMistake("min", "axis 5") { _ = m.min(axis: [0, 5]) }
    expectMistake("sum", "named twice", "axis -1") { _ = m.sum(axis: [1, -1]) }
    expectMistake("mean", "axis 2") { _ = m.mean(axis: 2) }
    expectMistake("variance", "axis 2") { _ = m.variance(axis: 2) }
    expectMistake("standardDeviation", "axis 2") { _ = m.standardDeviation(axis: 2) }
    expectMistake("logSumExp", "axis 2") { _ = m.logSumExp(axis: 2) }
    expectMistake("softmax", "axis 2") { _ = softmax(m, axis: 2) }
    expectMistake("logSoftmax", "axis -1", "[]") { _ = logSoftmax(m.sum()) }
    expectMistake("argmax", "axis 2") { _ = m.argmax(axis: 2) }
    expectMistake("argmin", "axis 2") { _ = m.argmin(axis: 2) }
    expectMistake("cumulativeSum", "axis 0", "[]") { _ = Tensor<Float>(1).cumulativeSum() }
    expectMistake("any", "axis 3") { _ = Tensor<Bool>(zeros: [2]).any(axis: 3) }
  }

  @Test func theCallersLine() throws {
    expectPlace(#line) { _ = m + v }
    expectPlace(#line) { _ = 2 * m + v }
    expectPlace(#line) { _ = matmul(m, m) }
    expectPlace(#line) { _ = m.sum(axis: 2) }
    expectPlace(#line) { _ = m[2] }
    expectPlace(#line) { _ = Tensor<Float>(zeros: [-1]) }
    expectPlace(#line) { let _: Tensor<Float> = [[1], [2, 3]] }
    expectPlace(#line) { Variable<Float>([1]).assign([1, 2]) }
    expectPlace(#line) { SGD<Float>().applyGradients([], to: [Variable(1)]) }
    expectPlace(#line) { _ = try Linalg.leastSquares(v, v) }
    expectPlace(#line) { _ = hessian(at: v) { $0.reshaped(to: [3]) } }
    expectPlace(#line + 3) {
      let tape = GradientTape()
      _ = tape.record {
        m.reshaped(to: [5])
      }
    }
    var caught: NablaError?
    do {
      try throwingErrors { _ = m + v }
    } catch {
      caught = error as? NablaError
    }
    #expect(
      caught?.description
        == "Nabla: +: shapes [2, 3] and [2] do not broadcast: sizes must be equal or 1, from the last axis "
        + "(at NablaTensorTests/ErrorTests.swift:\(#line - 4))")
  }
}

/// What `throwingErrors` promises.
@Suite struct ThrowingErrorsTests {
  struct Mine: Error {}

  @Test func returnsResults() throws {
    #expect(try throwingErrors { Tensor<Float>([1, 2]).sum().scalar } == 3)
  }

  @Test func errorsOfTheBodyPassThrough() {
    #expect(throws: Mine.self) { try throwingErrors { throw Mine() } }
    // A mistake comes first, whatever the body throws on account of it.
    #expect(throws: NablaError.self) {
      try throwingErrors {
        _ = Tensor<Float>([1, 2]).reshaped(to: [3])
        throw Mine()
      }
    }
  }

  @Test func theFirstMistakeIsThrown() {
    expectMistake("reshape", "[3]") {
      let x = Tensor<Float>([1, 2]).reshaped(to: [3])
      _ = matmul(x, Tensor<Float>([[1]]))
      _ = x.sum(axis: 7)
    }
  }

  @Test func nothingRunsAfterAMistake() {
    let variable = Variable<Float>([1, 2]), counter = Variable<Int32>(0)
    let optimizer = SGD<Float>(learningRate: 1)
    var tensor = Tensor<Float>([1, 2])
    expectMistake("reshape") {
      _ = variable.value.reshaped(to: [3])
      variable.assign([5, 6])
      variable.assignAdd([1, 1])
      variable.value = [7, 8]
      counter.assignAdd(1)
      counter.assignSub(1)
      optimizer.applyGradients(zip([Tensor<Float>([1, 1])], [variable]))
      tensor[0] = Tensor(9)
      let large = Tensor<Float>(ones: [1 << 40])  // computed, this would take 4 TiB
      let y = exp(large * large) + large
      #expect(y.count == 1 << 40)
    }
    #expect(variable.value.scalars == [1, 2] && counter.value.scalar == 0 && optimizer.step == 0)
    #expect(tensor.scalars == [1, 2])
    variable.assignAdd([1, 1])
    #expect(variable.value.scalars == [2, 3])
  }

  @Test func tapesInScopes() {
    let x = Variable<Float>(3)
    let tape = GradientTape()
    expectMistake("reshape") {
      let y = tape.record { square(x).reshaped(to: [2]) }
      // A stand-in, so that code that unwraps gets to the throw.
      #expect(tape.gradient(of: y, for: x)!.shape == [])
    }
    expectMistake("sum", "axis 1") {
      let (_, gradient) = valueWithGradient(at: Tensor<Float>([1, 2])) { $0.sum(axis: 1) }
      _ = gradient
    }
    expectMistake("sum", "axis 1") { _ = hessian(at: Tensor<Float>([1, 2])) { $0.sum(axis: 1) } }
    expectMistake("sum", "axis 1") { _ = jvp(at: Tensor<Float>([1, 2]), [1, 1]) { $0.sum(axis: 1) } }
  }

  @Test func scopesNest() throws {
    let result = try throwingErrors {
      expectMistake("reshape") { _ = Tensor<Float>([1, 2]).reshaped(to: [3]) }
      return Tensor<Float>([1, 2]).sum().scalar  // the outer scope has seen no mistake
    }
    #expect(result == 3)
    expectMistake("+") {
      _ = Tensor<Float>([1, 2]) + Tensor<Float>([1, 2, 3])
      expectMistake("reshape") { _ = Tensor<Float>([1, 2]).reshaped(to: [3]) }
    }
  }

  @Test func scopesBelongToTheirTask() async {
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<16 {
        group.addTask {
          if index % 2 == 0 {
            expectMistake("reshape") { _ = Tensor<Float>([1, 2]).reshaped(to: [3]) }
          } else {
            #expect((Tensor<Float>([1, 2]) + 1).scalars == [2, 3])
          }
        }
      }
    }
  }

  /// A stand-in that gets out is refused by every operation, and reading it is harmless.
  @Test func noHalfMadeTensorIsUsed() {
    var escaped = Tensor<Float>([0, 0])
    #expect(throws: NablaError.self) {
      try throwingErrors { escaped = Tensor<Float>([1, 2]) + Tensor<Float>([1, 2, 3]) }
    }
    expectMistake("exp", "failed") { [escaped] in _ = exp(escaped) }
    expectMistake("+", "failed") { [escaped] in _ = 1 + escaped }
    expectMistake("concatenate", "failed") { [escaped] in _ = concatenate([Tensor<Float>(ones: [2]), escaped]) }
    #expect("\(escaped)".contains("failed"))
    #expect(escaped.scalars == [Float](repeating: 0, count: escaped.count))
    #expect(escaped.withUnsafeScalars { $0.allSatisfy { $0 == 0 } })
  }
}

/// The same mistakes outside of a scope end the process with one line on standard error.
@Suite struct TrapTests {
  @Test func addition() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { addWrongShapes() }
    expectOneLine(
      result, "+", "shapes [2] and [3] do not broadcast", "(at NablaTensorTests/ErrorTests.swift:\(addWrongShapesLine))"
    )
  }

  @Test func product() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = matmul(Tensor<Float>(ones: [2, 3]), Tensor<Float>(ones: [2, 3]))
    }
    expectOneLine(result, "matmul", "[2, 3]", "3 columns meet 2 rows")
  }

  @Test func shape() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>(zeros: [Int.max, 2])
    }
    expectOneLine(result, "Shape", "more elements than Int.max")
  }

  @Test func memory() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>(ones: [1 << 58]) + 1
    }
    expectOneLine(result, "allocate", "float32 of shape [\(1 << 58)]")
  }

  @Test func variable() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Variable<Float>([1, 2], name: "weights").assign([1, 2, 3])
    }
    expectOneLine(result, "assign", "weights", "[2]", "[3]")
  }

  @Test func spentTape() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Variable<Float>(3)
      let tape = GradientTape()
      let y = tape.record { square(x) }
      _ = tape.gradient(of: y, for: x)
      _ = tape.gradient(of: y, for: x)
    }
    expectOneLine(result, "gradient", "persistent")
  }
}

private let addWrongShapesLine = #line + 2
private func addWrongShapes() {
  _ = Tensor<Float>([1, 2]) + Tensor<Float>([1, 2, 3])
}
