import Nabla
import NablaTensor
import TestSupport
import Testing

/// What a kernel writes to memory for `count` elements, which holds `initial` before.
func written<S: TensorScalar>(_ count: Int, initial: S, _ body: (UnsafeMutableRawPointer) -> Void) -> [S] {
  // One more, so that there is an address; it must stay as it is.
  var result = [S](repeating: initial, count: count + 1)
  result.withUnsafeMutableBytes { body($0.baseAddress!) }
  #expect(result[count] == initial, "written past the end")
  return Array(result[..<count])
}

/// A function of arrays, called once for each thread's share and once where no other thread takes part: both must write
/// the same bits.
func sameOnOneThread<Result: Equatable>(_ body: () -> Result) -> Result {
  let shared = body()
  var alone: Result?
  // Regions do not nest: what runs inside of one runs on its caller alone.
  Parallel.forEach(2) { index in if index == 0 { alone = body() } }
  #expect(alone == shared, "other bits on one thread")
  return shared
}

/// Elements of every type from small whole numbers, exact in each.
protocol SmallScalar: NumericScalar { init(small: Int) }
extension Float: SmallScalar { init(small: Int) { self = Float(small) } }
extension Double: SmallScalar { init(small: Int) { self = Double(small) } }
extension Int32: SmallScalar { init(small: Int) { self = Int32(small) } }
extension Int64: SmallScalar { init(small: Int) { self = Int64(small) } }
extension UInt8: SmallScalar { init(small: Int) { self = UInt8(truncatingIfNeeded: small) } }

/// Views of one shape: dense, transposed memory, reversed, every second, broadcast; each with its elements in row-major
/// order.
func views<S: TensorScalar>(_ shape: [Int], _ element: (Int) -> S) -> [(name: String, tensor: Tensor<S>)] {
  let count = shape.reduce(1, *)
  let dense = Tensor(shape: Shape(shape), scalars: (0..<count).map(element))
  let backwards = Array((0..<shape.count).reversed())
  let turned = Tensor(shape: Shape(shape.reversed()), scalars: (0..<count).map(element))
  let wide = Tensor(shape: Shape(shape.map { 2 * $0 }), scalars: (0..<count << shape.count).map(element))
  let every = shape.map { _ in TensorIndex.range(from: 0, step: 2) }
  var result = [
    ("dense", dense), ("transposed", turned.transposed(permutation: backwards)), ("every second", wide[every]),
  ]
  for axis in shape.indices {
    result.append(("reversed \(axis)", dense.reversed(axis: axis)))
    var thin = shape
    thin[axis] = min(1, shape[axis])
    let repeated = Tensor(shape: Shape(thin), scalars: (0..<thin.reduce(1, *)).map(element))
    result.append(("broadcast \(axis)", repeated.broadcast(to: Shape(shape))))
  }
  return result
}
