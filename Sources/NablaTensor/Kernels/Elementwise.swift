import CKernels

/// The element-wise kernels: each writes a dense result of a given shape, which the operands broadcast to.
package enum Elementwise {
  /// Results of two operands that have at least so many bytes go past the caches, which would not hold them until they are
  /// read. (Functions of one operand mostly compute: they gain nothing, and exp and tanh lose.)
  package static let streamedBytes = 32 << 20
  /// The elements of a piece of such a result: long runs, for the processor to fetch ahead.
  private static let streamedGrain = 8 * Parallel.grain

  @inline(__always)
  private static func isStreamed(_ y: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    bytes >= streamedBytes && UInt(bitPattern: y) % 64 == 0 && nabla_can_stream() != 0
  }

  /// y = f(x) for a conversion or a function of one operand.
  package static func unary(_ kernel: nabla_unary, _ x: AnyTensor, into y: UnsafeMutableRawPointer, width: Int) {
    withExtendedLifetime(x.storage) {
      if x.isDense {
        if x.count < Parallel.threshold { return kernel(x.address, 1, y, x.count) }
        let step = x.dtype.byteCount
        return Parallel.forEachPiece(of: x.count) { piece in
          kernel(x.address + piece.lowerBound * step, 1, y + piece.lowerBound * width, piece.count)
        }
      }
      unaryNest(kernel, x, into: y, width: width)
    }
  }

  // What is not dense goes here: loops in a frame of their own would make small operations wait for theirs.
  @inline(never)
  private static func unaryNest(_ kernel: nabla_unary, _ x: AnyTensor, into y: UnsafeMutableRawPointer, width: Int) {
    LoopNest(x.shape, [x.resolvedStrides, x.shape.denseStrides])
      .run(widths: [x.dtype.byteCount, width], [x.address], into: y) { $0.loop.unary = kernel }
  }

  /// y = f(a, b).
  package static func binary(
    _ kernel: nabla_binary, _ a: AnyTensor, _ b: AnyTensor, into y: UnsafeMutableRawPointer, shape: Shape, width: Int
  ) {
    withExtendedLifetimes(a.storage, b.storage) {
      // The usual cases first: equal dense shapes, or a scalar beside a dense tensor.
      let count = shape.elementCount
      if let sa = a.storage.flatStride(count), let sb = b.storage.flatStride(count) {
        let step = a.dtype.byteCount
        if count < Parallel.threshold { return kernel(a.address, sa, b.address, sb, y, count) }
        if isStreamed(y, bytes: count * width) {
          return Parallel.forEachPiece(of: count, grain: streamedGrain) { piece in
            let start = piece.lowerBound
            nabla_binary_streamed(
              kernel, a.address + start * sa * step, sa, b.address + start * sb * step, sb, step, y + start * width,
              width, piece.count)
          }
        }
        return Parallel.forEachPiece(of: count) { piece in
          let start = piece.lowerBound
          kernel(
            a.address + start * sa * step, sa, b.address + start * sb * step, sb, y + start * width, piece.count)
        }
      }
      binaryNest(kernel, a, b, into: y, shape: shape, width: width)
    }
  }

  @inline(never)
  private static func binaryNest(
    _ kernel: nabla_binary, _ a: AnyTensor, _ b: AnyTensor, into y: UnsafeMutableRawPointer, shape: Shape, width: Int
  ) {
    let step = a.dtype.byteCount
    LoopNest(shape, [a.broadcastStrides(to: shape), b.broadcastStrides(to: shape), shape.denseStrides])
      .run(widths: [step, step, width], [a.address, b.address], into: y) { $0.loop.binary = kernel }
  }

  /// y = f(a, b, c), where y has the type of c.
  package static func ternary(
    _ kernel: nabla_ternary, _ a: AnyTensor, _ b: AnyTensor, _ c: AnyTensor, into y: UnsafeMutableRawPointer,
    shape: Shape
  ) {
    withExtendedLifetime((a.storage, b.storage, c.storage)) {
      let operands = [a, b, c]
      LoopNest(shape, operands.map { $0.broadcastStrides(to: shape) } + [shape.denseStrides])
        .run(
          widths: (operands + [c]).map(\.dtype.byteCount), operands.map(\.address), into: y
        ) { $0.loop.ternary = kernel }
    }
  }
}

/// Keeps two views while `body` runs. (A tuple of them would count references.)
@inline(__always)
private func withExtendedLifetimes(_ a: Storage, _ b: Storage, _ body: () -> Void) {
  withExtendedLifetime(a) { withExtendedLifetime(b, body) }
}

extension Storage {
  /// The one stride that walks this view as a dense one of a shape with `count` elements that it broadcasts to: 1 where
  /// it is that, 0 where it repeats one element.
  @inline(__always)
  func flatStride(_ count: Int) -> Int? {
    // A shape that broadcasts to another of as many elements differs from it in axes of size 1 at most.
    if isDense && self.count == count { return 1 }
    return isUniform ? 0 : nil
  }
}
