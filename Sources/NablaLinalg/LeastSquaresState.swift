import CBLAS
import NablaTensor

/// The sizes of a least squares problem without its rows.
struct LeastSquaresForm: Sendable {
  /// n, the columns of A.
  let columns: Int
  /// k, the columns of b.
  let rightSides: Int
  var width: Int { columns + rightSides }
}

/// What some rows of [A b] leave behind: for a diagonal scaling D of the columns, the triangle R of A D = Q R and the top of
/// Qᵀb, both column-major, behind the scales.
struct LeastSquaresState<S: LAPACKScalar> {
  private struct Header {
    /// What no longer can be solved.
    var problem = Problem.none
    /// The rows from 0 on that may be other than zero.
    var rows: Int32 = 0
    /// The argument that LAPACK refused.
    var position: Int32 = 0
  }
  private enum Problem: Int32 { case none, matrixNotFinite, rightSideNotFinite, illegalArgument }

  private let form: LeastSquaresForm
  private let base: UnsafeMutableRawPointer

  init(_ form: LeastSquaresForm, _ base: UnsafeMutableRawPointer) { (self.form, self.base) = (form, base) }

  private static var headerBytes: Int { 64 }
  /// The bytes of a state, in whole lines of memory.
  static func byteCount(_ form: LeastSquaresForm) -> Int {
    let scalars = form.width + form.columns * form.width
    return headerBytes + (scalars * S.dtype.byteCount + 63) / 64 * 64
  }

  private var header: UnsafeMutablePointer<Header> { base.assumingMemoryBound(to: Header.self) }
  /// For each column of A and of b.
  private var scales: UnsafeMutablePointer<S> {
    (base + Self.headerBytes).assumingMemoryBound(to: S.self)
  }
  private var triangle: UnsafeMutablePointer<S> { scales + form.width }
  private var right: UnsafeMutablePointer<S> { triangle + form.columns * form.columns }

  // MARK: A block of rows

  /// Writes the state of a block: column-major rows of [A b], which are overwritten.
  func write(_ block: LeastSquaresBlock<S>, rows: Int) {
    header.initialize(to: Header())
    for column in 0..<form.width {
      let elements = block.column(column)
      let largest = Matrices.largestMagnitude(elements, rows)
      guard largest.isFinite else {
        header.pointee.problem = column < form.columns ? .matrixNotFinite : .rightSideNotFinite
        return
      }
      scales[column] = largest > 0 ? Self.scale(largest) : S(sign: .plus, exponent: Self.limit, significand: 1)
      Self.multiply(elements, rows, scales[column])
    }
    let status = block.factor(rows)
    if status != 0 { return fail(status) }
    let kept = min(rows, form.columns)
    header.pointee.rows = Int32(kept)
    for column in 0..<form.width {
      // Below the diagonal lie reflections.
      let count = min(kept, column < form.columns ? column + 1 : kept)
      let target = triangle + column * form.columns
      target.update(from: block.column(column), count: count)
      (target + count).update(repeating: 0, count: form.columns - count)
    }
  }

  private func fail(_ status: Int32) {
    header.pointee.problem = .illegalArgument
    header.pointee.position = -status
  }

  // MARK: Two states

  /// Writes what the rows of state a and then those of b leave behind; this state may be either.
  func merge(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer) {
    let size = Self.byteCount(form)
    let memory = LeastSquaresMerge<S>(form, stateBytes: size)
    // The second state is overwritten on the way.
    memory.state.copyMemory(from: b, byteCount: size)
    let other = LeastSquaresState(form, memory.state)
    if base != UnsafeMutableRawPointer(mutating: a) { base.copyMemory(from: a, byteCount: size) }
    if header.pointee.problem != .none { return }
    if other.header.pointee.problem != .none || header.pointee.rows == 0 {
      return base.copyMemory(from: memory.state, byteCount: size)
    }
    let rows = Int(other.header.pointee.rows)
    if rows == 0 { return }
    for column in 0..<form.width {
      let common = min(scales[column], other.scales[column])
      rescale(column, to: common)
      other.rescale(column, to: common)
    }
    let status = memory.factor(triangle, right, other.triangle, other.right, rows: rows)
    if status != 0 { return fail(status) }
    header.pointee.rows = Int32(min(form.columns, Int(header.pointee.rows) + rows))
  }

