import CKernels

extension MatrixProduct {
  /// y[i] = a[i] b[i] for stacks of matrices, whose leading axes broadcast to `batch`, into dense `y`.
  ///
  /// Small matrices take a kernel without packing, and threads share the stack. Others are multiplied one by one, each on one
  /// thread where there are enough of them; very large ones each on all threads. What is computed does not depend on that.
  package static func multiply(
    stacks a: AnyTensor, _ b: AnyTensor, batch: Shape, into y: UnsafeMutableRawPointer
  ) {
    let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
    let count = batch.elementCount
    if count * m * n == 0 { return }
    let left = a.view(broadcastTo: Shape(unchecked: batch.dimensions + [m, k]))
    let right = b.view(broadcastTo: Shape(unchecked: batch.dimensions + [k, n]))
    let (stepsA, stepsB) = (left.resolvedStrides, right.resolvedStrides)
    let nest = LoopNest(
      batch, [Array(stepsA.dropLast(2)), Array(stepsB.dropLast(2)), batch.denseStrides.map { $0 * m * n }])
    let width = a.dtype.byteCount
    withExtendedLifetime((left.storage, right.storage)) {
      if max(m, n, k) <= Int(NABLA_SMALL_PRODUCT) {
        var product = nabla_product(
          m: m, n: n, k: k, a_row: stepsA[batch.rank], a_column: stepsA[batch.rank + 1], b_row: stepsB[batch.rank],
          b_column: stepsB[batch.rank + 1], y_row: n)
        let dtype = a.dtype.rawValue
        return withUnsafePointer(to: &product) { product in
          nest.forEachRun(cost: max(1, m * n * k / 8)) { offsets, count, steps in
            var stack = nabla_small_stack(count: count, a_step: steps[0], b_step: steps[1], y_step: steps[2])
            nabla_multiply_small_matrices(
              product, dtype, &stack, left.address + offsets[0] * width, right.address + offsets[1] * width,
              y + offsets[2] * width)
          }
        }
      }
      func multiply(_ offsets: LoopNest.Steps) {
        func matrix(_ x: AnyTensor, _ offset: Int) -> AnyTensor {
          x.view(offset: offset, Shape(unchecked: Array(x.shape.suffix(2))), Array(x.resolvedStrides.suffix(2)))
        }
        self.multiply(matrix(left, offsets[0]), matrix(right, offsets[1]), into: y + offsets[2] * width)
      }
      // Elements of a large product are worth some hundred multiplications each: a piece is then one product.
      if count >= 2 * Parallel.threadCount && m * n * k <= 1 << 24 {
        OpenBLAS.withOneThread { _ in nest.forEach(cost: Parallel.threshold, multiply) }
      } else {
        nest.forEach(cost: 0, multiply)
      }
    }
  }
}
