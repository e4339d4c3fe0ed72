import NablaTensor

// Derivatives of functions, without a tape in sight. All of them nest.

/// The gradient of a function at a point: ∂ Σ f(x) / ∂x, of x's shape; zeros where f does not depend on x.
public func gradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, of f: (Tensor<S>) -> Tensor<T>
) -> Tensor<S> { valueWithGradient(at: x, of: f).gradient }

/// The gradients of a function of two tensors.
public func gradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, _ y: Tensor<S>, of f: (Tensor<S>, Tensor<S>) -> Tensor<T>
) -> (Tensor<S>, Tensor<S>) { valueWithGradient(at: x, y, of: f).gradient }

/// The gradients of a function of several tensors, in their order.
public func gradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: [Tensor<S>], of f: ([Tensor<S>]) -> Tensor<T>
) -> [Tensor<S>] { valueWithGradient(at: x, of: f).gradient }

/// A function's value and its gradient at a point.
public func valueWithGradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, of f: (Tensor<S>) -> Tensor<T>
) -> (value: Tensor<T>, gradient: Tensor<S>) {
  let (value, gradient) = valueWithGradient(at: [x]) { f($0[0]) }
  return (value, gradient[0])
}

/// A function's value and its gradients with respect to two tensors.
public func valueWithGradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, _ y: Tensor<S>, of f: (Tensor<S>, Tensor<S>) -> Tensor<T>
) -> (value: Tensor<T>, gradient: (Tensor<S>, Tensor<S>)) {
  let (value, gradient) = valueWithGradient(at: [x, y]) { f($0[0], $0[1]) }
  return (value, (gradient[0], gradient[1]))
}

/// A function's value and its gradients with respect to several tensors, in their order.
public func valueWithGradient<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: [Tensor<S>], of f: ([Tensor<S>]) -> Tensor<T>
) -> (value: Tensor<T>, gradient: [Tensor<S>]) {
  let (value, pullback) = vjp(at: x, of: f)
  return (value, pullback(Tensor(ones: value.shape)))
}

/// A function's value and its pullback, which maps u to Jᵀu; the pullback may be called several times.
///
/// Errors of the pullback: a vector of another shape than the value.
public func vjp<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, of f: (Tensor<S>) -> Tensor<T>
) -> (value: Tensor<T>, pullback: (Tensor<T>) -> Tensor<S>) {
  let (value, pullback) = vjp(at: [x]) { f($0[0]) }
  return (value, { pullback($0)[0] })
}

/// A function's value and its pullback to several tensors.
public func vjp<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: [Tensor<S>], of f: ([Tensor<S>]) -> Tensor<T>
) -> (value: Tensor<T>, pullback: (Tensor<T>) -> [Tensor<S>]) {
  let tape = GradientTape(persistent: true, watchesAccessedVariables: false)
  let inputs = fresh(x)
  for tensor in inputs { tape.watch(tensor) }
  let value = tape.record { f(inputs) }
  return (value, { u in tape.gradient(of: [value], for: inputs, outputGradients: [u], unconnected: .zeros) })
}

/// A function's value and J·v, its derivative in a direction, by forward mode: one pass, no tape.
///
/// Errors: a direction of another shape than x.
public func jvp<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, _ direction: Tensor<S>, of f: (Tensor<S>) -> Tensor<T>
) -> (value: Tensor<T>, tangent: Tensor<T>) { jvp(at: [x], [direction]) { f($0[0]) } }

/// A function's value and its derivative in a direction, for several tensors.
public func jvp<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: [Tensor<S>], _ directions: [Tensor<S>], of f: ([Tensor<S>]) -> Tensor<T>
) -> (value: Tensor<T>, tangent: Tensor<T>) {
  let pass = ForwardMode()
  let inputs = fresh(x)
  guard x.map(\.shape) == directions.map(\.shape) else {
    fail("jvp", "the point has shapes \(x.map(\.shape)), the direction \(directions.map(\.shape))")
    let failed = Tensor<T>(unchecked: .failed(T.dtype))
    return (failed, failed)
  }
  for (input, direction) in zip(inputs, directions) { pass.seed(input.erased, direction.erased) }
  let value = pass.run { f(inputs) }
  let tangent = pass.tangent(of: value.erased).map { Tensor<T>(unchecked: $0) } ?? Tensor(zeros: value.shape)
  return (value, tangent)
}

