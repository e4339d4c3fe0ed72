import NablaTensor

// Reductions over all axes, or those that are named: these are then gone from the shape, or of size 1 with `keepingDimensions`.
// An axis that is out of range or named twice is an error.

// MARK: Sums and products

extension TensorConvertible where Scalar: NumericScalar {
  /// The sum of all elements, or along axes. Integers wrap around; no elements give 0.
  ///
  /// Errors: an axis out of range or named twice.
  public func sum<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Sum.self, axis.asAxes().named, keepingDimensions)
  }
  /// The product of all elements, or along axes. Integers wrap around; no elements give 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func product<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Product.self, axis.asAxes().named, keepingDimensions)
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
  public func max<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Max.self, axis.asAxes().named, keepingDimensions)
  }
  /// The smallest of all elements, or along axes; NaN if any is NaN. Ties share the gradient evenly.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  public func min<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Min.self, axis.asAxes().named, keepingDimensions)
  }

  /// The index of the first largest element, of the first NaN where there is one: along one axis, or counted in row-major
  /// order along several or all, as if they were one axis.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  public func argmax<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Int64> {
    argument("argmax", isMax: true, axis.asAxes(), keepingDimensions)
  }
  /// The index of the first smallest element, of the first NaN where there is one: along one axis, or counted in row-major
  /// order along several or all, as if they were one axis.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  public func argmin<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Int64> {
    argument("argmin", isMax: false, axis.asAxes(), keepingDimensions)
  }

  private func argument(_ name: String, isMax: Bool, _ axes: Axes, _ keepsDimensions: Bool) -> Tensor<Int64> {
    let x = asTensor().erased
    guard let axes = normalizedAxes(name, axes.named, x.shape) else { return Tensor(unchecked: .failed(.int64)) }
    let kept = x.shape.indices.filter { !axes.contains($0) }
    let y =
      axes.count == 1
      ? Argument(isMax: isMax, axis: axes[0])(x)
      : Argument(isMax: isMax, axis: kept.count)(
        x.transposed(permutation: kept + axes).reshaped(
          to: Shape(unchecked: kept.map { x.shape[$0] } + [axes.reduce(1) { $0 * x.shape[$1] }])))
    if y.isFailed { return Tensor(unchecked: .failed(.int64)) }
    guard keepsDimensions else { return Tensor(unchecked: y) }
    return Tensor(unchecked: y.reshaped(to: x.shape.withOnes(at: axes)))
  }
}

extension Shape {
  /// The shape with 1 in the place of some axes.
  fileprivate func withOnes(at axes: [Int]) -> Shape {
    Shape(unchecked: indices.map { axes.contains($0) ? 1 : self[$0] })
  }
}

// MARK: Of Bool

extension TensorConvertible where Scalar == Bool {
  /// Whether any element is true, of all or along axes; false where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  public func any<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Max.self, axis.asAxes().named, keepingDimensions)
  }
  /// Whether every element is true, of all or along axes; true where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  public func all<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Min.self, axis.asAxes().named, keepingDimensions)
  }
}

// MARK: Statistics

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// The mean of all elements, or along axes; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  public func mean<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    mean(over: axis.asAxes(), keepingDimensions)
  }
  /// The variance Σ(x - mean)² / n of all elements, or along axes; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  public func variance<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    variance(over: axis.asAxes(), keepingDimensions)
  }
  /// The standard deviation, the root of the variance, of all elements, or along axes; NaN where there are none.
  ///
  /// Errors: an axis out of range or named twice.
  public func standardDeviation<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<
    Scalar
  > {
    sqrt(variance(over: axis.asAxes(), keepingDimensions))
  }
  /// ln Σ eˣ of all elements, or along axes, without overflow.
  ///
  /// Errors: no elements; an axis out of range or named twice.
  public func logSumExp<A: AxesConvertible>(axis: A = Axes.all, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    logSumExp(over: axis.asAxes(), keepingDimensions)
  }

  private func mean(over axes: Axes, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor()
    guard let counted = normalizedAxes("mean", axes.named, x.shape) else { return Tensor(unchecked: .failed(x.dtype)) }
    let count = counted.reduce(1) { $0 * x.shape[$1] }
    return x.reduced(Sum.self, counted, keepsDimensions) / Scalar(count)
  }

  private func variance(over axes: Axes, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor()
    return square(x - x.mean(over: axes, true)).mean(over: axes, keepsDimensions)
  }

  private func logSumExp(over axes: Axes, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor()
    guard let counted = normalizedAxes("logSumExp", axes.named, x.shape) else {
      return Tensor(unchecked: .failed(x.dtype))
    }
    // Shifting by the largest element avoids overflow; where that is infinite, by 0.
    let largest = stopGradient(x).reduced(Max.self, counted, true)
    let shift = select(largest.isFinite, largest, 0)
    let result = log(exp(x - shift).reduced(Sum.self, counted, true)) + shift
    return keepsDimensions
      ? result
      : result.reshaped(to: Shape(unchecked: x.shape.indices.filter { !counted.contains($0) }.map { x.shape[$0] }))
  }
}
