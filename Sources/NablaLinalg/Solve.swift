import NablaAutodiff
import NablaTensor

/// X with A X = B, or Aᵀ X = B: operands A [..., n, n], the two results of its ``LU``, and B [..., n, k]; the leading axes
/// broadcast.
///
/// The kernel reads the factors alone. As they are what A made them, the derivative is with respect to A, of any order, and uses
/// the same factors.
struct Solve: SingleResultPrimitive {
  /// The operation that it is part of, as the caller wrote it.
  let name: String
  var transposed = false
  func residuals(toward operand: Int) -> Residuals {
    let factors: Residuals = [.operand(0), .operand(1), .operand(2)]
    return operand == 0 ? factors.union(.result) : factors
  }

  func resultType(_ x: Operands) -> TensorType? {
    let (a, b) = (x[0].shape, x[3].shape)
    guard isMatrix(x[0], square: true), isMatrix(x[3]) else { return nil }
    guard x[0].dtype == x[3].dtype else {
      fail(name, "\(x[0].dtype) and \(x[3].dtype) do not mix; both must be float32 or both float64")
      return nil
    }
    guard a[a.rank - 1] == b[b.rank - 2], let stack = a.stack.broadcast(with: b.stack),
      Shape.checkedCount(stack.dimensions + b.suffix(2)) != nil
    else {
      fail(
        name,
        "shapes \(a) and \(b) do not fit: they are not [..., n, n] and [..., n, k], or their stacks do not broadcast")
      return nil
    }
    return TensorType(x[0].dtype, Shape(unchecked: stack.dimensions + b.suffix(2)))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 2 * y.elementCount * y[y.rank - 2] }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    if type.dtype == .float32 {
      solve(x, type.shape, y.assumingMemoryBound(to: Float.self))
    } else {
      solve(x, type.shape, y.assumingMemoryBound(to: Double.self))
    }
  }

  private func solve<S: LAPACKScalar>(_ x: Operands, _ shape: Shape, _ y: UnsafeMutablePointer<S>) {
    x[3].view(broadcastTo: shape).copy(to: y)
    let (n, k) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let stack = MatrixStack<S>(x[1].dense, batch: shape.stack)
    let pivots = x[2].view(broadcastTo: Shape(unchecked: shape.stack.dimensions + [n])).dense
    let exchanges = pivots.address.assumingMemoryBound(to: Int32.self)
    func triangle(lower: Bool) -> TriangularMatrix<S> {
      let operation = TriangularSolve(lower: lower, transposed: transposed, unitDiagonal: !lower)
      return TriangularMatrix(operation, n, rowStep: stack.rowStep, columnStep: stack.columnStep)
    }
    let (lower, upper) = (triangle(lower: true), triangle(lower: false))
    withExtendedLifetime((stack, pivots)) {
      OpenBLAS.withOneThread { _ in
        Parallel.forEachPiece(of: shape.stack.elementCount, cost: max(1, min(n * n * k / 4 + 8 * n, 1 << 30))) {
          piece in
          for index in piece {
            let (factors, x, exchanges) = (stack[index], y + index * n * k, exchanges + index * n)
            if transposed {  // aᵀ = P L U
              for row in 0..<n { Self.exchange(row, exchanges, x, k) }
              upper.solve(factors, x, k)
              lower.solve(factors, x, k)
            } else {  // a = Uᵀ Lᵀ Pᵀ
              lower.solve(factors, x, k)
              upper.solve(factors, x, k)
              for row in (0..<n).reversed() { Self.exchange(row, exchanges, x, k) }
            }
          }
        }
      }
    }
  }

  /// Exchanges a row of k elements with its partner.
  private static func exchange<S: LAPACKScalar>(
    _ row: Int, _ exchanges: UnsafePointer<Int32>, _ x: UnsafeMutablePointer<S>, _ k: Int
  ) {
    let other = Int(exchanges[row]) - 1
    if other == row { return }
    let (first, second) = (x + row * k, x + other * k)
    for column in 0..<k { (first[column], second[column]) = (second[column], first[column]) }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard y.rank > 2, y.first == rows else { return nil }
    let goesByRow = [0, 3].map { x[$0].rank == y.rank && x[$0][0] == rows }
    return RowRule(rowOperands: [goesByRow[0], goesByRow[0], goesByRow[0], goesByRow[1]])
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    // The pivots have an axis less than the matrices, in front of which axes of size 1 are missing too.
    let rank = max(x.rank(0), x.rank(3))
    func aligned(_ operand: Int, _ rank: Int) -> AnyTensor {
      let ones = [Int](repeating: 1, count: rank - x.rank(operand))
      return x.spread(operand).reshaped(to: Shape([x.size] + ones + x.shape(operand).dimensions))
    }
    return apply(Operands([aligned(0, rank), aligned(1, rank), aligned(2, rank - 1), aligned(3, rank)]))
  }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let b = Solve(name: name, transposed: !transposed).apply(Operands([x[0], x[1], x[2], g]))
    cotangents.give(3, b.summed(to: x[3].shape))
    let a = transposed ? y.matmul(b.matrixTransposed) : b.matmul(y.matrixTransposed)
    cotangents.give(0, -a.summed(to: x[0].shape))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    var right = tangents[3]
    if let tangent = tangents[0] {
      let change = (transposed ? tangent.matrixTransposed : tangent).matmul(y)
      right = right.map { $0 - change } ?? -change
    }
    return right.map { apply(Operands([x[0], x[1], x[2], $0])) }
  }
}

