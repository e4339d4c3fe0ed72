import CKernels
import NablaTensor

// MARK: gram

/// y = xᵀx for a matrix, or a stack of them: shape [..., m, n] gives [..., n, n]. One triangle is computed, and mirrored; in a
/// phase, blocks of rows have triangles of their own, which are added.
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
    let n = type.shape[type.shape.rank - 1]
    for number in 0..<type.shape.dropLast(2).reduce(1, *) {
      let target = y + number * n * n * type.dtype.byteCount
      triangle(x[0].matrix(number), into: target)
      GramProduct.mirror(target, n, type.dtype, into: target)
    }
  }
  /// The upper triangle for one matrix; a view that BLAS cannot walk is copied.
  private func triangle(_ x: AnyTensor, into y: UnsafeMutableRawPointer, isState: Bool = false) {
    let product = GramProduct(x.storage)
    let x = product == nil ? x.dense : x
    withExtendedLifetime(x.storage) { (product ?? GramProduct(x.storage))?.run(x.address, into: y, isState: isState) }
  }

  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let (source, n) = (x[0].storage, type.shape[type.shape.rank - 1])
    guard x[0].rank == 2, let product = GramProduct(source) else { return evaluated(x, type, into: y) }
    return PreparedCall(operands: [source], into: [y], canFail: false, byteCount: product.byteCount) {
      product.run(source.base, into: y.base)
      GramProduct.mirror(y.base, n, type.dtype, into: y.base)
    }
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
    let source = x[0].storage
    guard let product = GramProduct(source) else {
      return PreparedCall(operands: [source], into: [state]) { triangle(x[0], into: state.base, isState: true) }
    }
    return PreparedCall(operands: [source], into: [state], canFail: false, byteCount: product.byteCount) {
      product.run(source.base, into: state.base, isState: true)
    }
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

/// The Gram matrix xᵀx of the columns of a matrix: `gram(x)` is `matmul(x.transposed(), x)`, exactly symmetric, with little
/// more than half of the work where there are many columns.
///
/// Shape [m, n] gives [n, n]; leading axes are stacks of matrices. In a compiled function rows go through it block by block. The
/// gradient is x (g + gᵀ).
///
/// Errors: a vector or a scalar; a size above `Int32.max`, the limit of BLAS.
public func gram<T: TensorConvertible>(_ x: T) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  Tensor(unchecked: Gram()(x.asTensor().erased))
}

extension AnyTensor {
  /// A matrix of a stack, by its number in row-major order of the leading axes.
  fileprivate func matrix(_ number: Int) -> AnyTensor {
    var rest = number
    let steps = resolvedStrides
    var start = 0
    for axis in stride(from: rank - 3, through: 0, by: -1) {
      start += rest % shape[axis] * steps[axis]
      rest /= shape[axis]
    }
    return view(offset: start, Shape(unchecked: Array(shape.suffix(2))), Array(steps.suffix(2)))
  }
}
