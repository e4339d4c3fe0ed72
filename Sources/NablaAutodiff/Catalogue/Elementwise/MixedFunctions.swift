import NablaTensor

// Functions of two or three operands, element by element. Each place takes a tensor, a variable or a number; at least one
// is no number.
//
// "Any tensor or variable" is an existential, and not a generic parameter: six generic calls in a line, with numbers among
// them, take the compiler ten seconds, six of these some milliseconds. The form for two tensors is there for speed, and for
// array literals, which take their type from it.

// MARK: maximum

/// The larger of two elements; shapes broadcast. NaN wins. The gradient of a tie goes to `a`.
///
/// Errors: shapes that do not broadcast.
public func maximum<S: NumericScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Maximum()(a.erased, b.erased))
}
/// The larger of two elements; shapes broadcast.
public func maximum<S: NumericScalar>(_ a: any TensorConvertible<S>, _ b: any TensorConvertible<S>) -> Tensor<S> {
  maximum(a.asTensor(), b.asTensor())
}
/// The larger of two elements, b a number.
public func maximum<S: NumericScalar>(_ a: any TensorConvertible<S>, _ b: S) -> Tensor<S> {
  maximum(a.asTensor(), Tensor(b))
}
/// The larger of two elements, a a number.
public func maximum<S: NumericScalar>(_ a: S, _ b: any TensorConvertible<S>) -> Tensor<S> {
  maximum(Tensor(a), b.asTensor())
}

// MARK: minimum

/// The smaller of two elements; shapes broadcast. NaN wins. The gradient of a tie goes to `a`.
///
/// Errors: shapes that do not broadcast.
public func minimum<S: NumericScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Minimum()(a.erased, b.erased))
}
/// The smaller of two elements; shapes broadcast.
public func minimum<S: NumericScalar>(_ a: any TensorConvertible<S>, _ b: any TensorConvertible<S>) -> Tensor<S> {
  minimum(a.asTensor(), b.asTensor())
}
/// The smaller of two elements, b a number.
public func minimum<S: NumericScalar>(_ a: any TensorConvertible<S>, _ b: S) -> Tensor<S> {
  minimum(a.asTensor(), Tensor(b))
}
/// The smaller of two elements, a a number.
public func minimum<S: NumericScalar>(_ a: S, _ b: any TensorConvertible<S>) -> Tensor<S> {
  minimum(Tensor(a), b.asTensor())
}

// MARK: pow

/// a to the power b, element by element; shapes broadcast. NaN where a is negative and b is no integer.
///
/// Conventions: d/da at (0, 0) is 0; d/db is 0 where a is not positive.
/// Errors: shapes that do not broadcast.
public func pow<S: FloatingPointScalar>(_ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Power()(a.erased, b.erased))
}
/// a to the power b, element by element; shapes broadcast.
public func pow<S: FloatingPointScalar>(_ a: any TensorConvertible<S>, _ b: any TensorConvertible<S>) -> Tensor<S> {
  pow(a.asTensor(), b.asTensor())
}
/// a to the power b, element by element, b a number; by products where b is 2, 3, 4 or -1.
public func pow<S: FloatingPointScalar>(_ a: any TensorConvertible<S>, _ b: S) -> Tensor<S> {
  Tensor(unchecked: a.asTensor().erased.power(Double(b)))
}
/// a to the power b, element by element, a a number.
public func pow<S: FloatingPointScalar>(_ a: S, _ b: any TensorConvertible<S>) -> Tensor<S> {
  pow(Tensor(a), b.asTensor())
}

// MARK: atan2

/// The angle of each point (x, y) from the x axis, in -π ... π radians; shapes broadcast.
///
/// The derivative at the origin is NaN. Errors: shapes that do not broadcast.
public func atan2<S: FloatingPointScalar>(_ y: Tensor<S>, _ x: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Atan2()(y.erased, x.erased))
}
/// The angle of each point (x, y) from the x axis; shapes broadcast.
public func atan2<S: FloatingPointScalar>(_ y: any TensorConvertible<S>, _ x: any TensorConvertible<S>) -> Tensor<S> {
  atan2(y.asTensor(), x.asTensor())
}
/// The angle of each point (x, y) from the x axis, x a number.
public func atan2<S: FloatingPointScalar>(_ y: any TensorConvertible<S>, _ x: S) -> Tensor<S> {
  atan2(y.asTensor(), Tensor(x))
}
/// The angle of each point (x, y) from the x axis, y a number.
public func atan2<S: FloatingPointScalar>(_ y: S, _ x: any TensorConvertible<S>) -> Tensor<S> {
  atan2(Tensor(y), x.asTensor())
}

// MARK: clip

/// Each element moved into `low ... high`. The gradient passes where the element is inside, bounds included.
public func clip<S: NumericScalar>(_ x: any TensorConvertible<S>, _ low: S, _ high: S) -> Tensor<S> {
  minimum(maximum(x, low), high)
}
/// Each element moved into `low ... high`; shapes broadcast. The gradient of an element outside goes to the bound.
///
/// Errors: shapes that do not broadcast.
public func clip<S: NumericScalar>(
  _ x: any TensorConvertible<S>, _ low: any TensorConvertible<S>, _ high: any TensorConvertible<S>
) -> Tensor<S> { minimum(maximum(x, low), high) }
/// Each element moved into `low ... high`, where low is a number; shapes broadcast.
public func clip<S: NumericScalar>(
  _ x: any TensorConvertible<S>, _ low: S, _ high: any TensorConvertible<S>
) -> Tensor<S> { minimum(maximum(x, low), high) }
/// Each element moved into `low ... high`, where high is a number; shapes broadcast.
public func clip<S: NumericScalar>(
  _ x: any TensorConvertible<S>, _ low: any TensorConvertible<S>, _ high: S
) -> Tensor<S> { minimum(maximum(x, low), high) }

// MARK: select

/// Elements of `a` where the mask is true, of `b` where it is false; shapes broadcast. The gradient goes to the chosen
/// side alone.
///
/// Errors: shapes that do not broadcast.
public func select<S>(_ mask: Tensor<Bool>, _ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<S> {
  Tensor(unchecked: Select().apply(Operands([mask.erased, a.erased, b.erased])))
}
/// Elements of `a` where the mask is true, of `b` where it is false; shapes broadcast.
public func select<S>(
  _ mask: any TensorConvertible<Bool>, _ a: any TensorConvertible<S>, _ b: any TensorConvertible<S>
) -> Tensor<S> { select(mask.asTensor(), a.asTensor(), b.asTensor()) }
/// Elements of `a` where the mask is true, the number `b` where it is false; shapes broadcast.
public func select<S>(_ mask: any TensorConvertible<Bool>, _ a: any TensorConvertible<S>, _ b: S) -> Tensor<S> {
  select(mask.asTensor(), a.asTensor(), Tensor(b))
}
/// The number `a` where the mask is true, elements of `b` where it is false; shapes broadcast.
public func select<S>(_ mask: any TensorConvertible<Bool>, _ a: S, _ b: any TensorConvertible<S>) -> Tensor<S> {
  select(mask.asTensor(), Tensor(a), b.asTensor())
}
/// The number `a` where the mask is true, the number `b` where it is false.
public func select<S: TensorScalar>(_ mask: any TensorConvertible<Bool>, _ a: S, _ b: S) -> Tensor<S> {
  select(mask.asTensor(), Tensor(a), Tensor(b))
}
