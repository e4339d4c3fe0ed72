import Nabla
import NablaTensor
import TestSupport
import Testing

/// Whether two tensors look at the same memory.
private func shareMemory<S>(_ a: Tensor<S>, _ b: Tensor<S>) -> Bool {
  (a.erased.storage.owner ?? a.erased.storage) === (b.erased.storage.owner ?? b.erased.storage)
}

@Suite struct ViewTests {
  let t = Tensor<Int32>([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])

  @Test func windowsShareMemory() {
    let views: [Tensor<Int32>] =
      [
        t.transposed(), t[1], t[.all, 1..<3], t.reversed(axis: 1), t.broadcast(to: [2, 3, 4]), t.flattened(),
        t.reshaped(to: [2, 6]), t[1][.newAxis], t.expandingDimension(at: 1), t.transposed().transposed(),
        t[.all, .range(step: -2)],
      ] + split(t, count: 2, axis: 1)
    for (index, view) in views.enumerated() { #expect(shareMemory(view, t), "view \(index)") }
  }

  @Test func windowsHaveTheRightElements() {
    expectEqual(t.transposed(), shape: [4, 3], [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12])
    expectEqual(t.reversed(axis: 0), shape: [3, 4], [9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4])
    expectEqual(t.reversed(axis: -1)[0], shape: [4], [4, 3, 2, 1])
    expectEqual(t[2].broadcast(to: [2, 4]), shape: [2, 4], [9, 10, 11, 12, 9, 10, 11, 12])
    expectEqual(t[.all, 0..<1].broadcast(to: [3, 2]), shape: [3, 2], [1, 1, 5, 5, 9, 9])
    expectEqual(split(t, count: 2, axis: 1)[1], shape: [3, 2], [3, 4, 7, 8, 11, 12])
    expectEqual(t[1].expandingDimension(at: -1), shape: [4, 1], [5, 6, 7, 8])
    expectEqual(t.expandingDimension(at: 1).squeezed(axis: 1), shape: [3, 4], t.scalars)
    expectEqual(([[[1], [2]]] as Tensor<Int32>).squeezed(), shape: [2], [1, 2])
    expectEqual(t.reversed(axis: 0).transposed().flattened(), shape: [12], [9, 5, 1, 10, 6, 2, 11, 7, 3, 12, 8, 4])
    expectEqual(Tensor<Int32>(zeros: [0, 3]).reversed(axis: 0).transposed(), shape: [3, 0], [])
  }

  @Test func copyingOperations() {
    expectEqual(Tensor<Int32>([[1, 2]]).padded([(1, 0), (0, 2)]), shape: [2, 4], [0, 0, 0, 0, 1, 2, 0, 0])
    expectEqual(Tensor<Int32>([1, 2]).tiled([2]), shape: [4], [1, 2, 1, 2])
    expectEqual(Tensor<Int32>([[1, 2]]).tiled([2, 2]), shape: [2, 4], [1, 2, 1, 2, 1, 2, 1, 2])
    expectEqual(Tensor<Int32>([[1, 2]]).tiled([0, 2]), shape: [0, 4], [])
    expectEqual(concatenate([t[0..<1], t[2..<3]]), shape: [2, 4], [1, 2, 3, 4, 9, 10, 11, 12])
    expectEqual(
      concatenate([t[.all, 0..<1], t[.all, 3..<4], Tensor<Int32>(zeros: [3, 0])], axis: -1), shape: [3, 2],
      [1, 4, 5, 8, 9, 12])
    expectEqual(stack([t[0], t[1].reversed(axis: 0)], axis: -1), shape: [4, 2], [1, 8, 2, 7, 3, 6, 4, 5])
    expectEqual(
      gather(t, indices: Tensor<Int32>([[2, 0]]), axis: 0), shape: [1, 2, 4], [9, 10, 11, 12, 1, 2, 3, 4])
    expectEqual(gather(t.transposed(), indices: Tensor<Int64>([1]), axis: 1), shape: [4, 1], [5, 6, 7, 8])
    expectEqual(gather(t, indices: Tensor<Int64>(2), axis: 1), shape: [3], [3, 7, 11])
    expectEqual(
      scatterAdd(Tensor<Float>([10, 20, 30]), indices: Tensor<Int32>([0, 2, 0]), values: [1, 2, 3]), shape: [3],
      [14, 20, 32])
    expectEqual(t.reshaped(to: [2, -1]), shape: [2, 6], t.scalars)
  }

  @Test func randomViewsHaveTheirElements() {
    var generator = RandomGenerator(seed: 11)
    for number in 0..<400 {
      let view = RandomView<Int32>(rank: number % 5, using: &generator) { index, _ in Int32(index) }
      expectEqual(view.tensor, shape: view.tensor.shape, view.scalars, "view \(number)")
      #expect(view.tensor.count == view.scalars.count)
    }
  }

  /// Random views reshaped to random factorizations: the elements stay in row-major order, whether or not a view does.
  @Test func reshapingRandomViews() {
    var generator = RandomGenerator(seed: 12)
    var views = 0, copies = 0
    for number in 0..<1500 {
      let view = RandomView<Int32>(rank: number % 5 + 1, using: &generator) { index, _ in Int32(index) }
      var sizes = view.tensor.shape.dimensions
      for _ in 0..<3 {  // merge, split and add axes of size 1
        let axis = generator.below(max(1, sizes.count))
        switch generator.below(3) {
        case 0 where axis + 1 < sizes.count: sizes[axis] *= sizes.remove(at: axis + 1)
        case 1 where !sizes.isEmpty:
          if let factor = (2...7).first(where: { sizes[axis] % $0 == 0 }) {
            sizes[axis] /= factor
            sizes.insert(factor, at: axis + generator.below(2))
          }
        default: sizes.insert(1, at: axis)
        }
      }
      let reshaped = view.tensor.reshaped(to: Shape(sizes))
      expectEqual(reshaped, shape: Shape(sizes), view.scalars, "view \(number), \(view.tensor.shape) to \(sizes)")
      if shareMemory(reshaped, view.tensor) { views += 1 } else { copies += 1 }
    }
    #expect(views > 300 && copies > 100)
  }

  @Test func reshapeIsAWindowWhereStridesAllow() {
    let cube = Tensor<Float>(shape: [4, 6, 5], scalars: (0..<120).map { Float($0) })
    #expect(shareMemory(cube[.all, 0..<3].reshaped(to: [2, 2, 3, 5]), cube))
    #expect(shareMemory(cube[.all, 0..<3].reshaped(to: [4, 15]), cube))
    #expect(!shareMemory(cube[.all, 0..<3].reshaped(to: [12, 5]), cube))
    #expect(shareMemory(cube.reversed(axis: 0).reshaped(to: [4, 30]), cube))
    #expect(shareMemory(cube.transposed(permutation: [2, 0, 1]).reshaped(to: [5, 24]), cube))
    #expect(!shareMemory(cube.transposed().reshaped(to: [5, 24]), cube))
    #expect(shareMemory(cube[0, 0].broadcast(to: [8, 5]).reshaped(to: [2, 4, 5]), cube))
  }

  @Test func copyOnWrite() {
    let original = Tensor<Float>([[1, 2], [3, 4]])
    var copy = original
    let view = original.transposed()
    copy.withUnsafeMutableScalars { $0[0] = 100 }
    #expect(original.scalars == [1, 2, 3, 4] && copy.scalars == [100, 2, 3, 4] && view.scalars == [1, 3, 2, 4])
    var changed = view
    changed.withUnsafeMutableScalars { $0[1] = -1 }  // row-major order of the view
    #expect(changed.scalars == [1, -1, 2, 4] && original.scalars == [1, 2, 3, 4] && view.scalars == [1, 3, 2, 4])
    var repeated = Tensor<Float>(repeating: 5, shape: [3])
    repeated.withUnsafeMutableScalars { $0[1] = 6 }
    #expect(repeated.scalars == [5, 6, 5])
    var assigned = original
    assigned[0, 1] = Tensor(9)
    #expect(assigned.scalars == [1, 9, 3, 4] && original.scalars == [1, 2, 3, 4])
    var sum = original
    sum += original
    #expect(sum.scalars == [2, 4, 6, 8] && original.scalars == [1, 2, 3, 4])
  }

  @Test func changesInPlaceWhereUnique() {
    var t = Tensor<Float>(shape: [1000], scalars: [Float](repeating: 1, count: 1000))
    let before = t.erased.storage.base
    t.withUnsafeMutableScalars { $0[0] = 2 }
    #expect(t.erased.storage.base == before)
    let view = t[0..<10]
    t.withUnsafeMutableScalars { $0[0] = 3 }
    #expect(t.erased.storage.base != before && view.scalars[0] == 2)
  }
}

@Suite struct SubscriptTests {
  let t = Tensor<Int32>(shape: [2, 3, 4], scalars: (0..<24).map { Int32($0) })

