import CKernels

extension Reduction {
  /// The states of a tensor's blocks, on all threads where that pays. What threads share is cut by the shape alone.
  struct Merge {
    let reduction: UnsafePointer<nabla_reduction>
    let blocks: Blocks
    /// Bytes of an element, and of the state of one result.
    let width: Int
    let stateBytes: Int
    private let base: UnsafeRawPointer

    init(_ op: nabla_reduction_op, _ blocks: Blocks) {
      reduction = nabla_reduction_kernel(op, blocks.x.dtype.rawValue)!
      self.blocks = blocks
      width = blocks.x.dtype.byteCount
      stateBytes = reduction.pointee.fields * reduction.pointee.field_bytes
      base = UnsafeRawPointer(blocks.x.address)
    }

    /// The states of all results.
    @inline(__always)
    func state(into y: UnsafeMutableRawPointer) {
      if blocks.x.count < Parallel.threshold && blocks.outer == 1 && blocks.leading == 1 {
        return whole(0, blocks.reduced, into: y, stride: blocks.inner)
      }
      stateOfMany(into: y)
    }

    @inline(never)
    private func stateOfMany(into y: UnsafeMutableRawPointer) {
      let (count, field) = (blocks.count, reduction.pointee.field_bytes)
      if blocks.leading != 1 { return tree(Slices(self), into: y, stride: count) }
      if blocks.outer == 1 || blocks.areFewAndLong {
        for block in 0..<blocks.outer { tree(of: block, into: y + block * blocks.inner * field, stride: count) }
        return
      }
      Parallel.forEachPiece(of: blocks.outer, cost: max(1, blocks.reduced * blocks.inner)) { piece in
        let (start, reduced, inner) = (piece.lowerBound, blocks.reduced, blocks.inner)
        if inner == 1 {
          return reduction.pointee.rows(base + start * reduced * width, piece.count, reduced, y + start * field, count)
        }
        for block in piece {
          let x = base + block * reduced * inner * width
          reduction.pointee.columns(x, reduced, inner, y + block * inner * field, count)
        }
      }
    }

    /// One block, or a whole matrix, on this thread.
    private func whole(_ block: Int, _ rows: Int, into y: UnsafeMutableRawPointer, stride: Int) {
      let x = base + block * blocks.reduced * blocks.inner * width
      if blocks.inner == 1 { return reduction.pointee.row(x, rows, y, stride) }
      reduction.pointee.columns(x, rows, blocks.inner, y, stride)
    }

    /// The states of one block, on all threads where that pays.
    func tree(of block: Int, into y: UnsafeMutableRawPointer, stride: Int) {
      let (reduced, inner) = (blocks.reduced, blocks.inner)
      if reduced * inner < Parallel.threshold { return whole(block, reduced, into: y, stride: stride) }
      let x = base + block * reduced * inner * width
      if inner >= Merge.wide && reduced <= Merge.flat { return strips(x, into: y, stride: stride) }
      tree(Lines(self, x), into: y, stride: stride)
    }

    /// A matrix of few rows, or so wide that the states of pieces of its rows would be many, is cut along its columns.
    private static let wide = 4096
    private static let flat = 256
    /// Columns of a strip.
    private static let strip = 2048

    private func strips(_ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, stride: Int) {
      let (inner, field) = (blocks.inner, reduction.pointee.field_bytes)
      Parallel.forEach((inner + Merge.strip - 1) / Merge.strip) { strip in
        let start = strip * Merge.strip
        reduction.pointee.strip(
          x + start * width, blocks.reduced, inner, min(Merge.strip, inner - start), y + start * field, stride)
      }
    }
  }
}

/// What a binary tree merges the states of: its shape depends on the length alone.
private protocol Leaves {
  var length: Int { get }
  /// Results of each state.
  var columns: Int { get }
  /// Where a range of this length is cut, or 0 where threads do not share it.
  func left(_ count: Int) -> Int
  /// The state of a range, dense.
  func state(_ start: Int, _ count: Int, into y: UnsafeMutableRawPointer)
}

/// Elements of a row, or rows of a matrix.
private struct Lines: Leaves {
  let merge: Reduction.Merge
  let x: UnsafeRawPointer

  init(_ merge: Reduction.Merge, _ x: UnsafeRawPointer) {
    self.merge = merge
    self.x = x
  }

