import NablaAutodiff
import NablaTensor

/// The x that minimizes ‖A x - b‖₂ for A = [A₁ A₂ …], and the triangle R with AᵀA = RᵀR, which derivatives read.
///
/// The operands are the blocks of columns of A, then b. It is a reduction over rows: see ``LeastSquaresState``.
struct LeastSquares: Primitive {
  typealias Failure = any Error
  var name: String { "leastSquares" }
  var traits: Traits { [.product, .takesRows] }
  /// The blocks of columns of A.
  let blocks: Int

  func residuals(toward operand: Int) -> Residuals {
    operand == blocks
      ? (0..<blocks).reduce(.result(1)) { $0.union(.operand($1)) } : [.operands, .result(0), .result(1)]
  }

  func resultTypes(_ x: Operands) -> ResultTypes? {
    let b = x[blocks]
    let columns = (0..<blocks).reduce(0) { $0 + (x[$1].shape.last ?? 0) }
    guard x.all.allSatisfy({ $0.dtype == b.dtype }), isFloatingPoint(x) else {
      fail(
        name, "\(x.all.map { "\($0.dtype)" }.joined(separator: " and ")) do not mix; all must be float32 or all float64"
      )
      return nil
    }
    guard blocks > 0, b.rank == 1 || b.rank == 2, b.shape[0] >= columns,
      (0..<blocks).allSatisfy({ x[$0].rank == 2 && x[$0].shape[0] == b.shape[0] })
    else {
      let shapes = (0..<blocks).map { "\(x[$0].shape)" }.joined(separator: ", ")
      fail(name, "shapes \(shapes) and \(b.shape) are not [m, n] with m >= n and [m] or [m, k]")
      return nil
    }
    let largest = max(columns, b.rank == 1 ? 1 : b.shape[1])
    guard largest <= Int(Int32.max) else {
      fail(name, "\(largest) columns are more than LAPACK counts, which is up to \(Int32.max)")
      return nil
    }
    return ResultTypes(
      TensorType(b.dtype, Shape(unchecked: [columns] + b.shape.dropFirst())),
      TensorType(b.dtype, Shape(unchecked: [columns, columns])))
  }

  // Householder's reflections of A, and those applied to b.
  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int {
    let columns = y[1][0]
    return 2 * x[0][0] * columns * (columns + 2 * y[0].dropFirst().reduce(1, *))
  }

  // MARK: Kernel

  private func form(_ y: ResultTypes) -> LeastSquaresForm {
    LeastSquaresForm(columns: y[1].shape[0], rightSides: y[0].shape.dropFirst().reduce(1, *))
  }

  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? {
    y.first.dtype == .float32 ? reduction(y, Float.self) : reduction(y, Double.self)
  }
  private func reduction<S: LAPACKScalar>(_ y: ResultTypes, _ type: S.Type) -> BlockReduction {
    let form = form(y)
    return BlockReduction(
      stateByteCount: LeastSquaresState<S>.byteCount(form),
      // On one thread of OpenBLAS, which cuts its work by the number of threads: the bits would follow that.
      merge: { a, b, y in OpenBLAS.withOneThread { _ in LeastSquaresState<S>(form, y).merge(a, b) } },
      finish: { state, y in
        let state = LeastSquaresState<S>(form, UnsafeMutableRawPointer(mutating: state))
        try OpenBLAS.withOneThread { _ in try state.solve(into: y) }
      })
  }

  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? {
    guard x[0].first == rows else { return nil }
    // A merge takes its time.
    return RowRule(rowOperands: x.map { _ in true }, isReducing: true, fewestRows: 4 * y[1][0])
  }

