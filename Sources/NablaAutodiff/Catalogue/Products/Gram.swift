import CKernels
import NablaTensor

// MARK: gram

/// y = xᵀx for a matrix, or a stack of them: shape [..., m, n] gives [..., n, n]. One triangle is computed, and mirrored; blocks of
/// rows have triangles of their own, which are added.
struct Gram: SingleResultPrimitive {
  var name: String { "gram" }
  var traits: Traits { .product }
  func residuals(toward operand: Int) -> Residuals { .operand(0) }

  func resultType(_ x: Operands) -> TensorType? {
    guard isFloatingPoint(x) else { return nil }
    let shape = x[0].shape
    guard shape.rank >= 2, shape.suffix(2).max()! <= Int(Int32.max) else {
      fail(name, "shape \(shape) is not that of matrices with sizes up to \(Int32.max)")
      return nil
    }
    let (n, stack) = (shape[shape.rank - 1], shape.dropLast(2))
    guard Shape.checkedCount(stack + [n, n]) != nil else {
      fail(name, "the result for shape \(shape) would have more elements than Int.max")
      return nil
    }
    return TensorType(x[0].dtype, Shape(unchecked: stack + [n, n]))
  }
  // A product and a sum for each row and each pair of columns.
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount * (y[y.rank - 1] + 1) }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let x = x[0]
    let bytes = type.shape[type.shape.rank - 1] * type.shape[type.shape.rank - 1] * type.dtype.byteCount
    for number in 0..<type.shape.dropLast(2).reduce(1, *) { evaluate(x.matrix(number), into: y + number * bytes) }
  }

  /// One matrix, in blocks of rows on all threads.
  private func evaluate(_ x: AnyTensor, into y: UnsafeMutableRawPointer) {
    let (rows, n) = (x.shape[0], x.shape[1])
    let blocks = Self.blocks(rows, n)
    OpenBLAS.withOneThread { _ in
      if blocks == 1 {
        fill(x, 0..<rows, y)
        return GramProduct.mirror(y, n, x.dtype, into: y)
      }
      let size = (rows + blocks - 1) / blocks
      let states = try! reduction(n, x.dtype).merged(blocks: blocks) { _, block, state in
        fill(x, min(rows, block * size)..<min(rows, (block + 1) * size), state)
      }
      guard states.kind == .memory else { return }
      withExtendedLifetime(states) { GramProduct.mirror(states.base, n, x.dtype, into: y) }
    }
  }

  /// The triangle of some rows.
  private func fill(_ x: AnyTensor, _ rows: Range<Int>, _ y: UnsafeMutableRawPointer) {
    withExtendedLifetime(x.storage) {
      if GramProduct.upper(x, rows: rows, into: y) { return }
      let steps = x.resolvedStrides
      let copy = x.view(
        offset: rows.lowerBound * steps[0], Shape(unchecked: [rows.count, x.shape[1]]), steps
      ).dense
      withExtendedLifetime(copy.storage) { _ = GramProduct.upper(copy, rows: 0..<rows.count, into: y) }
    }
  }

  /// Blocks of at least 256 rows, whose triangles take a quarter of the memory of x at most, unless they are few.
  private static func blocks(_ rows: Int, _ n: Int) -> Int {
    if rows * n * n < Parallel.threshold * 16 { return 1 }
    return max(1, min(64, rows / 256, max(8, rows / (4 * n))))
  }

  private func reduction(_ n: Int, _ dtype: DType) -> BlockReduction {
    BlockReduction(stateByteCount: n * n * dtype.byteCount, .elementwise(NABLA_ADD, dtype, count: n * n)) { state, y in
      GramProduct.mirror(state, n, dtype, into: y[0])
    }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard x[0].first == rows else { return nil }
    return RowRule(rowOperands: [true], isReducing: x[0].rank == 2)
  }
  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? {
    reduction(y.first.shape[1], y.first.dtype)
  }
  func preparedState(_ x: Operands, _ types: ResultTypes, into state: Storage) -> PreparedCall {
    PreparedCall(operands: [x[0].storage], into: [state]) { fill(x[0], 0..<x[0].shape[0], state.base) }
  }

  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { self(x[0]) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, Matmul()(x[0], g + g.matrixTransposed))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    guard let tangent = tangents[0] else { return nil }
    let half = Matmul()(x[0].matrixTransposed, tangent)
    return half + half.matrixTransposed
  }
}

/// The Gram matrix xᵀx of the columns of a matrix: `gram(x)` is `matmul(x.transposed(), x)`, exactly symmetric, with half of the
/// work.
///
/// Shape [m, n] gives [n, n]; leading axes are stacks of matrices. In a compiled function rows go through it block by block. The
/// gradient is x (g + gᵀ).
///
/// Errors: a vector or a scalar; a size above `Int32.max`, the limit of BLAS.
public func gram<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Gram()(x.asTensor().erased))
}
