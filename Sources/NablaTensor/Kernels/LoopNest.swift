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

  /// Calls `body` for each innermost loop with the offsets of its first elements, in elements.
  @inline(__always)
  package func forEachRow(_ body: (_ offsets: [Int]) -> Void) {
    if isEmpty { return }
    var offsets = [Int](repeating: 0, count: strides.count)
    let outer = sizes.count - 1
    if outer == 0 { return body(offsets) }
    var index = [Int](repeating: 0, count: outer)
    while true {
      body(offsets)
      var axis = outer - 1
      while true {
        index[axis] += 1
        for operand in strides.indices { offsets[operand] += strides[operand][axis] }
        if index[axis] < sizes[axis] { break }
        for operand in strides.indices { offsets[operand] -= strides[operand][axis] * sizes[axis] }
        index[axis] = 0
        axis -= 1
        if axis < 0 { return }
      }
    }
  }

  /// The length of the innermost loop.
  package var rowCount: Int { sizes[sizes.count - 1] }
  /// The step of an operand in the innermost loop.
  package func rowStride(_ operand: Int) -> Int { strides[operand][sizes.count - 1] }

  /// Copies operand 0 to operand 1.
  package func copy(_ dtype: DType, from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer) {
    let kernel = nabla_copy_kernel(dtype.rawValue)!
    let width = dtype.byteCount
    forEachRow { offsets in
      kernel(
        source + offsets[0] * width, rowStride(0), destination + offsets[1] * width, rowStride(1), rowCount)
    }
  }
}