/// All derivatives of a function: ∂f_i / ∂x_j, of shape f.shape + x.shape, by one pullback that is mapped over the elements of f.
public func jacobian<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, of f: (Tensor<S>) -> Tensor<T>
) -> Tensor<S> {
  let tape = GradientTape(persistent: true, watchesAccessedVariables: false)
  let input = fresh([x])[0]
  tape.watch(input)
  let value = tape.record { f(input) }
  return tape.jacobian(of: value, for: input, unconnected: .zeros)
}

/// The second derivatives of the sum of a function: ∂²Σf / ∂x_i ∂x_j, of shape x.shape + x.shape.
public func hessian<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, of f: (Tensor<S>) -> Tensor<T>
) -> Tensor<S> { jacobian(at: x) { gradient(at: $0, of: f) } }

/// The Hessian of the sum of a function times a vector, by forward mode over the tape: the cost of a few gradients,
/// no matrix (Pearlmutter, "Fast Exact Multiplication by the Hessian", 1994).
public func hessianVectorProduct<S: FloatingPointScalar, T: FloatingPointScalar>(
  at x: Tensor<S>, _ vector: Tensor<S>, of f: (Tensor<S>) -> Tensor<T>
) -> Tensor<S> { jvp(at: x, vector) { gradient(at: $0, of: f) }.tangent }

/// The same tensors under identities of their own: a tensor that is named twice is two arguments, and one that has a
/// tangent in an outer pass gets another here.
private func fresh<S>(_ x: [Tensor<S>]) -> [Tensor<S>] { x.map { Tensor(unchecked: Identity()($0.erased)) } }

/// y = x under another identity, connected to it.
struct Identity: LinearPrimitive, ViewPrimitive {
  var name: String { "identity" }
  func resultType(_ x: Operands) -> TensorType? { TensorType(x[0].dtype, x[0].shape) }
  func makeView(_ x: Operands) -> AnyTensor { x[0].detached }
  var rewrite: Rewrite { .identity }
  func batchedResult(_ x: BatchedOperands) -> AnyTensor? { self(x[0]) }
  func vjp(_ g: AnyTensor, _ x: Operands, _ y: AnyTensor, _ cotangents: inout Cotangents) { cotangents.give(0, g) }
}

// MARK: - On a tape

extension GradientTape {
  /// Ends the gradients that make up one result: they count as one set.
  private func spend() {
    keepsRecords = false
    if isPersistent { return }
    isSpent = true
    _ = takeRecords()
  }

