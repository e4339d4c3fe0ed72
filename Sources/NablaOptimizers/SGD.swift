import NablaAutodiff
import NablaTensor

/// Gradient descent, with momentum and Nesterov's variant as in Keras 3:
///
/// - plain: w ← w - η g
/// - momentum m: v ← m v - η g, w ← w + v
/// - Nesterov: v ← m v - η g, w ← w + m v - η g (Sutskever et al., "On the importance of initialization and momentum in
///   deep learning", 2013)
///
/// Weight decay is decoupled: w ← w - η λ w before the update (Loshchilov and Hutter, 2019).
public final class SGD<Scalar: FloatingPointScalar>: Optimizer {
  /// η.
  public var learningRate: Scalar {
    get { rate }
    set { rate = newValue }
  }
  // Both are read or written at once, so no access lasts until another. Checking that at run time took a tenth of a small
  // compiled step.
  @exclusivity(unchecked)
  private var rate: Scalar
  @exclusivity(unchecked)
  private var stepCount = 0
  // Asked at each update. A number of a type that is not known here takes a while to read.
  private let hasMomentum: Bool
  private let hasDecay: Bool
  /// m, in 0 ..< 1; 0 keeps no velocity.
  public let momentum: Scalar
  /// Whether the gradient is taken ahead of the velocity.
  public let isNesterov: Bool
  /// λ.
  public let weightDecay: Scalar
  /// What bounds the gradients.
  public let clipping: GradientClipping?
  /// The steps taken.
  public var step: Int { stepCount }
  private var velocities = Slots("velocity")

  /// An optimizer.
  ///
  /// Errors: a momentum outside of 0 ..< 1.
  public init(
    learningRate: Scalar = 0.01, momentum: Scalar = 0, nesterov: Bool = false, weightDecay: Scalar = 0,
    clipping: GradientClipping? = nil
  ) {
    if !(0..<1).contains(momentum) { fail("SGD", "the momentum \(momentum) is not in 0 ..< 1") }
    rate = learningRate
    self.momentum = momentum
    hasMomentum = momentum != 0
    hasDecay = weightDecay != 0
    isNesterov = nesterov
    self.weightDecay = weightDecay
    self.clipping = clipping
  }

  /// Takes one step.
  public func applyGradients(_ gradientsAndVariables: [GradientPair]) {
    takeStep(gradientsAndVariables, clipping, count: { self.stepCount += 1 }) { update($0, $1) }
  }

  private func update(_ variable: AnyVariable, _ gradient: AnyTensor) {
    if hasDecay {
      let decay = Double(weightDecay)
      variable.multiply(by: 1 - Double(self.learningRate) * decay)
    }
    guard hasMomentum else {
      return variable.add(gradient, scaledBy: -Double(self.learningRate), "SGD")
    }
    let momentum = Double(momentum)
    let velocity = velocities[variable]
    velocity.multiply(by: momentum)
    velocity.add(gradient, scaledBy: -Double(self.learningRate), "SGD")
    if isNesterov {
      variable.add(velocity.latest, scaledBy: momentum, "SGD")
      variable.add(gradient, scaledBy: -Double(self.learningRate), "SGD")
    } else {
      variable.add(velocity.latest, scaledBy: 1, "SGD")
    }
  }
}
