import Nabla
import TestSupport
import Testing

@testable import NablaTensor

/// Element-wise loops and copies over views of every kind: steps, repeated axes, other orders of axes, short rows. What they give
/// is compared with what a loop over indices gives.
struct LayoutTests {
  /// Views of one shape, each with its elements by a loop over indices.
  static func views<S: NumericScalar>(_ shape: [Int], _ make: (Int) -> S) -> [(name: String, view: Tensor<S>)] {
    func dense(_ shape: [Int]) -> Tensor<S> {
      let count = shape.reduce(1, *)
      return Tensor(shape: Shape(shape), scalars: (0..<count).map { make($0) })
    }
    var views: [(String, Tensor<S>)] = [("dense", dense(shape))]
    let axes = Array(shape.indices)
    for order in [
      Array(axes.reversed()), Array(axes.dropFirst() + axes.prefix(1)), Array(axes.suffix(1) + axes.dropLast()),
    ] {
      let stored = dense(order.map { shape[$0] })
      views.append(
        ("permuted \(order)", stored.transposed(permutation: order.indices.sorted { order[$0] < order[$1] })))
    }
    for axis in axes {
      var doubled = shape
      doubled[axis] = 2 * shape[axis] + 1
      views.append(
        ("every other of axis \(axis)", Tensor(erased: dense(doubled).erased.step(2, axis: axis, shape[axis]))))
      views.append(("axis \(axis) reversed", dense(shape).reversed(axis: axis)))
      var one = shape
      one[axis] = 1
      views.append(("axis \(axis) repeated", dense(one).broadcast(to: Shape(shape))))
    }
    views.append(("a scalar repeated", dense([]).broadcast(to: Shape(shape))))
    return views
  }

  static let shapes = [
    [7], [300], [5, 3], [3, 100], [100, 3], [70, 66], [1000, 4], [2, 3, 4], [33, 2, 5], [2, 70, 5], [40, 9, 2, 3],
    [2, 3, 200], [3, 2, 2, 2, 5],
  ]

  @Test(arguments: shapes)
  func copies(_ shape: [Int]) {
    for (name, x) in Self.views(shape, { Float($0 % 251) }) {
      #expect(x.erased.copied.scalarsOf(Float.self) == x.elements(), "\(name) of \(shape)")
    }
    for (name, x) in Self.views(shape, { UInt8(truncatingIfNeeded: $0) }) {
      #expect(x.erased.copied.scalarsOf(UInt8.self) == x.elements(), "\(name) of \(shape)")
    }
    for (name, x) in Self.views(shape, { Int16(truncatingIfNeeded: $0) }) {
      #expect(x.erased.copied.scalarsOf(Int16.self) == x.elements(), "\(name) of \(shape)")
    }
    for (name, x) in Self.views(shape, { Double($0) }) {
      #expect(x.erased.copied.scalarsOf(Double.self) == x.elements(), "\(name) of \(shape)")
    }
  }

  @Test(arguments: shapes)
  func operations(_ shape: [Int]) {
    let views = Self.views(shape) { Float($0 % 251) - 100 }
    let all = views.map { $0.view.elements() }
    for (index, (name, x)) in views.enumerated() {
      let elements = all[index]
      #expect((-x).elements() == elements.map { -$0 }, "- \(name) of \(shape)")
      #expect((x .> 3).elements() == elements.map { $0 > 3 }, "\(name) of \(shape) .> 3")
      // Each view beside some others, so that all pairs of kinds are met over the shapes.
      for step in [0, 1, 3, 5] {
        let (other, y) = views[(index + step) % views.count]
        let beside = all[(index + step) % views.count]
        #expect((x - y).elements() == zip(elements, beside).map { $0 - $1 }, "\(name) - \(other) of \(shape)")
        let chosen = select(x .> 3, x, y)
        #expect(
          chosen.elements() == zip(elements, beside).map { $0 > 3 ? $0 : $1 }, "\(name) or \(other) of \(shape)")
      }
    }
  }

  @Test(arguments: shapes)
  func compiledOperations(_ shape: [Int]) {
    let views = Self.views(shape) { Float($0 % 251) - 100 }
    let function = compiled { (x: Tensor<Float>, y: Tensor<Float>) in select(x .> y, x * 2, y - x) }
    for (index, (name, x)) in views.enumerated() {
      let (other, y) = views[(index + 3) % views.count]
      let expected = zip(x.elements(), y.elements()).map { $0 > $1 ? $0 * 2 : $1 - $0 }
      #expect(function(x, y).elements() == expected, "\(name), \(other) of \(shape)")
    }
  }

  /// Shared over threads.
  @Test func largeOperands() {
    let x = Tensor<Float>(shape: [300, 250], scalars: (0..<75_000).map { Float($0 % 251) })
    let y = Tensor<Float>(shape: [250, 300], scalars: (0..<75_000).map { Float($0 % 13) }).transposed()
    let expected = zip(x.elements(), y.elements()).map { $0 - $1 }
    #expect((x - y).elements() == expected)
    #expect((x[.range(step: -1)] - y[.range(step: -1)]).reversed(axis: 0).elements() == expected)
  }

  @Test func resultsKeepTheOrderOfAxes() {
    let x = Tensor<Float>(shape: [3, 4, 5], scalars: (0..<60).map(Float.init)).transposed(permutation: [2, 0, 1])
    for y in [exp(x), x + 1, x * x, 2 - x] {
      #expect(y.erased.strides == x.erased.strides)
      #expect(!y.erased.isDense)
    }
    #expect((x + Tensor<Float>(zeros: [5, 3, 4])).erased.isDense)
    var changed = x + 1
    changed += 1
    #expect(changed.elements() == x.elements().map { $0 + 2 })
  }
}

extension Tensor {
  fileprivate init(erased: AnyTensor) { self.init(unchecked: erased) }
  /// The elements in row-major order, by a loop over indices.
  fileprivate func elements() -> [Scalar] {
    let (view, shape) = (erased, shape)
    let steps = view.resolvedStrides
    var index = [Int](repeating: 0, count: shape.rank)
    return withExtendedLifetime(view.storage) {
      (0..<shape.elementCount).map { _ in
        let place = zip(index, steps).reduce(0) { $0 + $1.0 * $1.1 }
        for axis in shape.indices.reversed() {
          index[axis] += 1
          if index[axis] < shape[axis] { break }
          index[axis] = 0
        }
        return view.address.load(fromByteOffset: place * MemoryLayout<Scalar>.stride, as: Scalar.self)
      }
    }
  }
}

extension AnyTensor {
  /// Every `step`-th place along an axis, `count` of them.
  fileprivate func step(_ step: Int, axis: Int, _ count: Int) -> AnyTensor {
    var (starts, sizes, steps) = (
      [Int](repeating: 0, count: rank), shape.dimensions, [Int](repeating: 1, count: rank)
    )
    (starts[axis], sizes[axis], steps[axis]) = (1, count, step)
    return view(starts: starts, sizes: sizes, steps: steps)
  }
  /// The elements of a dense tensor, as they lie.
  fileprivate func scalarsOf<S>(_ type: S.Type) -> [S] {
    withExtendedLifetime(storage) {
      Array(UnsafeRawBufferPointer(start: address, count: count * dtype.byteCount).bindMemory(to: S.self))
    }
  }
}
