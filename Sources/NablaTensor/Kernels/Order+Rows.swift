import CKernels

extension Order {
  /// `topK` along rows as a merge of states: how many rows there were, and the best of each column among them, best first, with
  /// the numbers of their rows. States are merged where they lie.
  package struct BestRows: Sendable {
    private let dtype: DType
    private let count: Int
    private let columns: Int

    /// The `count` best of each of so many columns.
    package init(_ dtype: DType, count: Int, columns: Int) {
      (self.dtype, self.count, self.columns) = (dtype, count, columns)
    }

    private static var headerBytes: Int { 64 }
    private var valueBytes: Int { count * columns * dtype.byteCount }
    /// Where the numbers of rows begin, on a line of memory.
    private var indexOffset: Int { Self.headerBytes + (valueBytes + 63) / 64 * 64 }
    /// The bytes of a state.
    package var byteCount: Int { indexOffset + count * columns * MemoryLayout<Int64>.stride }

    private func indices(_ state: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int64> {
      (state + indexOffset).assumingMemoryBound(to: Int64.self)
    }

    /// Writes the state of some rows, as ``topK(_:_:_:count:largest:values:indices:workspace:)`` takes them; the workspace is for
    /// as many elements as there can be.
    package func fill(
      _ state: UnsafeMutableRawPointer, _ lines: nabla_lines, _ x: UnsafeRawPointer, rows: Int, largest: Bool,
      workspace: UnsafeMutableRawPointer?
    ) {
      state.storeBytes(of: Int64(rows), as: Int64.self)
      Order.topK(
        lines, dtype, x, count: min(count, rows), largest: largest, values: state + Self.headerBytes,
        indices: indices(state), workspace: workspace)
    }

    /// y = the state of the rows of a, then those of b; y may be either.
    package func merge(
      _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, into y: UnsafeMutableRawPointer, largest: Bool
    ) {
      func part(_ state: UnsafeRawPointer) -> nabla_best_rows {
        let state = UnsafeMutableRawPointer(mutating: state)
        return nabla_best_rows(
          rows: Int(state.load(as: Int64.self)), values: state + Self.headerBytes, indices: indices(state))
      }
      let (first, second, target) = (part(a), part(b), part(y))
      nabla_merge_best_rows(dtype.rawValue, largest ? 1 : 0, count, columns, first, second, target)
      y.storeBytes(of: Int64(first.rows + second.rows), as: Int64.self)
    }

    /// Writes the results of a state of at least `count` rows.
    package func write(
      _ state: UnsafeRawPointer, values: UnsafeMutableRawPointer, indices: UnsafeMutableRawPointer
    ) {
      values.copyMemory(from: state + Self.headerBytes, byteCount: valueBytes)
      indices.copyMemory(from: state + indexOffset, byteCount: byteCount - indexOffset)
    }
  }
}
