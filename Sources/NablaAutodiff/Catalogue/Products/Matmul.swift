import CKernels
import NablaTensor

/// y = a b for matrices, or stacks of them: shapes [..., m, k] and [..., k, n], the leading axes broadcast.
///
/// An operand may be taken transposed. Eager code has no need of that, since a transposed tensor is a view whose
/// strides say so; in a graph the flag lets a product run over the rows of the operand itself.
struct Matmul: SingleResultPrimitive {
  var name: String { "matmul" }
  var traits: Traits { [.product, .linear] }
  func residuals(toward operand: Int) -> Residuals { .operand(1 - operand) }
  var transposesLeft = false
  var transposesRight = false

  func resultType(_ x: Operands) -> TensorType? {
    let (a, b) = (x[0].shape, x[1].shape)
    guard x[0].dtype == x[1].dtype, isFloatingPoint(x) else {
      fail(name, "\(x[0].dtype) and \(x[1].dtype) do not mix; both must be float32 or both float64")
      return nil
    }
    let (m, k) = sizes(a, transposesLeft)
    let (inner, n) = sizes(b, transposesRight)
    guard k == inner else {
      fail(
        name,
        "shapes \(matrixShape(a, transposesLeft)) and \(matrixShape(b, transposesRight)) do not fit: "
          + "\(k) columns meet \(inner) rows")
      return nil
    }
    guard max(m, k, n) <= Int(Int32.max) else {
      fail(
        name, "shapes \(a) and \(b) have a size of \(max(m, k, n)); BLAS counts with 32 bits, up to \(Int32.max)")
      return nil
    }
    if a.rank == 2 && b.rank == 2 { return TensorType(x[0].dtype, Shape(unchecked: [m, n])) }
    guard let batch = Shape(unchecked: a.dropLast(2)).broadcast(with: Shape(unchecked: b.dropLast(2))) else {
      fail(name, "the leading axes of shapes \(a) and \(b) do not broadcast")
      return nil
    }
    guard Shape.checkedCount(batch.dimensions + [m, n]) != nil else {
      fail(name, "the result of shapes \(a) and \(b) would have more elements than Int.max")
      return nil
    }
    return TensorType(x[0].dtype, Shape(unchecked: batch.dimensions + [m, n]))
  }

  /// Rows and columns of the matrices of a stack.
  private func sizes(_ shape: Shape, _ transposes: Bool) -> (Int, Int) {
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    return transposes ? (columns, rows) : (rows, columns)
  }

  private func matrixShape(_ shape: Shape, _ transposes: Bool) -> Shape {
    var shape = shape
    if transposes { (shape[shape.rank - 2], shape[shape.rank - 1]) = (shape[shape.rank - 1], shape[shape.rank - 2]) }
    return shape
  }

  // A product and a sum for each element of the result and each place along k.
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 2 * y.elementCount * sizes(x[0], transposesLeft).1 }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    if x[0].rank == 2 && x[1].rank == 2 {
      return MatrixProduct.multiply(x[0], transposed: transposesLeft, x[1], transposed: transposesRight, into: y)
    }
    let a = transposesLeft ? x[0].view(permutedBy: x[0].matrixTransposition) : x[0]
    let b = transposesRight ? x[1].view(permutedBy: x[1].matrixTransposition) : x[1]
    let rows = a.shape.dropLast().reduce(1, *)
    if b.rank == 2 && a.rank > 2 && a.isDense && rows <= Int(Int32.max) {  // the rows of all matrices in one product
      let stacked = Shape(unchecked: [rows, a.shape[a.rank - 1]])
      return MatrixProduct.multiply(a.view(reshapedTo: stacked), b, into: y)
    }
    MatrixProduct.multiply(stacks: a, b, batch: Shape(unchecked: Array(type.shape.dropLast(2))), into: y)
  }

  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let product =
      x[0].rank == 2 && x[1].rank == 2
      ? MatrixProduct.prepared(
        x[0].storage, transposed: transposesLeft, x[1].storage, transposed: transposesRight, into: y) : nil
    return product ?? evaluated(x, type, into: y)
  }

  var rewrite: Rewrite {
    transposesLeft || transposesRight ? .none : .product { Matmul(transposesLeft: $0, transposesRight: $1) }
  }

  // Rows of the left operand are rows of the result; with the left transposed they are what is summed over.
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard x[0].rank == 2, x[1].rank == 2, x[0][0] == rows else { return nil }
    if !transposesLeft { return RowRule(rowOperands: [true, false]) }
    return transposesRight ? nil : RowRule(rowOperands: [true, true], isReducing: true)
  }

  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? { .sum(y.first) }

  // A matrix that is the same for all elements meets the rows, or the columns, of all of them in one product.
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    let isOneProduct = x.rank(0) == 2 && x.rank(1) == 2 && !transposesLeft && !transposesRight
    let (m, k, n) = (x.shape(0)[x.rank(0) - 2], x.shape(1)[x.rank(1) - 2], x.shape(1)[x.rank(1) - 1])
    guard isOneProduct, x.isBatched(0) != x.isBatched(1),
      max(m, n) <= Int(Int32.max) / max(1, x.size)
    else { return apply(x.aligned) }
    if x.isBatched(0) {
      return self(x[0].reshaped(to: [x.size * m, k]), x[1]).reshaped(to: [x.size, m, n])
    }
    let columns = x[1].movingAxis(0, to: 1).reshaped(to: [k, x.size * n])
    return self(x[0], columns).reshaped(to: [m, x.size, n]).movingAxis(1, to: 0)
  }

  // Transposes are views: BLAS receives them as flags, and nothing is copied.
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    func oriented(_ x: AnyTensor, _ transposes: Bool) -> AnyTensor { transposes ? x.matrixTransposed : x }
    let (a, b) = (oriented(x[0], transposesLeft), oriented(x[1], transposesRight))
    cotangents.give(0, oriented(Matmul()(g, b.matrixTransposed), transposesLeft).summed(to: x[0].shape))
    cotangents.give(1, oriented(Matmul()(a.matrixTransposed, g), transposesRight).summed(to: x[1].shape))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    let left = tangents[0].map { self($0, x[1]) }
    let right = tangents[1].map { self(x[0], $0) }
    if let left, let right { return left + right }
    return left ?? right
  }
}

extension AnyTensor {
  /// The matrix product, with NumPy's rule for vectors.
  public func matmul(_ b: AnyTensor) -> AnyTensor {
    guard rank > 0 && b.rank > 0 else {
      fail("matmul", "shapes \(shape) and \(b.shape): a scalar is no matrix; use *")
      return .failed(dtype)
    }
    if rank > 1 && b.rank > 1 { return Matmul()(self, b) }
    let left = rank == 1 ? reshaped(to: Shape(unchecked: [1, shape[0]])) : self
    let right = b.rank == 1 ? b.reshaped(to: Shape(unchecked: [b.shape[0], 1])) : b
    let y = Matmul()(left, right)
    if y.isFailed { return y }
    var sizes = y.shape.dimensions
    if b.rank == 1 { sizes.removeLast() }
    if rank == 1 { sizes.remove(at: sizes.count - (b.rank == 1 ? 1 : 2)) }
    return y.reshaped(to: Shape(unchecked: sizes))
  }
}
