/// Views on the same memory. Each takes arguments that the caller has checked.
extension AnyTensor {
  package func view(offset: Int = 0, _ shape: Shape, _ strides: [Int]) -> AnyTensor {
    let isDense = shape.hasDenseStrides(strides)
    return AnyTensor(Storage(sharing: storage, offset: offset, shape: shape, strides: isDense ? nil : strides))
  }

  /// The axes in another order: axis `i` of the result is axis `permutation[i]` of this.
  package func view(permutedBy permutation: [Int]) -> AnyTensor {
    let steps = resolvedStrides
    return view(Shape(unchecked: permutation.map { shape[$0] }), permutation.map { steps[$0] })
  }

  /// The order of the axes in which the elements lie side by side; nil where there are gaps or repetitions, or where that is
  /// the order of the axes as they are.
  package var memoryOrder: [Int]? {
    guard let strides, rank > 1 else { return nil }
    let order = shape.indices.sorted { strides[$0] > strides[$1] }
    let isDense = Shape(unchecked: order.map { shape[$0] }).hasDenseStrides(order.map { strides[$0] })
    return isDense ? order : nil
  }

  /// Whether elements lie as those of another tensor do.
  package func isLaidOut(like other: AnyTensor) -> Bool { hasShape(of: other) && strides == other.strides }

  /// Repeated along missing axes and those of size 1.
  package func view(broadcastTo target: Shape) -> AnyTensor {
    if target == shape { return detached }
    return view(target, broadcastStrides(to: target))
  }

  /// The strides of this tensor seen as one of a shape that it broadcasts to: 0 along repeated axes.
  package func broadcastStrides(to target: Shape) -> [Int] {
    if rank == 0 { return target.zeroStrides }
    let missing = target.rank - rank
    let steps = resolvedStrides
    return (0..<target.rank).map { axis in
      axis < missing || (shape[axis - missing] == 1 && target[axis] != 1) ? 0 : steps[axis - missing]
    }
  }

  /// Every `steps[i]`-th index from `starts[i]`, `sizes[i]` of them; steps may be negative.
  package func view(starts: [Int], sizes: [Int], steps: [Int]) -> AnyTensor {
    let old = resolvedStrides
    let isEmpty = sizes.contains(0)
    let start = isEmpty ? 0 : zip(starts, old).reduce(0) { $0 + $1.0 * $1.1 }
    return view(offset: start, Shape(unchecked: sizes), zip(old, steps).map { $0 * $1 })
  }

  /// The same elements in row-major order under another shape: a view where the strides allow, else a copy.
  package func view(reshapedTo target: Shape) -> AnyTensor {
    if isDense { return AnyTensor(Storage(sharing: storage, offset: 0, shape: target, strides: nil)) }
    if let steps = stridesIfReshaped(to: target) { return view(target, steps) }
    return AnyTensor(Storage(sharing: dense.storage, offset: 0, shape: target, strides: nil))
  }

  /// Whether another shape of as many elements is a view, too.
  package func isView(reshapedTo target: Shape) -> Bool { isDense || stridesIfReshaped(to: target) != nil }

  /// The strides that give `target` without moving elements, where axes only split, or merge over regular steps.
  private func stridesIfReshaped(to target: Shape) -> [Int]? {
    let old = zip(shape.dimensions, resolvedStrides).filter { $0.0 != 1 }
    var result = [Int](repeating: 0, count: target.rank)
    var axis = 0
    var index = 0
    while index < old.count {
      // The smallest run of old axes and the run of new ones with the same number of elements.
      var end = index + 1
      var size = old[index].0
      var first = axis
      var newSize = 1
      while newSize < size || (axis < target.rank && target[axis] == 1) {
        guard axis < target.rank else { return nil }
        newSize *= target[axis]
        axis += 1
        while newSize > size && end < old.count {
          guard old[end - 1].1 == old[end].0 * old[end].1 else { return nil }
          size *= old[end].0
          end += 1
        }
      }
      guard newSize == size else { return nil }
      var step = old[end - 1].1
      for new in stride(from: axis - 1, through: first, by: -1) {
        result[new] = step
        step *= target[new]
      }
      first = axis
      index = end
    }
    return result
  }
}

extension Shape {
  /// Whether these strides are those of a dense tensor; axes of size 1 may have any, an empty tensor too.
  package func hasDenseStrides(_ strides: [Int]) -> Bool {
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      if self[axis] == 0 { return true }
      if self[axis] != 1 && strides[axis] != step { return false }
      step *= self[axis]
    }
    return true
  }
}
