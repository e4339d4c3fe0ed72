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
  // By the variables' identities, which no later variable gets; the address of one that is gone may come again.
  private var velocities: [UInt64: AnyTensor] = [:]

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
    step += 1
  }

  private func update(_ variable: AnyVariable, _ gradient: AnyTensor) {
    let rate = Double(learningRate)
    variable.update { value in
      if weightDecay != 0 { value.scale(by: 1 - rate * Double(weightDecay)) }
      guard momentum != 0 else { return value.add(gradient, scaledBy: -rate) }
      // Taken out of the table so that it is changed in place.
      var velocity =
        velocities.removeValue(forKey: variable.identity)
        ?? AnyTensor(repeating: 0, dtype: value.dtype, shape: value.shape)
      velocity.scale(by: Double(momentum))
      velocity.add(gradient, scaledBy: -rate)
      if isNesterov {
        value.add(velocity, scaledBy: Double(momentum))
        value.add(gradient, scaledBy: -rate)
      } else {
        value.add(velocity, scaledBy: 1)
      }
      velocities[variable.identity] = velocity
    }
  }
}
