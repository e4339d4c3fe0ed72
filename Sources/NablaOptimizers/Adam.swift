import NablaAutodiff
import NablaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#endif

/// Adam as in Keras 3 (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015):
///
/// - m ← m + (1 - β₁)(g - m), v ← v + (1 - β₂)(g² - v)
/// - w ← w - α m / (√v + ε) with α = η √(1 - β₂ᵗ) / (1 - β₁ᵗ)
///
/// ε stands outside of the root. Weight decay is decoupled, which makes it AdamW (Loshchilov and Hutter, 2019):
/// w ← w - η λ w before the update.
public class Adam<Scalar: FloatingPointScalar>: Optimizer {
  /// η.
  public final var learningRate: Scalar
  /// β₁, the memory of the mean.
  public final let beta1: Scalar
  /// β₂, the memory of the mean square.
  public final let beta2: Scalar
  /// ε.
  public final let epsilon: Scalar
  /// λ.
  public final let weightDecay: Scalar
  /// What bounds the gradients.
  public final let clipping: GradientClipping?
  /// The steps taken.
  public private(set) final var step = 0
  private var means = Slots("mean")
  private var meanSquares = Slots("mean square")

  /// An optimizer.
  ///
  /// Errors: a β outside of 0 ..< 1.
  public init(
    learningRate: Scalar = 0.001, beta1: Scalar = 0.9, beta2: Scalar = 0.999, epsilon: Scalar = 1e-7,
    weightDecay: Scalar = 0, clipping: GradientClipping? = nil
  ) {
    if !(0..<1).contains(beta1) || !(0..<1).contains(beta2) {
      fail("Adam", "the betas \(beta1) and \(beta2) are not both in 0 ..< 1")
    }
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.clipping = clipping
  }

  /// Takes one step.
  public final func applyGradients(_ gradientsAndVariables: [GradientPair]) {
    // A compiled function may take several steps in one run, which are counted at its end.
    let ahead = 1 + countAfterRun(self)
    takeStep(gradientsAndVariables, clipping, count: { self.step += 1 }) { update($0, $1, ahead) }
  }

  /// -α at a step, counted from the one taken last.
  private func negativeStepLength(_ ahead: Int) -> Double {
    let t = Double(step + ahead)
    let (b1, b2) = (Double(beta1), Double(beta2))
    return -Double(learningRate) * (1 - pow(b2, t)).squareRoot() / (1 - pow(b1, t))
  }

  private func update(_ variable: AnyVariable, _ gradient: AnyTensor, _ ahead: Int) {
    let decay = Double(weightDecay)
    if decay != 0 { variable.multiply(by: 1 - Double(self.learningRate) * decay) }
    let (mean, meanSquare) = (means[variable], meanSquares[variable])
    mean.add(gradient - mean.latest, scaledBy: 1 - Double(self.beta1), "Adam")
    meanSquare.add(gradient * gradient - meanSquare.latest, scaledBy: 1 - Double(self.beta2), "Adam")
    let direction = mean.latest / (meanSquare.latest.squareRoot + Double(epsilon))
    variable.add(direction, scaledBy: self.negativeStepLength(ahead), "Adam")
  }
}

/// Adam with decoupled weight decay.
///
/// As Keras 3's, its decay is 0.004 unless set.
public final class AdamW<Scalar: FloatingPointScalar>: Adam<Scalar> {
  /// An optimizer.
  ///
  /// Errors: a β outside of 0 ..< 1.
  public override init(
    learningRate: Scalar = 0.001, beta1: Scalar = 0.9, beta2: Scalar = 0.999, epsilon: Scalar = 1e-7,
    weightDecay: Scalar = 0.004, clipping: GradientClipping? = nil
  ) {
    super.init(
      learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
      clipping: clipping)
  }
}
