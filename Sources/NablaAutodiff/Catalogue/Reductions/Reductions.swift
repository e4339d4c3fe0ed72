import NablaTensor

// Reductions over all axes, or those that are named: these are then gone from the shape, or of size 1 with `keepingDimensions`.
// An axis that is out of range or named twice is an error.

// The functions are inlined, so that the type of `axis` costs nothing at run time. What they call works on erased tensors,
// and so is compiled once, not for each call through witnesses.

/// A reduction by name.
@usableFromInline
enum ReductionKind {
  case sum, product, max, min, any, all, countTrue, mean, variance, standardDeviation, norm, logSumExp, argmax, argmin
}

extension TensorConvertible {
  @usableFromInline
  func reduced<Result>(_ kind: ReductionKind, _ axes: Axes, _ keepsDimensions: Bool) -> Tensor<Result> {
    Tensor<Result>(unchecked: asTensor().erased.reduced(kind, axes.named, keepsDimensions))
  }
}

extension AnyTensor {
  fileprivate func reduced(_ kind: ReductionKind, _ axes: [Int]?, _ keepsDimensions: Bool) -> AnyTensor {
    switch kind {
    case .sum: reduced(Sum.self, axes, keepsDimensions)
    case .product: reduced(Product.self, axes, keepsDimensions)
    case .max: reduced(Max.self, axes, keepsDimensions)
    case .min: reduced(Min.self, axes, keepsDimensions)
    case .any: reduced(AnyTrue.self, axes, keepsDimensions)
    case .all: reduced(AllTrue.self, axes, keepsDimensions)
    case .countTrue: reduced(CountTrue.self, axes, keepsDimensions, failing: .int64)
    case .mean: mean(axes, keepsDimensions)
    case .variance: moments("variance", axes, keepsDimensions).variance
    case .standardDeviation: Sqrt()(moments("standardDeviation", axes, keepsDimensions).variance)
    case .norm: reduced(Norm.self, axes, keepsDimensions)
    case .logSumExp: reduced(LogSumExp.self, axes, keepsDimensions)
    case .argmax: reduced(ArgMax.self, axes, keepsDimensions, failing: .int64)
    case .argmin: reduced(ArgMin.self, axes, keepsDimensions, failing: .int64)
    }
  }

  /// A reduction of this as the caller names it; nil axes are all. After an error the stand-in is of type `failing`.
  private func reduced<R: SingleAxisReduction>(
    _ reduction: R.Type, _ axes: [Int]?, _ keepsDimensions: Bool, failing: DType? = nil
  ) -> AnyTensor {
    guard let axes = normalizedAxes(R(axes: []).name, axes, shape) else { return .failed(failing ?? dtype) }
    let reduction = R(axes: axes)
    let y = reduction(self)
    if y.isFailed { return .failed(failing ?? dtype, y.shape) }
    return keepsDimensions ? y.reshaped(to: reduction.kept(shape)) : y
  }

  private func mean(_ axes: [Int]?, _ keepsDimensions: Bool) -> AnyTensor {
    guard let counted = normalizedAxes("mean", axes, shape) else { return .failed(dtype) }
    let count = counted.reduce(1) { $0 * shape[$1] }
    return reduced(Sum.self, counted, keepsDimensions) / AnyTensor(Double(count), dtype: dtype)
  }

  /// Mean and variance in one pass.
  fileprivate func moments(
    _ name: String, _ axes: [Int]?, _ keepsDimensions: Bool
  ) -> (mean: AnyTensor, variance: AnyTensor) {
    guard let axes = normalizedAxes(name, axes, shape) else { return (.failed(dtype), .failed(dtype)) }
    let moments = Moments(axes: axes)
    let y = moments.results(of: Operands(self), count: 2)
    func shaped(_ y: AnyTensor) -> AnyTensor {
      keepsDimensions && !y.isFailed ? y.reshaped(to: moments.kept(shape)) : y
    }
    return (shaped(y[0]), shaped(y[1]))
  }
}

