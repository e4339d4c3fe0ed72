import Nabla

/// A view made by random slices, reversals, transpositions and broadcasts, beside its elements worked out by index
/// arithmetic on arrays.
public struct RandomView<Scalar: TensorScalar>: Sendable {
  /// The view.
  public var tensor: Tensor<Scalar>
  /// Its elements in row-major order.
  public var scalars: [Scalar]

  /// The view with some axes of a tensor of `rank` changed at random; elements come from `element`, by their number.
  public init(rank: Int, using generator: inout RandomGenerator, element: (Int, inout RandomGenerator) -> Scalar) {
    var sizes = (0..<rank).map { _ in generator.below(4) + 1 }
    let count = sizes.reduce(1, *)
    let source = (0..<count).map { element($0, &generator) }
    tensor = Tensor(shape: Shape(sizes), scalars: source)
    var steps = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) { steps[axis] = steps[axis + 1] * sizes[axis + 1] }
    var offset = 0
    for _ in 0..<3 where rank > 0 {
      let axis = generator.below(rank)
      var index = [TensorIndex](repeating: .all, count: rank)
      switch generator.below(4) {
      case 0:  // every second, or a part
        let step = generator.below(2) + 1
        let first = generator.below(sizes[axis])
        index[axis] = .range(from: first, step: step)
        tensor = tensor[index]
        offset += first * steps[axis]
        sizes[axis] = (sizes[axis] - first + step - 1) / step
        steps[axis] *= step
      case 1:
        tensor = tensor.reversed(axis: axis)
        offset += (sizes[axis] - 1) * steps[axis]
        steps[axis] = -steps[axis]
      case 2:
        let other = generator.below(rank)
        var order = Array(0..<rank)
        order.swapAt(axis, other)
        tensor = tensor.transposed(permutation: order)
        sizes.swapAt(axis, other)
        steps.swapAt(axis, other)
      default:
        guard sizes[axis] == 1 else { continue }
        sizes[axis] = generator.below(3) + 1
        if sizes[axis] != 1 { steps[axis] = 0 }
        tensor = tensor.broadcast(to: Shape(sizes))
      }
    }
    scalars = indices(of: sizes).map { index in source[offset + zip(index, steps).reduce(0) { $0 + $1.0 * $1.1 }] }
  }
}

/// All indices of a shape in row-major order.
public func indices(of sizes: [Int]) -> [[Int]] {
  sizes.reduce([[]]) { heads, size in heads.flatMap { head in (0..<size).map { head + [$0] } } }
}

extension RandomGenerator {
  /// A number in `0 ..< bound`.
  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
