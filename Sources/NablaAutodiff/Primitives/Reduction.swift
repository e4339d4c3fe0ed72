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
protocol AxisReduction: Primitive {
  static var kernel: nabla_reduction_op { get }
  var axes: [Int] { get }
  init(axes: [Int])
}

extension AxisReduction {
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype.isFloatingPoint || nabla_reduce_row_kernel(Self.kernel, x[0].dtype.rawValue) != nil else {
      fail(Self.name, "there is no such reduction of \(x[0].dtype)")
      return nil
    }
    if Self.kernel == NABLA_SUM && axes.count == x[0].rank { return TensorType(x[0].dtype, .scalar) }  // the usual case
    let shape = x[0].shape
    if Self.kernel == NABLA_MAX || Self.kernel == NABLA_MIN, x[0].dtype != .bool,
      axes.contains(where: { shape[$0] == 0 }), shape.elementCount == 0,
      shape.indices.allSatisfy({ axes.contains($0) || shape[$0] != 0 })
    {
      fail(Self.name, "shape \(shape) has no elements along axes \(axes), and an empty reduction has no value")
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
    if !axes.contains(0) { return RowRule(rowOperands: [true]) }
    return RowRule(rowOperands: [true], combine: Reduction.combining(Self.kernel))
  }

  /// `value`, of the result's shape, repeated over the reduced axes of `shape`.
  func spread(_ value: AnyTensor, over shape: Shape) -> AnyTensor {
    (value.rank == 0 ? value : value.reshaped(to: kept(shape))).broadcast(to: shape)
  }
  /// `shape` with 1 in the place of reduced axes.
  func kept(_ shape: Shape) -> Shape { Shape(unchecked: shape.indices.map { axes.contains($0) ? 1 : shape[$0] }) }
}

// MARK: sum

/// y = Σ x over axes.
struct Sum: AxisReduction, LinearPrimitive {
  static let name = "sum"
  static let kernel = NABLA_SUM
  let axes: [Int]
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, spread(g, over: x[0].shape))
  }
}

// MARK: product

/// y = Π x over axes.
struct Product: AxisReduction {
  static let name = "product"
  static let kernel = NABLA_PRODUCT
  static let residuals: Residuals = .operands
  let axes: [Int]

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, spread(g, over: x[0].shape) * others(x[0]))
  }
  func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
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

// MARK: max and min

/// A reduction to the largest or smallest element; ties share the gradient evenly.
protocol ExtremeReduction: AxisReduction {}

extension ExtremeReduction {
  static var residuals: Residuals { [.operands, .result] }

  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, spread(g, over: x[0].shape) * shares(x[0], y))
  }
  func jvp(_ tangents: Tangents, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { Sum(axes: axes)($0 * shares(x[0], y)) }
  }
  /// 1 / (number of ties) where an element equals the result, 0 elsewhere. A constant around x: nothing flows through.
  private func shares(_ x: AnyTensor, _ y: AnyTensor) -> AnyTensor {
    let hits = Compare(.equal)(x, spread(y, over: x.shape)).cast(to: x.dtype)
    return hits / spread(Sum(axes: axes)(hits), over: x.shape)
  }
}

/// y = max x over axes, NaN if any is NaN.
struct Max: ExtremeReduction {
  static let name = "max"
  static let kernel = NABLA_MAX
  let axes: [Int]
}

/// y = min x over axes, NaN if any is NaN.
struct Min: ExtremeReduction {
  static let name = "min"
  static let kernel = NABLA_MIN
  let axes: [Int]
}

// MARK: argmax and argmin

/// y = the index of the first extreme element along an axis.
struct Argument: NondifferentiablePrimitive {
  static let name = "argument"
  let isMax: Bool
  let axis: Int
  func resultType(_ x: Operands) -> TensorType? {
    let shape = x[0].shape
    guard shape[axis] > 0 else {
      fail(isMax ? "argmax" : "argmin", "shape \(shape) has no elements along axis \(axis)")
      return nil
    }
    return TensorType(.int64, Shape(unchecked: shape.indices.filter { $0 != axis }.map { shape[$0] }))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let kernel = isMax ? nabla_argmax_kernel(x[0].dtype.rawValue) : nabla_argmin_kernel(x[0].dtype.rawValue)
    Reduction.argument(kernel!, x[0], axis: axis, into: y)
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    axis == 0 ? nil : RowRule.local(x, y, rows: rows)
  }
}

// MARK: cumulative sum

/// y_i = x_0 + … + x_i along an axis.
struct CumulativeSum: LinearPrimitive {
  static let name = "cumulativeSum"
  let axis: Int
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype != .bool else {
      fail(Self.name, "there is no such reduction of bool")
      return nil
    }
    return TensorType(x[0].dtype, x[0].shape)
  }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Reduction.cumulativeSum(x[0], axis: axis, into: y)
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    axis == 0 ? nil : RowRule.local(x, y, rows: rows)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, CumulativeSum(axis: axis)(g.reversed(axis: axis)).reversed(axis: axis))
  }
}
