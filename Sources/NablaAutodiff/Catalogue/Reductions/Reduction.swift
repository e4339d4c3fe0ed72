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
///
/// The kernels describe it as a merge of states, which serves whole arrays, threads and the blocks of a phase.
protocol AxisReduction: Primitive where Failure == Never {
  var kernel: nabla_reduction_op { get }
  var axes: [Int] { get }
  init(axes: [Int])
  /// The element type of the results.
  func resultDType(_ x: DType) -> DType
  /// Whether no elements have no result.
  var needsElements: Bool { get }
}

extension AxisReduction {
  /// The operand's.
  func resultDType(_ x: DType) -> DType { x }
  var needsElements: Bool { false }

  /// The type of each result, or nil after the error.
  func axesType(_ x: Operands) -> TensorType? {
    let (type, shape) = (x[0].dtype, x[0].shape)
    // The usual case.
    if kernel == NABLA_SUM && type != .bool && axes.count == shape.rank { return TensorType(type, .scalar) }
    guard nabla_reduction_kernel(kernel, type.rawValue) != nil else {
      fail(name, "there is no such reduction of \(type)")
      return nil
    }
    if needsElements, shape.elementCount == 0, shape.indices.allSatisfy({ axes.contains($0) || shape[$0] != 0 }) {
      fail(name, "shape \(shape) has no elements along axes \(axes), and an empty reduction has no value")
      return nil
    }
    if axes.count == shape.rank { return TensorType(resultDType(type), .scalar) }
    let kept = shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    return TensorType(resultDType(type), Shape(unchecked: kept))
  }

  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { x[0].elementCount }

  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? { axisRowRule(x, rows) }
  fileprivate func axisRowRule(_ x: [Shape], _ rows: Int) -> RowRule? {
    x[0].first == rows ? RowRule(rowOperands: [true], isReducing: axes.contains(0)) : nil
  }
  func blockReduction(_ x: [TensorType], _ y: ResultTypes) -> BlockReduction? {
    .states(kernel, x[0].dtype, count: y.first.shape.elementCount)
  }
  func preparedState(_ x: Operands, _ types: ResultTypes, into state: Storage) -> PreparedCall {
    if isItsOwnState(x[0].dtype) { return prepared(x, types, into: [state]) }
    return Reduction.preparedState(kernel, x[0].storage, over: axes, into: state)
      ?? PreparedCall(operands: [x[0].storage], into: [state]) {
        Reduction.state(kernel, x[0], over: axes, into: state.base)
      }
  }
  private func isItsOwnState(_ dtype: DType) -> Bool { Reduction.description(kernel, dtype)?.result == nil }

  /// The same reduction, one axis further.
  func onBatch() -> Self { Self(axes: axes.map { $0 + 1 }) }

  /// `value`, of the result's shape, repeated over the reduced axes of `shape`.
  func spread(_ value: AnyTensor, over shape: Shape) -> AnyTensor {
    (value.rank == 0 ? value : value.reshaped(to: kept(shape))).broadcast(to: shape)
  }
  /// `shape` with 1 in the place of reduced axes.
  func kept(_ shape: Shape) -> Shape { Shape(unchecked: shape.indices.map { axes.contains($0) ? 1 : shape[$0] }) }
  /// The number of elements that are reduced to one.
  func count(_ shape: Shape) -> Int { axes.reduce(1) { $0 * shape[$1] } }
}

/// A reduction with one result.
protocol SingleAxisReduction: AxisReduction, SingleResultPrimitive {}

extension SingleAxisReduction {
  func resultType(_ x: Operands) -> TensorType? { axesType(x) }
  // Where both protocols have a default, that of the axes.
  func operationCount(_ x: [Shape], _ y: [Shape]) -> Int { x[0].elementCount }
  func rowRule(_ x: [Shape], _ y: [Shape], rows: Int) -> RowRule? { axisRowRule(x, rows) }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { onBatch()(x[0]) }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Reduction.reduce(kernel, x[0], over: axes, into: y)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    Reduction.prepared(kernel, x[0].storage, over: axes, into: y) ?? evaluated(x, type, into: y)
  }
}

/// A reduction whose result changes with each element by a slope that is a tensor of the operand's shape.
protocol SlopeReduction: SingleAxisReduction {
  /// dy/dx in terms of the operand x and the result y, as far as the residuals name them.
  func slope(_ x: AnyTensor, _ y: AnyTensor) -> AnyTensor
}

extension SlopeReduction {
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, slope(x[0], y) * spread(g, over: x[0].shape))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].map { Sum(axes: axes)(slope(x[0], y) * $0) }
  }
}

