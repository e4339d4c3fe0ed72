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
    let (width, copy) = (dtype.byteCount, nabla_copy_kernel(dtype.rawValue)!)
    Parallel.forEachPiece(of: n, cost: n) { rows in
      let first = y + rows.lowerBound * n * width
      first.initializeMemory(as: UInt8.self, repeating: 0, count: rows.count * n * width)
      copy(one, 0, first + rows.lowerBound * width, n + 1, rows.count)
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
        let pairs = sa == 0 && sb == 0 ? min(1, count) : count
        return Parallel.forEachPiece(of: pairs) { piece in
          compare(
            nabla_pairs(
              a: a.address + piece.lowerBound * sa * width, a0: 0, sa: sa, b: b.address + piece.lowerBound * sb * width,
              b0: 0,
              sb: sb, rows: 1, n: piece.count))
        }
      }
      let nest = LoopNest(shape, [a.broadcastStrides(to: shape), b.broadcastStrides(to: shape)])
      nest.forEachPiece { piece in
        compare(
          nabla_pairs(
            a: a.address + piece.offsets[0] * width, a0: nest.rowDistance(0) * width, sa: nest.rowStride(0),
            b: b.address + piece.offsets[1] * width, b0: nest.rowDistance(1) * width, sb: nest.rowStride(1),
            rows: piece.rows, n: piece.count))
      }
    }
    return !differs.load(ordering: .relaxed)
  }
}
