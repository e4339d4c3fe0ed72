import NablaTensor

/// The numbers that decide how a graph is laid out (they depend on shapes alone, so results do too), and how it rounds.
package struct PlanOptions: Sendable {
  /// What becomes of results too small for normal numbers.
  package var subnormals = Subnormals.flushed
  /// Whether a run can end with an error that is handed to its caller: nothing may have changed then.
  package var throwsErrors = false
  /// Fewer rows than this are not cut into blocks.
  package var smallestRows = 64
  /// Fewer elements than this along the rows are not worth blocks.
  package var smallestElements = 1 << 15
  /// A reduction keeps a partial result for each group of blocks; results of more bytes than this run whole.
  package var largestPartial = 1 << 20
  /// A value of middling width in a block without products: a few such tiles fit the first-level cache.
  package var tileBytes = 4 << 10
  /// The fewest rows of such a block.
  package var smallestTile = 1
  // Blocks with products are larger, because a product has its price per call.
  /// A block's operands should stay in the second-level cache until the block is done.
  package var operandBytes = 384 << 10
  /// What is computed on the way should stay in the nearest caches.
  package var valueBytes = 128 << 10
  /// Values may outgrow that where a block would have fewer rows than this.
  package var fewestRows = 512
  /// The rows of the next block are fetched while one is worked on, where they are no more bytes than this.
  package var streamBytes = 64 << 10
  /// Sources are asked for the rows of so many blocks at a time that these are about as many bytes.
  package var pieceBytes = 1 << 20
  /// So many bytes are announced to sources before they are read, by each thread.
  package var announcedBytes = 8 << 20
  /// The fewest rows of a block with products.
  package var smallestBlock = 32

  package init() {}

  /// Blocks of two rows wherever an operation allows: for tests, so that small cases go through every path.
  package static var tiny: PlanOptions {
    var options = PlanOptions()
    (options.smallestRows, options.smallestElements) = (2, 1)
    (options.operandBytes, options.valueBytes, options.fewestRows, options.smallestBlock) = (1, 1, 1, 2)
    (options.tileBytes, options.smallestTile, options.pieceBytes, options.announcedBytes) = (0, 2, 1, 1)
    return options
  }
}