  var length: Int { merge.blocks.reduced }
  var columns: Int { merge.blocks.inner }
  func left(_ count: Int) -> Int {
    count * columns <= 2 * Parallel.grain
      ? 0 : columns == 1 ? nabla_row_tree_left(count) : nabla_column_tree_left(count)
  }
  func state(_ start: Int, _ count: Int, into y: UnsafeMutableRawPointer) {
    let (from, reduction) = (x + start * columns * merge.width, merge.reduction.pointee)
    columns == 1 ? reduction.row(from, count, y, 1) : reduction.columns(from, count, columns, y, columns)
  }
}

/// The indices of the leading axis, each a matrix whose rows are reduced.
private struct Slices: Leaves {
  let merge: Reduction.Merge
  let x: UnsafeRawPointer

  init(_ merge: Reduction.Merge) {
    self.merge = merge
    x = UnsafeRawPointer(merge.blocks.x.address)
  }

  var length: Int { merge.blocks.leading }
  var columns: Int { merge.blocks.outer }
  private var size: Int { columns * merge.blocks.reduced }
  func left(_ count: Int) -> Int { count * size <= 2 * Parallel.grain ? 0 : count / 2 }
  func state(_ start: Int, _ count: Int, into y: UnsafeMutableRawPointer) {
    let bytes = columns * merge.stateBytes
    let depth = Int.bitWidth - max(1, count - 1).leadingZeroBitCount
    withUnsafeTemporaryAllocation(byteCount: max(1, depth * bytes), alignment: 64) {
      state(start, count, into: y, spare: $0.baseAddress!)
    }
  }

  private func state(
    _ start: Int, _ count: Int, into y: UnsafeMutableRawPointer, spare: UnsafeMutableRawPointer
  ) {
    if count <= 1 {
      let length = count == 0 ? 0 : merge.blocks.reduced
      return merge.reduction.pointee.rows(x + start * size * merge.width, columns, length, y, columns)
    }
    let half = count / 2
    let next = spare + columns * merge.stateBytes
    state(start, half, into: y, spare: spare)
    state(start + half, count - half, into: spare, spare: next)
    merge.reduction.pointee.merge(y, spare, y, columns)
  }
}

extension Reduction.Merge {
  /// The states of all leaves, merged.
  fileprivate func tree(_ leaves: some Leaves, into y: UnsafeMutableRawPointer, stride: Int) {
    var ranges: [(start: Int, count: Int)] = []
    cut(leaves, 0, leaves.length, into: &ranges)
    let bytes = leaves.columns * stateBytes
    let partial = UnsafeMutableRawPointer.allocate(byteCount: max(1, ranges.count * bytes), alignment: 64)
    defer { partial.deallocate() }
    ranges.withUnsafeBufferPointer { ranges in
      Parallel.forEach(ranges.count) { leaf in
        leaves.state(ranges[leaf].start, ranges[leaf].count, into: partial + leaf * bytes)
      }
    }
    var next = 0
    join(leaves, leaves.length, partial, &next)
    let fieldBytes = reduction.pointee.field_bytes
    for field in 0..<reduction.pointee.fields {
      (y + field * stride * fieldBytes).copyMemory(
        from: partial + field * leaves.columns * fieldBytes, byteCount: leaves.columns * fieldBytes)
    }
  }

  private func cut(_ leaves: some Leaves, _ start: Int, _ count: Int, into ranges: inout [(start: Int, count: Int)]) {
    let left = leaves.left(count)
    if left == 0 { return ranges.append((start, count)) }
    cut(leaves, start, left, into: &ranges)
    cut(leaves, start + left, count - left, into: &ranges)
  }

  /// Merges the states of a subtree into its first one.
  private func join(_ leaves: some Leaves, _ count: Int, _ partial: UnsafeMutableRawPointer, _ next: inout Int) {
    let left = leaves.left(count)
    if left == 0 { return next += 1 }
    let first = next
    join(leaves, left, partial, &next)
    let second = next
    join(leaves, count - left, partial, &next)
    let bytes = leaves.columns * stateBytes
    reduction.pointee.merge(partial + first * bytes, partial + second * bytes, partial + first * bytes, leaves.columns)
  }
}
