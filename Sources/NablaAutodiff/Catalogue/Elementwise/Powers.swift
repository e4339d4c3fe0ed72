import CKernels
import NablaTensor

// MARK: sqrt

/// y = √x.
struct Sqrt: UnaryElementwise {
  var name: String { "sqrt" }
  static let kernel = NABLA_SQRT
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Reciprocal()(y) * 0.5) }
}

// MARK: rsqrt

/// y = 1 / √x.
struct Rsqrt: UnaryElementwise {
  var name: String { "rsqrt" }
  static let kernel = NABLA_RSQRT
  static let residuals: Residuals = [.operands, .result]
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(y / x * -0.5) }
}

// MARK: square

/// y = x².
struct Square: UnaryElementwise {
  var name: String { "square" }
  static let kernel = NABLA_SQUARE
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(x + x) }
  var rewrite: Rewrite { .multiplication }
}

// MARK: cube

/// y = x³, rounded twice.
struct Cube: UnaryElementwise {
  var name: String { "cube" }
  static let kernel = NABLA_CUBE
  static let residuals: Residuals = .operands
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(Square()(x) * 3) }
}

// MARK: reciprocal

/// y = 1 / x.
struct Reciprocal: UnaryElementwise {
  var name: String { "reciprocal" }
  static let kernel = NABLA_RECIPROCAL
  static let residuals: Residuals = .result
  func derivative(_ x: AnyTensor, _ y: AnyTensor) -> Slope { .factor(-Square()(y)) }
}

// MARK: pow

/// y = aᵇ.
struct Power: BinaryElementwise {
  var name: String { "pow" }
  static let kernel = NABLA_POWER
  func residuals(toward operand: Int) -> Residuals { operand == 0 ? .operands : [.operand(0), .result] }

  // Two values are set by convention where the formula is undefined: b aᵇ⁻¹ is 0 where b is 0, also at a = 0, and
  // aᵇ ln a is 0 where a is not positive, as in TensorFlow.
  func derivative(_ operand: Int, _ x: Operands, _ y: AnyTensor) -> Slope {
    let a = x[0]
    let zero = AnyTensor(0, dtype: a.dtype)
    if operand == 0 {
      let b = x[1]
      let counts = Compare(.notEqual)(b, zero)
      let exponent = Select().apply(Operands([counts, b, zero + 1]))
      return .maskedFactor(counts, b * Power()(a, exponent - 1))
    }
    let isPositive = Compare(.greater)(a, zero)
    let safe = Select().apply(Operands([isPositive, a, zero + 1]))
    return .maskedFactor(isPositive, y * Log()(safe))
  }
}

extension AnyTensor {
  /// xᵇ for a number b: by products where b is a small integer.
  func power(_ exponent: Double) -> AnyTensor {
    switch exponent {
    case 2: Square()(self)
    case 3: Cube()(self)
    case 4: Square()(Square()(self))
    case -1: Reciprocal()(self)
    default: Power()(self, AnyTensor(exponent, dtype: dtype))
    }
  }
}