extension BlockReduction {
  /// A reduction of the kernels, with so many results.
  static func states(_ op: nabla_reduction_op, _ dtype: DType, count: Int) -> BlockReduction? {
    guard let description = Reduction.description(op, dtype) else { return nil }
    let bytes = Reduction.stateByteCount(op, dtype, count: count)
    guard let result = description.result else {
      return BlockReduction(stateByteCount: bytes, .states(op, dtype, count: count))
    }
    return BlockReduction(stateByteCount: bytes, .states(op, dtype, count: count)) { state, y in
      y.map(Optional.some).withUnsafeBufferPointer { result(state, count, $0.baseAddress, count) }
    }
  }
}

// MARK: sum

/// y = Σ x over axes.
struct Sum: SingleAxisReduction, LinearPrimitive {
  var traits: Traits { .linear }
  var name: String { "sum" }
  var kernel: nabla_reduction_op { NABLA_SUM }
  let axes: [Int]
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, spread(g, over: x[0].shape))
  }
}

// MARK: product

/// y = Π x over axes.
struct Product: SlopeReduction {
  var name: String { "product" }
  var kernel: nabla_reduction_op { NABLA_PRODUCT }
  func residuals(toward operand: Int) -> Residuals { .operands }
  let axes: [Int]

  /// For each element the product of the others along the reduced axes, exact where elements are 0 (a quotient y / x
  /// is not): that of those before it times that of those behind it.
  func slope(_ x: AnyTensor, _ y: AnyTensor) -> AnyTensor {
    let length = count(x.shape)
    if length <= 1 || x.count == 0 { return AnyTensor(repeating: 1, dtype: x.dtype, shape: x.shape) }
    let (first, sizes) = (axes[0], x.shape.dimensions)
    if axes[axes.count - 1] == first + axes.count - 1 {  // neighbours are one axis
      let joined = Shape(unchecked: Array(sizes[..<first]) + [length] + sizes[(first + axes.count)...])
      return Self.others(x.reshaped(to: joined), axis: first).reshaped(to: x.shape)
    }
    let order = (0..<x.rank).filter { !axes.contains($0) } + axes
    let rows = x.transposed(permutation: order)
    let flat = Self.others(rows.reshaped(to: Shape(unchecked: [x.count / length, length])), axis: 1)
    return flat.reshaped(to: rows.shape).transposed(permutation: order.indices.sorted { order[$0] < order[$1] })
  }

  private static func others(_ x: AnyTensor, axis: Int) -> AnyTensor {
    let n = x.shape[axis]
    // Empty products, from which on factors are multiplied.
    func one(at index: Int) -> AnyTensor {
      let line = Shape(unchecked: x.shape.indices.map { $0 == axis ? n : 1 })
      let unit = AnyTensor(dtype: x.dtype, shape: line) {
        $0.initializeMemory(as: UInt8.self, repeating: 0, count: n * x.dtype.byteCount)
        AnyTensor(1, dtype: x.dtype).copy(to: $0 + index * x.dtype.byteCount)
      }
      return unit.view(broadcastTo: x.shape)
    }
    let before = LinearRecurrence(axis: axis)(x.slice(0..<n - 1, axis: axis), one(at: 0))
    let behind = LinearRecurrence(axis: axis, isReversed: true)(x.slice(1..<n, axis: axis), one(at: n - 1))
    return before * behind
  }
}

// MARK: linear recurrence

/// y_0 = b_0 and y_{k + 1} = b_{k + 1} + a_k y_k along an axis, where a has one element less than b. Of itself such is the
/// derivative: this and its reverse are each other's transpose in b.
struct LinearRecurrence: SingleResultPrimitive {
  var name: String { "linearRecurrence" }
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? [.operand(0), .result] : .operand(0) }
  let axis: Int
  /// From the end: y_k = b_k + a_k y_{k + 1}.
  var isReversed = false

  func resultType(_ x: Operands) -> TensorType? {
    guard isFloatingPoint(x) else { return nil }
    var sizes = x[1].shape.dimensions
    if axis < sizes.count { sizes[axis] -= 1 }
    guard axis < sizes.count, x[0].shape.dimensions == sizes, x[0].dtype == x[1].dtype else {
      fail(
        name,
        "\(x[0].dtype) of shape \(x[0].shape) are not the factors between \(x[1].dtype) of shape \(x[1].shape) along "
          + "axis \(axis)")
      return nil
    }
    return TensorType(x[1].dtype, x[1].shape)
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 2 * x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Scan.linearRecurrence(x[0], x[1], axis: axis, reversed: isReversed, into: y)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let (a, b) = (x[0].storage, x[1].storage)
    guard let recurrence = Scan.recurrence(x[0], x[1], axis: axis) else { return evaluated(x, type, into: y) }
    return PreparedCall(workspace: Scan.linearRecurrenceByteCount(recurrence), operands: [a, b], into: [y]) {
      [isReversed] workspace in
      Scan.linearRecurrence(
        recurrence, type.dtype, a.base, b.base, reversed: isReversed, into: y.base, workspace: workspace)
    }
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    axis == 0 ? nil : RowRule.local(x, y, rows: rows)
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    LinearRecurrence(axis: axis + 1, isReversed: isReversed)(x.spread(0), x.spread(1))
  }
  /// All along the axis but the last, and all but the first: of what a factor multiplies, and of what it adds to.
  private func ends(_ x: AnyTensor) -> (from: AnyTensor, to: AnyTensor) {
    let n = x.shape[axis]
    let (low, high) = (x.slice(0..<n - 1, axis: axis), x.slice(1..<n, axis: axis))
    return isReversed ? (high, low) : (low, high)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    let h = LinearRecurrence(axis: axis, isReversed: !isReversed)(x[0], g)
    cotangents.give(0, ends(y).from * ends(h).to)
    cotangents.give(1, h)
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    var sum = tangents[1]
    if let a = tangents[0] {
      var starts = [Int](repeating: 0, count: y.rank)
      if !isReversed { starts[axis] = 1 }
      let steps = [Int](repeating: 1, count: y.rank)
      let added = Unslice(slice: Slice(starts: starts, sizes: a.shape.dimensions, steps: steps), shape: y.shape)(
        a * ends(y).from)
      sum = sum.map { $0 + added } ?? added
    }
    return sum.map { self(x[0], $0) }
  }
}

