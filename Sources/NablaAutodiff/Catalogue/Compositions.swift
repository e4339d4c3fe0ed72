import NablaTensor

// What optimizers compose of primitives; public functions that compose them stand beside the primitives of their kind.

extension AnyTensor {
  /// Each element moved into `low ... high`.
  package func clipped(_ low: Double, _ high: Double) -> AnyTensor {
    Minimum()(Maximum()(self, AnyTensor(low, dtype: dtype)), AnyTensor(high, dtype: dtype))
  }
  /// √x.
  package var squareRoot: AnyTensor { Sqrt()(self) }
  /// Σ x².
  package var sumOfSquares: AnyTensor { Sum(axes: Array(0..<rank))(Square()(self)) }
  /// bound / max(√self, bound): what scales a vector with this squared norm down to the bound.
  package func clippingFactor(_ bound: Double) -> AnyTensor {
    let bound = AnyTensor(bound, dtype: dtype)
    return bound / Maximum()(Sqrt()(self), bound)
  }
}
