import NablaTensor

/// The matrix product, by OpenBLAS; large ones by Nabla's own kernel where that is faster (``OpenBLAS/isHelped``).
///
/// Two matrices: [m, k] · [k, n] → [m, n]. A vector on the left counts as a row, on the right as a column, and that axis
/// is then gone: [k] · [k, n] → [n], [m, k] · [k] → [m], [k] · [k] → a scalar. Further leading axes are stacks of
/// matrices and broadcast. Transposed tensors are handed over as flags, not copied.
///
/// Errors: sizes that do not fit; scalars; a size above `Int32.max`, the limit of BLAS.
public func matmul<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: a.erased.matmul(b.erased))
}
/// The matrix product.
public func matmul<S: FloatingPointScalar>(_ a: any TensorConvertible<S>, _ b: any TensorConvertible<S>) -> Tensor<S> {
  matmul(a.asTensor(), b.asTensor())
}

/// The inner product of two vectors: Σ aᵢ bᵢ.
///
/// Errors: other ranks than 1, different lengths.
public func dot<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  guard a.rank == 1 && b.rank == 1 else {
    fail("dot", "shapes \(a.shape) and \(b.shape) are not two vectors")
    return Tensor(unchecked: .failed(S.dtype))
  }
  return matmul(a, b)
}
/// The inner product of two vectors.
public func dot<S: FloatingPointScalar>(_ a: any TensorConvertible<S>, _ b: any TensorConvertible<S>) -> Tensor<S> {
  dot(a.asTensor(), b.asTensor())
}

/// The outer product of two vectors: aᵢ bⱼ, shape [a.count, b.count].
///
/// Errors: other ranks than 1.
public func outer<S: NumericScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  guard a.rank == 1 && b.rank == 1 else {
    fail("outer", "shapes \(a.shape) and \(b.shape) are not two vectors")
    return Tensor(unchecked: .failed(S.dtype))
  }
  return a.reshaped(to: [a.count, 1]) * b
}
/// The outer product of two vectors.
public func outer<S: NumericScalar>(_ a: any TensorConvertible<S>, _ b: any TensorConvertible<S>) -> Tensor<S> {
  outer(a.asTensor(), b.asTensor())
}
