#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#endif

/// Standard normal numbers by the ziggurat method with 256 layers (Marsaglia and Tsang, J. Stat. Software 5(8), 2000;
/// layer areas as in Doornik, "An Improved Ziggurat Method", 2005), as NumPy draws them.
extension RandomGenerator {
  /// A Double from the normal distribution with mean 0 and variance 1.
  public mutating func normalDouble() -> Double {
    while true {
      var bits: UInt64 = next()
      let layer = Int(bits & 0xFF)
      bits >>= 8
      let isNegative = bits & 1 == 1
      let magnitude = bits >> 1 & 0x000F_FFFF_FFFF_FFFF
      let x = Double(magnitude) * Ziggurat.shared.width[layer]
      if magnitude < Ziggurat.shared.inner[layer] { return isNegative ? -x : x }
      if layer == 0 { return tail(negative: magnitude >> 8 & 1 == 1) }
      let heights = Ziggurat.shared.height
      if (heights[layer - 1] - heights[layer]) * uniformDouble() + heights[layer] < exp(-0.5 * x * x) {
        return isNegative ? -x : x
      }
    }
  }

  /// A Float from the normal distribution with mean 0 and variance 1: ``normalDouble()`` rounded. NumPy's own float32
  /// stream differs; it draws from 32 bits.
  public mutating func normalFloat() -> Float { Float(normalDouble()) }

  /// A number beyond the last layer (Marsaglia, Technometrics 6, 1964).
  private mutating func tail(negative: Bool) -> Double {
    let edge = Ziggurat.edge
    while true {
      let x = -Ziggurat.inverseEdge * log1p(-uniformDouble())
      let y = -log1p(-uniformDouble())
      if y + y > x * x { return negative ? -(edge + x) : edge + x }
    }
  }
}

/// The layers: all of one area under exp(-x²/2).
struct Ziggurat: Sendable {
  static let edge = 3.6541528853610088
  static let inverseEdge = 0.27366123732975828
  static let shared = Ziggurat()

  /// Below this, the drawn magnitude is inside the layer for certain.
  var inner = [UInt64](repeating: 0, count: 256)
  /// The x of one step of the magnitude.
  var width = [Double](repeating: 0, count: 256)
  /// exp(-x²/2) at the layer's edge.
  var height = [Double](repeating: 0, count: 256)

  private init() {
    let x = Self.edges
    for layer in 0..<256 {
      width[layer] = x[layer] * 0x1p-52
      height[layer] = layer == 0 ? 1 : exp(-0.5 * x[layer] * x[layer])
      // The layer above begins at this share of the layer; the innermost has none above.
      let above = layer == 0 ? x[255] : layer == 1 ? 0 : x[layer - 1]
      inner[layer] = UInt64(above / x[layer] * 0x1p52)
    }
  }
}

extension Tensor where Scalar: FloatingPointScalar {
  /// A distribution to draw from.
  public enum Distribution: Sendable {
    /// Evenly from `low` up to but not including `high`.
    case uniform(Scalar, Scalar)
    /// Normal with a mean and a standard deviation.
    case normal(mean: Scalar, standardDeviation: Scalar)
    /// Evenly from 0 to 1.
    public static var uniform: Distribution { .uniform(0, 1) }
    /// Normal with mean 0 and standard deviation 1.
    public static var normal: Distribution { .normal(mean: 0, standardDeviation: 1) }
  }

  /// Independent draws, filled in row-major order.
  public static func random(
    _ distribution: Distribution, shape: Shape, using generator: inout RandomGenerator
  ) -> Tensor {
    var local = generator
    let isSingle = Scalar.dtype == .float32
    let result = Tensor(shape: shape) { scalars in
      for index in scalars.indices {
        switch distribution {
        case .uniform(let low, let high):
          let unit = isSingle ? Scalar(local.uniformFloat()) : Scalar(local.uniformDouble())
          scalars[index] = low + (high - low) * unit
        case .normal(let mean, let deviation):
          scalars[index] = mean + deviation * Scalar(local.normalDouble())
        }
      }
    }
    generator = local
    return result
  }
}
