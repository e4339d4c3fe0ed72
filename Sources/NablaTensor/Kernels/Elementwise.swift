import CKernels

/// The element-wise kernels: each writes a dense result of a given shape, which the operands broadcast to.
package enum Elementwise {
  /// y = f(x) for a conversion or a function of one operand.
  package static func unary(_ kernel: nabla_unary, _ x: AnyTensor, into y: UnsafeMutableRawPointer, width: Int) {
    withExtendedLifetime(x.storage) {
      if x.isDense {
        let step = x.dtype.byteCount
        return Parallel.forEachPiece(of: x.count) { piece in
          kernel(x.address + piece.lowerBound * step, 1, y + piece.lowerBound * width, piece.count)
        }
      }
      let nest = LoopNest(x.shape, [x.resolvedStrides, x.shape.denseStrides])
      let step = x.dtype.byteCount
      nest.forEachRow { offsets, count in
        kernel(x.address + offsets[0] * step, nest.rowStride(0), y + offsets[1] * width, count)
      }
    }
  }

  /// y = f(a, b).
  package static func binary(
    _ kernel: nabla_binary, _ a: AnyTensor, _ b: AnyTensor, into y: UnsafeMutableRawPointer, shape: Shape, width: Int
  ) {
    withExtendedLifetime((a.storage, b.storage)) {
      // The usual cases first: equal dense shapes, or a scalar beside a dense tensor.
      if let sa = a.storage.flatStride(in: shape), let sb = b.storage.flatStride(in: shape) {
        let step = a.dtype.byteCount
        return Parallel.forEachPiece(of: shape.elementCount) { piece in
          let start = piece.lowerBound
          kernel(
            a.address + start * sa * step, sa, b.address + start * sb * step, sb, y + start * width, piece.count)
        }
      }
      let nest = LoopNest(shape, [a.broadcastStrides(to: shape), b.broadcastStrides(to: shape), shape.denseStrides])
      let step = a.dtype.byteCount
      nest.forEachRow { offsets, count in
        kernel(
          a.address + offsets[0] * step, nest.rowStride(0), b.address + offsets[1] * step, nest.rowStride(1),
          y + offsets[2] * width, count)
      }
    }
  }

  /// y = mask ? a : b.
  package static func select(
    _ mask: AnyTensor, _ a: AnyTensor, _ b: AnyTensor, into y: UnsafeMutableRawPointer, shape: Shape
  ) {
    withExtendedLifetime((mask.storage, a.storage, b.storage)) {
      let kernel = nabla_select_kernel(a.dtype.rawValue)!
      let operands = [mask, a, b].map { $0.broadcastStrides(to: shape) } + [shape.denseStrides]
      let nest = LoopNest(shape, operands)
      let step = a.dtype.byteCount
      nest.forEachRow { offsets, count in
        kernel(
          mask.address + offsets[0], nest.rowStride(0), a.address + offsets[1] * step, nest.rowStride(1),
          b.address + offsets[2] * step, nest.rowStride(2), y + offsets[3] * step, count)
      }
    }
  }
}

// Calls on windows that stay, for plans: nil where one call of the kernel does not do all, or where the work is large
// enough to be shared over threads.
extension Elementwise {
  /// y = f(x).
  package static func prepared(_ kernel: @escaping nabla_unary, _ x: Storage, into y: Storage) -> (() -> Void)? {
    let count = y.shape.elementCount
    guard x.strides == nil, count < 2 * Parallel.grain else { return nil }
    return { kernel(x.base, 1, y.base, count) }
  }

  /// y = f(a, b).
  package static func prepared(
    _ kernel: @escaping nabla_binary, _ a: Storage, _ b: Storage, into y: Storage
  ) -> (() -> Void)? {
    let count = y.shape.elementCount
    guard count < 2 * Parallel.grain, let sa = a.flatStride(in: y.shape), let sb = b.flatStride(in: y.shape) else {
      return nil
    }
    return { kernel(a.base, sa, b.base, sb, y.base, count) }
  }
}

extension Storage {
  /// The one stride that walks this tensor as a dense one of `target`: 1 where it is that, 0 for a single element.
  @inline(__always)
  fileprivate func flatStride(in target: Shape) -> Int? {
    if let strides {
      // A window that repeats one element, as the gradient of a sum does.
      return shape.rank <= target.rank && (shape.elementCount == 1 || strides.allSatisfy { $0 == 0 }) ? 0 : nil
    }
    if shape == target { return 1 }
    return shape.elementCount == 1 && shape.rank <= target.rank ? 0 : nil
  }
}
