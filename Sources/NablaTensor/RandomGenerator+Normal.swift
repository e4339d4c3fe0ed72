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
  @inline(__always)
  public mutating func normalDouble() -> Double { normalDouble(Ziggurat.layers) }

  /// The draw, with the table already at hand: in a loop, looking it up anew costs more than the arithmetic.
  @inline(__always)
  fileprivate mutating func normalDouble(_ layers: UnsafePointer<Ziggurat.Layer>) -> Double {
    let bits: UInt64 = next()
    let layer = layers + Int(bits & 0xFF)
    let magnitude = bits >> 9 & 0x000F_FFFF_FFFF_FFFF
    let x = Double(magnitude) * layer.pointee.width
    let isNegative = bits >> 8 & 1 == 1
    // 98.9 of 100 draws end here.
    if magnitude < layer.pointee.inner { return isNegative ? -x : x }
    return normalAtEdge(bits, layers)
  }

  /// The rest of a draw whose first 64 bits did not decide: the wedge of a layer, the tail, or another draw.
  @inline(never)
  private mutating func normalAtEdge(_ first: UInt64, _ layers: UnsafePointer<Ziggurat.Layer>) -> Double {
    var bits = first
    while true {
      let layer = Int(bits & 0xFF)
      let magnitude = bits >> 9 & 0x000F_FFFF_FFFF_FFFF
      let x = Double(magnitude) * layers[layer].width
      let signed = bits >> 8 & 1 == 1 ? -x : x
      if magnitude < layers[layer].inner { return signed }
      if layer == 0 { return tail(negative: magnitude >> 8 & 1 == 1) }
      let (low, high) = (layers[layer].height, layers[layer - 1].height)
      if (high - low) * uniformDouble() + low < exp(-0.5 * x * x) { return signed }
      bits = next()
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
enum Ziggurat {
  /// What a draw needs of one layer, side by side in memory.
  struct Layer {
    /// Below this, the drawn magnitude is inside the layer for certain.
    var inner: UInt64 = 0
    /// The x of one step of the magnitude.
    var width = 0.0
    /// exp(-x²/2) at the layer's edge.
    var height = 0.0
  }

  static let edge = 3.6541528853610088
  static let inverseEdge = 0.27366123732975828

  // Written once, here; only read afterwards, by any thread. It lives as long as the process.
  nonisolated(unsafe) static let layers: UnsafePointer<Layer> = {
    let layers = UnsafeMutablePointer<Layer>.allocate(capacity: 256)
    layers.initialize(repeating: Layer(), count: 256)
    let x = edges
    for layer in 0..<256 {
      // The layer above begins at this share of the layer; the innermost has none above.
      let above = layer == 0 ? x[255] : layer == 1 ? 0 : x[layer - 1]
      layers[layer] = Layer(
        inner: UInt64(above / x[layer] * 0x1p52), width: x[layer] * 0x1p-52,
        height: layer == 0 ? 1 : exp(-0.5 * x[layer] * x[layer]))
    }
    return UnsafePointer(layers)
  }()
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
  ///
  /// Errors: inside a function that is being compiled, whose runs would all see the one draw of the trace.
  public static func random(
    _ distribution: Distribution, shape: Shape, using generator: inout RandomGenerator
  ) -> Tensor {
    if Context.thread.pointee.tracer != nil {
      fail(
        "random",
        "a sequential generator draws once, when a function is compiled or mapped over a batch, and not at each run: use a "
          + "PhiloxGenerator")
      return Tensor(unchecked: .failed(Scalar.dtype, shape))
    }
    return Tensor(shape: shape) { generator.fill($0, distribution) }
  }
}

extension RandomGenerator {
  /// Draws every element of a buffer, in order: what ``Tensor/random(_:shape:using:)`` does.
  public mutating func fill<S: FloatingPointScalar>(
    _ scalars: UnsafeMutableBufferPointer<S>, _ distribution: Tensor<S>.Distribution
  ) {
    // A branch by type outside of the loop gives each loop concrete types, also in callers that are generic.
    S.dtype.withFloatingPointType { fill($0, UnsafeMutableRawBufferPointer(scalars), distribution) }
  }

  private mutating func fill<T: FloatingPointElement, S: FloatingPointScalar>(
    _ type: T.Type, _ memory: UnsafeMutableRawBufferPointer, _ distribution: Tensor<S>.Distribution
  ) {
    let target = memory.bindMemory(to: T.self)
    switch distribution {
    case .uniform(let low, let high): fillUniform(target, low: T(Double(low)), width: T(Double(high)) - T(Double(low)))
    case .normal(let mean, let deviation): fillNormal(target, T(Double(mean)), T(Double(deviation)))
    }
  }

  @inline(__always)
  private mutating func fillNormal<S: FloatingPointScalar>(
    _ scalars: UnsafeMutableBufferPointer<S>, _ mean: S, _ deviation: S
  ) {
    // A local copy stays in registers.
    var local = self
    let layers = Ziggurat.layers
    for index in scalars.indices { scalars[index] = mean + deviation * S(local.normalDouble(layers)) }
    self = local
  }
}