  @Test func reading() {
    expectEqual(t[1, 2, 3], shape: [], [23])
    expectEqual(t[-1, -3, -4], shape: [], [12])
    expectEqual(t[1, 1], shape: [4], [16, 17, 18, 19])
    expectEqual(t[0, 1..<3, 2], shape: [2], [6, 10])
    expectEqual(t[0, -2 ..< -1, 2], shape: [1], [6])
    expectEqual(t[0, 0, 1...2], shape: [2], [1, 2])
    expectEqual(t[0, 0, -3 ... -1], shape: [3], [1, 2, 3])
    expectEqual(t[0, 0, 2...], shape: [2], [2, 3])
    expectEqual(t[0, 0, ..<2], shape: [2], [0, 1])
    expectEqual(t[0, 0, ...2], shape: [3], [0, 1, 2])
    expectEqual(t[0, 0, ...(-2)], shape: [3], [0, 1, 2])
    expectEqual(t[0, 0, 2..<100], shape: [2], [2, 3])
    expectEqual(t[0, 0, 2..<2], shape: [0], [])
    expectEqual(t[0, 5..<9], shape: [0, 4], [])
    expectEqual(t[.all, 0, 0], shape: [2], [0, 12])
    expectEqual(t[.ellipsis, 1], shape: [2, 3], [1, 5, 9, 13, 17, 21])
    expectEqual(t[1, .ellipsis, 1], shape: [3], [13, 17, 21])
    expectEqual(t[1, 0, 0, .ellipsis], shape: [], [12])
    expectEqual(t[0, .newAxis, 0], shape: [1, 4], [0, 1, 2, 3])
    expectEqual(t[.newAxis, .ellipsis, .newAxis].flattened(), shape: [24], t.scalars)
    #expect(t[.newAxis, .ellipsis, .newAxis].shape == [1, 2, 3, 4, 1])
  }

