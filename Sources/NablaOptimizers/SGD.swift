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
  public var learningRate: Scalar
  /// m, in 0 ..< 1; 0 keeps no velocity.
  public let momentum: Scalar
  /// Whether the gradient is taken ahead of the velocity.
  public let isNesterov: Bool
  /// λ.
  public let weightDecay: Scalar
  /// What bounds the gradients.
  public let clipping: GradientClipping?
  /// The steps taken.
  public private(set) var step = 0
  private var velocities = Slots("velocity")

  /// An optimizer.
  ///
  /// Errors: a momentum outside of 0 ..< 1.
  public init(
    learningRate: Scalar = 0.01, momentum: Scalar = 0, nesterov: Bool = false, weightDecay: Scalar = 0,
    clipping: GradientClipping? = nil
  ) {
    if !(0..<1).contains(momentum) { fail("SGD", "the momentum \(momentum) is not in 0 ..< 1") }
    self.learningRate = learningRate
    self.momentum = momentum
    isNesterov = nesterov
    self.weightDecay = weightDecay
    self.clipping = clipping
  }

  /// Takes one step.
  public func applyGradients(_ gradientsAndVariables: [GradientPair]) {
    guard let pairs = prepared(gradientsAndVariables, clipping), !ErrorScope.hasFailed else { return }
    for (gradient, variable) in pairs { update(variable, gradient) }
    afterRun(self) { self.step += 1 }
  }

  private func update(_ variable: AnyVariable, _ gradient: AnyTensor) {
    let (momentum, decay) = (Double(momentum), Double(weightDecay))
    if decay != 0 { variable.multiply(by: 1 - Double(self.learningRate) * decay) }
    guard momentum != 0 else {
      return variable.add(gradient, scaledBy: -Double(self.learningRate), "SGD")
    }
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
