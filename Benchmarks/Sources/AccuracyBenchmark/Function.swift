import CReference
import Nabla

/// One function: Nabla's loops of both types, the C library's for reference, and the worst error allowed in units in the
/// last place.
struct Function: Sendable {
  typealias Loop<S: FloatingPointScalar> = @Sendable (_ x: Tensor<S>, _ y: Tensor<S>) -> Tensor<S>

  let name: String
  let limit: Double
  let reference: reference_function
  let isPair: Bool
  let float: Loop<Float>
  let double: Loop<Double>

  /// A function of one argument.
  private init(
    _ name: String, _ limit: Double, _ reference: reference_function,
    _ float: @escaping @Sendable (Tensor<Float>) -> Tensor<Float>,
    _ double: @escaping @Sendable (Tensor<Double>) -> Tensor<Double>
  ) {
    (self.name, self.limit, self.reference, isPair) = (name, limit, reference, false)
    self.float = { x, _ in float(x) }
    self.double = { x, _ in double(x) }
  }

  /// A function of two arguments.
  private init(
    pair name: String, _ limit: Double, _ reference: reference_function, _ float: @escaping Loop<Float>,
    _ double: @escaping Loop<Double>
  ) {
    (self.name, self.limit, self.reference, isPair) = (name, limit, reference, true)
    (self.float, self.double) = (float, double)
  }

  static let all: [Function] = [
    Function("sqrt", 1, reference_sqrt, { sqrt($0) }, { sqrt($0) }),
    Function("reciprocal", 1, reference_reciprocal, { reciprocal($0) }, { reciprocal($0) }),
    Function("exp", 2, reference_exp, { exp($0) }, { exp($0) }),
    Function("expm1", 2, reference_expm1, { expm1($0) }, { expm1($0) }),
    Function("log", 2, reference_log, { log($0) }, { log($0) }),
    Function("log1p", 2, reference_log1p, { log1p($0) }, { log1p($0) }),
    Function("sin", 2, reference_sin, { sin($0) }, { sin($0) }),
    Function("cos", 2, reference_cos, { cos($0) }, { cos($0) }),
    Function("tan", 4, reference_tan, { tan($0) }, { tan($0) }),
    Function("sinh", 4, reference_sinh, { sinh($0) }, { sinh($0) }),
    Function("cosh", 4, reference_cosh, { cosh($0) }, { cosh($0) }),
    Function("tanh", 2, reference_tanh, { tanh($0) }, { tanh($0) }),
    Function("asin", 4, reference_asin, { asin($0) }, { asin($0) }),
    Function("acos", 4, reference_acos, { acos($0) }, { acos($0) }),
    Function("atan", 4, reference_atan, { atan($0) }, { atan($0) }),
    Function("asinh", 4, reference_asinh, { asinh($0) }, { asinh($0) }),
    Function("acosh", 4, reference_acosh, { acosh($0) }, { acosh($0) }),
    Function("atanh", 4, reference_atanh, { atanh($0) }, { atanh($0) }),
    Function("erf", 4, reference_erf, { erf($0) }, { erf($0) }),
    Function("sigmoid", 2, reference_sigmoid, { sigmoid($0) }, { sigmoid($0) }),
    Function("softplus", 2, reference_softplus, { softplus($0) }, { softplus($0) }),
    Function(pair: "pow", 4, reference_pow, { pow($0, $1) }, { pow($0, $1) }),
    Function(pair: "atan2", 4, reference_atan2, { atan2($0, $1) }, { atan2($0, $1) }),
  ]
}
