import NablaTensor

/// y = the slices of x at some indices along an axis; the indices' shape takes the axis' place.
struct Gather: SingleResultPrimitive {
  var name: String { "gather" }
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operand(1) : [] }
  let axis: Int

  func resultType(_ x: Operands) -> TensorType? {
    let (source, indices) = (x[0], x[1])
    guard indices.dtype == .int32 || indices.dtype == .int64 else {
      fail(name, "indices are \(indices.dtype), not int32 or int64")
      return nil
    }
    guard axis < source.rank else {
      fail(name, "axis \(axis) is out of range for shape \(source.shape)")
      return nil
    }
    let sizes = source.shape.dimensions
    let result = Array(sizes[..<axis]) + indices.shape.dimensions + Array(sizes[(axis + 1)...])
    guard Shape.checkedCount(result) != nil else {
      fail(name, "the result's shape \(result) has more elements than Int.max")
      return nil
    }
    return TensorType(source.dtype, Shape(unchecked: result))
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { 0 }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let source = x[0].dense
    let inner = source.shape[(axis + 1)...].reduce(1, *) * source.dtype.byteCount
    let outer = source.shape[..<axis].reduce(1, *)
    guard let indices = x[1].indices(of: axis, source.shape, name) else {
      y.initializeMemory(as: UInt8.self, repeating: 0, count: type.shape.elementCount * type.dtype.byteCount)
      return
    }
    withExtendedLifetime(source.storage) {
      for row in 0..<outer {
        for (position, index) in indices.enumerated() {
          (y + (row * indices.count + position) * inner).copyMemory(
            from: source.address + (row * source.shape[axis] + index) * inner, byteCount: inner)
        }
      }
    }
  }
  func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? {
    guard y.first == rows else { return nil }
    // Along axis 0 the indices are the rows; along another axis the source has them.
    return axis == 0
      ? (x[1].first == rows ? RowRule(rowOperands: [false, true]) : nil)
      : (x[0].first == rows ? RowRule(rowOperands: [true, false]) : nil)
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, ScatterAdd(axis: axis, shape: x[0].shape)(g, x[1]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { tangents[0].map { self($0, x[1]) } }
}

/// y = zeros of a shape, to whose slices at some indices along an axis those of x are added: the transpose of
/// ``Gather``. An index that occurs twice receives both.
struct ScatterAdd: SingleResultPrimitive {
  var name: String { "scatterAdd" }
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operand(1) : [] }
  let axis: Int
  let shape: Shape

  func resultType(_ x: Operands) -> TensorType? {
    guard x[0].dtype.isFloatingPoint, x[1].dtype == .int32 || x[1].dtype == .int64 else {
      fail(name, "values are \(x[0].dtype) and indices \(x[1].dtype); float and integer types are needed")
      return nil
    }
    let sizes = shape.dimensions
    let expected = Array(sizes[..<axis]) + x[1].shape.dimensions + Array(sizes[(axis + 1)...])
    guard x[0].shape.dimensions == expected else {
      fail(name, "values have shape \(x[0].shape) where indices of shape \(x[1].shape) need \(expected)")
      return nil
    }
    return TensorType(x[0].dtype, shape)
  }
  func operationCount(_ x: [Shape], _ y: Shape) -> Int { x[0].elementCount }
  func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    y.initializeMemory(as: UInt8.self, repeating: 0, count: shape.elementCount * type.dtype.byteCount)
    guard let indices = x[1].indices(of: axis, shape, name) else { return }
    let values = x[0].dense
    withExtendedLifetime(values.storage) {
      func add<T: FloatingPoint>(_ type: T.Type) {
        let (from, to) = (
          values.address.assumingMemoryBound(to: T.self), y.assumingMemoryBound(to: T.self)
        )
        for row in 0..<outer {
          for (position, index) in indices.enumerated() {
            let source = from + (row * indices.count + position) * inner
            let target = to + (row * shape[axis] + index) * inner
            for column in 0..<inner { target[column] += source[column] }
          }
        }
      }
      type.dtype == .float32 ? add(Float.self) : add(Double.self)
    }
  }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, Gather(axis: axis)(g, x[1]))
  }
  func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? { tangents[0].map { self($0, x[1]) } }
}

extension AnyTensor {
  /// The elements of an integer tensor as indices of an axis; nil after the error where one is out of range. They are
  /// checked where they are used: while a function is being compiled they are not known.
  fileprivate func indices(of axis: Int, _ shape: Shape, _ name: String) -> [Int]? {
    let indices = Context.with(nil) { Tensor<Int64>(unchecked: cast(to: .int64)) }.scalars.map { Int($0) }
    if let wrong = indices.first(where: { $0 < 0 || $0 >= shape[axis] }) {
      fail(name, "index \(wrong) is out of range for axis \(axis) of shape \(shape)")
      return nil
    }
    return indices
  }
}

/// The slices of `x` at `indices` along an axis: `gather(x, indices: [2, 0], axis: 0)` is rows 2 and 0. The indices'
/// shape takes the axis' place in the result's.
///
/// Errors: an index or axis out of range.
public func gather<T: TensorConvertible, I: NumericScalar & FixedWidthInteger>(
  _ x: T, indices: Tensor<I>, axis: Int = 0
) -> Tensor<T.Scalar> {
  let source = x.asTensor()
  guard let axis = normalizedAxes("gather", [axis], source.shape)?.first else { return source }
  return Tensor(unchecked: Gather(axis: axis)(source.erased, indices.erased))
}

/// `x` plus, at `indices` along an axis, the slices of `values`; an index that occurs twice receives both.
///
/// Errors: an index or axis out of range; values of another shape than a gather at these indices would have.
public func scatterAdd<T: TensorConvertible, I: NumericScalar & FixedWidthInteger>(
  _ x: T, indices: Tensor<I>, values: Tensor<T.Scalar>, axis: Int = 0
) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  let base = x.asTensor()
  guard let axis = normalizedAxes("scatterAdd", [axis], base.shape)?.first else { return base }
  return base + Tensor(unchecked: ScatterAdd(axis: axis, shape: base.shape)(values.erased, indices.erased))
}
