import CKernels
import NablaTensor

/// The axes of a reduction, counted from the front, sorted; or nil after the error.
func normalizedAxes(_ name: String, _ axes: [Int]?, _ shape: Shape) -> [Int]? {
  guard let axes else { return shape.allAxes }
  var result: [Int] = []
  for axis in axes {
    guard let counted = shape.normalized(axis: axis) else {
      fail(name, "axis \(axis) is out of range for shape \(shape), which has \(shape.rank) axes")
      return nil
    }
    guard !result.contains(counted) else {
      fail(name, "axis \(axis) of shape \(shape) is named twice")
      return nil
    }
    result.append(counted)
  }
  return result.sorted()
}

/// A reduction over axes that are then gone from the shape. `axes` are counted from the front and sorted.
protocol AxisReduction: SingleResultPrimitive where Failure == Never {
  static var kernel: nabla_reduction_op { get }
  var axes: [Int] { get }
  init(axes: [Int])
}

extension AxisReduction {
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype.isFloatingPoint || nabla_reduce_row_kernel(Self.kernel, x[0].dtype.rawValue) != nil else {
      fail(name, "there is no such reduction of \(x[0].dtype)")
      return nil
    }
    if Self.kernel == NABLA_SUM && axes.count == x[0].rank { return TensorType(x[0].dtype, .scalar) }  // the usual case
    let shape = x[0].shape
    if Self.kernel == NABLA_MAX || Self.kernel == NABLA_MIN, x[0].dtype != .bool,
      axes.contains(where: { shape[$0] == 0 }), shape.elementCount == 0,
      shape.indices.allSatisfy({ axes.contains($0) || shape[$0] != 0 })
    {
      fail(name, "shape \(shape) has no elements along axes \(axes), and an empty reduction has no value")
      return nil
    }
    if axes.count == shape.rank { return TensorType(x[0].dtype, .scalar) }
    return TensorType(x[0].dtype, Shape(unchecked: shape.indices.filter { !axes.contains($0) }.map { shape[$0] }))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Reduction.reduce(Self.kernel, x[0], over: axes, into: y)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    Reduction.prepared(Self.kernel, x[0].storage, over: axes, into: y) ?? evaluated(x, type, into: y)
  }

  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard x[0].first == rows else { return nil }
    return RowRule(rowOperands: [true], isReducing: axes.contains(0))
  }
  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? {
    // any and all merge bytes.
    let dtype = y.first.dtype == .bool ? DType.uint8 : y.first.dtype
    return BlockReduction(
      stateByteCount: y.first.byteCount,
      .elementwise(Reduction.combining(Self.kernel), dtype, count: y.first.shape.elementCount))
  }

  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { Self(axes: axes.map { $0 + 1 })(x[0]) }

  /// `value`, of the result's shape, repeated over the reduced axes of `shape`.
  func spread(_ value: AnyTensor, over shape: Shape) -> AnyTensor {
    (value.rank == 0 ? value : value.reshaped(to: kept(shape))).broadcast(to: shape)
  }
  /// `shape` with 1 in the place of reduced axes.
  func kept(_ shape: Shape) -> Shape { Shape(unchecked: shape.indices.map { axes.contains($0) ? 1 : shape[$0] }) }
}

extension TensorConvertible {
  /// A reduction of this as the caller names it; nil axes are all.
  func reduced<R: AxisReduction>(_ reduction: R.Type, _ axes: [Int]?, _ keepsDimensions: Bool) -> Tensor<Scalar> {
    let x = asTensor().erased
    guard let axes = normalizedAxes(R(axes: []).name, axes, x.shape) else { return Tensor(unchecked: .failed(x.dtype)) }
    let reduction = R(axes: axes)
    let y = reduction(x)
    return Tensor(unchecked: keepsDimensions && !y.isFailed ? y.reshaped(to: reduction.kept(x.shape)) : y)
  }
}

// MARK: sum

/// y = Σ x over axes.
struct Sum: AxisReduction, LinearPrimitive {
  var traits: Traits { .linear }
  var name: String { "sum" }
  static let kernel = NABLA_SUM
  let axes: [Int]
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, spread(g, over: x[0].shape))
  }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The sum of all elements, as a scalar.
  public func sum() -> Tensor<Scalar> { reduced(Sum.self, nil, false) }
  /// The sum along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func sum(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Sum.self, [axis], keepingDimensions)
  }
  /// The sum along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func sum(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Sum.self, axes, keepingDimensions)
  }
}

// MARK: product

/// y = Π x over axes.
struct Product: AxisReduction {
  var name: String { "product" }
  static let kernel = NABLA_PRODUCT
  func residuals(toward operand: Int) -> Residuals { .operands }
  let axes: [Int]

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, spread(g, over: x[0].shape) * others(x[0]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { Sum(axes: axes)($0 * others(x[0])) }
  }

