import NablaTensor

// Reductions over all axes, or those that are named: these are then gone from the shape, or of size 1 with `keepingDimensions`.
// An axis that is out of range or named twice is an error.

// The functions are inlined, so that the type of `axis` costs nothing at run time. What they call works on erased tensors,
// and so is compiled once, not for each call through witnesses.

/// A reduction by name.
@usableFromInline
enum ReductionKind { case sum, product, max, min, mean, variance, standardDeviation, argmax, argmin }

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
    case .mean: mean(axes, keepsDimensions)
    case .variance: variance("variance", axes, keepsDimensions)
    case .standardDeviation: Sqrt()(variance("standardDeviation", axes, keepsDimensions))
    case .argmax: argument("argmax", isMax: true, axes, keepsDimensions)
    case .argmin: argument("argmin", isMax: false, axes, keepsDimensions)
    }
  }

  private func reduced<R: AxisReduction>(_ reduction: R.Type, _ axes: [Int]?, _ keepsDimensions: Bool) -> AnyTensor {
    guard let axes = normalizedAxes(R.name, axes, shape) else { return .failed(dtype) }
    let y = R(axes: axes)(self)
    return keepsDimensions && !y.isFailed ? y.reshaped(to: shape.withOnes(at: axes)) : y
  }

  private func mean(_ axes: [Int]?, _ keepsDimensions: Bool) -> AnyTensor {
    guard let counted = normalizedAxes("mean", axes, shape) else { return .failed(dtype) }
    let count = counted.reduce(1) { $0 * shape[$1] }
    return reduced(Sum.self, counted, keepsDimensions) / AnyTensor(Double(count), dtype: dtype)
  }

  private func variance(_ name: String, _ axes: [Int]?, _ keepsDimensions: Bool) -> AnyTensor {
    guard let counted = normalizedAxes(name, axes, shape) else { return .failed(dtype) }
    return Square()(self - mean(counted, true)).mean(counted, keepsDimensions)
  }

  /// The index of the first largest or smallest element along one axis, or several as if they were one.
  private func argument(_ name: String, isMax: Bool, _ axes: [Int]?, _ keepsDimensions: Bool) -> AnyTensor {
    guard let axes = normalizedAxes(name, axes, shape) else { return .failed(.int64) }
    let kept = shape.indices.filter { !axes.contains($0) }
    var (x, axis) = (self, axes.first ?? 0)
    if axes.count != 1 {
      let joined = kept.map { shape[$0] } + [axes.reduce(1) { $0 * shape[$1] }]
      (x, axis) = (transposed(permutation: kept + axes).reshaped(to: Shape(unchecked: joined)), kept.count)
    }
    let y = Argument(isMax: isMax, axis: axis)(x)
    if y.isFailed { return .failed(.int64) }
    return keepsDimensions ? y.reshaped(to: shape.withOnes(at: axes)) : y
  }
}

extension Shape {
  /// The shape with 1 in the place of some axes.
  fileprivate func withOnes(at axes: [Int]) -> Shape {
    Shape(unchecked: indices.map { axes.contains($0) ? 1 : self[$0] })
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
    reduced(.max, axis.asAxes(), keepingDimensions)
  }
  /// Whether every element is true, of all or along axes; true where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func all<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.min, axis.asAxes(), keepingDimensions)
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
  /// The variance Σ(x - mean)² / n of all elements, or along axes; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  @inlinable
  public func variance<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(.variance, axis.asAxes(), keepingDimensions)
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
  /// ln Σ eˣ of all elements, or along axes, without overflow.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  @inlinable
  public func logSumExp<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    logSumExp(over: axis.asAxes(), keepingDimensions)
  }

  @usableFromInline
  func logSumExp(over axes: Axes, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor()
    guard let counted = normalizedAxes("logSumExp", axes.named, x.shape) else {
      return Tensor(unchecked: .failed(x.dtype))
    }
    // Shifting by the largest element avoids overflow; where that is infinite, by 0.
    let largest = stopGradient(x).max(axis: counted, keepingDimensions: true)
    let shift = select(largest.isFinite, largest, 0)
    let result = log(exp(x - shift).sum(axis: counted, keepingDimensions: true)) + shift
    if keepsDimensions { return result }
    return result.reshaped(to: x.shape.indices.filter { !counted.contains($0) }.map { x.shape[$0] })
  }
}
