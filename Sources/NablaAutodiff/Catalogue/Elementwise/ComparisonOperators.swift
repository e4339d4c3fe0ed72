import NablaTensor

// The forms of the arithmetic operators, which say why they are these.

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence

private func compare<S>(_ relation: Compare.Relation, _ a: Tensor<S>, _ b: Tensor<S>) -> Tensor<Bool> {
  Tensor<Bool>(unchecked: Compare(relation)(a.erased, b.erased))
}

// MARK: .==

extension Tensor {
  /// Whether elements are equal; shapes broadcast. NaN equals nothing.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .== (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.equal, a, b) }
}

extension Variable {
  /// Whether elements are equal; shapes broadcast.
  public static func .== (a: Variable, b: Variable) -> Tensor<Bool> { a.value .== b.value }
  /// Whether elements are equal; shapes broadcast.
  public static func .== (a: Variable, b: Tensor<Scalar>) -> Tensor<Bool> { a.value .== b }
  /// Whether elements are equal; shapes broadcast.
  public static func .== (a: Tensor<Scalar>, b: Variable) -> Tensor<Bool> { a .== b.value }
}

extension TensorConvertible {
  /// Whether elements are equal, where b is a number.
  public static func .== (a: Self, b: Scalar) -> Tensor<Bool> { a.asTensor() .== Tensor(b) }
  /// Whether elements are equal, where a is a number.
  public static func .== (a: Scalar, b: Self) -> Tensor<Bool> { Tensor(a) .== b.asTensor() }
}

// MARK: .!=

extension Tensor {
  /// Whether elements differ; shapes broadcast.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.notEqual, a, b) }
}

extension Variable {
  /// Whether elements differ; shapes broadcast.
  public static func .!= (a: Variable, b: Variable) -> Tensor<Bool> { a.value .!= b.value }
  /// Whether elements differ; shapes broadcast.
  public static func .!= (a: Variable, b: Tensor<Scalar>) -> Tensor<Bool> { a.value .!= b }
  /// Whether elements differ; shapes broadcast.
  public static func .!= (a: Tensor<Scalar>, b: Variable) -> Tensor<Bool> { a .!= b.value }
}

extension TensorConvertible {
  /// Whether elements differ, where b is a number.
  public static func .!= (a: Self, b: Scalar) -> Tensor<Bool> { a.asTensor() .!= Tensor(b) }
  /// Whether elements differ, where a is a number.
  public static func .!= (a: Scalar, b: Self) -> Tensor<Bool> { Tensor(a) .!= b.asTensor() }
}

// MARK: .<

extension Tensor where Scalar: NumericScalar {
  /// Whether elements of a are below those of b; shapes broadcast.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .< (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.less, a, b) }
}

extension Variable where Scalar: NumericScalar {
  /// Whether elements of a are below those of b; shapes broadcast.
  public static func .< (a: Variable, b: Variable) -> Tensor<Bool> { a.value .< b.value }
  /// Whether elements of a are below those of b; shapes broadcast.
  public static func .< (a: Variable, b: Tensor<Scalar>) -> Tensor<Bool> { a.value .< b }
  /// Whether elements of a are below those of b; shapes broadcast.
  public static func .< (a: Tensor<Scalar>, b: Variable) -> Tensor<Bool> { a .< b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// Whether elements of a are below those of b, where b is a number.
  public static func .< (a: Self, b: Scalar) -> Tensor<Bool> { a.asTensor() .< Tensor(b) }
  /// Whether elements of a are below those of b, where a is a number.
  public static func .< (a: Scalar, b: Self) -> Tensor<Bool> { Tensor(a) .< b.asTensor() }
}

// MARK: .<=

extension Tensor where Scalar: NumericScalar {
  /// Whether elements of a are at most those of b; shapes broadcast.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.lessEqual, a, b) }
}

extension Variable where Scalar: NumericScalar {
  /// Whether elements of a are at most those of b; shapes broadcast.
  public static func .<= (a: Variable, b: Variable) -> Tensor<Bool> { a.value .<= b.value }
  /// Whether elements of a are at most those of b; shapes broadcast.
  public static func .<= (a: Variable, b: Tensor<Scalar>) -> Tensor<Bool> { a.value .<= b }
  /// Whether elements of a are at most those of b; shapes broadcast.
  public static func .<= (a: Tensor<Scalar>, b: Variable) -> Tensor<Bool> { a .<= b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// Whether elements of a are at most those of b, where b is a number.
  public static func .<= (a: Self, b: Scalar) -> Tensor<Bool> { a.asTensor() .<= Tensor(b) }
  /// Whether elements of a are at most those of b, where a is a number.
  public static func .<= (a: Scalar, b: Self) -> Tensor<Bool> { Tensor(a) .<= b.asTensor() }
}

// MARK: .>

extension Tensor where Scalar: NumericScalar {
  /// Whether elements of a are above those of b; shapes broadcast.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .> (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.greater, a, b) }
}

extension Variable where Scalar: NumericScalar {
  /// Whether elements of a are above those of b; shapes broadcast.
  public static func .> (a: Variable, b: Variable) -> Tensor<Bool> { a.value .> b.value }
  /// Whether elements of a are above those of b; shapes broadcast.
  public static func .> (a: Variable, b: Tensor<Scalar>) -> Tensor<Bool> { a.value .> b }
  /// Whether elements of a are above those of b; shapes broadcast.
  public static func .> (a: Tensor<Scalar>, b: Variable) -> Tensor<Bool> { a .> b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// Whether elements of a are above those of b, where b is a number.
  public static func .> (a: Self, b: Scalar) -> Tensor<Bool> { a.asTensor() .> Tensor(b) }
  /// Whether elements of a are above those of b, where a is a number.
  public static func .> (a: Scalar, b: Self) -> Tensor<Bool> { Tensor(a) .> b.asTensor() }
}

// MARK: .>=

extension Tensor where Scalar: NumericScalar {
  /// Whether elements of a are at least those of b; shapes broadcast.
  ///
  /// Errors: shapes that do not broadcast.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.greaterEqual, a, b) }
}

extension Variable where Scalar: NumericScalar {
  /// Whether elements of a are at least those of b; shapes broadcast.
  public static func .>= (a: Variable, b: Variable) -> Tensor<Bool> { a.value .>= b.value }
  /// Whether elements of a are at least those of b; shapes broadcast.
  public static func .>= (a: Variable, b: Tensor<Scalar>) -> Tensor<Bool> { a.value .>= b }
  /// Whether elements of a are at least those of b; shapes broadcast.
  public static func .>= (a: Tensor<Scalar>, b: Variable) -> Tensor<Bool> { a .>= b.value }
}

extension TensorConvertible where Scalar: NumericScalar {
  /// Whether elements of a are at least those of b, where b is a number.
  public static func .>= (a: Self, b: Scalar) -> Tensor<Bool> { a.asTensor() .>= Tensor(b) }
  /// Whether elements of a are at least those of b, where a is a number.
  public static func .>= (a: Scalar, b: Self) -> Tensor<Bool> { Tensor(a) .>= b.asTensor() }
}