  /// All derivatives of a target: ∂target_i / ∂source_j, of shape target.shape + source.shape; nil where the target does not
  /// depend on the source.
  ///
  /// One pullback gives all rows: it is mapped over the seeds, one for each element of the target, as ``vmap(over:of:)`` maps
  /// functions; one or two seeds have a pullback each. What it computes is as many times as large as the gradient of one element,
  /// so large targets take several pullbacks, of as many seeds as keep each value below 64 MiB.
  public func jacobian<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for source: Source
  ) -> Tensor<Source.Scalar>? {
    let count = target.count
    return pullbacks(of: target, for: source, count, Self.jacobianShape(target, source)) { rows in
      Tensor(shape: Shape(unchecked: [rows.count] + target.shape)) { seeds in
        for index in seeds.indices { seeds[index] = index % count == rows.lowerBound + index / count ? 1 : 0 }
      }
    } arranged: {
      $0
    }
  }
  /// All derivatives of a target, of shape target.shape + source.shape; zeros where it does not depend on the source.
  public func jacobian<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for source: Source, unconnected: UnconnectedGradients
  ) -> Tensor<Source.Scalar> {
    jacobian(of: target, for: source) ?? Tensor(zeros: Self.jacobianShape(target, source))
  }
  private static func jacobianShape<T>(_ target: Tensor<T>, _ source: some GradientSource) -> Shape {
    Shape(target.shape.dimensions + source.shape.dimensions)
  }

  /// The derivatives of each row of a target with respect to the same row of a source, for functions that treat rows
  /// independently: shapes [b, n...] and [b, m...] give [b, n..., m...]; nil where the target does not depend on the source. One
  /// pullback, mapped over a seed for each element of a row, as for ``jacobian(of:for:)``.
  ///
  /// Errors: different numbers of rows, scalars.
  public func batchJacobian<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for source: Source
  ) -> Tensor<Source.Scalar>? {
    guard let shape = Self.batchJacobianShape(target, source) else {
      return Tensor(unchecked: .failed(Source.Scalar.dtype))
    }
    let count = target.count
    let width = target.shape.dropFirst().reduce(1, *)
    return pullbacks(of: target, for: source, width, shape) { columns in
      Tensor(shape: Shape(unchecked: [columns.count] + target.shape)) { seeds in
        for index in seeds.indices {
          seeds[index] = index % count % width == columns.lowerBound + index / count ? 1 : 0
        }
      }
    } arranged: {
      $0.movingAxis(0, to: 1)
    }
  }
  /// The derivatives of each row of a target with respect to the same row of a source; zeros where the target does not depend
  /// on the source.
  ///
  /// Errors: different numbers of rows, scalars.
  public func batchJacobian<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for source: Source, unconnected: UnconnectedGradients
  ) -> Tensor<Source.Scalar> {
    if let jacobian = batchJacobian(of: target, for: source) { return jacobian }
    return Tensor(zeros: Shape(target.shape.dimensions + source.shape.dropFirst()))
  }
  /// The shape of a Jacobian by rows, or nil after the error.
  private static func batchJacobianShape<T>(_ target: Tensor<T>, _ source: some GradientSource) -> Shape? {
    guard target.rank > 0, source.shape.rank > 0, target.shape[0] == source.shape[0] else {
      fail("batchJacobian", "shapes \(target.shape) and \(source.shape) have different numbers of rows")
      return nil
    }
    return Shape(target.shape.dimensions + source.shape.dropFirst())
  }

  /// The gradients for `count` seeds, stacked, `arranged` and in a shape; `seeds` makes those of a range.
  private func pullbacks<T: FloatingPointScalar, Source: GradientSource>(
    of target: Tensor<T>, for source: Source, _ count: Int, _ shape: Shape, seeds: (Range<Int>) -> Tensor<T>,
    arranged: (AnyTensor) -> AnyTensor
  ) -> Tensor<Source.Scalar>? {
    defer { spend() }
    keepsRecords = true
    let isDirect = count <= Self.fewSeeds
    let step = isDirect ? 1 : seedsAtOnce(target.erased)
    var parts: [AnyTensor] = []
    for start in stride(from: 0, to: count, by: step) {
      let seeds = seeds(start..<min(start + step, count)).erased
      if isDirect {
        let seed = Tensor<T>(unchecked: seeds.view(reshapedTo: target.shape))
        guard let row = gradient(of: target, for: source, outputGradients: seed)?.erased else { return nil }
        if row.isFailed { return Tensor(unchecked: .failed(row.dtype, shape)) }
        parts.append(row.reshaped(to: Shape(unchecked: [1] + row.shape)))
        continue
      }
      var isConnected = true
      let rows = Batch(size: seeds.shape[0]).map([seeds]) { seeds in
        let row = gradient(of: target, for: source, outputGradients: Tensor(unchecked: seeds[0]))
        isConnected = row != nil
        return row.map { [$0.erased] } ?? []
      }
      if !isConnected { return nil }
      parts += rows
    }
    if parts.isEmpty { return Tensor(zeros: shape) }
    let all = parts.count == 1 ? parts[0] : Concatenate(axis: 0).apply(Operands(parts))
    return Tensor(unchecked: all.isFailed ? .failed(all.dtype, shape) : arranged(all).reshaped(to: shape))
  }

  /// As many seeds have a pullback each: a map takes longer to set up than it saves.
  private static var fewSeeds: Int { 2 }

  /// As many seeds as keep values of a pullback below 64 MiB: the largest of them is of the size of the largest operand or
  /// result on the tape.
  private func seedsAtOnce(_ target: AnyTensor) -> Int {
    let largest = withRecords { records in
      records.indices.reduce(target.count) { largest, index in
        (records[index].operation.operands.all + records[index].operation.results.all).reduce(largest) {
          max($0, $1.count)
        }
      }
    }
    return max(1, (64 << 20) / max(1, largest * target.dtype.byteCount))
  }
}
