import CKernels
import NablaTensor

/// dy/dx of an element-wise function: a number that is known beforehand, or a tensor.
package enum Slope {
  /// The function is constant around each element.
  case zero
  /// The identity.
  case one
  /// The negation.
  case minusOne
  /// 1 where true, 0 elsewhere: what is not chosen receives nothing, not even NaN.
  case mask(AnyTensor)
  /// The reciprocal of a tensor: g is divided by it.
  case reciprocal(AnyTensor)
  /// The second tensor where the first is true, 0 elsewhere: there nothing is received, not even NaN.
  case maskedFactor(AnyTensor, AnyTensor)
  /// Anything else.
  case factor(AnyTensor)

  /// slope · g, or nil for zeros.
  consuming func times(_ g: AnyTensor) -> AnyTensor? {
    switch consume self {
    case .zero: nil
    case .one: g
    case .minusOne: -g
    case .mask(let mask): Select().apply(Operands([mask, g, AnyTensor(0, dtype: g.dtype)]))
    case .maskedFactor(let mask, let slope): Select().apply(Operands([mask, g * slope, AnyTensor(0, dtype: g.dtype)]))
    case .reciprocal(let divisor): g / divisor
    case .factor(let slope): g * slope
    }
  }
}

extension SingleResultPrimitive where Failure == Never {
  /// The result of an element-wise loop, in fresh memory. `isFlat` says whether one loop walks the operands.
  // The memory comes first: with a choice before it the shape's references are counted twice, which small operations feel.
  @inline(__always)
  fileprivate func result(_ x: Operands, _ type: TensorType, isFlat: Bool) -> AnyTensor {
    let y = AnyTensor(dtype: type.dtype, shape: type.shape) { _ in }
    guard y.hasMemory else { return y }
    if !isFlat { return filled(y, x, type) }
    evaluate(x, type, into: y.address)
    return y
  }

  /// The same for operands with other strides. Where the elements of all of them lie side by side in one other order of axes,
  /// so do the result's: the loop then runs through memory.
  @inline(never)
  private func filled(_ y: AnyTensor, _ x: Operands, _ type: TensorType) -> AnyTensor {
    let operands = x.all
    guard let model = operands.first(where: { !$0.storage.isUniform }), model.strides != nil,
      model.hasShape(type.shape), let order = model.memoryOrder,
      operands.allSatisfy({ $0.isLaidOut(like: model) || $0.rank == 0 })
    else {
      evaluate(x, type, into: y.address)
      return y
    }
    let shape = Shape(unchecked: order.map { type.shape[$0] })
    let inMemory = Operands(operands.map { $0.rank == 0 ? $0 : $0.view(permutedBy: order) })
    evaluate(inMemory, TensorType(type.dtype, shape), into: y.address)
    return y.view(reshapedTo: shape).view(permutedBy: order.indices.sorted { order[$0] < order[$1] })
  }
}

/// A primitive that is one loop over the elements of one operand.
package protocol UnaryLoop: SingleResultPrimitive where Failure == Never {
  /// The loop in C, for operands of a type.
  func loop(_ dtype: DType) -> nabla_unary
}

extension UnaryLoop {
  /// Runs the loop.
  package func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Elementwise.unary(loop(x[0].dtype), x[0], into: y, width: type.dtype.byteCount)
  }
  /// The result, whose elements lie as the operand's do.
  @inline(__always)
  package func result(_ x: Operands, _ type: TensorType) -> AnyTensor {
    result(x, type, isFlat: x.areFlat)
  }
  /// The loop itself, where one call does all.
  package func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    PreparedCall(loop(x[0].dtype), x[0].storage, into: y) ?? evaluated(x, type, into: y)
  }
  /// An element for an element.
  package var traits: Traits { .elementwise }
  /// Rows are independent.
  package func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.elementwise(x, y, rows: rows) }
  /// The same loop over the whole batch.
  package func batchedResult(_ x: BatchedOperands) -> AnyTensor? { apply(x.aligned) }
}

/// A primitive that is one loop over the elements of two operands, whose shapes broadcast.
package protocol BinaryLoop: SingleResultPrimitive where Failure == Never {
  /// The loop in C, for operands of a type.
  func loop(_ dtype: DType) -> nabla_binary
}

extension BinaryLoop {
  /// Runs the loop.
  package func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Elementwise.binary(loop(x[0].dtype), x[0], x[1], into: y, shape: type.shape, width: type.dtype.byteCount)
  }
  /// The result, whose elements lie as those of the operands do, where these agree.
  @inline(__always)
  package func result(_ x: Operands, _ type: TensorType) -> AnyTensor {
    result(x, type, isFlat: x.areFlat)
  }
  /// The loop itself, where one call does all.
  package func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    PreparedCall(loop(x[0].dtype), x[0].storage, x[1].storage, into: y) ?? evaluated(x, type, into: y)
  }
  /// An element for an element.
  package var traits: Traits { .elementwise }
  /// Rows are independent.
  package func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.elementwise(x, y, rows: rows) }
  /// The same loop over the whole batch.
  package func batchedResult(_ x: BatchedOperands) -> AnyTensor? { apply(x.aligned) }
}

/// A primitive that is one loop over the elements of three operands, whose shapes broadcast.
package protocol TernaryLoop: SingleResultPrimitive where Failure == Never {
  /// The loop in C, for results of a type.
  func loop(_ dtype: DType) -> nabla_ternary
}

