import CKernels

/// A walk over several operands of one shape: the fewest nested loops that visit every element, the innermost handed
/// to a kernel in C.
///
/// Axes that lie behind each other in every operand are merged, so dense operands are one loop however many axes they
/// have, and a matrix plus a row vector is one loop per row.
package struct LoopNest {
  /// Sizes of the loops, outermost first; the last is the kernel's.
  package private(set) var sizes: [Int] = []
  /// For each operand, its step in elements in each loop.
  package private(set) var strides: [[Int]]
  private let isEmpty: Bool

  package init(_ shape: Shape, _ operands: [[Int]]) {
    strides = operands.map { _ in [] }
    isEmpty = shape.dimensions.contains(0)
    for axis in 0..<shape.rank where shape[axis] != 1 {
      let size = shape[axis]
      let merges =
        !sizes.isEmpty
        && operands.indices.allSatisfy { strides[$0][sizes.count - 1] == operands[$0][axis] * size }
      if merges {
        sizes[sizes.count - 1] *= size
        for index in operands.indices { strides[index][sizes.count - 1] = operands[index][axis] }
      } else {
        sizes.append(size)
        for index in operands.indices { strides[index].append(operands[index][axis]) }
      }
    }
    if sizes.isEmpty {
      sizes = [1]
      for index in operands.indices { strides[index] = [1] }
    }
  }

  /// A piece of the two innermost loops: where it begins in each operand, in elements, and how long the loops are.
  package struct Piece {
    package var offsets: [Int]
    package let rows: Int
    package let count: Int
  }

  /// Calls `body` for pieces of the two innermost loops. Large nests are shared over the threads.
  package func forEachPiece(_ body: (Piece) -> Void) {
    if isEmpty { return }
    let steps = strides.map { $0[$0.count - 1] }
    guard sizes.count > 1 else {
      return Parallel.forEachPiece(of: rowCount) { piece in
        body(Piece(offsets: steps.map { $0 * piece.lowerBound }, rows: 1, count: piece.count))
      }
    }
    let rows = sizes[sizes.count - 2]
    let rowSteps = strides.map { $0[$0.count - 2] }
    let matrices = sizes.dropLast(2).reduce(1, *)
    if matrices == 1 {
      return Parallel.forEachPiece(of: rows, cost: rowCount) { piece in
        body(Piece(offsets: rowSteps.map { $0 * piece.lowerBound }, rows: piece.count, count: rowCount))
      }
    }
    Parallel.forEachPiece(of: matrices, cost: rows * rowCount) { piece in
      for matrix in piece { body(Piece(offsets: offsets(ofMatrix: matrix), rows: rows, count: rowCount)) }
    }
  }

  /// Where a matrix of the two innermost loops begins, by its number in row-major order of the outer ones.
  private func offsets(ofMatrix number: Int) -> [Int] {
    var rest = number
    var offsets = [Int](repeating: 0, count: strides.count)
    for axis in stride(from: sizes.count - 3, through: 0, by: -1) {
      let index = rest % sizes[axis]
      rest /= sizes[axis]
      for operand in strides.indices { offsets[operand] += strides[operand][axis] * index }
    }
    return offsets
  }

  /// The length of the innermost loop.
  package var rowCount: Int { sizes[sizes.count - 1] }
  /// The length of the loop around it, if there is one.
  package var outerCount: Int { sizes.count > 1 ? sizes[sizes.count - 2] : 1 }
  /// The step of an operand in the innermost loop.
  package func rowStride(_ operand: Int) -> Int { strides[operand][sizes.count - 1] }

  /// The step of an operand from one row to the next, in elements; 0 where there is one row.
  package func rowDistance(_ operand: Int) -> Int { sizes.count > 1 ? strides[operand][sizes.count - 2] : 0 }

  /// Copies operand 0 to operand 1.
  package func copy(_ dtype: DType, from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer) {
    let kernel = nabla_copy_kernel(dtype.rawValue)!
    let width = dtype.byteCount
    // Where source and target run along different axes, in blocks that fit the cache.
    let isTransposing = sizes.count > 1 && rowStride(0) != 1 && rowDistance(0) == 1
    forEachPiece { piece in
      let (x, y) = (source + piece.offsets[0] * width, destination + piece.offsets[1] * width)
      if isTransposing {
        nabla_copy_matrix(
          x, rowDistance(0), rowStride(0), y, rowDistance(1), rowStride(1), piece.rows, piece.count, Int32(width))
      } else {
        nabla_copy_rows(
          kernel, x, rowDistance(0) * width, rowStride(0), y, rowDistance(1) * width, rowStride(1), piece.rows,
          piece.count)
      }
    }
  }
}