  @Test func steps() {
    expectEqual(t[0, 0, .range(step: 2)], shape: [2], [0, 2])
    expectEqual(t[0, 0, .range(from: 1, step: 2)], shape: [2], [1, 3])
    expectEqual(t[0, 0, .range(step: -1)], shape: [4], [3, 2, 1, 0])
    expectEqual(t[0, 0, .range(from: -1, to: 0, step: -2)], shape: [2], [3, 1])
    expectEqual(t[0, 0, .range(from: 100, to: -100, step: -3)], shape: [2], [3, 0])
    expectEqual(t[0, 0, .range(from: 0, to: 3, step: -1)], shape: [0], [])
    expectEqual(t[0, 0, .range(step: .max)], shape: [1], [0])
    expectEqual(t[0, 0, .range(step: .min)], shape: [1], [3])
    expectEqual(t[0, 0, .range(from: .min, to: .max)], shape: [4], [0, 1, 2, 3])
  }

  /// Every slice of a short axis against Python's rule, written as a walk.
  @Test func allSlicesOfAnAxis() {
    let x = Tensor<Int32>(rangeFrom: 0, to: 5, stride: 1)
    for from in [nil] + (-7...7).map(Optional.some) {
      for to in [nil] + (-7...7).map(Optional.some) {
        for step in [-3, -2, -1, 1, 2, 3] {
          func cut(_ bound: Int) -> Int {
            let counted = bound < 0 ? bound + 5 : bound
            return step > 0 ? min(max(counted, 0), 5) : min(max(counted, -1), 4)
          }
          let first = from.map(cut) ?? (step > 0 ? 0 : 4)
          let end = to.map(cut) ?? (step > 0 ? 5 : -1)
          let expected = stride(from: first, to: end, by: step).map { Int32($0) }
          let seen = x[.range(from: from, to: to, step: step)]
          #expect(seen.scalars == expected, "\(String(describing: from)):\(String(describing: to)):\(step)")
        }
      }
    }
  }

  @Test func assigning() {
    var a = t
    a[1, 2, 3] = Tensor(100)
    #expect(a.scalars[23] == 100 && t.scalars[23] == 23)
    a = t
    a[0] = Tensor<Int32>(-1)
    #expect(a.scalars == [Int32](repeating: -1, count: 12) + (12..<24))
    a = t
    a[.all, 1] = [7, 8, 9, 10]
    #expect(a[0, 1].scalars == [7, 8, 9, 10] && a[1, 1].scalars == [7, 8, 9, 10] && a[0, 0].scalars == [0, 1, 2, 3])
    a = t
    a[0, 0, .range(step: -1)] = a[0, 0]
    #expect(a[0, 0].scalars == [3, 2, 1, 0])
    a = t
    a[.ellipsis, .range(from: 1, step: 2)] = Tensor<Int32>(shape: [3, 1], scalars: [50, 60, 70])
    #expect(a[1].scalars == [12, 50, 14, 50, 16, 60, 18, 60, 20, 70, 22, 70])
    a = t
    a[0, .newAxis, 0] = [[5, 6, 7, 8]]
    #expect(a[0, 0].scalars == [5, 6, 7, 8])
    a = t
    a[0, 5..<9] = Tensor<Int32>(0)
    #expect(a == t)
    var view = t.transposed()
    view[0, 0, 0] = Tensor(99)
    #expect(view[0, 0, 0].scalar == 99 && t[0, 0, 0].scalar == 0)
  }
}
