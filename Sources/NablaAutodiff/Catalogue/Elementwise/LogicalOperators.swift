import NablaTensor

// The forms of the arithmetic operators, which say why they are these.

infix operator .&& : LogicalConjunctionPrecedence
infix operator .|| : LogicalDisjunctionPrecedence

// MARK: .&&

extension Tensor where Scalar == Bool {
  /// Whether both are true, element by element; shapes broadcast.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .&& (a: Tensor, b: Tensor) -> Tensor {
    Tensor(unchecked: Logical(kind: .and)(a.erased, b.erased))
  }
}

extension Variable where Scalar == Bool {
  /// Whether both are true, element by element; shapes broadcast.
  public static func .&& (a: Variable, b: Variable) -> Tensor<Bool> { a.value .&& b.value }
  /// Whether both are true, element by element; shapes broadcast.
  public static func .&& (a: Variable, b: Tensor<Bool>) -> Tensor<Bool> { a.value .&& b }
  /// Whether both are true, element by element; shapes broadcast.
  public static func .&& (a: Tensor<Bool>, b: Variable) -> Tensor<Bool> { a .&& b.value }
}

extension TensorConvertible where Scalar == Bool {
  /// Whether both are true, element by element.
  public static func .&& (a: Self, b: Bool) -> Tensor<Bool> { a.asTensor() .&& Tensor(b) }
  /// Whether both are true, element by element.
  public static func .&& (a: Bool, b: Self) -> Tensor<Bool> { Tensor(a) .&& b.asTensor() }
}

// MARK: .||

extension Tensor where Scalar == Bool {
  /// Whether either is true, element by element; shapes broadcast.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .|| (a: Tensor, b: Tensor) -> Tensor {
    Tensor(unchecked: Logical(kind: .or)(a.erased, b.erased))
  }
}

extension Variable where Scalar == Bool {
  /// Whether either is true, element by element; shapes broadcast.
  public static func .|| (a: Variable, b: Variable) -> Tensor<Bool> { a.value .|| b.value }
  /// Whether either is true, element by element; shapes broadcast.
  public static func .|| (a: Variable, b: Tensor<Bool>) -> Tensor<Bool> { a.value .|| b }
  /// Whether either is true, element by element; shapes broadcast.
  public static func .|| (a: Tensor<Bool>, b: Variable) -> Tensor<Bool> { a .|| b.value }
}

extension TensorConvertible where Scalar == Bool {
  /// Whether either is true, element by element.
  public static func .|| (a: Self, b: Bool) -> Tensor<Bool> { a.asTensor() .|| Tensor(b) }
  /// Whether either is true, element by element.
  public static func .|| (a: Bool, b: Self) -> Tensor<Bool> { Tensor(a) .|| b.asTensor() }
}

// MARK: Of one operand

extension TensorConvertible where Scalar == Bool {
  /// The opposite of each element.
  public static prefix func ! (x: Self) -> Tensor<Bool> {
    Tensor(unchecked: Predicate(kind: .not)(x.asTensor().erased))
  }
}

extension TensorConvertible where Scalar: FloatingPointScalar {
  /// Whether each element is NaN.
  public var isNaN: Tensor<Bool> { Tensor<Bool>(unchecked: Predicate(kind: .isNaN)(asTensor().erased)) }
  /// Whether each element is neither NaN nor infinite.
  public var isFinite: Tensor<Bool> { Tensor<Bool>(unchecked: Predicate(kind: .isFinite)(asTensor().erased)) }

  /// Whether every element is within `absolute + relative · |other|` of the other tensor's, shapes broadcast.
  /// NaN is close to nothing; infinities of one sign are close to each other.
  ///
  /// Errors: shapes that do not broadcast.
  public func allClose(_ other: Tensor<Scalar>, relative: Scalar = 1e-5, absolute: Scalar = 1e-8) -> Bool {
    let x = asTensor()
    guard let shape = x.shape.broadcast(with: other.shape) else {
      fail("allClose", "shapes \(x.shape) and \(other.shape) do not broadcast")
      return false
    }
    let (a, b) = (x.erased, other.erased)
    guard a.isFailed || a.isReadable("allClose"), b.isFailed || b.isReadable("allClose") else { return false }
    return Agreement.areClose(a, b, shape: shape, relative: relative, absolute: absolute)
  }
  /// Whether every element is within `absolute + relative · |other|` of the value of a variable.
  public func allClose(_ other: Variable<Scalar>, relative: Scalar = 1e-5, absolute: Scalar = 1e-8) -> Bool {
    allClose(other.value, relative: relative, absolute: absolute)
  }
  /// Whether every element is within `absolute + relative · |other|` of a number.
  public func allClose(_ other: Scalar, relative: Scalar = 1e-5, absolute: Scalar = 1e-8) -> Bool {
    allClose(Tensor(other), relative: relative, absolute: absolute)
  }
}
