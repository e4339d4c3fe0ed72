import CKernels

/// The kernel that counts elements into bins between edges.
///
/// Bin k holds edges[k] ≤ x < edges[k + 1], the last one its upper edge too; elements outside and NaN are not counted. Counts of
/// pieces add up, whatever their order, so the result does not depend on the number of threads.
package enum Histograms {
  /// Counts the elements of each of `rows` rows of equal length into `edges`, Float64: one list for all, or one for each row.
  /// `y` is dense Int64. Returns nil, or the first row whose edges decrease or are NaN.
  package static func count(
    _ x: AnyTensor, rows: Int, _ edges: AnyTensor, into y: UnsafeMutableRawPointer
  ) -> Int? {
    let (x, edges) = (x.dense, edges.dense)
    return withExtendedLifetime((x.storage, edges.storage)) {
      count(form(x.shape, rows: rows, edges.shape), x.dtype, x.address, edges.address, into: y)
    }
  }

  /// The sizes of a histogram.
  package static func form(_ x: Shape, rows: Int, _ edges: Shape) -> nabla_histogram {
    let bins = edges[edges.rank - 1] - 1
    return nabla_histogram(
      rows: rows, n: x.elementCount / max(1, rows), bins: bins, edges_step: edges.rank > 1 ? bins + 1 : 0)
  }

  /// The same on raw memory. The workspace has ``byteCount(_:)`` bytes and begins on a line of memory; without one the pool gives
  /// it.
  package static func count(
    _ form: nabla_histogram, _ dtype: DType, _ x: UnsafeRawPointer, _ edges: UnsafeRawPointer,
    into y: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer? = nil
  ) -> Int? {
    let row = withUnsafePointer(to: form) {
      nabla_count_in_bins(
        $0, dtype.rawValue, x, edges.assumingMemoryBound(to: Double.self), y.assumingMemoryBound(to: Int64.self),
        workspace)
    }
    return row < 0 ? nil : row
  }

  /// The bytes that a histogram works in.
  package static func byteCount(_ form: nabla_histogram) -> Int {
    withUnsafePointer(to: form) { Int(nabla_histogram_workspace($0)) }
  }
}