  /// For each element the product of the others along the reduced axes, exact where elements are 0 (a quotient y / x
  /// is not). Pairs are multiplied up a binary tree; on the way down each half receives what the other half held.
  private func others(_ x: AnyTensor) -> AnyTensor {
    let kept = (0..<x.rank).filter { !axes.contains($0) }
    let order = kept + axes
    let rows = x.transposed(permutation: order)
    let outer = kept.reduce(1) { $0 * x.shape[$1] }
    let length = axes.reduce(1) { $0 * x.shape[$1] }
    let flat = treeOthers(rows.reshaped(to: Shape(unchecked: [outer, length])))
    return flat.reshaped(to: rows.shape).transposed(permutation: order.indices.sorted { order[$0] < order[$1] })
  }

  private func treeOthers(_ rows: AnyTensor) -> AnyTensor {
    let (outer, length) = (rows.shape[0], rows.shape[1])
    if length <= 1 { return AnyTensor(repeating: 1, dtype: rows.dtype, shape: rows.shape) }
    let half = length / 2
    func part(_ from: Int, _ count: Int, of t: AnyTensor) -> AnyTensor {
      Slice(starts: [0, from], sizes: [outer, count], steps: [1, 1])(t)
    }
    let (left, right) = (part(0, half, of: rows), part(half, half, of: rows))
    let rest = part(2 * half, length - 2 * half, of: rows)
    let above = treeOthers(Concatenate(axis: 1).apply(Operands([left * right, rest])))
    let pair = part(0, half, of: above)
    return Concatenate(axis: 1).apply(
      Operands([pair * right, pair * left, part(half, length - 2 * half, of: above)]))
  }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The product of all elements, as a scalar.
  public func product() -> Tensor<Scalar> { reduced(Product.self, nil, false) }
  /// The product along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func product(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Product.self, [axis], keepingDimensions)
  }
  /// The product along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func product(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Product.self, axes, keepingDimensions)
  }
}

// MARK: max and min

/// A reduction to the largest or smallest element; ties share the gradient evenly.
protocol ExtremeReduction: AxisReduction {}

extension ExtremeReduction {
  func residuals(toward operand: Int) -> Residuals { [.operands, .result] }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let (hits, count) = ties(x[0], y)
    cotangents.give(0, masked(hits, spread(g / count, over: x[0].shape)))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    let (hits, count) = ties(x[0], y)
    return tangents[0].map { Sum(axes: axes)(masked(hits, $0)) / count }
  }
  /// Where elements equal the result, and how many do. Constant around x: nothing flows through.
  private func ties(_ x: AnyTensor, _ y: AnyTensor) -> (hits: AnyTensor, count: AnyTensor) {
    let hits = Compare(.equal)(x, spread(y, over: x.shape))
    return (hits, Sum(axes: axes)(hits.cast(to: x.dtype)))
  }
  /// What is not a hit receives nothing, not even NaN.
  private func masked(_ hits: AnyTensor, _ value: AnyTensor) -> AnyTensor {
    Select().apply(Operands([hits, value, AnyTensor(0, dtype: value.dtype)]))
  }
}

/// y = max x over axes, NaN if any is NaN.
struct Max: ExtremeReduction {
  var name: String { "max" }
  static let kernel = NABLA_MAX
  let axes: [Int]
}

/// y = min x over axes, NaN if any is NaN.
struct Min: ExtremeReduction {
  var name: String { "min" }
  static let kernel = NABLA_MIN
  let axes: [Int]
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The largest of all elements, as a scalar.
  public func max() -> Tensor<Scalar> { reduced(Max.self, nil, false) }
  /// The largest along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func max(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Max.self, [axis], keepingDimensions)
  }
  /// The largest along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func max(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Max.self, axes, keepingDimensions)
  }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The smallest of all elements, as a scalar.
  public func min() -> Tensor<Scalar> { reduced(Min.self, nil, false) }
  /// The smallest along one axis, which is then gone from the shape, or of size 1. Negative axes count from the end.
  public func min(axis: Int, keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Min.self, [axis], keepingDimensions)
  }
  /// The smallest along several axes, which are then gone from the shape, or of size 1.
  ///
  /// Errors: an axis out of range or named twice.
  public func min(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Scalar> {
    reduced(Min.self, axes, keepingDimensions)
  }
}

// MARK: any and all

/// Whether an element is true.
struct AnyTrue: AxisReduction, NondifferentiablePrimitive {
  var name: String { "any" }
  static let kernel = NABLA_MAX
  let axes: [Int]
}

