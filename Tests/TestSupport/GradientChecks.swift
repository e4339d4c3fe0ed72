import Nabla

/// A plain array of Doubles with a shape: what the references of the gradient table compute with, by index arithmetic
/// and nothing of the library's.
public struct PlainArray {
  /// The sizes along the axes.
  public let sizes: [Int]
  /// The elements in row-major order.
  public let values: [Double]

  /// An array of its parts.
  public init(_ sizes: [Int], _ values: [Double]) {
    self.sizes = sizes
    self.values = values
  }

  /// The value of `body` at every index, in row-major order.
  public init(_ sizes: [Int], _ body: ([Int]) -> Double) {
    self.sizes = sizes
    values = PlainArray.indices(sizes).map(body)
  }

  /// All indices in row-major order.
  public static func indices(_ sizes: [Int]) -> [[Int]] {
    sizes.reduce([[]]) { partial, size in partial.flatMap { head in (0..<size).map { head + [$0] } } }
  }

  /// The value at an index, where axes of size 1 and missing ones repeat.
  public subscript(index: [Int]) -> Double {
    var position = 0
    for (size, at) in zip(sizes, index.suffix(sizes.count)) { position = position * size + (size == 1 ? 0 : at) }
    return values[position]
  }

  /// An element-wise function, with broadcasting.
  public static func elementwise(_ operands: [PlainArray], _ f: ([Double]) -> Double) -> PlainArray {
    let rank = operands.map(\.sizes.count).max() ?? 0
    let sizes = (0..<rank).map { axis in
      let sizes = operands.map { operand in
        let at = axis - (rank - operand.sizes.count)
        return at < 0 ? 1 : operand.sizes[at]
      }
      return sizes.contains(0) ? 0 : sizes.max()!
    }
    return PlainArray(sizes) { index in f(operands.map { $0[index] }) }
  }

  /// A reduction of the axes that `isReduced` names.
  public func reduced(_ axes: [Int], _ f: ([Double]) -> Double) -> PlainArray {
    let kept = sizes.indices.filter { !axes.contains($0) }
    return PlainArray(kept.map { sizes[$0] }) { outer in
      f(
        PlainArray.indices(axes.map { sizes[$0] }).map { inner in
          var index = [Int](repeating: 0, count: sizes.count)
          for (axis, at) in zip(kept, outer) { index[axis] = at }
          for (axis, at) in zip(axes, inner) { index[axis] = at }
          return self[index]
        })
    }
  }
}

/// How the elements of an operand lie in memory.
public enum Layout: CaseIterable, Sendable {
  case dense, transposed, sliced, reversed

  /// A tensor with these elements in row-major order, in this layout.
  public func tensor<S: FloatingPointScalar>(_ shape: [Int], _ scalars: [S]) -> Tensor<S> {
    let dense = Tensor(shape: Shape(shape), scalars: scalars)
    switch self {
    case .dense: return dense
    case .transposed:
      // The transposed elements made dense, seen through a transposed view.
      return Tensor(shape: Shape(shape.reversed()), scalars: dense.transposed().scalars).transposed()
    case .sliced:
      // Every second element of a tensor twice as large in each axis.
      var large = Tensor<S>(repeating: .nan, shape: Shape(shape.map { 2 * $0 + 1 }))
      let part = shape.map { TensorIndex.range(from: 1, to: 2 * $0, step: 2) }
      large[part] = dense
      return large[part]
    case .reversed:
      let back = shape.map { _ in TensorIndex.range(step: -1) }
      return Tensor(shape: Shape(shape), scalars: dense[back].scalars)[back]
    }
  }
}
