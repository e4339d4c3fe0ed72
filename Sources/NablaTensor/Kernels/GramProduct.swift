import CKernels

/// The product XᵀX of a matrix with itself, of which the upper triangle is computed: panel by panel, from a panel's diagonal to the
/// right, as products like any others. (The `syrk` of OpenBLAS was rejected: on one thread it is slower than a whole product by
/// Nabla's own kernel.)
///
/// As a merge of states, the triangle of some rows is their state, and triangles are added.
package struct GramProduct {
  private struct Panel {
    let first: Int
    let rows: Int
    let product: MatrixProduct
    let scratch: Storage?
  }
  private let n: Int
  private let dtype: DType
  /// Bytes from one column of X to the next.
  private let step: Int
  private let panels: [Panel]
  /// For a panel; nil where one is all.
  private let memory: Storage?

  /// The product for matrices of this layout, wherever they lie; nil where BLAS cannot walk it.
  package init?(_ x: Storage) {
    let (m, steps) = (x.shape[0], AnyTensor(x).resolvedStrides)
    let n = x.shape[1]
    let width = Self.panelWidth(n)
    var panels: [Panel] = []
    for first in stride(from: 0, to: n, by: width) {
      func columns(_ count: Int) -> Storage {
        Storage(movable: x.dtype, shape: Shape(unchecked: [m, count]), strides: steps)
      }
      let rows = min(width, n - first)
      guard
        let product = MatrixProduct(columns(rows), transposed: true, columns(n - first), transposed: false)
      else { return nil }
      panels.append(Panel(first: first, rows: rows, product: product, scratch: product.scratch))
    }
    (self.n, dtype, self.panels) = (n, x.dtype, panels)
    step = steps[1] * x.dtype.byteCount
    memory = panels.count > 1 ? Storage(dtype: x.dtype, shape: Shape(unchecked: [width, n])) : nil
  }

  /// Few columns are one product. Of many the panels are an eighth, so that 9 / 16 of a whole product are computed, and not so narrow
  /// that the kernels slow down.
  private static func panelWidth(_ n: Int) -> Int { n <= 128 ? max(1, n) : max(64, (n / 8 + 31) / 32 * 32) }

  /// The bytes that a run works in.
  package var byteCount: Int {
    (panels.compactMap(\.scratch) + (memory.map { [$0] } ?? [])).reduce(0) { $0 + $1.count * $1.dtype.byteCount }
  }

  /// Writes the upper triangle of XᵀX to dense `y`. What lies below it no one should read; in a state, which is added to others,
  /// it is zeros or numbers.
  package func run(_ x: UnsafeMutableRawPointer, into y: UnsafeMutableRawPointer, isState: Bool = false) {
    guard let memory else {
      if let only = panels.first { only.product.run(x, x, into: y, only.scratch) }
      return
    }
    if memory.kind != .memory { return }  // there was no memory: the error has been reported
    let row = n * dtype.byteCount
    if isState { y.initializeMemory(as: UInt8.self, repeating: 0, count: n * row) }
    for panel in panels {
      let from = x + panel.first * step
      panel.product.run(from, from, into: memory.base, panel.scratch)
      let (bytes, offset) = ((n - panel.first) * dtype.byteCount, panel.first * dtype.byteCount)
      for index in 0..<panel.rows {
        (y + (panel.first + index) * row + offset).copyMemory(from: memory.base + index * bytes, byteCount: bytes)
      }
    }
  }

  /// Copies the upper triangle of a matrix of n rows and columns to the lower one of `y`, and all of it where `y` is other memory.
  package static func mirror(
    _ triangle: UnsafeRawPointer, _ n: Int, _ dtype: DType, into y: UnsafeMutableRawPointer
  ) {
    if triangle != UnsafeRawPointer(y) { y.copyMemory(from: triangle, byteCount: n * n * dtype.byteCount) }
    dtype.withFloatingPointType { type in mirror(type, n, y) }
  }

  /// Square tiles, so that both sides of the diagonal stay in the first-level cache.
  private static func mirror<T: BLASScalar>(_ type: T.Type, _ n: Int, _ y: UnsafeMutableRawPointer) {
    let (y, tile) = (y.assumingMemoryBound(to: T.self), 32)
    for top in stride(from: 0, to: n, by: tile) {
      for left in stride(from: top, to: n, by: tile) {
        for i in top..<min(n, top + tile) {
          let end = min(n, left + tile)
          for j in min(max(left, i + 1), end)..<end { y[j * n + i] = y[i * n + j] }
        }
      }
    }
  }
}
