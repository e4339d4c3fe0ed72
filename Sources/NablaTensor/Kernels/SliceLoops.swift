import CKernels

/// The loops over a slice of a dense tensor: where the elements of a value of the slice's shape lie in the tensor.
///
/// The tensor is cut into blocks of rows along its first axis that is longer than 1; what is around a slice in a block, and
/// what other slices have there, is written while the block is in a cache. Memory is passed once, whatever the slices.
package struct SliceLoops {
  /// Rows of the tensor, and elements of each.
  private let rows: Int
  private let width: Int
  /// The rows that the slice takes.
  private let start: Int
  private let step: Int
  private let count: Int
  /// From one of these to the next in the value, in elements.
  private let valueStep: Int
  /// The loops inside of a row, of the value and of the tensor, from this element of the row on.
  private let inner: LoopNest
  private let offset: Int
  /// Whether the slice takes every element of the rows that it takes.
  private let isWholeRows: Bool

  /// The loops over a slice of a tensor of `shape`, for a value of the slice's sizes with these strides. The slice lies inside.
  package init(starts: [Int], sizes: [Int], steps: [Int], of shape: Shape, valueStrides: [Int]) {
    let axis = shape.firstIndex { $0 > 1 } ?? max(0, shape.rank - 1)
    let behind = min(axis + 1, shape.rank)..<shape.rank
    let strides = shape.denseStrides
    rows = shape.elementCount == 0 ? 0 : shape.rank == 0 ? 1 : shape[axis]
    width = behind.reduce(1) { $0 * shape[$1] }
    (start, step) = shape.rank == 0 ? (0, 1) : (starts[axis], steps[axis])
    count = sizes.contains(0) ? 0 : shape.rank == 0 ? 1 : sizes[axis]
    valueStep = shape.rank == 0 ? 0 : valueStrides[axis]
    inner = LoopNest(
      Shape(unchecked: Array(sizes[behind])),
      [Array(valueStrides[behind]), behind.map { strides[$0] * steps[$0] }])
    offset = behind.reduce(0) { $0 + starts[$1] * strides[$1] }
    isWholeRows = behind.allSatisfy { sizes[$0] == shape[$0] } && abs(step) == 1
  }

  /// y = zeros in which the slices are the sums of the values, which `value` gives by number. Float is added in the order of the slices.
  package static func write(
    _ slices: [SliceLoops], _ dtype: DType, into y: UnsafeMutableRawPointer, value: (Int) -> UnsafeMutableRawPointer
  ) {
    guard let first = slices.first else { return }
    Parallel.forEachPiece(of: first.rows, cost: first.width) { block in
      first.copy(dtype, value(0), to: y, block)
      for index in slices.indices.dropFirst() { slices[index].add(dtype, value(index), to: y, block) }
    }
  }

  /// Adds a value to the slice of y.
  package func add(_ dtype: DType, _ value: UnsafeMutableRawPointer, to y: UnsafeMutableRawPointer) {
    // Only the rows of the slice are visited, cut as the whole would be.
    Parallel.forEachPiece(of: count, cost: max(1, inner.sizes.reduce(1, *))) { add(dtype, value, to: y, taken: $0) }
  }

  /// The rows of the slice that lie in a block, by their numbers in the slice.
  private func taken(in block: Range<Int>) -> Range<Int> {
    let distance = max(1, abs(step))
    let (before, after) = step > 0 ? (block.lowerBound, block.upperBound) : (1 - block.upperBound, 1 - block.lowerBound)
    let from = step > 0 ? start : -start
    func number(of row: Int) -> Int { min(max(0, row <= from ? 0 : (row - from + distance - 1) / distance), count) }
    return number(of: before)..<number(of: after)
  }

  private func copy(
    _ dtype: DType, _ value: UnsafeMutableRawPointer, to y: UnsafeMutableRawPointer, _ block: Range<Int>
  ) {
    let rows = taken(in: block)
    let bytes = width * dtype.byteCount
    func zero(_ rows: Range<Int>) {
      if !rows.isEmpty {
        (y + rows.lowerBound * bytes).initializeMemory(as: UInt8.self, repeating: 0, count: rows.count * bytes)
      }
    }
    if isWholeRows && !rows.isEmpty {
      let ends = (start + rows.lowerBound * step, start + (rows.upperBound - 1) * step)
      zero(block.lowerBound..<min(ends.0, ends.1))
      zero(max(ends.0, ends.1) + 1..<block.upperBound)
    } else {
      zero(block)
    }
    forEachMatrix(rows) { from, to, x0, x1, y0, y1, height, width in
      nabla_copy_matrix(
        value + from * dtype.byteCount, x0, x1, y + to * dtype.byteCount, y0, y1, height, width, Int32(dtype.byteCount))
    }
  }

  private func add(
    _ dtype: DType, _ value: UnsafeMutableRawPointer, to y: UnsafeMutableRawPointer, _ block: Range<Int>
  ) { add(dtype, value, to: y, taken: taken(in: block)) }

  private func add(
    _ dtype: DType, _ value: UnsafeMutableRawPointer, to y: UnsafeMutableRawPointer, taken rows: Range<Int>
  ) {
    forEachMatrix(rows) { from, to, x0, x1, y0, y1, height, width in
      nabla_add_matrix(
        dtype.rawValue, value + from * dtype.byteCount, x0, x1, y + to * dtype.byteCount, y0, y1, height, width)
    }
  }

  /// Calls `body` with the matrices that some rows of the slice are made of: where each begins in the value and in the tensor,
  /// its steps in both, its height and width, in elements.
  @inline(__always)
  private func forEachMatrix(_ rows: Range<Int>, _ body: (Int, Int, Int, Int, Int, Int, Int, Int) -> Void) {
    if rows.isEmpty { return }
    let (columns, loop) = (inner.size(0), inner.step(0))
    let rowStep = width * step
    if inner.sizes.count == 1 {
      body(
        rows.lowerBound * valueStep, start * width + rows.lowerBound * rowStep + offset, valueStep, loop[0], rowStep,
        loop[1],
        rows.count, columns)
      return
    }
    let (height, across) = (inner.size(1), inner.step(1))
    let outer = inner.sizes.reduce(1, *) / (columns * height)
    for row in rows {
      for number in 0..<outer {
        let offsets = inner.offsets(ofOuter: number, outside: 2)
        body(
          row * valueStep + offsets[0], start * width + row * rowStep + offset + offsets[1], across[0], loop[0],
          across[1],
          loop[1], height, columns)
      }
    }
  }
}

extension AnyTensor {
  /// Adds a value to a slice of this, of its sizes, in place. Memory that others share is copied first.
  package mutating func add(_ value: AnyTensor, starts: [Int], sizes: [Int], steps: [Int]) {
    makeUnique()
    withExtendedLifetime((storage, value.storage)) {
      SliceLoops(starts: starts, sizes: sizes, steps: steps, of: shape, valueStrides: value.resolvedStrides)
        .add(dtype, value.address, to: address)
    }
  }

  /// Whether elements may be written in place: this is dense, with memory that nothing else sees.
  package mutating func isOwn() -> Bool {
    isDense && storage.owner == nil && isKnownUniquelyReferenced(&storage)
  }
}