/// Whether every element is true.
struct AllTrue: AxisReduction, NondifferentiablePrimitive {
  var name: String { "all" }
  static let kernel = NABLA_MIN
  let axes: [Int]
}

extension TensorConvertible where Scalar == Bool {
  /// Whether any element is true; false where there are none.
  public func any() -> Tensor<Bool> { reduced(AnyTrue.self, nil, false) }
  /// Whether any element is true, along an axis.
  public func any(axis: Int, keepingDimensions: Bool = false) -> Tensor<Bool> {
    reduced(AnyTrue.self, [axis], keepingDimensions)
  }
  /// Whether any element is true, along several axes.
  public func any(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Bool> {
    reduced(AnyTrue.self, axes, keepingDimensions)
  }
  /// Whether every element is true; true where there are none.
  public func all() -> Tensor<Bool> { reduced(AllTrue.self, nil, false) }
  /// Whether every element is true, along an axis.
  public func all(axis: Int, keepingDimensions: Bool = false) -> Tensor<Bool> {
    reduced(AllTrue.self, [axis], keepingDimensions)
  }
  /// Whether every element is true, along several axes.
  public func all(axes: [Int], keepingDimensions: Bool = false) -> Tensor<Bool> {
    reduced(AllTrue.self, axes, keepingDimensions)
  }
}

// MARK: argmax and argmin

/// y = the index of the first extreme element along an axis.
struct ArgExtreme: NondifferentiablePrimitive {
  /// By the functions' names.
  enum Kind: String, Sendable, CaseIterable { case argmax, argmin }
  let kind: Kind
  var name: String { kind.rawValue }
  let axis: Int
  func resultType(_ x: Operands) -> TensorType? {
    let shape = x[0].shape
    guard shape[axis] > 0 else {
      fail(name, "shape \(shape) has no elements along axis \(axis)")
      return nil
    }
    return TensorType(.int64, Shape(unchecked: shape.indices.filter { $0 != axis }.map { shape[$0] }))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let kernel = kind == .argmax ? nabla_argmax_kernel(x[0].dtype.rawValue) : nabla_argmin_kernel(x[0].dtype.rawValue)
    Reduction.argument(kernel!, x[0], axis: axis, into: y)
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { ArgExtreme(kind: kind, axis: axis + 1)(x[0]) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    axis == 0 ? nil : RowRule.local(x, y, rows: rows)
  }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// The index of the first largest element in row-major order; of the first NaN where there is one.
  ///
  /// Errors: no elements.
  public func argmax() -> Tensor<Int64> { asTensor().flattened().argmax(axis: 0) }
  /// The indices of the first largest elements along an axis, which is then gone from the shape.
  ///
  /// Errors: an axis out of range or without elements.
  public func argmax(axis: Int) -> Tensor<Int64> { argument(.argmax, axis) }
  /// The index of the first smallest element in row-major order; of the first NaN where there is one.
  ///
  /// Errors: no elements.
  public func argmin() -> Tensor<Int64> { asTensor().flattened().argmin(axis: 0) }
  /// The indices of the first smallest elements along an axis, which is then gone from the shape.
  ///
  /// Errors: an axis out of range or without elements.
  public func argmin(axis: Int) -> Tensor<Int64> { argument(.argmin, axis) }

  private func argument(_ kind: ArgExtreme.Kind, _ axis: Int) -> Tensor<Int64> {
    let x = asTensor().erased
    guard let axis = normalizedAxes(kind.rawValue, [axis], x.shape)?.first else {
      return Tensor(unchecked: .failed(.int64))
    }
    let y = ArgExtreme(kind: kind, axis: axis)(x)
    return Tensor(unchecked: y.isFailed ? .failed(.int64) : y)
  }
}

// MARK: cumulative sum

/// y_i = x_0 + … + x_i along an axis.
struct CumulativeSum: LinearPrimitive {
  var name: String { "cumulativeSum" }
  let axis: Int
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype != .bool else {
      fail(name, "there is no such reduction of bool")
      return nil
    }
    return TensorType(x[0].dtype, x[0].shape)
  }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Reduction.cumulativeSum(x[0], axis: axis, into: y)
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { CumulativeSum(axis: axis + 1)(x[0]) }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    axis == 0 ? nil : RowRule.local(x, y, rows: rows)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, CumulativeSum(axis: axis)(g.reversed(axis: axis)).reversed(axis: axis))
  }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// Running sums along an axis, of this shape. Float adds in Double.
  ///
  /// Errors: an axis out of range.
  public func cumulativeSum(axis: Int = 0) -> Tensor<Scalar> {
    let x = asTensor()
    guard let axis = normalizedAxes("cumulativeSum", [axis], x.shape)?.first else { return x }
    return Tensor(unchecked: CumulativeSum(axis: axis)(x.erased))
  }
}