extension TernaryLoop {
  /// Runs the loop.
  package func evaluate(_ x: Operands, _ type: TensorType, into y: UnsafeMutableRawPointer) {
    Elementwise.ternary(loop(type.dtype), x[0], x[1], x[2], into: y, shape: type.shape)
  }
  /// The loop itself, where one call does all.
  package func prepared(_ x: Operands, _ type: TensorType, into y: Storage) -> PreparedCall {
    PreparedCall(loop(type.dtype), x[0].storage, x[1].storage, x[2].storage, into: y) ?? evaluated(x, type, into: y)
  }
  /// An element for an element.
  package var traits: Traits { .elementwise }
  /// Rows are independent.
  package func rowRule(_ x: [Shape], _ y: Shape, rows: Int) -> RowRule? { RowRule.elementwise(x, y, rows: rows) }
  /// The same loop over the whole batch.
  package func batchedResult(_ x: BatchedOperands) -> AnyTensor? { apply(x.aligned) }
}

/// An element-wise function of one operand. Its derivative is written once, and both modes follow.
package protocol UnaryElementwise: UnaryLoop {
  /// The loop in C.
  static var kernel: nabla_unary_op { get }
  /// What the derivative reads.
  static var residuals: Residuals { get }
  /// dy/dx in terms of the operand x and the result y, as far as `residuals` names them.
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope
}

extension UnaryElementwise {
  /// What the one derivative reads.
  package func residuals(toward operand: Int) -> Residuals { Self.residuals }
  /// The operand's type.
  package func resultType(_ x: Operands) -> TensorType? {
    guard nabla_unary_kernel(Self.kernel, x[0].dtype.rawValue) != nil else {
      fail(name, "there is no such function of \(x[0].dtype)")
      return nil
    }
    return TensorType(x[0].dtype, x[0].shape)
  }

  /// The loop that `kernel` names.
  package func loop(_ dtype: DType) -> nabla_unary { nabla_unary_kernel(Self.kernel, dtype.rawValue)! }

  /// g · dy/dx.
  package func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, derivative(x[0], y).times(g) ?? AnyTensor(repeating: 0, dtype: g.dtype, shape: g.shape))
  }

  /// dy/dx · tangent.
  package func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    tangents[0].flatMap { derivative(x[0], y).times($0) }
  }
}

/// An element-wise function of two operands that broadcast to one shape.
package protocol BinaryElementwise: BinaryLoop {
  /// The loop in C.
  static var kernel: nabla_binary_op { get }
  /// dy/dx of one operand in terms of both and the result, as far as `residuals(toward:)` names them.
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope
}

/// The common shape of two operands of one type, or nil after the error.
func broadcastShape(_ name: String, _ x: Operands) -> Shape? {
  guard x[0].dtype == x[1].dtype else {
    fail(name, "\(x[0].dtype) and \(x[1].dtype) do not mix; convert one with Tensor(castingFrom:)")
    return nil
  }
  guard let shape = x[0].shape.broadcast(with: x[1].shape) else {
    fail(name, "shapes \(x[0].shape) and \(x[1].shape) do not broadcast: sizes must be equal or 1, from the last axis")
    return nil
  }
  return shape
}

extension BinaryElementwise {
  /// The common shape, in the operands' type.
  package func resultType(_ x: Operands) -> TensorType? {
    guard let shape = broadcastShape(name, x) else { return nil }
    guard nabla_binary_kernel(Self.kernel, x[0].dtype.rawValue) != nil else {
      fail(name, "there is no such function of \(x[0].dtype)")
      return nil
    }
    return TensorType(x[0].dtype, shape)
  }

  /// The loop that `kernel` names.
  package func loop(_ dtype: DType) -> nabla_binary { nabla_binary_kernel(Self.kernel, dtype.rawValue)! }

  /// g · dy/dx for each operand, summed over the axes along which it was repeated.
  package func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) {
    cotangents.give(0, cotangent(of: 0, g, x, y))
    cotangents.give(1, cotangent(of: 1, g, x, y))
  }
  @inline(__always)  // where the operand is known, none is copied
  private func cotangent(of operand: Int, _ g: AnyTensor, _ x: Operands, _ y: AnyTensor) -> AnyTensor {
    guard let dx = derivative(operand, x, y).times(g) else {
      return AnyTensor(repeating: 0, dtype: g.dtype, shape: x[operand].shape)
    }
    return dx.hasShape(of: x[operand]) ? dx : dx.summed(to: x[operand].shape)
  }

  /// The sum of dy/dx · tangent over the operands.
  package func jvp(_ tangents: Derivatives, _ x: Operands, _ y: AnyTensor) -> AnyTensor? {
    let terms = (0...1).compactMap { operand in
      tangents[operand].flatMap { derivative(operand, x, y).times($0) }
    }
    return (terms.count == 2 ? terms[0] + terms[1] : terms.first)?.broadcast(to: y.shape)
  }
}

extension AnyTensor {
  /// The transpose of broadcasting: the sum over the axes along which a tensor of `target` is repeated to reach this
  /// shape. Every rule that meets broadcasting goes through here.
  public func summed(to target: Shape) -> AnyTensor {
    if hasShape(target) { return self }
    return Sum(axes: target.repeatedAxes(in: shape))(self).reshaped(to: target)
  }
}