  func preparedState(_ x: Operands, _ types: ResultTypes, into state: Storage) -> PreparedCall {
    types.first.dtype == .float32 ? prepared(x, types, state, Float.self) : prepared(x, types, state, Double.self)
  }
  private func prepared<S: LAPACKScalar>(
    _ x: Operands, _ types: ResultTypes, _ state: Storage, _ type: S.Type
  ) -> PreparedCall {
    let (form, parts, rows) = (form(types), x.all, x[0].shape[0])
    let block = LeastSquaresBlock<S>(form, rows: rows)
    return PreparedCall(operands: parts.map(\.storage), into: [state], byteCount: block.byteCount) {
      try block.write(parts, 0..<rows, to: state.base)
    }
  }

  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) throws {
    if types.first.dtype == .float32 {
      try solve(x.all, types, y, Float.self)
    } else {
      try solve(x.all, types, y, Double.self)
    }
  }

  private func solve<S: LAPACKScalar>(
    _ parts: [AnyTensor], _ types: ResultTypes, _ y: [UnsafeMutableRawPointer], _ type: S.Type
  ) throws {
    let (form, reduction) = (form(types), reduction(types, type))
    let blocks = RowBlocks(rows: parts[0].shape[0], form)
    let ahead = max(
      1, Self.announcedBytes / (blocks.blockRows * (form.columns + form.rightSides) * S.dtype.byteCount + 1))
    let memory = PerThread { LeastSquaresBlock<S>(form, rows: blocks.largest) }
    let states = try OpenBLAS.withOneThread { _ in
      try reduction.merged(blocks: blocks.count) { thread, block, state in
        if block + ahead < blocks.count { parts.forEach { $0.willRead(blocks[block + ahead]) } }
        try memory[thread].write(parts, blocks[block], to: state)
      }
    }
    if states.kind == .memory { try withExtendedLifetime(states) { try reduction.finish!(states.base, y) } }
  }

  /// Rows that are announced to sources lie about so many bytes ahead.
  private static var announcedBytes: Int { 8 << 20 }

  /// How rows are cut: blocks of a few times as many rows as columns, fewer where there would be few blocks.
  private struct RowBlocks {
    let rows: Int
    let blockRows: Int
    let count: Int

    init(rows: Int, _ form: LeastSquaresForm) {
      self.rows = rows
      blockRows = max(1024, min(4 * form.columns, max(form.columns, rows / 8)))
      count = max(1, rows / blockRows)
    }

    /// The rows of the largest block.
    var largest: Int { max(self[count - 1].count, self[0].count) }
    /// The last block takes the rest.
    subscript(block: Int) -> Range<Int> { block * blockRows..<(block == count - 1 ? rows : (block + 1) * blockRows) }
  }

  // MARK: Derivatives

  // Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate",
  // 1973: with r = b - A x, dx = (AᵀA)⁻¹(dAᵀ r + Aᵀ(db - dA x)), and (AᵀA)⁻¹ = R⁻¹R⁻ᵀ. A is multiplied by small matrices alone,
  // so that its rows may come from a source. And, with Φ the upper triangle with half of the diagonal,
  // dR = Φ(S + Sᵀ) R with S = R⁻ᵀ AᵀdA R⁻¹.
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {
    let problem = LeastSquaresProblem(x, y, blocks)
    var forMatrix = (0..<blocks).map { _ in AnyTensor?.none }
    if let g = g[0] {
      let z = problem.inverse(problem.asMatrix(g))
      let b = problem.product(z)
      cotangents.give(blocks, b.reshaped(to: x[blocks].shape))
      for block in 0..<blocks where cotangents.wants(block) {
        forMatrix[block] =
          problem.residual.matmul(problem.rows(z, block).matrixTransposed)
          - b.matmul(problem.rows(problem.solution, block).matrixTransposed)
      }
    }
    if let g = g[1] {
      let change = problem.triangleChange(g)
      for block in 0..<blocks where cotangents.wants(block) {
        let value = problem.product(change.slice(problem.columns[block], axis: 1))
        forMatrix[block] = forMatrix[block].map { $0 + value } ?? value
      }
    }
    for block in 0..<blocks { if let value = forMatrix[block] { cotangents.give(block, value) } }
  }

  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives {
    let problem = LeastSquaresProblem(x, y, blocks)
    let matrix = (0..<blocks).map { tangents[$0] }
    var change = tangents[blocks].map { problem.asMatrix($0) }
    for block in 0..<blocks {
      guard let tangent = matrix[block] else { continue }
      let product = tangent.matmul(problem.rows(problem.solution, block))
      change = change.map { $0 - product } ?? -product
    }
    let right = (0..<blocks).map { block in
      let value = problem.block(block).matrixTransposed.matmul(change!)
      return matrix[block].map { value + $0.matrixTransposed.matmul(problem.residual) } ?? value
    }
    let solution = problem.inverse(.concatenation(of: right, axis: 0)).reshaped(to: y[0].shape)
    return Derivatives([solution, problem.triangleTangent(matrix)])
  }
}

/// What the derivatives of a solution are written with.
private struct LeastSquaresProblem {
  private let x: Operands
  private let triangle: AnyTensor
  private let blocks: Int
  /// The solution as a matrix.
  let solution: AnyTensor
  /// The columns of A that are those of each block.
  let columns: [Range<Int>]

  init(_ x: Operands, _ y: ResultTensors, _ blocks: Int) {
    (self.x, self.blocks, triangle) = (x, blocks, y[1])
    solution = y[0].rank == 1 ? y[0].reshaped(to: Shape(unchecked: [y[0].shape[0], 1])) : y[0]
    var start = 0
    columns = (0..<blocks).map { block in
      defer { start += x[block].shape[1] }
      return start..<start + x[block].shape[1]
    }
  }

