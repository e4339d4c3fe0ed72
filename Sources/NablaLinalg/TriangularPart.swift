import NablaAutodiff
import NablaTensor

/// y = x with zeros outside of a triangle.
struct TriangularPart: LinearPrimitive {
  var name: String { triangle.isLower ? "lowerTriangle" : "upperTriangle" }
  var traits: Traits { .linear }
  let triangle: Triangle

  init(lower: Bool, strict: Bool = false) { triangle = Triangle(isLower: lower, isStrict: strict) }

  func resultType(_ x: Operands) -> TensorType? { isMatrix(x[0]) ? TensorType(x[0].dtype, x[0].shape) : nil }

  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    x[0].copy(to: y)
    let (m, n) = (type.shape[type.shape.rank - 2], type.shape[type.shape.rank - 1])
    let width = type.dtype.byteCount
    // Rows of different matrices are independent. Zeros of both types are bytes of zero.
    Parallel.forEachPiece(of: type.shape.stack.elementCount * m, cost: max(1, n)) { piece in
      for row in piece {
        let (start, kept) = (y + row * n * width, triangle.columns(row % m, of: n))
        start.initializeMemory(as: UInt8.self, repeating: 0, count: kept.lowerBound * width)
        (start + kept.upperBound * width)
          .initializeMemory(as: UInt8.self, repeating: 0, count: (n - kept.upperBound) * width)
      }
    }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    y.rank > 2 ? RowRule.local(x, y, rows: rows) : nil
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { self(x[0]) }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, self(g))
  }
}

extension Linalg {
  /// A matrix, or a stack of matrices, with zeros above the diagonal, and on it too where `strict`.
  ///
  /// Errors: fewer than two axes.
  public static func lowerTriangle<A: TensorConvertible>(_ a: A, strict: Bool = false) -> Tensor<A.Scalar>
  where A.Scalar: FloatingPointScalar {
    Tensor(TriangularPart(lower: true, strict: strict)(a.asTensor().erased))
  }

  /// A matrix, or a stack of matrices, with zeros below the diagonal, and on it too where `strict`.
  ///
  /// Errors: fewer than two axes.
  public static func upperTriangle<A: TensorConvertible>(_ a: A, strict: Bool = false) -> Tensor<A.Scalar>
  where A.Scalar: FloatingPointScalar {
    Tensor(TriangularPart(lower: false, strict: strict)(a.asTensor().erased))
  }
}

extension AnyTensor {
  /// The lower triangle with half of the diagonal: what twice it, made symmetric, halves again.
  var lowerHalf: AnyTensor {
    (TriangularPart(lower: true)(self) + TriangularPart(lower: true, strict: true)(self)) * AnyTensor(0.5, dtype: dtype)
  }
  /// The mean of a matrix and its transpose.
  var symmetricPart: AnyTensor { (self + matrixTransposed) * AnyTensor(0.5, dtype: dtype) }
}
