import CKernels
import NablaTensor

// Mean and variance, the logarithm of a sum of exponentials and the norm, each in one pass: as compositions they would go
// through their operand two and three times.

// MARK: mean and variance

/// The mean and the variance Σ (x - mean)² / n over axes, of a block by its own mean and of blocks by the merge of Chan, Golub
/// and LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances", 1979): no cancellation.
struct Moments: AxisReduction {
  var name: String { "variance" }
  var kernel: nabla_reduction_op { NABLA_MOMENTS }
  let axes: [Int]

  func residuals(toward operand: Int) -> Residuals { [.operand(0), .result(0)] }

  func resultTypes(_ x: Operands) -> ResultTypes? { axesType(x).map { ResultTypes($0, $0) } }
  func evaluate(_ x: Operands, _ types: ResultTypes, into y: [UnsafeMutableRawPointer]) {
    Reduction.reduce(kernel, x[0], over: axes, into: y.map(Optional.some))
  }

  func batched(_ x: BatchedOperands) -> ResultTensors? { onBatch().results(of: Operands(x[0]), count: 2) }

  // dmean = Σ dx / n, dvariance = 2 Σ (x - mean) dx / n.
  func vjp(_ g: Derivatives, _ x: Operands, _ y: ResultTensors, _ cotangents: inout Cotangents) {
    let (shape, n) = (x[0].shape, Double(count(x[0].shape)))
    var sum = g[0].map { spread($0 * (1 / n), over: shape) }
    if let g = g[1] {
      let term = (x[0] - spread(y[0], over: shape)) * spread(g * (2 / n), over: shape)
      sum = sum.map { $0 + term } ?? term
    }
    if let sum { cotangents.give(0, sum) }
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: ResultTensors) -> Derivatives {
    guard let tangent = tangents[0] else { return Derivatives(nil) }
    let n = Double(count(x[0].shape))
    let deviation = x[0] - spread(y[0], over: x[0].shape)
    return Derivatives([Sum(axes: axes)(tangent) * (1 / n), Sum(axes: axes)(deviation * tangent) * (2 / n)])
  }
}

// MARK: logSumExp

/// y = ln Σ eˣ over axes; a state is the largest x and Σ e^(x - largest), so nothing overflows.
struct LogSumExp: SlopeReduction {
  var name: String { "logSumExp" }
  var kernel: nabla_reduction_op { NABLA_LOG_SUM_EXP }
  let axes: [Int]

  func residuals(toward operand: Int) -> Residuals { [.operand(0), .result] }
  /// The derivative e^(x - y), the softmax.
  func slope(_ x: AnyTensor, _ y: AnyTensor) -> AnyTensor { Exp()(x - spread(y, over: x.shape)) }
}

// MARK: norm

/// y = √Σ x² over axes; a state is a scale and Σ (x / scale)², so nothing overflows.
struct Norm: SlopeReduction {
  var name: String { "norm" }
  var kernel: nabla_reduction_op { NABLA_NORM }
  let axes: [Int]

  func residuals(toward operand: Int) -> Residuals { [.operand(0), .result] }
  /// The derivative x / y, a subgradient where the norm is 0: zeros there, as are those of higher order.
  func slope(_ x: AnyTensor, _ y: AnyTensor) -> AnyTensor {
    let isZero = Compare(.equal)(y, AnyTensor(0, dtype: y.dtype))
    let divisor = Select().apply(Operands([isZero, AnyTensor(.infinity, dtype: y.dtype), y]))
    return x / spread(divisor, over: x.shape)
  }
}
