import Nabla
import NablaPlan
import TestSupport
import Testing

/// Reading and assigning variables in compiled functions: as the body would do, call after call.
@Suite struct CompiledVariableTests {
  @Test func aValueReadBeforeARunStays() {
    let v = Variable<Float>([1, 2, 3])
    let step = compiled { v.assign(v * 2) }
    var seen: [[Float]] = []
    var held: [Tensor<Float>] = []
    for _ in 0..<5 {
      held.append(v.value)
      if held.count == 3 { held.append(v.value[1...]) }  // a view of it
      step()
      seen.append(v.value.scalars)
    }
    #expect(seen == (1...5).map { k in [1, 2, 3].map { $0 * Float(1 << k) } })
    #expect(held.map(\.scalars) == [[1, 2, 3], [2, 4, 6], [4, 8, 12], [8, 12], [8, 16, 24], [16, 32, 48]])
  }

  /// Changes from outside between runs are seen, also other layouts.
  @Test func assignmentsFromOutsideAreSeen() {
    let v = Variable(Tensor<Float>(zeros: [2, 3]))
    let f = compiled { (x: Tensor<Float>) in
      v.assignAdd(x)
      return v.sum(axis: 0)
    }
    #expect(f(Tensor(ones: [2, 3])).scalars == [2, 2, 2])
    v.assign(Tensor<Float>([[1, 2], [3, 4], [5, 6]]).transposed())
    #expect(f(Tensor(ones: [2, 3])).scalars == [5, 9, 13])
    v.assign(Tensor(repeating: 9, shape: [2, 3]))
    #expect(f(Tensor(zeros: [2, 3])).scalars == [18, 18, 18])
    v.assignSub(Tensor(repeating: 9, shape: [2, 3]))
    #expect(f(Tensor(ones: [2, 3])).scalars == [2, 2, 2] && v.value.scalars == [1, 1, 1, 1, 1, 1])
  }

