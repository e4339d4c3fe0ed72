import CKernels

extension Reduction {
  /// A dense tensor and its sizes as [leading, outer, reduced, inner], of which the first and the third are to be reduced.
  /// If one is led, `inner` is 1.
  struct Blocks {
    let x: AnyTensor
    let leading, outer, reduced, inner: Int

    /// The number of results.
    var count: Int { outer * inner }
    /// Whether each result is that of one row.
    var areRows: Bool { leading == 1 && inner == 1 }
    /// Whether threads share each block, instead of each taking some.
    var areFewAndLong: Bool { outer < 8 && reduced * inner >= Parallel.threshold }

    /// States of fewer elements than this cost more than a copy of the elements in another order.
    private static let leastPerState = 16

    /// The blocks of any choice of axes, sorted.
    init(of x: AnyTensor, over axes: [Int], _ op: nabla_reduction_op) {
      if axes.isEmpty {
        self.init(x.dense, outer: x.count)
        return
      }
      // The largest and the smallest of elements that are repeated along a reduced axis are those of one of them.
      let x = op == NABLA_MAX || op == NABLA_MIN ? x.unrepeated(along: axes)?.once ?? x : x
      if axes[axes.count - 1] - axes[0] == axes.count - 1 {
        let (ordered, axes) = Blocks.inOrderOfMemory(x, axes, op) ?? (x, axes)
        self.init(sideBySide: ordered, over: axes)
        return
      }
      let (kept, sizes) = ((0..<x.rank).filter { !axes.contains($0) }, x.shape.dimensions)
      let (first, outer) = (kept[0], kept.reduce(1) { $0 * sizes[$1] })
      let last = sizes[(kept[kept.count - 1] + 1)...].reduce(1, *)
      if kept[kept.count - 1] - first == kept.count - 1, last >= Blocks.leastPerState {
        // Reduced, kept, reduced: the states of the last axes, merged along the first.
        self.init(x.dense, leading: sizes[..<first].reduce(1, *), outer: outer, reduced: last)
      } else {
        self.init(
          x.view(permutedBy: kept + axes).dense, outer: outer, reduced: axes.reduce(1) { $0 * sizes[$1] })
      }
    }

    /// The blocks of axes that lie side by side.
    init(sideBySide x: AnyTensor, over axes: [Int]) {
      let sizes = x.shape.dimensions
      self.init(
        x.dense, outer: sizes[..<axes[0]].reduce(1, *),
        reduced: sizes[axes[0]...axes[axes.count - 1]].reduce(1, *),
        inner: sizes[(axes[axes.count - 1] + 1)...].reduce(1, *))
    }

    private init(_ x: AnyTensor, leading: Int = 1, outer: Int = 1, reduced: Int = 1, inner: Int = 1) {
      self.x = x
      (self.leading, self.outer, self.reduced, self.inner) = (leading, outer, reduced, inner)
    }

    /// A tensor that is dense with its axes in another order, seen in that order, with the axes to reduce: where these
    /// remain side by side and the others in order among themselves. Those that are reduced may change their order, unless the
    /// reduction tells places. Nil if there is none.
    private static func inOrderOfMemory(
      _ x: AnyTensor, _ axes: [Int], _ op: nabla_reduction_op
    ) -> (AnyTensor, [Int])? {
      guard let strides = x.strides, x.rank <= 8 else { return nil }
      let order = x.shape.indices.sorted { (strides[$0], $1) > (strides[$1], $0) }
      let ordered = x.view(permutedBy: order)
      let reduced = order.indices.filter { axes.contains(order[$0]) }
      let tellsPlaces = op == NABLA_ARGMAX || op == NABLA_ARGMIN
      guard ordered.isDense, reduced[reduced.count - 1] - reduced[0] == reduced.count - 1,
        !tellsPlaces || reduced.map({ order[$0] }) == axes
      else { return nil }
      let kept = order.filter { !axes.contains($0) }
      return kept == kept.sorted() ? (ordered, reduced) : nil
    }
  }
}

extension AnyTensor {
  /// A view of the elements that are repeated along some axes, each once, and how often they were; nil where none is.
  func unrepeated(along axes: [Int]) -> (once: AnyTensor, times: Int)? {
    guard let strides, count > 0 else { return nil }
    let repeated = axes.filter { strides[$0] == 0 && shape[$0] > 1 }
    if repeated.isEmpty { return nil }
    let sizes = shape.indices.map { repeated.contains($0) ? 1 : shape[$0] }
    return (view(Shape(unchecked: sizes), strides), repeated.reduce(1) { $0 * shape[$1] })
  }
}
