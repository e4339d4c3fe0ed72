import CKernels
import NablaTensor

// MARK: histogram

/// y[k] = how many x are in bin k, between edges k and k + 1. The operands are x and the edges in Float64; counts of rows add up.
///
/// x may have leading axes that stay: [..., n] and edges [bins + 1] or [..., bins + 1] give [..., bins].
struct Histogram: NondifferentiablePrimitive {
  typealias Failure = EdgeError
  var name: String { "histogram" }
  /// The axes that stay.
  var leading = 0

  private func rows(_ x: Shape) -> Int { x.prefix(leading).reduce(1, *) }

  func resultType(_ x: Operands) -> TensorType? {
    let (values, edges) = (x[0], x[1].shape)
    guard values.dtype != .bool, x[1].dtype == .float64 else {
      fail(name, "values are \(values.dtype) and edges \(x[1].dtype); numbers and float64 are needed")
      return nil
    }
    let kept = Array(values.shape.prefix(leading))
    guard edges.rank == 1 || Array(edges.dropLast()) == kept, edges.last! >= 2, edges.last! <= Int(Int32.max) else {
      fail(name, "edges of shape \(edges) are not those of 1 to \(Int32.max - 1) bins")
      return nil
    }
    return TensorType(.int64, Shape(unchecked: kept + [edges.last! - 1]))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) throws(EdgeError) {
    try check(Histograms.count(x[0], rows: rows(x[0].shape), x[1], into: y))
  }
  private func check(_ row: Int?) throws(EdgeError) { if row != nil { throw EdgeError(operation: name) } }

  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let (source, edges) = (x[0].storage, x[1].storage)
    guard source.isDense && edges.isDense else { return evaluated(x, type, into: y) }
    let form = Histograms.form(source.shape, rows: rows(source.shape), edges.shape)
    let bytes = Histograms.byteCount(form)
    return PreparedCall(workspace: bytes, operands: [source, edges], into: [y]) { [self] workspace in
      try check(
        Histograms.count(form, source.dtype, source.base, edges.base, into: y.base, workspace: workspace))
    }
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard x[0].first == rows else { return nil }
    return RowRule(
      rowOperands: [true, leading > 0 && x[1].rank > 1], isReducing: leading == 0,
      fewestRows: leading == 0 ? 16 * y.elementCount : 1)
  }
  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? { .sum(y.first) }

  func batchedResult(_ x: BatchedOperands) throws(EdgeError) -> AnyTensor? {
    let values = x.spread(0)
    guard x.isBatched(1) || x.rank(1) > 1 else { return try Histogram(leading: leading + 1)(values, x[1]) }
    // Edges of their own for each row.
    let bounds = x.shape(1).last!
    let kept = Array(values.shape.prefix(leading + 1))
    let edges = x.padded(1, to: leading + 1).broadcast(to: Shape(unchecked: kept + [bounds]))
    return try Histogram(leading: leading + 1)(values, edges)
  }
}

/// Edges of bins that are in no order, found in data.
public struct EdgeError: Error, Hashable, Sendable, ReportedFailure {
  /// The operation that used the edges.
  public let operation: String

  package var message: String {
    "the edges of the bins decrease or are not numbers, as those of data with NaN or infinity"
  }
  /// One line.
  public var description: String { "\(operation): \(message)" }
}

extension AnyTensor {
  /// The edges of bins evenly apart in a range, or between the smallest and the largest element; nil after the error.
  fileprivate func edges(bins: Int, range: ClosedRange<Double>?) -> AnyTensor? {
    guard bins > 0 && bins < Int(Int32.max) else {
      fail("histogram", "\(bins) bins; 1 to \(Int32.max - 1) are possible")
      return nil
    }
    func number(_ value: Double) -> AnyTensor { AnyTensor(value, dtype: .float64) }
    var (low, high) = (number(0), number(1))
    if let range {
      guard (range.upperBound - range.lowerBound).isFinite else {
        fail("histogram", "the range \(range) is not finite")
        return nil
      }
      (low, high) = (number(range.lowerBound), number(range.upperBound))
    } else if count > 0 {
      (low, high) = (
        Min(axes: shape.allAxes)(self).cast(to: .float64), Max(axes: shape.allAxes)(self).cast(to: .float64)
      )
    }
    // Bins of no width are made one wide in all.
    let margin = Select().apply(Operands([Compare(.equal)(low, high), number(0.5), number(0)]))
    (low, high) = (low - margin, high + margin)
    let places = Tensor<Double>((0...bins).map(Double.init)).erased
    let inside = places * ((high - low) / number(Double(bins))) + low
    let isLast = Tensor<Bool>((0...bins).map { $0 == bins }).erased
    return Select().apply(Operands([isLast, high, inside])).rounded(like: self)
  }

