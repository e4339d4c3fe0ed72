import Nabla
import Testing

/// What a comparison may tolerate: either bound is enough for an element.
public struct Tolerance: Sendable {
  /// Units in the last place of the expected number.
  public var ulps: Double
  /// An absolute difference, for results of cancellation: derived from the sizes of what was cancelled.
  public var absolute: Double
  /// A difference relative to the expected number, where the condition of the problem gives one.
  public var relative: Double

  /// The same number exactly; zeros of either sign are equal, and NaN is NaN.
  public static let exact = Tolerance(ulps: 0, absolute: 0, relative: 0)
  /// Some units in the last place.
  public static func ulps(_ count: Double) -> Tolerance { Tolerance(ulps: count, absolute: 0, relative: 0) }
  /// An absolute difference.
  public static func absolute(_ bound: Double) -> Tolerance { Tolerance(ulps: 0, absolute: bound, relative: 0) }
  /// A relative difference, or an absolute one for numbers near zero.
  public static func relative(_ bound: Double, absolute: Double = 0) -> Tolerance {
    Tolerance(ulps: 0, absolute: absolute, relative: bound)
  }
}

/// Expects a number; a failure says what was expected, what was seen, and by how many units in the last place they differ.
public func expectClose<S: BinaryFloatingPoint>(
  _ seen: S, _ expected: S, _ tolerance: Tolerance, _ what: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if let difference = mismatch(seen, expected, tolerance) {
    Issue.record("\(what()) \(difference)", sourceLocation: sourceLocation)
  }
}

/// Expects a tensor of a shape with these elements in row-major order. The first element that differs is reported, with the number of others.
public func expectClose<S: FloatingPointScalar>(
  _ seen: Tensor<S>, shape: Shape? = nil, _ expected: [S], _ tolerance: Tolerance,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  if let shape, seen.shape != shape {
    Issue.record("\(what()) expected shape \(shape), seen \(seen.shape)", sourceLocation: sourceLocation)
    return
  }
  guard seen.count == expected.count else {
    Issue.record("\(what()) expected \(expected.count) elements, seen \(seen.count)", sourceLocation: sourceLocation)
    return
  }
  let wrong = zip(seen.scalars, expected).enumerated().compactMap { index, pair in
    mismatch(pair.0, pair.1, tolerance).map { "element \(index): \($0)" }
  }
  if let first = wrong.first {
    Issue.record(
      "\(what()) \(first); \(wrong.count) of \(expected.count) elements differ", sourceLocation: sourceLocation)
  }
}

/// Expects a tensor equal to another in shape and, within the tolerance, in its elements.
public func expectClose<S: FloatingPointScalar>(
  _ seen: Tensor<S>, _ expected: Tensor<S>, _ tolerance: Tolerance, _ what: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(seen, shape: expected.shape, expected.scalars, tolerance, what(), sourceLocation: sourceLocation)
}

/// Expects a tensor of a shape with exactly these elements, of any type.
public func expectEqual<S: TensorScalar>(
  _ seen: Tensor<S>, shape: Shape, _ expected: [S], _ what: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if seen.shape != shape || !zip(seen.scalars, expected).allSatisfy({ $0 == $1 || ($0 != $0 && $1 != $1) }) {
    Issue.record(
      "\(what()) expected shape \(shape) of \(expected), seen shape \(seen.shape) of \(seen.scalars)",
      sourceLocation: sourceLocation)
  }
}

/// What differs, or nil.
private func mismatch<S: BinaryFloatingPoint>(_ seen: S, _ expected: S, _ tolerance: Tolerance) -> String? {
  if seen == expected || (seen.isNaN && expected.isNaN) { return nil }
  let (s, e) = (Double(seen), Double(expected))
  let error = abs(s - e)
  let ulp = Double(expected.isFinite ? expected.ulp : .greatestFiniteMagnitude)
  if error.isFinite && error <= max(tolerance.ulps * ulp, tolerance.absolute, tolerance.relative * abs(e)) {
    return nil
  }
  return "expected \(expected), seen \(seen), error \(error) (\(error / ulp) ulp, relative \(error / abs(e)))"
}
