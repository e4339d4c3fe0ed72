import CKernels

/// How a product is cut into pieces: blocks of rows and columns of the result, or parts of the sum over k.
///
/// OpenBLAS, which would keep threads of its own busy waiting beside ours, computes each piece on the thread that asks. The
/// rule for its pieces knows shapes alone, so the bits of a result do not depend on the number of threads. Nabla's own kernel
/// gives the same bits however a product is cut over rows and columns, and along k between its own parts: it cuts for the
/// threads that share it.
package struct ProductPieces {
  package var rows: Int
  package var columns: Int
  package var depth: Int

  /// Products of fewer multiplications are not cut, and OpenBLAS itself keeps them on one thread.
  static let smallest = 1 << 18
  /// A matrix that a vector multiplies is cut into pieces of at least so many elements.
  private static let vectorPiece = 1 << 16
  /// A piece of the result has at most this size either way: large enough that packing operands, which each piece does
  /// for itself, costs little beside it.
  private static let edge = 1024
  /// The fewest multiplications of a part of a sum.
  private static let leastWork = 1 << 19
  /// Partial sums are kept side by side: no more of them than this.
  private static let parts = 64

  /// [m, k] · [k, n] for OpenBLAS. Of a product with a vector, n = 1, rows are cut where the matrix is stored by rows, else the sum.
  init(_ m: Int, _ n: Int, _ k: Int, leftIsTransposed: Bool) {
    (rows, columns, depth) = (m, n, k)
    if n == 1 {
      let pieces = min(Self.parts, m * k / Self.vectorPiece)
      guard pieces > 1 else { return }
      if leftIsTransposed {
        depth = (k + pieces - 1) / pieces
      } else {
        rows = (m + pieces - 1) / pieces
      }
      return
    }
    if m * n * k <= Self.smallest { return }
    let width = max(m, n)
    if k >= 8 * width && m * n <= 1 << 16 {
      // A long sum: every thread then reads its own rows of the operands, which it may have written itself, and no
      // others. Parts are a power of two, each with work enough, and much longer than what they leave is wide.
      let most = min(Self.parts, m * n * k / Self.leastWork, k / (4 * width))
      guard most > 1 else { return }
      let pieces = 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
      depth = Self.cut(k, pieces)
      return
    }
    var count = 1
    while max(rows, columns) >= 32
      && (count < 4 && rows * columns * k > 1 << 20 || rows * columns > Self.edge * Self.edge)
    {
      if rows >= columns { rows = Self.cut(rows, 2) } else { columns = Self.cut(columns, 2) }
      count *= 2
    }
  }

  /// [m, k] · [k, n] with a narrow result, cut along its long side; bits do not depend on that.
  init(_ m: Int, _ n: Int, _ k: Int, _ kind: nabla_thin_kind, cutsRows: Bool) {
    (rows, columns, depth) = (m, n, k)
    let length = cutsRows ? m : n
    if kind == NABLA_TALL || length * k < Parallel.threshold { return }
    let piece =
      kind == NABLA_THIN_BY_ROWS
      ? min(512, max(64, (length / 8 + 15) / 16 * 16)) : max(8, min(length / 8, Parallel.threshold / k) / 8 * 8)
    if cutsRows { rows = min(m, piece) } else { columns = min(n, piece) }
  }

  /// The length of a part, rounded up to the blocks of registers of the kernels in BLAS.
  private static func cut(_ length: Int, _ pieces: Int) -> Int { ((length + pieces - 1) / pieces + 15) / 16 * 16 }

  /// The most parts along k that are pieces of a product by Nabla's own kernel.
  private static let ownParts = 8

  /// [m, k] · [k, n] for Nabla's own kernel, which sums k in parts of `part`.
  ///
  /// Where the operands are large beside the result, the parts are pieces: each element of the operands is then read by one
  /// thread, which for a variable is often the one that updated it. Else there is one piece, which the threads share.
  package init(_ m: Int, _ n: Int, _ k: Int, part: Int, threads: Int) {
    (rows, columns, depth) = (m, n, k)
    let parts = (k + part - 1) / part
    if threads > 1 && parts > 1 && parts % threads == 0 && parts <= Self.ownParts && 2 * m * n * parts <= k * (m + n) {
      depth = part
    }
  }
}
