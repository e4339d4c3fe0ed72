import CBLAS
import CKernels
import NablaAutodiff
import NablaTensor

/// X with A X = B, or Aᵀ X = B, for triangular matrices A [..., n, n] and matrices B [..., n, k]; the leading axes broadcast.
///
/// A zero on the diagonal gives infinities and NaN: derivatives are written with this, and cannot throw. ``TriangularCheck``
/// throws.
struct TriangularSolve: SingleResultPrimitive {
  var name: String { "triangularSolve" }
  let lower: Bool
  var transposed = false
  var unitDiagonal = false
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? [.operand(0), .result] : .operand(0) }

  /// The elements of A that are read.
  var triangle: Triangle { Triangle(isLower: lower, isStrict: unitDiagonal) }

  func resultType(_ x: Operands) -> TensorType? {
    let (a, b) = (x[0].shape, x[1].shape)
    guard isMatrix(x[0], square: true), isMatrix(x[1]) else { return nil }
    guard x[0].dtype == x[1].dtype else {
      fail(name, "\(x[0].dtype) and \(x[1].dtype) do not mix; both must be float32 or both float64")
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
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { y.elementCount * y[y.rank - 2] }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    if type.dtype == .float32 {
      solve(x, type.shape, y.assumingMemoryBound(to: Float.self))
    } else {
      solve(x, type.shape, y.assumingMemoryBound(to: Double.self))
    }
  }

  private func solve<S: LAPACKScalar>(_ x: Operands, _ shape: Shape, _ y: UnsafeMutablePointer<S>) {
    x[1].view(broadcastTo: shape).copy(to: y)
    let (n, k) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let stack = MatrixStack<S>(x[0], batch: shape.stack)
    let matrix = TriangularMatrix<S>(self, n, rowStep: stack.rowStep, columnStep: stack.columnStep)
    withExtendedLifetime(stack) {
      OpenBLAS.withOneThread { _ in
        Parallel.forEachPiece(of: shape.stack.elementCount, cost: max(1, min(n * n * k / 8, 1 << 30))) { piece in
          for index in piece { matrix.solve(stack[index], y + index * n * k, k) }
        }
      }
    }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    y.rank > 2 ? RowRule.elementwise(x, y, rows: rows) : nil
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { apply(x.aligned) }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let b = TriangularSolve(lower: lower, transposed: !transposed, unitDiagonal: unitDiagonal)(x[0], g)
    cotangents.give(1, b.summed(to: x[1].shape))
    let a = transposed ? y.matmul(b.matrixTransposed) : b.matmul(y.matrixTransposed)
    cotangents.give(0, -TriangularPart(lower: lower, strict: unitDiagonal)(a).summed(to: x[0].shape))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    var right = tangents[1]
    if let tangent = tangents[0] {
      let part = TriangularPart(lower: lower, strict: unitDiagonal)(tangent)
      let change = (transposed ? part.matrixTransposed : part).matmul(y)
      right = right.map { $0 - change } ?? -change
    }
    return right.map { self(x[0], $0) }
  }
}

/// How the triangle of a stack's matrices is walked.
struct TriangularMatrix<S: LAPACKScalar> {
  let n: Int
  /// Whether the matrix to be inverted, transposed where that is asked for, is lower triangular.
  let isLower: Bool
  let unitDiagonal: Bool
  let rowStep: Int
  let columnStep: Int

  /// The matrix of an operation: n rows and columns, with the elements from one row to the next and from one column to the next.
  init(_ operation: TriangularSolve, _ n: Int, rowStep: Int, columnStep: Int) {
    self.n = n
    isLower = operation.lower != operation.transposed
    unitDiagonal = operation.unitDiagonal
    (self.rowStep, self.columnStep) = operation.transposed ? (columnStep, rowStep) : (rowStep, columnStep)
  }

  /// Columns that are solved for at a time: of few a quarter, for threads. It follows from no machine, so that results do
  /// not either.
  private static func piece(of columns: Int) -> Int {
    let pieces = max((columns + 127) / 128, min(4, columns / 24), 1)
    return ((columns + pieces - 1) / pieces + 3) / 4 * 4
  }

