import Nabla
import NablaTensor
import TestSupport
import Testing

/// Assigning to parts of tensors, and reading single elements.
@Suite struct AssignmentTests {
  typealias T = Tensor<Double>

  private func address<S>(_ x: Tensor<S>) -> UnsafeMutableRawPointer { x.erased.address }

  /// Elements that nothing else shares.
  private func numbers(_ shape: Shape) -> T { T(shape: shape, scalars: (0..<shape.elementCount).map(Double.init)) }

  @Test func changesInPlaceWhereNothingElseSeesIt() throws {
    var a = numbers([3, 4])
    let before = address(a)
    a[0] = T([10, 11, 12, 13])
    a[1, 2] = T(20)
    a[-1, -1] = T(30)
    a[1..<3, 0] = T([40, 50])
    a[.all, .range(step: -2)] += 1
    a[2] *= 2
    try throwingErrors { a[0, 0] = T(-1) }
    #expect(address(a) == before)
    expectEqual(a, shape: [3, 4], [-1, 12, 12, 14, 40, 6, 20, 8, 100, 20, 20, 62])
  }

  @Test func copiesAndViewsKeepTheirElements() {
    var a = numbers([2, 3])
    let (copy, row, flat) = (a, a[1], a.transposed().flattened())
    a[1] = T([7, 8, 9])
    var b = a
    b[0, 0] = T(-1)
    b[1..<2] = T(0)
    expectEqual(copy, shape: [2, 3], [0, 1, 2, 3, 4, 5])
    expectEqual(row, shape: [3], [3, 4, 5])
    expectEqual(flat, shape: [6], [0, 3, 1, 4, 2, 5])
    expectEqual(a, shape: [2, 3], [0, 1, 2, 7, 8, 9])
    expectEqual(b, shape: [2, 3], [-1, 1, 2, 0, 0, 0])
    var view = a.transposed()
    view[0] = T([5, 6])
    expectEqual(view, shape: [3, 2], [5, 6, 1, 8, 2, 9])
    expectEqual(a, shape: [2, 3], [0, 1, 2, 7, 8, 9])
    var zeros = T(zeros: [2, 2])
    zeros[0, 1] = T(1)
    expectEqual(zeros, shape: [2, 2], [0, 1, 0, 0])
  }

  @Test func ownPartsAsValues() {
    var a = numbers([4])
    a[.all] = a.reversed(axis: 0)
    expectEqual(a, shape: [4], [3, 2, 1, 0])
    a[1..<4] = a[0..<3]
    expectEqual(a, shape: [4], [3, 3, 2, 1])
    var m = numbers([2, 2])
    m[0] = m[1]
    m[1] = m.transposed()[1]
    m[.all] = m.transposed()
    expectEqual(m, shape: [2, 2], [2, 3, 3, 3])
  }

  @Test func tapesKeepWhatTheyRecorded() {
    let x = numbers([3])
    let tape = GradientTape()
    tape.watch(x)
    var h = tape.record { exp(x) }
    let loss = tape.record { h.sum() }
    let expected = h.scalars
    h[0] = T(100)
    h[1..<3] = T(200)
    expectEqual(h, shape: [3], [100, 200, 200])
    expectEqual(tape.gradient(of: loss, for: x)!, shape: [3], expected)
  }

