import NablaTensor

/// A gradient that differs from its reference.
public struct GradientMismatch: Error, CustomStringConvertible, Sendable {
  /// What was compared, with what was expected, seen, and the largest difference.
  public let description: String
}

/// Checks the derivatives of a function at a point, for operations of your own.
///
/// In seeded random directions v (of the operands) and u (of the result) it compares
/// - the tape, ⟨Jᵀu, v⟩, and forward mode, ⟨u, Jv⟩, with the central difference ⟨u, f(x + hv) - f(x - hv)⟩ / 2h,
///   extrapolated from two steps (Richardson), so that its error is of order h⁴;
/// - the two modes with each other: ⟨u, Jv⟩ = ⟨Jᵀu, v⟩ to rounding;
/// - for `order` 2, the same for the gradient function x ↦ Jᵀu itself, by nested tapes.
///
/// - Parameters:
///   - x: the point; away from kinks of f by more than the step.
///   - order: 1, or 2 for second derivatives as well.
///   - absolute: the absolute tolerance; the defaults suit functions of size 1.
///   - relative: the relative tolerance.
/// - Throws: ``GradientMismatch`` with what was expected and seen.
public func checkGradients<S: FloatingPointScalar>(
  at x: [Tensor<S>], order: Int = 1, seed: UInt64 = 0, absolute: Double? = nil, relative: Double? = nil,
  of f: ([Tensor<S>]) -> Tensor<S>
) throws {
  var generator = RandomGenerator(seed: seed)
  let isDouble = S.dtype == .float64
  let check = DirectionalCheck<S>(
    absolute: absolute ?? (isDouble ? 1e-7 : 2e-3), relative: relative ?? (isDouble ? 1e-5 : 2e-2))
  try check.run(at: x, "first derivative", &generator, f)
  if order >= 2 {
    let value = f(x)
    let u = Tensor<S>.random(.uniform(-1, 1), shape: value.shape, using: &generator)
    try check.run(at: x, "second derivative", &generator) { x in
      concatenate(vjp(at: x, of: f).pullback(u).map { $0.flattened() })
    }
  }
}

/// One comparison of both modes with differences.
private struct DirectionalCheck<S: FloatingPointScalar> {
  let absolute: Double
  let relative: Double

  func run(
    at x: [Tensor<S>], _ what: String, _ generator: inout RandomGenerator, _ f: ([Tensor<S>]) -> Tensor<S>
  ) throws {
    let v = x.map { Tensor<S>.random(.uniform(-1, 1), shape: $0.shape, using: &generator) }
    let (value, pullback) = vjp(at: x, of: f)
    let u = Tensor<S>.random(.uniform(-1, 1), shape: value.shape, using: &generator)
    let reverse = zip(pullback(u), v).reduce(0) { $0 + inner($1.0, $1.1) }
    let forward = inner(u, jvp(at: x, v, of: f).tangent)
    let difference = extrapolated(at: x, v, u, f)
    try compare("\(what), tape against differences", expected: difference, seen: reverse)
    try compare("\(what), forward mode against differences", expected: difference, seen: forward)
    let rounding = Double(S.ulpOfOne) * 1e3 * max(1, abs(forward), Double(value.count))
    guard abs(forward - reverse) <= rounding || (forward.isNaN && reverse.isNaN) else {
      throw GradientMismatch(description: "\(what): ⟨u, Jv⟩ = \(forward), but ⟨Jᵀu, v⟩ = \(reverse)")
    }
  }

  private func compare(_ what: String, expected: Double, seen: Double) throws {
    let error = abs(seen - expected)
    guard error <= absolute + relative * abs(expected) else {
      throw GradientMismatch(description: "\(what): expected \(expected), seen \(seen), error \(error)")
    }
  }

  /// ⟨u, f(x + hv) - f(x - hv)⟩ / 2h for h and h / 2, combined to cancel the term in h².
  private func extrapolated(
    at x: [Tensor<S>], _ v: [Tensor<S>], _ u: Tensor<S>, _ f: ([Tensor<S>]) -> Tensor<S>
  ) -> Double {
    func central(_ h: S) -> Double {
      let ahead = f(zip(x, v).map { $0 + $1 * Tensor(h) })
      let behind = f(zip(x, v).map { $0 - $1 * Tensor(h) })
      return inner(u, ahead - behind) / (2 * Double(h))
    }
    let h: S = S.dtype == .float64 ? 1.0 / 1024 : 1.0 / 64
    return (4 * central(h / 2) - central(h)) / 3
  }

  private func inner(_ a: Tensor<S>, _ b: Tensor<S>) -> Double {
    zip(a.scalars, b.scalars).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
}