  /// Overwrites a dense matrix of k columns with the solution.
  func solve(_ a: UnsafePointer<S>, _ x: UnsafeMutablePointer<S>, _ k: Int) {
    if n == 0 || k == 0 { return }
    if n <= 16 || n <= 32 && k <= 8 { return substitute(a, x, k) }
    // Rows of the transposed matrix are what lies one behind the other.
    let isTransposed = columnStep != 1
    let triangle = isLower != isTransposed ? CblasLower : CblasUpper
    let transposes = isTransposed ? CblasTrans : CblasNoTrans
    let diagonal = unitDiagonal ? CblasUnit : CblasNonUnit
    let step = Int32(isTransposed ? columnStep : rowStep)
    if k >= Self.leastColumns && n >= 2 * Self.block && ProductKernel.hasOwn { return solveByBlocks(a, x, k) }
    if k == 1 { return S.lapack.trsv(CblasRowMajor, triangle, transposes, diagonal, Int32(n), a, step, x, 1) }
    let width = Self.piece(of: k)
    Parallel.forEach((k + width - 1) / width) { piece in
      let columns = piece * width..<min(k, (piece + 1) * width)
      S.lapack.trsm(
        CblasRowMajor, CblasLeft, triangle, transposes, diagonal, Int32(n), Int32(columns.count), 1, a, step,
        x + columns.lowerBound, Int32(k))
    }
  }

  /// The rows that are solved for at a time by Nabla's own products, with at least so many columns.
  private static var block: Int { 32 }
  private static var leastColumns: Int { 16 }

  /// Block after block of rows, from which what the rows before it amount to is taken away by a product; pieces of the columns,
  /// whole tiles of the products, are shared over the threads.
  private func solveByBlocks(_ a: UnsafePointer<S>, _ x: UnsafeMutablePointer<S>, _ k: Int) {
    let isTransposed = columnStep != 1
    let triangle = isLower != isTransposed ? CblasLower : CblasUpper
    let step = isTransposed ? columnStep : rowStep
    let blocks = (n + Self.block - 1) / Self.block
    let width = 48
    let subtract = nabla_binary_kernel(NABLA_SUBTRACT, S.dtype.rawValue)!
    Parallel.forEach((k + width - 1) / width) { piece in
      let x = x + piece * width
      let columns = min(width, k - piece * width)
      withUnsafeTemporaryAllocation(of: S.self, capacity: Self.block * columns) { memory in
        let sums = memory.baseAddress!
        for index in 0..<blocks {
          let first = (isLower ? index : blocks - 1 - index) * Self.block
          let rows = min(Self.block, n - first)
          // The rows that are known, and so the columns of a.
          let known = isLower ? 0..<first : first + rows..<n
          if !known.isEmpty {
            var product = nabla_product(
              m: rows, n: columns, k: known.count, a_row: rowStep, a_column: columnStep, b_row: k, b_column: 1,
              y_row: columns)
            nabla_multiply_matrices(
              &product, S.dtype.rawValue, 1, a + first * rowStep + known.lowerBound * columnStep,
              x + known.lowerBound * k,
              sums)
            for row in 0..<rows {
              let to = x + (first + row) * k
              subtract(to, 1, sums + row * columns, 1, to, columns)
            }
          }
          S.lapack.trsm(
            CblasRowMajor, CblasLeft, triangle, isTransposed ? CblasTrans : CblasNoTrans,
            unitDiagonal ? CblasUnit : CblasNonUnit, Int32(rows), Int32(columns), 1, a + first * (rowStep + columnStep),
            Int32(step), x + first * k, Int32(k))
        }
      }
    }
  }

  /// For one column.
  private func substitute(_ a: UnsafePointer<S>, _ x: UnsafeMutablePointer<S>) {
    for step in 0..<n {
      let i = isLower ? step : n - 1 - step
      var (sum, at) = (x[i], a + i * rowStep + (isLower ? 0 : i + 1) * columnStep)
      for j in isLower ? 0..<i : i + 1..<n {
        sum -= at.pointee * x[j]
        at += columnStep
      }
      x[i] = unitDiagonal ? sum : sum / a[i * (rowStep + columnStep)]
    }
  }

  /// Row after row: a call of BLAS costs more than a small matrix.
  private func substitute(_ a: UnsafePointer<S>, _ x: UnsafeMutablePointer<S>, _ k: Int) {
    if k == 1 { return substitute(a, x) }
    for step in 0..<n {
      let i = isLower ? step : n - 1 - step
      let row = x + i * k
      for j in isLower ? 0..<i : i + 1..<n {
        let (factor, other) = (a[i * rowStep + j * columnStep], x + j * k)
        for column in 0..<k { row[column] -= factor * other[column] }
      }
      if unitDiagonal { continue }
      let pivot = a[i * (rowStep + columnStep)]
      for column in 0..<k { row[column] /= pivot }
    }
  }
}

/// B, once it is known that ``TriangularSolve`` can solve A X = B: what it reads of A is finite, and no pivot is 0.
struct TriangularCheck: SingleResultPrimitive {
  typealias Failure = LinalgError
  var name: String { solve.name }
  // Errors name the matrix in the whole stack.
  var traits: Traits { .readsPosition }
  let solve: TriangularSolve
  func residuals(toward operand: Int) -> Residuals { [] }

