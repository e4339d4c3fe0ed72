import CReference
import Nabla

/// The worst error over a sample.
struct Worst<S: FloatingPointScalar & BinaryFloatingPoint>: Sendable {
  var ulps = 0.0
  var x: S = 0
  var y: S = 0
  /// Results that should be NaN, infinite or zero and are something else, beyond two units of the smallest number.
  var special = 0

  mutating func note(_ x: S, _ y: S, _ seen: S, _ high: Double, _ low: Double) {
    let rounded = S(high)
    if rounded.isNaN || rounded.isInfinite || rounded == 0 {
      let agrees = rounded.isNaN ? seen.isNaN : seen == rounded
      if !agrees && !(abs(Double(seen) - high) <= 2 * Double(S.leastNonzeroMagnitude)) { special += 1 }
      return
    }
    let error = abs((Double(seen) - high) / Double(rounded.ulp) - low)
    if !(error <= ulps) { (ulps, self.x, self.y) = (error, x, y) }
  }

  mutating func merge(_ other: Worst) {
    if !(other.ulps <= ulps) { (ulps, x, y) = (other.ulps, other.x, other.y) }
    special += other.special
  }

  /// The worst of one block.
  init() {}
  init(_ function: Function, _ loop: Function.Loop<S>, _ reference: reference_loop, _ x: [S], _ y: [S]) {
    let seen = loop(Tensor(x), Tensor(y)).scalars
    let (a, b) = (x.map { Double($0) }, y.map { Double($0) })
    var (high, low) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: x.count))
    reference(function.reference, a, b, &high, &low, x.count)
    for index in x.indices { note(x[index], function.isPair ? y[index] : 0, seen[index], high[index], low[index]) }
  }
}