  private func rescale(_ column: Int, to scale: S) {
    Self.multiply(triangle + column * form.columns, form.columns, scale / scales[column])
    scales[column] = scale
  }

  // MARK: Scales

  /// The largest exponent.
  private static var top: S.Exponent { S.greatestFiniteMagnitude.exponent }
  /// Scales are between the powers of two with minus and plus this exponent.
  private static var limit: S.Exponent { top / 4 * 3 }

  /// The power of two that brings a size near 1, or, near the ends of the exponents, to one that can be squared.
  private static func scale(_ size: S) -> S {
    S(sign: .plus, exponent: min(max(-size.exponent, -limit), limit), significand: 1)
  }

  /// Powers of two round nothing.
  private static func multiply(_ elements: UnsafeMutablePointer<S>, _ count: Int, _ factor: S) {
    if factor == 1 { return }
    for index in 0..<count { elements[index] *= factor }
  }

  // MARK: The solution

  /// Writes x and the triangle of A itself. The state is overwritten.
  func solve(into y: [UnsafeMutableRawPointer]) throws {
    switch header.pointee.problem {
    case .none: break
    case .matrixNotFinite: throw LinalgError.notFinite(operation: "leastSquares", operand: "the matrix")
    case .rightSideNotFinite: throw LinalgError.notFinite(operation: "leastSquares", operand: "the right-hand side")
    case .illegalArgument:
      throw LinalgError.illegalArgument(routine: "geqrf", position: Int(header.pointee.position))
    }
    let (n, k) = (form.columns, form.rightSides)
    if n == 0 { return }
    balance()
    try requireFullRank()
    S.lapack.trsm(
      CblasColMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, Int32(n), Int32(k), 1, triangle, Int32(n),
      right, Int32(n))
    let (x, r) = (y[0].assumingMemoryBound(to: S.self), y[1].assumingMemoryBound(to: S.self))
    for row in 0..<n {
      for column in 0..<k {
        let exponent = scales[row].exponent - scales[n + column].exponent
        let value = S(sign: .plus, exponent: exponent, significand: right[column * n + row])
        guard value.isFinite else { throw LinalgError.overflow(operation: "leastSquares", row: row) }
        x[row * k + column] = value
      }
      for column in 0..<n {
        r[row * n + column] =
          S(sign: .plus, exponent: -scales[column].exponent, significand: triangle[column * n + row])
      }
    }
  }

  /// Brings the norms of the columns, which are those of A D, near 1.
  private func balance() {
    for column in 0..<form.columns {
      let elements = triangle + column * form.columns
      let squares = (0...column).reduce(S(0)) { $0 + elements[$1] * elements[$1] }
      if squares == 0 { continue }
      let highest = S(sign: .plus, exponent: Self.top, significand: 1)
      rescale(column, to: min(Self.scale(squares.squareRoot()), highest / scales[column]) * scales[column])
    }
  }

  private func requireFullRank() throws {
    let n = form.columns
    var reciprocal: S = 0
    var (work, numbers) = ([S](repeating: 0, count: 3 * n), [Int32](repeating: 0, count: n))
    let status = S.lapack.trcon(
      Letter.columnMajor, Letter.oneNorm, Letter.upper, Letter.notUnit, Int32(n), triangle, Int32(n), &reciprocal,
      &work, &numbers)
    guard status == 0 else { throw LinalgError.illegalArgument(routine: "trcon", position: -Int(status)) }
    if reciprocal > S.ulpOfOne { return }
    let smallest = (0..<n).min { abs(triangle[$0 * (n + 1)]) < abs(triangle[$1 * (n + 1)]) } ?? 0
    throw LinalgError.rankDeficient(
      operation: "leastSquares", column: smallest, reciprocalCondition: Double(reciprocal))
  }
}

/// Memory for the rows of a block, column-major, and for what LAPACK needs to factor it.
final class LeastSquaresBlock<S: LAPACKScalar> {
  private let form: LeastSquaresForm
  /// Elements from one column to the next: no power of two, whose places in a cache would be the same for all columns.
  private let height: Int
  private let memory: Storage
  private let base: UnsafeMutablePointer<S>
  private var reflections: [S]
  private var work: [S]