  @Test func assignmentsAreDifferentiated() {
    func f(_ x: [T]) -> T {
      var y = square(x[0])
      y[1] = x[1] * 3
      y[0, 1] = y[1, 0] * y[0, 0]
      return y[0, 1] + y.sum()
    }
    let x = [numbers([2, 2]) + 1, T([5, 6])]
    // y = [[x00², 6 x10 x00²], [3 x10, 3 x11]] with the second argument in row 1; the element at 0, 1 counts twice.
    let gradients = gradient(at: x) { f($0) }
    expectEqual(gradients[0], shape: [2, 2], [2 + 2 * 2 * 15, 0, 0, 0])
    expectEqual(gradients[1], shape: [2], [3 + 2 * 3, 3])
    let plan = compiled { (a: T, b: T) in gradient(at: [a, b]) { f($0) }[0] }
    for _ in 0..<2 { #expect(plan(x[0], x[1]) == gradients[0]) }
    let tangent = jvp(at: x, [T(ones: [2, 2]), T([0, 0])]) { f($0) }.tangent
    #expect(tangent.scalar == gradients[0].sum().scalar)
    let rows = vmap(over: x[0]) { row in
      var row = row
      row[0] = row[1]
      return row[1] * 2 + row[0]
    }
    expectEqual(rows, shape: [2], [6, 12])
  }

  @Test func partsOfVariables() {
    let variable = Variable<Double>(numbers([3, 2]))
    let before = variable.value.erased.address
    variable[0] = T([10, 11])
    variable[1..<3, 1] = T(20)
    variable[-1, 0] += 5
    #expect(variable.value.erased.address == before)
    expectEqual(variable.value, shape: [3, 2], [10, 11, 2, 20, 9, 20])
    let held = variable.value
    variable[0] = variable[2]
    expectEqual(held, shape: [3, 2], [10, 11, 2, 20, 9, 20])
    expectEqual(variable[0], shape: [2], [9, 20])
    // Assignment is not differentiated, and what a tape has read stays.
    let tape = GradientTape()
    let loss = tape.record {
      let y = square(variable.value).sum()
      variable[0] = T(0)
      return y
    }
    expectEqual(tape.gradient(of: loss, for: variable)!, shape: [3, 2], [18, 40, 4, 40, 18, 40])
    expectEqual(variable[0], shape: [2], [0, 0])
    let step = compiled { (x: T) in
      variable[1] = x
      return variable[1].sum()
    }
    for number in [1.0, 2] { #expect(step(T([number, 1])).scalar == number + 1) }
    expectEqual(variable.value, shape: [3, 2], [0, 0, 2, 1, 9, 20])
    expectMistake("subscript", "index 3") { variable[3] = T(1) }
    expectMistake("subscript", "does not broadcast") { variable[0] = T([1, 2, 3]) }
    expectMistake("subscript", "index 9") {
      _ = variable[9]
      variable[0] = T(1)
    }
    expectEqual(variable.value, shape: [3, 2], [0, 0, 2, 1, 9, 20])
  }

  @Test func afterAMistakeNothingChanges() {
    var a = numbers([2, 3])
    expectMistake("subscript", "index 2", "axis 0", "[2, 3]") { a[2] = T([1, 2, 3]) }
    expectMistake("subscript", "index 2", "axis 0", "[2, 3]") { a[2, 0] = T(1) }
    expectMistake("subscript", "index -4", "axis 1") { a[0, -4] = T(1) }
    expectMistake("subscript", "[2]", "[3]", "does not broadcast") { a[0] = T([1, 2]) }
    expectMistake("subscript", "[1]", "[]", "does not broadcast") { a[0, 0] = T([1]) }
    expectMistake("subscript", "2 indices", "[3]") { _ = numbers([3])[0, 0] }
    expectMistake("subscript", "1 indices", "[]") { _ = T(1)[0] }
    expectMistake("subscript", "index 5") {
      _ = a[5]
      a[0, 0] = T(9)
      a[.all, 1] = T(9)
    }
    expectEqual(a, shape: [2, 3], [0, 1, 2, 3, 4, 5])
  }

  /// The same assignment, seen by a tape, makes another tensor: both must agree, whatever the views.
  @Test func randomPartsAreThoseOfTapes() {
    var generator = RandomGenerator(seed: 5)
    func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &generator) }
    for number in 0..<600 {
      let shape = Shape((0..<1 + below(3)).map { _ in 1 + below(4) })
      var base = numbers(shape)
      if below(3) == 0 { base = base.transposed() }
      if below(4) == 0 { base = base.reversed(axis: 0) }
      if below(6) == 0 { base = T(3).broadcast(to: shape) }
      let indices = (0..<1 + below(base.rank)).map { axis -> any TensorIndexing in
        let size = base.shape[axis]
        switch below(5) {
        case 0: return below(size)
        case 1: return -1 - below(size)
        case 2: return 0..<below(size + 1)
        case 3: return TensorIndex.range(step: below(2) == 0 ? -1 : 2)
        default: return TensorIndex.all
        }
      }.map(\.tensorIndex)
      let part = base[indices]
      var value = T.random(.uniform(0, 1), shape: part.shape, using: &generator)
      if below(3) == 0 { value = value.transposed().transposed(permutation: Array((0..<value.rank).reversed())) }
      if below(4) == 0 { value = T(-5) }
      let recorded = GradientTape().record {
        var copy = base
        copy[indices] = value
        return copy
      }
      var changed = base
      changed[indices] = value
      #expect(changed == recorded, "\(number): \(base.shape)")
      base[indices] = value  // may be the only reference
      #expect(base == recorded, "\(number): \(base.shape)")
    }
  }

  @Test func elementsOfViews() {
    let base = numbers([3, 4, 2])
    for view in [
      base, base.transposed(), base.reversed(axis: 1), base[.all, .range(step: 2)], T(1).broadcast(to: [2, 3, 2]),
    ] {
      let elements = view.scalars
      let (rows, columns, depth) = (view.shape[0], view.shape[1], view.shape[2])
      for i in 0..<rows {
        #expect(view[i].scalars == Array(elements[i * columns * depth..<(i + 1) * columns * depth]))
        #expect(view[i - rows] == view[i, .all])
        for j in 0..<columns {
          let start = (i * columns + j) * depth
          #expect(view[i, j].shape == [depth] && view[i, j].scalars == Array(elements[start..<start + depth]))
          #expect(view[i, j][1].scalar == elements[start + 1] && view[i][j][0].scalar == elements[start])
        }
      }
    }
    #expect(numbers([0, 3]).transposed()[1].shape == [0] && T(zeros: [2, 0, 3])[1, .all].shape == [0, 3])
    expectMistake("subscript", "index 0", "[0, 3]") { _ = T(zeros: [0, 3])[0] }
  }

  @Test func largePartsAreCopiedWhole() {
    let row = T(rangeFrom: 0, to: 200_000, stride: 1)
    var a = T(zeros: [3, 200_000]) + 0
    a[1] = row
    a[2] = row.reversed(axis: 0)
    #expect(a[1] == row && a[2].reversed(axis: 0) == row && a[0] == T(zeros: [200_000]))
  }
}