  func resultType(_ x: Operands) -> TensorType? {
    solve.resultType(x).map { TensorType($0.dtype, x[1].shape) }
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(LinalgError) {
    try check(x)
    x[1].copy(to: y)
  }
  func result(_ x: Operands, _ type: TensorType) throws(LinalgError) -> AnyTensor {
    try check(x)
    return x[1].detached
  }

  private func check(_ x: Operands) throws(LinalgError) {
    if x[0].dtype == .float32 { try check(x, Float.self) } else { try check(x, Double.self) }
  }

  private func check<S: LAPACKScalar>(_ x: Operands, _ type: S.Type) throws(LinalgError) {
    let shape = x[0].shape
    let stack = MatrixStack<S>(x[0], batch: shape.stack)
    let n = stack.rows
    // Along the axis on which elements lie one behind the other: of columns that is the other triangle.
    let isTransposed = stack.columnStep != 1
    let triangle = Triangle(isLower: solve.lower != isTransposed, isStrict: solve.unitDiagonal)
    let step = isTransposed ? stack.columnStep : stack.rowStep
    let firstMatrix = x.firstRow(after: 2) * shape.matricesPerRow
    defer { withExtendedLifetime(stack) {} }
    try Matrices.forEach(shape.stack.elementCount, work: n * n) { index in
      let a = stack[index]
      let matrix = shape.rank > 2 ? firstMatrix + index : nil
      guard Matrices.isFinite(a, n, step: step, triangle) else {
        return .notFinite(operation: name, operand: LinalgError.name(matrix))
      }
      if solve.unitDiagonal { return nil }
      return (0..<n).first { a[$0 * (step + 1)] == 0 }
        .map { .singular(operation: name, pivot: $0, matrix: matrix) }
    }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    x[0].rank > 2 && x[0].first == rows && y.rank == x[0].rank ? RowRule.local(x, y, rows: rows) : nil
  }
  func batchedResult(_ x: BatchedOperands) throws(LinalgError) -> AnyTensor? {
    // The result is b for each element, also where only the matrix differs.
    let b = x.spread(1)
    let ones = [Int](repeating: 1, count: max(0, x.rank(0) - x.rank(1)))
    let padded = b.reshaped(to: Shape([x.size] + ones + x.shape(1).dimensions))
    return try self(x.padded(0, to: x.rank(1)), padded).reshaped(to: b.shape)
  }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) { cotangents.give(1, g) }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { tangents[1] }
}

extension Linalg {
  /// The solution X of A X = B for a triangular matrix A, or of Aᵀ X = B where `transposed`.
  ///
  /// A is [n, n], of which one triangle is read: the lower one, or the upper one where not `lower`; with `unitDiagonal` its
  /// diagonal is taken for ones and not read. B is [n, k], or a vector [n], and X has its shape. Both may be stacks, [..., n, n]
  /// and [..., n, k], whose leading axes broadcast; a vector is the same for each matrix.
  ///
  /// Errors: shapes that do not fit; a size above `Int32.max`.
  /// - Throws: ``LinalgError/singular(operation:pivot:matrix:)`` for a zero on the diagonal;
  ///   ``LinalgError/notFinite(operation:operand:)`` for a NaN or an infinity in the triangle or in B.
  public static func triangularSolve<A: TensorConvertible, B: TensorConvertible>(
    _ a: A, _ b: B, lower: Bool = true, transposed: Bool = false, unitDiagonal: Bool = false
  ) throws(LinalgError) -> Tensor<A.Scalar> where A.Scalar: FloatingPointScalar, B.Scalar == A.Scalar {
    let solve = TriangularSolve(lower: lower, transposed: transposed, unitDiagonal: unitDiagonal)
    return Tensor(
      try withColumns(a.asTensor().erased, b.asTensor().erased) { (a, b) throws(LinalgError) in
        let b = try FiniteCheck(name: solve.name, operand: "the right-hand side")(b)
        return solve(a, try TriangularCheck(solve: solve)(a, b))
      })
  }

  /// What `solve` gives for a right-hand side that may be a vector: that is one column, and so is the solution, which is then a
  /// vector again.
  static func withColumns(
    _ a: AnyTensor, _ b: AnyTensor, _ solve: (AnyTensor, AnyTensor) throws(LinalgError) -> AnyTensor
  ) throws(LinalgError) -> AnyTensor {
    guard b.rank == 1 else { return try solve(a, b) }
    let x = try solve(a, b.reshaped(to: Shape([b.shape[0], 1])))
    return x.rank >= 2 ? x.reshaped(to: Shape(Array(x.shape.dropLast()))) : x
  }
}