extension Linalg {
  /// The solution X of A X = B, by LU factorization with partial pivoting (of Aᵀ, whose columns are the rows of A, so that
  /// nothing is transposed).
  ///
  /// A is [n, n]. B is [n, k], or a vector [n], and X has its shape. Both may be stacks, [..., n, n] and [..., n, k], whose
  /// leading axes broadcast; a vector is the same for each matrix. Derivatives use the same factorization.
  ///
  /// Errors: shapes that do not fit; a size above `Int32.max`.
  /// - Throws: ``LinalgError/singular(operation:pivot:matrix:)`` for a pivot that is 0: a matrix that is singular to working
  ///   precision may have one that is only small; ``LinalgError/notFinite(operation:operand:)`` for a NaN or an infinity.
  public static func solve<A: TensorConvertible, B: TensorConvertible>(
    _ a: A, _ b: B
  ) throws(LinalgError) -> Tensor<A.Scalar> where A.Scalar: FloatingPointScalar, B.Scalar == A.Scalar {
    Tensor(
      try withColumns(a.asTensor().erased, b.asTensor().erased) { (a, b) throws(LinalgError) in
        try solve(a, try FiniteCheck(name: "solve", operand: "the right-hand side")(b), "solve")
      })
  }

  /// The inverse of a matrix [n, n], or of each matrix of a stack [..., n, n]. To solve equations, ``solve(_:_:)`` is faster and
  /// more accurate.
  ///
  /// Errors: a matrix that is not square; a size above `Int32.max`.
  /// - Throws: as ``solve(_:_:)``.
  public static func inverse<A: TensorConvertible>(_ a: A) throws(LinalgError) -> Tensor<A.Scalar>
  where A.Scalar: FloatingPointScalar {
    let a = a.asTensor()
    let identity = Tensor<A.Scalar>(identity: a.shape.last ?? 0)
    return Tensor(try solve(a.erased, identity.erased, "inverse"))
  }

  private static func solve(_ a: AnyTensor, _ b: AnyTensor, _ name: String) throws(LinalgError) -> AnyTensor {
    let factors = try LU(name: name).results(of: Operands(a), count: 2)
    return Solve(name: name).apply(Operands([a, factors[0], factors[1], b]))
  }
}
