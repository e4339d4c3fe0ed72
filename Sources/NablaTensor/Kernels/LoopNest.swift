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

  /// Calls `body` for each innermost loop, or for pieces of a long one, with the offsets of its first elements, in
  /// elements, and its length. Large nests are shared over the threads.
  package func forEachRow(_ body: (_ offsets: [Int], _ count: Int) -> Void) {
    if isEmpty { return }
    let rows = sizes.dropLast().reduce(1, *)
    if rows > 1 { return Parallel.forEachPiece(of: rows, cost: rowCount) { forEachRow(in: $0, body) } }
    let steps = strides.map { $0[$0.count - 1] }
    Parallel.forEachPiece(of: rowCount) { piece in body(steps.map { $0 * piece.lowerBound }, piece.count) }
  }

  private func forEachRow(in rows: Range<Int>, _ body: (_ offsets: [Int], _ count: Int) -> Void) {
    let outer = sizes.count - 1
    var offsets = [Int](repeating: 0, count: strides.count)
    var index = [Int](repeating: 0, count: outer)
    var rest = rows.lowerBound
    for axis in stride(from: outer - 1, through: 0, by: -1) {
      index[axis] = rest % sizes[axis]
      rest /= sizes[axis]
      for operand in strides.indices { offsets[operand] += strides[operand][axis] * index[axis] }
    }
    for _ in rows {
      body(offsets, rowCount)
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        for operand in strides.indices { offsets[operand] += strides[operand][axis] }
        if index[axis] < sizes[axis] { break }
        for operand in strides.indices { offsets[operand] -= strides[operand][axis] * sizes[axis] }
        index[axis] = 0
        axis -= 1
      }
    }
  }

  private func copyMatrices(_ width: Int, from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer) {
    let (outer, inner) = (sizes.count - 2, sizes.count - 1)
    var matrices = self
    (matrices.sizes[outer], matrices.sizes[inner]) = (1, 1)
    matrices.forEachRow { offsets, _ in
      Parallel.forEachPiece(of: sizes[outer], cost: sizes[inner]) { rows in
        nabla_copy_matrix(
          source + (offsets[0] + rows.lowerBound * strides[0][outer]) * width, strides[0][outer], strides[0][inner],
          destination + (offsets[1] + rows.lowerBound * strides[1][outer]) * width, strides[1][outer],
          strides[1][inner], rows.count, sizes[inner], Int32(width))
      }
    }
  }

  /// The length of the innermost loop.
  private var rowCount: Int { sizes[sizes.count - 1] }
  /// The step of an operand in the innermost loop.
  package func rowStride(_ operand: Int) -> Int { strides[operand][sizes.count - 1] }

  /// Copies operand 0 to operand 1.
  package func copy(_ dtype: DType, from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer) {
    let kernel = nabla_copy_kernel(dtype.rawValue)!
    let width = dtype.byteCount
    if isEmpty { return }
    // The two innermost loops together, in blocks, where source and target run along different ones.
    if sizes.count >= 2 && rowStride(0) != 1 && strides[0][sizes.count - 2] == 1 {
      return copyMatrices(width, from: source, to: destination)
    }
    forEachRow { offsets, count in
      kernel(source + offsets[0] * width, rowStride(0), destination + offsets[1] * width, rowStride(1), count)
    }
  }
}
