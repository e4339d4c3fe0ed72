import CKernels
import Synchronization

/// Elements that follow from their number alone.
package enum Sequences {
  /// The numbers that begin and make up a sequence, as the kernels take them: the step of integers has 64 bits.
  private static func withOperands<Result>(
    _ start: UnsafeRawPointer, _ step: UnsafeRawPointer, _ dtype: DType,
    _ body: (UnsafeRawPointer, UnsafeRawPointer) -> Result
  ) -> Result {
    if dtype.isFloatingPoint { return body(start, step) }
    return withUnsafeBytes(of: Int64(step.load(as: Int.self))) { body(start, $0.baseAddress!) }
  }

  /// start, start + step, … before `end`; nil where there is no end. `step` is of the element type's stride: itself, or Int.
  package static func range(
    _ dtype: DType, from start: UnsafeRawPointer, to end: UnsafeRawPointer, step: UnsafeRawPointer
  ) -> AnyTensor? {
    withOperands(start, step, dtype) { start, step in
      let count = nabla_range_count(dtype.rawValue, start, end, step)
      if count < 0 { return nil }
      return AnyTensor(dtype: dtype, shape: Shape(unchecked: [count])) {
        fill($0, dtype, from: start, step: step, count, fuses: true)
      }
    }
  }

  /// y[i] = start + i · step, rounded once where it `fuses`.
  package static func fill(
    _ y: UnsafeMutableRawPointer, _ dtype: DType, from start: UnsafeRawPointer, step: UnsafeRawPointer, _ count: Int,
    fuses: Bool
  ) {
    Parallel.forEachPiece(of: count) { piece in
      nabla_fill_sequence(
        dtype.rawValue, start, step, fuses ? 1 : 0, piece.lowerBound, piece.count,
        y + piece.lowerBound * dtype.byteCount)
    }
  }

  /// The identity matrix of n rows, with `one` on its diagonal.
  package static func fillIdentity(_ y: UnsafeMutableRawPointer, _ dtype: DType, _ n: Int, one: UnsafeRawPointer) {
    let width = dtype.byteCount
    Parallel.forEachPiece(of: n, cost: n) { rows in
      let first = y + rows.lowerBound * n * width
      first.initializeMemory(as: UInt8.self, repeating: 0, count: rows.count * n * width)
      nabla_copy_matrix(one, 0, 0, first + rows.lowerBound * width, 0, n + 1, 1, rows.count, Int32(width))
    }
  }
}

/// Whether the elements of two operands agree, pair by pair.
package enum Agreement {
  /// Whether all are equal: NaN differs from itself. Both have the same shape and type.
  package static func areEqual(_ a: AnyTensor, _ b: AnyTensor) -> Bool {
    all(a, b, a.shape) { nabla_are_equal($0, a.dtype.rawValue) != 0 }
  }

  /// Whether all are within `absolute + relative · |b|`, or equal. Both broadcast to `shape`.
  package static func areClose<S: FloatingPointScalar>(
    _ a: AnyTensor, _ b: AnyTensor, shape: Shape, relative: S, absolute: S
  ) -> Bool {
    withUnsafeBytes(of: relative) { relative in
      withUnsafeBytes(of: absolute) { absolute in
        all(a, b, shape) { nabla_are_close($0, a.dtype.rawValue, relative.baseAddress!, absolute.baseAddress!) != 0 }
      }
    }
  }

  /// Whether all pairs agree. After the first that do not, the rest is left.
  private static func all(
    _ a: AnyTensor, _ b: AnyTensor, _ shape: Shape, _ agree: (UnsafePointer<nabla_pairs>) -> Bool
  ) -> Bool {
    let (width, count) = (a.dtype.byteCount, shape.elementCount)
    let differs = Atomic(false)
    func compare(_ pairs: nabla_pairs) {
      if differs.load(ordering: .relaxed) { return }
      if !withUnsafePointer(to: pairs, agree) { differs.store(true, ordering: .relaxed) }
    }
    withExtendedLifetime((a.storage, b.storage)) {
      if let sa = a.storage.flatStride(count), let sb = b.storage.flatStride(count) {
        return Parallel.forEachPiece(of: sa == 0 && sb == 0 ? min(1, count) : count) { piece in
          compare(
            nabla_pairs(
              a: a.address + piece.lowerBound * sa * width, b: b.address + piece.lowerBound * sb * width,
              of_a: nabla_steps(width: width, stride: sa, row: 0, matrix: 0),
              of_b: nabla_steps(width: width, stride: sb, row: 0, matrix: 0), matrices: 1, rows: 1, n: piece.count))
        }
      }
      let nest = LoopNest(shape, [a.broadcastStrides(to: shape), b.broadcastStrides(to: shape)])
      let steps = nest.loops(widths: [width, width]).of
      nest.forEachPiece { piece in
        compare(
          nabla_pairs(
            a: a.address + piece.offsets[0] * width, b: b.address + piece.offsets[1] * width, of_a: steps.0,
            of_b: steps.1, matrices: piece.matrices, rows: piece.rows, n: piece.count))
      }
    }
    return !differs.load(ordering: .relaxed)
  }
}
