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
  /// Takes one step. Updates run in place where nothing else refers to a variable's memory. What they compute that is too
  /// small for a normal number is zero, eagerly as in compiled functions: moments decay without end, and
  /// ``Subnormals`` says what that would cost.
  ///
  /// Errors: no gradient that is not nil; a gradient of another shape than its variable.
  func applyGradients(_ gradientsAndVariables: [GradientPair])
}

/// A variable and its gradient, without their element type.
public struct GradientPair: Sendable {
  /// The gradient, or nil where the loss does not depend on the variable.
  public var gradient: AnyTensor?
  /// The variable.
  public var variable: AnyVariable
  /// A pair.
  @inlinable
  public init(_ gradient: AnyTensor?, _ variable: AnyVariable) {
    self.gradient = gradient
    self.variable = variable
  }
}

extension Optimizer {
  /// Takes one step: `applyGradients(zip(gradients, variables))`. Updates run in place where nothing else refers to a
  /// variable's memory.
  ///
  /// Errors: no gradient that is not nil; a gradient of another shape than its variable.
  @inlinable
  public func applyGradients<Pairs: Sequence>(_ gradientsAndVariables: Pairs)
  where Pairs.Element == (Tensor<Scalar>?, Variable<Scalar>) {
    applyGradients(gradientsAndVariables.map { GradientPair($0.0?.erased, $0.1.erased) })
  }

  /// Takes one step with gradients none of which is nil: those asked with `unconnected: .zeros`.
  @inlinable
  public func applyGradients<Pairs: Sequence>(_ gradientsAndVariables: Pairs)
  where Pairs.Element == (Tensor<Scalar>, Variable<Scalar>) {
    applyGradients(gradientsAndVariables.map { GradientPair($0.0.erased, $0.1.erased) })
  }

  /// Takes one step with gradients that are all there.
  public func applyGradients(_ gradients: [Tensor<Scalar>], to variables: [Variable<Scalar>]) {
    guard gradients.count == variables.count else {
      return fail("applyGradients", "\(gradients.count) gradients for \(variables.count) variables")
    }
    applyGradients(zip(gradients, variables).map { GradientPair($0.erased, $1.erased) })
  }
}

extension GradientClipping {
  /// The clipped gradients.
  func apply(_ gradients: [AnyTensor]) -> [AnyTensor] {
    // Where the norm is within the bound, the factor is 1 exactly. A norm that is NaN makes everything NaN, and so does a
    // common norm that is infinite, as in Keras: nothing hides it.
    switch self {
    case .value(let bound):
      return gradients.map { $0.clipped(-bound, bound) }
    case .norm(let bound):
      return gradients.map { $0 * $0.sumOfSquares.clippingFactor(bound) }
    case .globalNorm(let bound):
      let total = gradients.dropFirst().reduce(gradients[0].sumOfSquares) { $0 + $1.sumOfSquares }
      let factor = total.clippingFactor(bound) + (total - total)
      return gradients.map { $0 * factor }
    }
  }
}

extension GradientPair {
  /// Whether the gradient is of the variable's shape and type; if not, after the error.
  fileprivate var fits: Bool {
    guard let gradient else { return true }
    if gradient.hasShape(variable.shape) && gradient.dtype == variable.dtype { return true }
    fail(
      "applyGradients",
      "variable \(variable.name) is \(variable.dtype) of shape \(variable.shape), its gradient \(gradient.dtype) of "
        + "shape \(gradient.shape)")
    return false
  }
}

extension Optimizer {
  /// What all optimizers have in common: `update` for each variable whose gradient is there, once these are clipped, and
  /// `count` when the step is done. Nothing happens after an error. Results too small for normal numbers are zero.
  @inline(__always)
  func takeStep(
    _ pairs: [GradientPair], _ clipping: GradientClipping?, count: @escaping () -> Void,
    update: (AnyVariable, AnyTensor) -> Void
  ) {
    let isTaken = Subnormals.flushed.run {
      guard let pairs = prepared(pairs, clipping), !ErrorScope.hasFailed else { return false }
      for pair in pairs { update(pair.variable, pair.gradient!) }
      return true
    }
    if isTaken { afterRun(self, count) }
  }
}

/// The pairs whose gradient is there, clipped; or nil after the error.
private func prepared(_ pairs: [GradientPair], _ clipping: GradientClipping?) -> [GradientPair]? {
  var presentCount = 0
  for pair in pairs where pair.gradient != nil {
    guard pair.fits else { return nil }
    presentCount += 1
  }
  guard presentCount > 0 else {
    fail("applyGradients", "no variable has a gradient; does the loss depend on them inside record { }?")
    return nil
  }
  let present = presentCount == pairs.count ? pairs : pairs.filter { $0.gradient != nil }
  guard let clipping else { return present }
  return zip(clipping.apply(present.map { $0.gradient! }), present).map { GradientPair($0, $1.variable) }
}

/// What an optimizer keeps for each variable: other variables, zero at first.
struct Slots {
  private let name: String
  // The variable is kept beside its slot: another one at the address of one that is gone must not find its slot.
  private var slots: [ObjectIdentifier: (variable: AnyVariable, slot: AnyVariable)] = [:]

  init(_ name: String) { self.name = name }

  /// The slot of a variable.
  subscript(variable: AnyVariable) -> AnyVariable {
    mutating get {
      if let entry = slots[ObjectIdentifier(variable)] { return entry.slot }
      let zeros = AnyTensor(repeating: 0, dtype: variable.dtype, shape: variable.shape)
      let slot = AnyVariable(zeros, name: "\(variable.name).\(name)", isTrainable: false)
      slots[ObjectIdentifier(variable)] = (variable, slot)
      return slot
    }
  }
}