  init(_ form: LeastSquaresForm, rows: Int) {
    self.form = form
    height = max(1, rows + (rows.nonzeroBitCount == 1 ? 8 : 0))
    memory = Storage(dtype: S.dtype, shape: Shape(unchecked: [height * form.width]))
    base = memory.base.assumingMemoryBound(to: S.self)
    reflections = [S](repeating: 0, count: max(1, form.width))
    // LAPACK tells what it would like to have.
    work = [1]
    _ = factorMatrix(rows, size: -1)
    let size = work[0]
    _ = applyReflections(rows, size: -1)
    work = [S](repeating: 0, count: Int(max(1, size, work[0])))
  }

  var byteCount: Int { (height * form.width + reflections.count + work.count) * S.dtype.byteCount }

  /// The elements of a column of [A b].
  func column(_ number: Int) -> UnsafeMutablePointer<S> { base + number * height }

  /// Writes the state of some rows of the blocks of A and of b, which sources may give for that time.
  func write(_ parts: [AnyTensor], _ rows: Range<Int>, to state: UnsafeMutableRawPointer) throws {
    guard memory.kind == .memory else { return }
    var column = 0
    for part in parts {
      try part.withRows(rows) { view in
        view.copy(to: self.column(column), strides: [1, height].dropLast(2 - view.rank))
      }
      column += part.rank == 1 ? 1 : part.shape[1]
    }
    LeastSquaresState<S>(form, state).write(self, rows: rows.count)
  }

  /// Leaves R in the top of A's columns and Qᵀb in that of b's.
  func factor(_ rows: Int) -> Int32 {
    if rows == 0 || form.columns == 0 { return 0 }
    let status = factorMatrix(rows, size: Int32(work.count))
    return status == 0 && !isJoint ? applyReflections(rows, size: Int32(work.count)) : status
  }

  /// Whether b's columns are factored with A's: the reflections of those leave the rows of R alone, and where they are few,
  /// one call does it all. (Where they are many, their own triangle would be most of the work.)
  private var isJoint: Bool { 4 * form.rightSides <= form.columns || form.rightSides <= 1 }

  private func factorMatrix(_ rows: Int, size: Int32) -> Int32 {
    S.lapack.geqrf(
      Letter.columnMajor, Int32(rows), Int32(isJoint ? form.width : form.columns), base, Int32(height), &reflections,
      &work, size)
  }
  private func applyReflections(_ rows: Int, size: Int32) -> Int32 {
    S.lapack.ormqr(
      Letter.columnMajor, Letter.left, Letter.transposed, Int32(rows), Int32(form.rightSides),
      Int32(min(rows, form.columns)), base, Int32(height), reflections, column(form.columns), Int32(height), &work, size
    )
  }
}

/// Memory for merging two states.
private struct LeastSquaresMerge<S: LAPACKScalar> {
  private let form: LeastSquaresForm
  private let memory: Storage
  private let block: Int
  /// For a copy of the second state.
  var state: UnsafeMutableRawPointer { memory.base }
  private let reflections: UnsafeMutablePointer<S>
  private let work: UnsafeMutablePointer<S>

  init(_ form: LeastSquaresForm, stateBytes: Int) {
    self.form = form
    block = max(1, min(32, form.columns))
    let scalars = block * (form.columns + max(form.columns, form.rightSides))
    memory = Storage(dtype: .uint8, shape: Shape(unchecked: [stateBytes + scalars * S.dtype.byteCount]))
    reflections = (memory.base + stateBytes).assumingMemoryBound(to: S.self)
    work = reflections + block * form.columns
  }

  /// The triangle of r above that of s, of which `rows` rows are there, in r; and the same reflections of b above c. The
  /// triangles' zeros are not computed with.
  func factor(
    _ r: UnsafeMutablePointer<S>, _ b: UnsafeMutablePointer<S>, _ s: UnsafeMutablePointer<S>,
    _ c: UnsafeMutablePointer<S>, rows: Int
  ) -> Int32 {
    let (n, k, rows, block) = (Int32(form.columns), Int32(form.rightSides), Int32(rows), Int32(block))
    defer { withExtendedLifetime(memory) {} }
    let status = S.lapack.tpqrt(
      Letter.columnMajor, rows, n, rows, block, r, n, s, n, reflections, block, work)
    if status != 0 || k == 0 { return status }
    return S.lapack.tpmqrt(
      Letter.columnMajor, Letter.left, Letter.transposed, rows, k, n, rows, block, s, n, reflections, block, b, n, c, n,
      work)
  }
}