// MARK: Sums and products

extension TensorConvertible where Scalar: NumericScalar {
  /// The sum of all elements, or along axes. Integers wrap around; no elements give 0.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func sum<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.sum, axis.asAxes(), keepingDimensions)
  }
  /// The product of all elements, or along axes. Integers wrap around; no elements give 1.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func product<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.product, axis.asAxes(), keepingDimensions)
  }

  /// Running sums along an axis, of this shape. Float adds in Double.
  ///
  /// Errors: an axis out of range.
  public func cumulativeSum(axis: Int = 0) -> Tensor<Scalar> {
    let x = asTensor()
    guard let axis = normalizedAxes("cumulativeSum", [axis], x.shape)?.first else { return x }
    return Tensor(unchecked: CumulativeSum(axis: axis)(x.erased))
  }
}

// MARK: Extremes

extension TensorConvertible where Scalar: NumericScalar {
  /// The largest of all elements, or along axes; NaN if any is NaN. Ties share the gradient evenly.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  @inlinable
  public func max<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.max, axis.asAxes(), keepingDimensions)
  }
  /// The smallest of all elements, or along axes; NaN if any is NaN. Ties share the gradient evenly.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  @inlinable
  public func min<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.min, axis.asAxes(), keepingDimensions)
  }

  /// The index of the first largest element, of the first NaN where there is one: along one axis, or counted in row-major
  /// order along several or all, as if they were one axis.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  @inlinable
  public func argmax<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Int64> {
    reduced(.argmax, axis.asAxes(), keepingDimensions)
  }
  /// The index of the first smallest element, of the first NaN where there is one: along one axis, or counted in row-major
  /// order along several or all, as if they were one axis.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  @inlinable
  public func argmin<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Int64> {
    reduced(.argmin, axis.asAxes(), keepingDimensions)
  }
}

// MARK: Of Bool

extension TensorConvertible where Scalar == Bool {
  /// Whether any element is true, of all or along axes; false where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func any<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.any, axis.asAxes(), keepingDimensions)
  }
  /// Whether every element is true, of all or along axes; true where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func all<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.all, axis.asAxes(), keepingDimensions)
  }
  /// How many elements are true, of all or along axes: `(x .> 0).countTrue(axis: 0)`; 0 where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func countTrue<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Int64> {
    reduced(.countTrue, axis.asAxes(), keepingDimensions)
  }
}

// MARK: Statistics

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// The mean of all elements, or along axes; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func mean<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.mean, axis.asAxes(), keepingDimensions)
  }
  /// The variance Σ(x - mean)² / n of all elements, or along axes, in one pass; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func variance<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.variance, axis.asAxes(), keepingDimensions)
  }
  /// The mean and the variance Σ(x - mean)² / n of all elements, or along axes, together in one pass; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  public func moments<A: AxesConvertible>(
    axis: A = Axes.all, keepingDimensions: Bool = false
  ) -> (mean: Tensor<Scalar>, variance: Tensor<Scalar>) {
    let y = asTensor().erased.moments("moments", axis.asAxes().named, keepingDimensions)
    return (Tensor(unchecked: y.mean), Tensor(unchecked: y.variance))
  }
  /// The standard deviation, the root of the variance, of all elements, or along axes; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func standardDeviation<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<
    Scalar
  > {
    reduced(.standardDeviation, axis.asAxes(), keepingDimensions)
  }
  /// The Euclidean norm √Σ x² of all elements, or along axes: `x.norm(axis: 1)` is the length of each row. Large and small
  /// elements neither overflow nor vanish; no elements give 0.
  ///
  /// The gradient is x / ‖x‖, and zeros where the norm is 0.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func norm<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.norm, axis.asAxes(), keepingDimensions)
  }
  /// ln Σ eˣ of all elements, or along axes, without overflow, in one pass; -infinity where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func logSumExp<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.logSumExp, axis.asAxes(), keepingDimensions)
  }
}