  /// Numbers in Float64 as they are in the type of `x`, where that is floating point.
  fileprivate func rounded(like x: AnyTensor) -> AnyTensor {
    (x.dtype == .float32 ? cast(to: .float32) : self).cast(to: .float64)
  }

  fileprivate func histogram(_ edges: AnyTensor?) -> Tensor<Int64> {
    let failed = Tensor<Int64>(unchecked: .failed(.int64))
    guard let edges, !edges.isFailed else { return failed }
    let y = Histogram().reported(self, edges)
    return y.isFailed ? failed : Tensor(unchecked: y)
  }
}

/// How many elements are in each of some bins evenly apart: `histogram(x, bins: 10, range: 0...1)`.
///
/// Bin k holds edge k ≤ x < edge k + 1, the last one its upper edge too, as in NumPy; elements outside of the range and NaN are not
/// counted. Without a range, bins reach from the smallest element to the largest (0 to 1 where there are none). A range of no width
/// is widened by a half on both sides. ``histogramEdges(_:bins:range:)`` gives the edges. The shape of x does not matter.
///
/// In a compiled function rows are counted block by block; the range of the data takes a pass of its own.
///
/// Errors: no bins; a range that is not finite; NaN or infinities where the range is that of the data.
public func histogram<T: TensorConvertible>(
  _ x: T, bins: Int, range: ClosedRange<Double>? = nil
) -> Tensor<Int64> where T.Scalar: NumericScalar {
  let x = x.asTensor().erased
  return x.histogram(x.edges(bins: bins, range: range))
}

/// How many elements are in each of the bins between edges: `histogram(x, edges: [0, 1, 10, 100])` has three.
///
/// Bin k holds edge k ≤ x < edge k + 1, the last one its upper edge too; elements outside and NaN are not counted. Edges may be
/// infinite. They are compared in Float64, and so are integers.
///
/// Errors: fewer than two edges; other ranks than 1; edges that decrease or are NaN.
public func histogram<T: TensorConvertible>(_ x: T, edges: Tensor<T.Scalar>) -> Tensor<Int64>
where T.Scalar: NumericScalar {
  guard edges.rank == 1 else {
    fail("histogram", "edges of shape \(edges.shape) are not a vector")
    return Tensor(unchecked: .failed(.int64))
  }
  return x.asTensor().erased.histogram(edges.erased.cast(to: .float64))
}

/// The `bins` + 1 edges of the bins of ``histogram(_:bins:range:)``: `histogramEdges(x, bins: 2, range: 0...1)` is [0, 0.5, 1]. They
/// are numbers of x's type where that is floating point.
///
/// Errors: no bins; a range that is not finite.
public func histogramEdges<T: TensorConvertible>(
  _ x: T, bins: Int, range: ClosedRange<Double>? = nil
) -> Tensor<Double> where T.Scalar: NumericScalar {
  Tensor(unchecked: x.asTensor().erased.edges(bins: bins, range: range) ?? .failed(.float64))
}

/// How often each of 0 ..< `count` occurs among integers: `binCount(labels, count: 10)`. The shape of x does not matter.
///
/// Errors: a negative `count`; an element that is negative or not below it.
public func binCount<T: TensorConvertible>(_ x: T, count: Int) -> Tensor<Int64>
where T.Scalar: NumericScalar & FixedWidthInteger {
  let x = x.asTensor().erased
  let ones = AnyTensor(repeating: 1, dtype: .int64, shape: x.shape)
  return Tensor(unchecked: ones.segmentSum("binCount", x.asIndices, count: count))
}
