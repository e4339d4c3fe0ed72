import NablaAutodiff
import NablaTensor

/// What bounds a set of gradients before they are used; at most one, as in Keras 3.
public enum GradientClipping: Sendable, Hashable {
  /// Each element into -bound ... bound.
  case value(Double)
  /// Each gradient scaled down to this norm where it is longer.
  case norm(Double)
  /// All gradients scaled down together, where their common norm is longer than this.
  case globalNorm(Double)
}

/// Changes variables along gradients. The order of a step is that of Keras 3: gradients that are nil are dropped (all
/// nil is an error), the rest clipped, weights decayed, then updated, then the step counted.
public protocol Optimizer<Scalar>: AnyObject {
  /// The element type of the variables.
  associatedtype Scalar: FloatingPointScalar
  /// The steps taken.
  var step: Int { get }
  /// The length of a step.
  var learningRate: Scalar { get set }
  /// Takes one step. Updates run in place where nothing else refers to a variable's memory.
  ///
  /// Errors: no gradient that is not nil; a gradient of another shape than its variable.
  func applyGradients<Pairs: Sequence>(_ gradientsAndVariables: Pairs)
  where Pairs.Element == (Tensor<Scalar>?, Variable<Scalar>)
}

extension Optimizer {
  /// Takes one step with gradients that are all there.
  public func applyGradients(_ gradients: [Tensor<Scalar>], to variables: [Variable<Scalar>]) {
    guard gradients.count == variables.count else {
      return fail("applyGradients", "\(gradients.count) gradients for \(variables.count) variables")
    }
    applyGradients(zip(gradients.map { Optional($0) }, variables))
  }
}

extension GradientClipping {
  /// The clipped gradients.
  func apply<S: FloatingPointScalar>(_ gradients: [Tensor<S>]) -> [Tensor<S>] {
    switch self {
    case .value(let bound):
      return gradients.map { clip($0, S(-bound), S(bound)) }
    case .norm(let bound):
      return gradients.map { Self.scaled($0, by: bound, over: sqrt(square($0).sum()).scalar) }
    case .globalNorm(let bound):
      let total = gradients.reduce(S.zero) { $0 + square($1).sum().scalar }.squareRoot()
      return gradients.map { Self.scaled($0, by: bound, over: total) }
    }
  }

  private static func scaled<S: FloatingPointScalar>(_ x: Tensor<S>, by bound: Double, over norm: S) -> Tensor<S> {
    norm > S(bound) ? x * Tensor(S(bound) / norm) : x
  }
}

/// The gradients that are there with their variables, clipped; or nil after the error.
func prepared<S: FloatingPointScalar, Pairs: Sequence>(
  _ pairs: Pairs, _ clipping: GradientClipping?
) -> [(gradient: Tensor<S>, variable: Variable<S>)]? where Pairs.Element == (Tensor<S>?, Variable<S>) {
  var gradients: [Tensor<S>] = []
  var variables: [Variable<S>] = []
  for case (let gradient?, let variable) in pairs {
    guard gradient.shape == variable.shape else {
      fail("applyGradients", "variable \(variable.name) has shape \(variable.shape), its gradient \(gradient.shape)")
      return nil
    }
    gradients.append(gradient)
    variables.append(variable)
  }
  guard !gradients.isEmpty else {
    fail("applyGradients", "no variable has a gradient; does the loss depend on them inside record { }?")
    return nil
  }
  if let clipping { gradients = clipping.apply(gradients) }
  return zip(gradients, variables).map { ($0, $1) }
}