  @Test func oneValueForTwoVariables() {
    let a = Variable<Float>([0, 0]), b = Variable<Float>([0, 0]), c = Variable<Float>([0, 0])
    let f = compiled { (x: Tensor<Float>) in
      let y = x * 2
      a.assign(y)
      b.assign(y)
      c.assign(x)
      return y
    }
    for k in 1...4 {
      let y = f(Tensor([Float(k), 1]))
      for v in [a, b] { #expect(v.value.scalars == [Float(2 * k), 2] && y.scalars == v.value.scalars) }
      #expect(c.value.scalars == [Float(k), 1])
      a.assignAdd([100, 100])  // in place, and seen by nobody else
      #expect(b.value.scalars == [Float(2 * k), 2] && y.scalars == [Float(2 * k), 2])
    }
  }

  @Test func assignedTwiceAndReadBetween() {
    let v = Variable<Float>(1)
    let f = compiled { (x: Tensor<Float>) -> [Tensor<Float>] in
      let before = v.value
      v.assign(v + x)
      let between = v * 10
      v.assign(v * 2)
      v.assignSub(1)
      return [before, between, v.value]
    }
    var value: Float = 1
    for k in 1...4 {
      let x = Float(k)
      let seen = f(Tensor(x)).map(\.scalar)
      #expect(seen == [value, (value + x) * 10, (value + x) * 2 - 1], "run \(k)")
      value = (value + x) * 2 - 1
      #expect(v.value.scalar == value)
    }
  }

  @Test func swapsAndRotations() {
    let a = Variable<Int32>([1, 1]), b = Variable<Int32>([2, 2]), c = Variable<Int32>([3, 3])
    let swap = compiled {
      let old = a.value
      a.assign(b.value)
      b.assign(old)
    }
    let rotate = compiled { () -> Tensor<Int32> in
      let old = a.value
      a.assign(b.value + 0)
      b.assign(c.value)
      c.assign(old)
      return a.value * 100 + b.value * 10 + c.value
    }
    swap()
    #expect([a, b, c].map(\.value.scalars) == [[2, 2], [1, 1], [3, 3]])
    #expect(rotate().scalars == [132, 132])
    #expect(rotate().scalars == [321, 321])
    swap()
    #expect([a, b, c].map(\.value.scalars) == [[2, 2], [3, 3], [1, 1]])
  }

  @Test func integersAndBool() {
    let count = Variable<Int64>(0), flags = Variable(Tensor([false, true])), byte = Variable<UInt8>([250, 3])
    let f = compiled { (x: Tensor<Int64>) in
      count.assignAdd(x.sum())
      count.assignSub(1)
      flags.assign(flags.value .|| (x .> 5))
      byte.assignAdd([10, 1])
      return count * 2
    }
    #expect(f([1, 2]).scalar == 4 && f([7, 0]).scalar == 16 && f([1, 1]).scalar == 18)
    #expect(count.value.scalar == 9 && flags.value.scalars == [true, true])
    #expect(byte.value.scalars == [24, 6])  // 250 + 30 wraps
  }

  /// A variable's new value that is the caller's result too, or a constant, or itself.
  @Test func assignedValuesThatOthersHold() {
    let constant = Tensor<Float>([5, 6])
    let a = Variable<Float>([0, 0]), b = Variable<Float>([1, 2])
    let f = compiled { () -> Tensor<Float> in
      a.assign(constant)
      b.assign(b.value)
      return a.value
    }
    for _ in 0..<3 {
      let seen = f()
      a.assignAdd([1, 1])
      #expect(seen.scalars == [5, 6] && constant.scalars == [5, 6] && a.value.scalars == [6, 7])
      #expect(b.value.scalars == [1, 2])
    }
  }

  /// A variable that is made where the function is traced keeps its value between runs, as in TensorFlow.
  @Test func variablesMadeInside() {
    let f = compiled { (x: Tensor<Float>) in
      let v = Variable<Float>(10)
      v.assignAdd(x)
      return v * 1
    }
    #expect([f(Tensor(1)), f(Tensor(1)), f(Tensor(5))].map(\.scalar) == [11, 12, 17])
  }

  @Test(arguments: [false, true])
  func updatesInPhases(_ inBlocks: Bool) {
    // A variable with rows, read and written in a phase: no row of the old value may be lost before it is read.
    var generator = RandomGenerator(seed: 3)
    let start = Tensor<Double>.random(.normal, shape: [9, 4], using: &generator)
    let (eager, traced) = (Variable(start), Variable(start))
    func body(_ v: Variable<Double>) -> (Tensor<Double>) -> [Tensor<Double>] {
      { x in
        let mean = v.mean(axis: 0)
        v.assign((v - mean) * x)
        return [v.sum(axis: 0), v.value]
      }
    }
    let (plain, f) = (body(eager), compiled(body(traced)))
    if inBlocks { f.options = .tiny }
    for k in 1...4 {
      let x = Tensor<Double>.random(.normal, shape: [9, 4], using: &generator)
      for (seen, expected) in zip(f(x), plain(x)) {
        expectClose(seen, expected, .relative(1e-12, absolute: 1e-14), "run \(k)")
      }
      expectClose(traced.value, eager.value, .relative(1e-12, absolute: 1e-14), "run \(k)")
    }
  }

  // MARK: Updates in place

  /// Values that somebody holds stay what they were, whether the update could have been made in place or not.
  @Test func heldValuesStay() {
    let v = Variable(Tensor<Float>(ones: [1000]))
    let double = compiled { v.assign(v * 2) }
    double()
    let held = v.value
    let slice = held[0..<10]
    for _ in 0..<3 { double() }
    #expect(held.scalars.allSatisfy { $0 == 2 } && slice.scalars.allSatisfy { $0 == 2 })
    #expect(v.value.scalars.allSatisfy { $0 == 16 })
  }

  /// A tape that recorded the old value does not take the new one for it.
  @Test func tapesKnowOldValues() {
    let v = Variable<Float>([1, 2])
    let x = Tensor<Float>([3, 4])
    let tape = GradientTape()
    let y = tape.record { (v * x).sum() }
    let step = compiled { v.assign(v + 1) }
    step()
    let z = tape.record { v.value }
    #expect(tape.gradient(of: y, for: v)?.scalars == [3, 4] && z.scalars == [2, 3])
  }

  /// The old value is read after the new one is known, in all the ways in which that can happen.
  @Test(arguments: [1, 3, 5000, 40_000]) func oldValuesThatAreReadLater(count: Int) {
    let a = Variable(Tensor<Double>(repeating: 3, shape: [count])), b = Variable(Tensor<Double>(zeros: [count]))
    let total = Variable<Double>(0), turned = Variable(Tensor<Double>(zeros: [count, 1]))
    let f = compiled { () -> [Tensor<Double>] in
      let old = a.value
      a.assign(old * 2)
      b.assign(a.value + old)  // after a's new value
      total.assign(old.sum() + a.value.sum())
      turned.assign(old.reshaped(to: [count, 1]) + a.value.reshaped(to: [count, 1]))
      return [old, a.value, matmul(old.reshaped(to: [1, count]), old.reshaped(to: [count, 1]))]
    }
    var value = 3.0
    for _ in 0..<3 {
      let seen = f()
      #expect(seen[0].scalars.allSatisfy { $0 == value } && seen[1].scalars.allSatisfy { $0 == 2 * value })
      #expect(seen[2].scalars == [value * value * Double(count)])
      #expect(a.value.scalars.allSatisfy { $0 == 2 * value } && b.value.scalars.allSatisfy { $0 == 3 * value })
      #expect(total.value.scalar == 3 * value * Double(count))
      #expect(turned.value.scalars.allSatisfy { $0 == 3 * value })
      value *= 2
    }
  }

  /// The same, where the function returns nothing that could keep the old value: each reading alone.
  @Test(arguments: [3, 40_000]) func laterReadingsAlone(count: Int) {
    func check(_ what: String, _ factor: Double, _ read: @escaping (Tensor<Double>, Tensor<Double>) -> Tensor<Double>) {
      let a = Variable(Tensor<Double>(repeating: 3, shape: [count]))
      let b = Variable(Tensor<Double>(zeros: [count]))
      let f = compiled {
        let old = a.value
        a.assign(old * 2)
        b.assign(read(old, a.value))
      }
      for run in 0..<3 {
        f()
        let value = 3 * Double(1 << run)
        #expect(b.value.scalars.allSatisfy { $0 == factor * value }, "\(what), run \(run)")
        #expect(a.value.scalars.allSatisfy { $0 == 2 * value }, "\(what), run \(run)")
      }
    }
    check("element-wise", 3) { $0 + $1 }
    check("through a view", 3) { $0.reshaped(to: [1, count]).reshaped(to: [count]) + $1 }
    check("a sum", Double(count)) { old, new in old.sum() + 0 * new }
    check("reversed", 3) { old, new in old[.range(step: -1)] + new }
    check("a product", Double(count) + 2) { old, new in
      matmul(old.reshaped(to: [1, count]), Tensor<Double>(ones: [count, 1])).reshaped(to: []) + new
    }
    check("before", 4) { old, new in new * 2 }
  }

  /// An operation that needs the old value by row and whole, in the phase that would replace it.
  @Test func rowsAndTheWhole() {
    let size = 200
    let a = Variable(Tensor<Double>(repeating: 1, shape: [size, size]))
    let f = compiled { a.assign(tanh(matmul(a, a) * 1e-3) * 1e3) }
    var expected = a.value
    for _ in 0..<3 {
      f()
      expected = tanh(matmul(expected, expected) * 1e-3) * 1e3
      expectClose(a.value, expected, .relative(1e-12))
    }
  }

  /// A mistake that only the data shows leaves a variable that would have been changed in place as it was.
  @Test func nothingIsHalfWritten() {
    let v = Variable(Tensor<Float>(ones: [64]))
    let f = compiled { (x: Tensor<Float>, index: Tensor<Int32>) in
      v.assign(v * 2)
      return gather(x, indices: index)
    }
    let x = Tensor<Float>([1, 2, 3])
    #expect(f(x, [0]).scalars == [1])
    #expect(throws: NablaError.self) { try throwingErrors { f(x, [7]) } }
    #expect(v.value.scalars.allSatisfy { $0 == 2 })
    #expect(f(x, [2]).scalars == [3] && v.value.scalars.allSatisfy { $0 == 4 })
  }

  /// Other tasks read a value from before or after a step, never one that is half written.
  @Test func readersSeeWholeValues() async {
    let v = Variable(Tensor<Float>(zeros: [40_000]))
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        let step = compiled { v.assign(v + 1) }
        for _ in 0..<300 { step() }
        return true
      }
      for _ in 0..<2 {
        group.addTask {
          var last: Float = 0
          for _ in 0..<300 {
            let value = v.value
            let (low, high) = (value.min().scalar, value.max().scalar)
            if low != high || low < last { return false }
            last = low
          }
          return true
        }
      }
      for await isWhole in group { #expect(isWhole) }
    }
    #expect(v.value.max().scalar == 300)
  }

  /// Memory goes back and forth between plan and variables; none is taken anew. In a process of its own, since counters
  /// are those of the whole process.
  @Test func buffersDoNotGrow() async {
    await #expect(processExitsWith: .success) {
      let size = 100_000
      let v = Variable(Tensor<Float>(zeros: [size])), x = Tensor<Float>(ones: [size])
      let optimizer = SGD<Float>(learningRate: 0.5, momentum: 0.5)
      let step = compiled { (x: Tensor<Float>) in
        let tape = GradientTape()
        let loss = tape.record { square(v - x).mean() }
        optimizer.applyGradients([(tape.gradient(of: loss, for: v), v)])
        return loss
      }
      for _ in 0..<3 { _ = step(x) }
      let before = Memory.counters.inUse
      for run in 0..<20 {
        _ = step(x)
        precondition(Memory.counters.inUse == before, "\(Memory.counters.inUse - before) bytes more after run \(run)")
      }
      precondition(optimizer.step == 23)
    }
  }
}
