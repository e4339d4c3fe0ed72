import CKernels
import NablaAutodiff
import NablaTensor
import Synchronization

/// The matrices along the last two axes of a tensor, where BLAS can walk each: along rows or along columns its elements lie one
/// behind the other.
struct MatrixStack<S: LAPACKScalar> {
  let rows: Int
  let columns: Int
  /// Elements from one row to the next, and from one column to the next; one of them is 1.
  let rowStep: Int
  let columnStep: Int
  private let tensor: AnyTensor
  private let batch: [Int]
  private let steps: [Int]

  /// The matrices of a tensor whose leading axes are repeated to a shape; copied where BLAS could not walk them.
  init(_ x: AnyTensor, batch: Shape) {
    let axes = x.rank - 2
    (rows, columns) = (x.shape[axes], x.shape[axes + 1])
    let walkable = MatrixStack.isWalkable(x) ? x : x.dense
    tensor = walkable.view(broadcastTo: Shape(unchecked: batch.dimensions + [rows, columns]))
    let steps = tensor.resolvedStrides
    self.batch = batch.dimensions
    self.steps = Array(steps.dropLast(2))
    // A single row or column has any step; BLAS wants one that is as large as a dense matrix's.
    let (row, column) = (steps[steps.count - 2], steps[steps.count - 1])
    (rowStep, columnStep) =
      column == 1 || columns == 1 ? (rows == 1 ? max(1, columns) : row, 1) : (1, columns == 1 ? max(1, rows) : column)
  }

  private static func isWalkable(_ x: AnyTensor) -> Bool {
    let (steps, axes) = (x.resolvedStrides, x.rank - 2)
    let (m, n) = (x.shape[axes], x.shape[axes + 1])
    func fits(_ large: Int, _ small: Int, _ count: Int, _ length: Int) -> Bool {
      (small == 1 || length == 1) && (large >= max(1, length) && large <= Int(Int32.max) || count == 1)
    }
    return fits(steps[axes], steps[axes + 1], m, n) || fits(steps[axes + 1], steps[axes], n, m)
  }

  /// A matrix by its number in row-major order of the leading axes. Valid while the stack is kept.
  subscript(number: Int) -> UnsafePointer<S> {
    var (rest, start) = (number, 0)
    for axis in batch.indices.reversed() {
      start += rest % batch[axis] * steps[axis]
      rest /= batch[axis]
    }
    return UnsafePointer(tensor.address.assumingMemoryBound(to: S.self) + start)
  }
}

/// The triangle of a matrix that an operation reads.
struct Triangle: Hashable, Sendable {
  var isLower: Bool
  /// Whether the diagonal is left out.
  var isStrict = false

  /// The columns that are part of it in a row, of `columns`.
  @inline(__always)
  func columns(_ row: Int, of columns: Int) -> Range<Int> {
    let gap = isStrict ? 1 : 0
    return isLower ? 0..<min(columns, max(0, row + 1 - gap)) : min(columns, row + gap)..<columns
  }
}

/// Work on the matrices of a stack.
enum Matrices {
  /// Calls `body` for each of `count` matrices, on all threads where the work of a matrix, in elements, makes that worth
  /// while, and throws the error of the first matrix that has one. A single matrix is on the calling thread, for its routine
  /// to share.
  static func forEach(
    _ count: Int, work: Int, _ body: (Int) -> LinalgError?
  ) throws(LinalgError) {
    let first = Mutex<(matrix: Int, error: LinalgError)?>(nil)
    OpenBLAS.withOneThread { _ in
      Parallel.forEachPiece(of: count, cost: max(1, min(work, 1 << 30))) { piece in
        for matrix in piece {
          guard let error = body(matrix) else { continue }
          return first.withLock { if matrix < $0?.matrix ?? .max { $0 = (matrix, error) } }
        }
      }
    }
    if let error = first.withLock({ $0?.error }) { throw error }
  }

  /// Whether elements that lie one behind the other are all finite.
  static func areFinite<S: LAPACKScalar>(_ elements: UnsafePointer<S>, _ count: Int) -> Bool {
    if count < 16 {
      for index in 0..<count where !elements[index].isFinite { return false }
      return true
    }
    let isFinite = Atomic(true)
    Parallel.forEachPiece(of: count) { piece in
      let size = largestMagnitude(elements + piece.lowerBound, piece.count)
      if !size.isFinite { isFinite.store(false, ordering: .relaxed) }
    }
    return isFinite.load(ordering: .relaxed)
  }

  /// Whether a triangle is finite: that of a matrix with n rows, each `step` elements behind the one before it.
  static func isFinite<S: LAPACKScalar>(
    _ a: UnsafePointer<S>, _ n: Int, step: Int, _ triangle: Triangle
  ) -> Bool {
    for row in 0..<n {
      let columns = triangle.columns(row, of: n)
      if !areFinite(a + row * step + columns.lowerBound, columns.count) { return false }
    }
    return true
  }

  /// Of any number of elements; infinite where one is a NaN or an infinity.
  static func largestMagnitude<S: LAPACKScalar>(_ elements: UnsafePointer<S>, _ count: Int) -> S {
    if count == 0 { return 0 }
    var (high, low): (S, S) = (0, 0)
    nabla_reduce_row_kernel(NABLA_MAX, S.dtype.rawValue)!(elements, count, &high)
    nabla_reduce_row_kernel(NABLA_MIN, S.dtype.rawValue)!(elements, count, &low)
    return high.isFinite && low.isFinite ? max(high, -low) : .infinity
  }
}

extension Primitive {
  /// Whether an operand is a matrix or a stack of matrices of a floating-point type, square if asked; if not, after the error.
  func isMatrix(_ x: AnyTensor, square: Bool = false) -> Bool {
    let shape = x.shape
    guard x.dtype.isFloatingPoint else {
      fail(name, "\(x.dtype) is no type of matrices; only float32 and float64 are allowed")
      return false
    }
    guard shape.rank >= 2, !square || shape[shape.rank - 1] == shape[shape.rank - 2] else {
      fail(name, "shape \(shape) is not a \(square ? "square matrix" : "matrix"), nor a stack of them")
      return false
    }
    let largest = max(shape[shape.rank - 1], shape[shape.rank - 2])
    if largest > Int(Int32.max) {
      fail(name, "shape \(shape) has a size of \(largest); LAPACK counts with 32 bits, up to \(Int32.max)")
    }
    return largest <= Int(Int32.max)
  }
}

extension Shape {
  /// The leading axes of a stack of matrices.
  var stack: Shape { Shape(unchecked: Array(dropLast(2))) }
  /// How many matrices there are in each row of a stack, and how many rows and columns each has.
  var matricesPerRow: Int { rank > 2 ? dropFirst().dropLast(2).reduce(1, *) : 1 }
}