  func block(_ number: Int) -> AnyTensor { x[number] }
  func asMatrix(_ x: AnyTensor) -> AnyTensor {
    x.rank == 1 ? x.reshaped(to: Shape(unchecked: [x.shape[0], 1])) : x
  }
  /// The rows of a matrix that belong to a block of columns of A.
  func rows(_ matrix: AnyTensor, _ block: Int) -> AnyTensor {
    blocks == 1 ? matrix : matrix.slice(columns[block], axis: 0)
  }

  /// A m.
  func product(_ m: AnyTensor) -> AnyTensor {
    let terms = (0..<blocks).map { block($0).matmul(rows(m, $0)) }
    return terms.dropFirst().reduce(terms[0]) { $0 + $1 }
  }
  /// b - A x.
  var residual: AnyTensor { asMatrix(x[blocks]) - product(solution) }

  private func solve(_ m: AnyTensor) -> AnyTensor { TriangularSolve(lower: false)(triangle, m) }
  private func solveTransposed(_ m: AnyTensor) -> AnyTensor {
    TriangularSolve(lower: false, transposed: true)(triangle, m)
  }
  /// (AᵀA)⁻¹ m.
  func inverse(_ m: AnyTensor) -> AnyTensor { solve(solveTransposed(m)) }

  /// What A is multiplied by from the right to give what it receives where R receives g.
  func triangleChange(_ g: AnyTensor) -> AnyTensor {
    let half = triangle.matmul(g.matrixTransposed).lowerHalf
    return solve(solve(half + half.matrixTransposed).matrixTransposed)
  }
  /// The tangent of R.
  func triangleTangent(_ tangents: [AnyTensor?]) -> AnyTensor? {
    if tangents.allSatisfy({ $0 == nil }) { return nil }
    let rows = (0..<blocks).map { i in
      AnyTensor.concatenation(
        of: (0..<blocks).map { j in
          tangents[j].map { block(i).matrixTransposed.matmul($0) }
            ?? AnyTensor(
              repeating: 0, dtype: triangle.dtype, shape: Shape(unchecked: [columns[i].count, columns[j].count]))
        }, axis: 1)
    }
    let s = solveTransposed(solveTransposed(.concatenation(of: rows, axis: 0)).matrixTransposed)
    return (s + s.matrixTransposed).lowerHalf.matrixTransposed.matmul(triangle)
  }
}

extension Linalg {
  /// The x that minimizes ‖A x - b‖₂, for a matrix A with at least as many rows as columns and full column rank.
  ///
  /// A is [m, n]; b is [m] or [m, k], and x is then [n] or [n, k]. A is reduced to a triangle by Householder
  /// reflections: blocks of rows on all threads, and their triangles again, so that each row is read once and A is never
  /// copied as a whole (TSQR: Demmel, Grigori, Hoemmen and Langou, "Communication-optimal parallel and sequential QR and LU
  /// factorizations", 2012). Columns are scaled by powers of two on the way, to norms near 1. The normal equations, which
  /// square the condition number, are not formed. Blocks depend on the shapes alone, so the result does not depend on the
  /// number of threads.
  ///
  /// Rows may come from a ``NablaTensor/RowSource``: a file is read ahead, and may be larger than memory. In a compiled
  /// function the rows go block by block through what is computed from them: weights and features take no pass of their own.
  ///
  /// It is differentiable in A and b, to any order (Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear
  /// least squares problems whose variables separate", 1973). Gradients have no rows from sources without an address: there,
  /// let a compiled function take the gradient.
  ///
  /// Errors: shapes that do not fit; more columns than `Int32.max`.
  /// - Throws: ``LinalgError/notFinite(operation:operand:)``,
  ///   ``LinalgError/rankDeficient(operation:column:reciprocalCondition:)``,
  ///   ``LinalgError/overflow(operation:row:)`` where a coefficient is too large for its type; what a source throws.
  public static func leastSquares<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) throws -> Tensor<S> {
    try leastSquares([a], b)
  }

  /// The x that minimizes ‖A x - b‖₂, as ``leastSquares(_:_:)-(Tensor<S>,_)``, for a matrix A = [A₁ A₂ …] whose blocks of
  /// columns, of shapes [m, nᵢ], are never brought together: a column of ones before features is one number in memory.
  ///
  /// ```swift
  /// let solution = try Linalg.leastSquares([Tensor(ones: [rows, 1]), features], target)   // the intercept first
  /// ```
  public static func leastSquares<S: FloatingPointScalar>(_ blocks: [Tensor<S>], _ b: Tensor<S>) throws -> Tensor<S> {
    let operands = Operands(blocks.map(\.erased) + [b.erased])
    return Tensor(try LeastSquares(blocks: blocks.count).results(of: operands, count: 2).first)
  }
}