// MARK: max and min

/// A reduction to the largest or smallest element; ties share the gradient evenly.
protocol ExtremeReduction: SingleAxisReduction {}

extension ExtremeReduction {
  var needsElements: Bool { true }
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
  var kernel: nabla_reduction_op { NABLA_MAX }
  let axes: [Int]
}

/// y = min x over axes, NaN if any is NaN.
struct Min: ExtremeReduction {
  var name: String { "min" }
  var kernel: nabla_reduction_op { NABLA_MIN }
  let axes: [Int]
}

// MARK: any and all

/// Whether an element is true.
struct AnyTrue: SingleAxisReduction, NondifferentiablePrimitive {
  var name: String { "any" }
  var kernel: nabla_reduction_op { NABLA_MAX }
  let axes: [Int]
}

/// Whether every element is true.
struct AllTrue: SingleAxisReduction, NondifferentiablePrimitive {
  var name: String { "all" }
  var kernel: nabla_reduction_op { NABLA_MIN }
  let axes: [Int]
}

/// How many elements are true.
struct CountTrue: SingleAxisReduction, NondifferentiablePrimitive {
  var name: String { "countTrue" }
  var kernel: nabla_reduction_op { NABLA_COUNT_TRUE }
  let axes: [Int]
  func resultDType(_ x: DType) -> DType { .int64 }
}

// MARK: argmax and argmin

/// A reduction to the place of the first extreme element, in row-major order of the reduced axes.
protocol PlaceReduction: SingleAxisReduction, NondifferentiablePrimitive {}

extension PlaceReduction {
  func resultDType(_ x: DType) -> DType { .int64 }
  var needsElements: Bool { true }
}

/// y = the place of the first largest element, or of the first NaN.
struct ArgMax: PlaceReduction {
  var name: String { "argmax" }
  var kernel: nabla_reduction_op { NABLA_ARGMAX }
  let axes: [Int]
}

/// y = the place of the first smallest element, or of the first NaN.
struct ArgMin: PlaceReduction {
  var name: String { "argmin" }
  var kernel: nabla_reduction_op { NABLA_ARGMIN }
  let axes: [Int]
}

// MARK: cumulative sum

/// y_i = x_0 + … + x_i along an axis.
struct CumulativeSum: LinearPrimitive {
  var name: String { "cumulativeSum" }
  var traits: Traits { .linear }
  let axis: Int
  /// From the end: y_i = x_i + … + x_n, the transpose.
  var isReversed = false
  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype != .bool else {
      fail(name, "there is no such reduction of bool")
      return nil
    }
    return TensorType(x[0].dtype, x[0].shape)
  }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Scan.cumulativeSum(x[0], axis: axis, reversed: isReversed, into: y)
  }
  func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    let source = x[0].storage
    guard let lines = x[0].lines(along: axis) else { return evaluated(x, type, into: y) }
    return PreparedCall(workspace: Scan.cumulativeSumByteCount(lines), operands: [source], into: [y]) {
      [isReversed] workspace in
      Scan.cumulativeSum(
        lines, source.dtype, source.base, reversed: isReversed, into: y.base, workspace: workspace)
    }
  }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? {
    CumulativeSum(axis: axis + 1, isReversed: isReversed)(x[0])
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    axis == 0 ? nil : RowRule.local(x, y, rows: rows)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, CumulativeSum(axis: axis, isReversed: !isReversed)(g))
  }
}
