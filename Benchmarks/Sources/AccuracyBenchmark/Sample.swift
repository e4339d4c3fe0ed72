import Foundation
import Nabla

/// Arguments in blocks: each block is made from its number alone, so that blocks can be shared over threads.
struct Sample<S: FloatingPointScalar & BinaryFloatingPoint>: Sendable {
  static var blockCount: Int { 1 << 14 }

  let blocks: Int
  /// The arguments of a block; the second ones count only for functions of two.
  let block: @Sendable (_ number: Int) -> (x: [S], y: [S])
}

/// Numbers that depend on a seed alone (the mixing function of splitmix64).
struct Mixer: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  /// From 0 up to 1.
  mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}

extension Sample<Float> {
  /// Every `step`-th bit pattern.
  static func every(_ step: UInt64) -> Sample {
    let block = UInt64(blockCount)
    return Sample(blocks: Int(((1 << 32) / step + block - 1) / block)) { number in
      let first = UInt64(number) * block
      let patterns = (first..<first + block).map { $0 * step }.filter { $0 < 1 << 32 }
      return (patterns.map { Float(bitPattern: UInt32($0)) }, [])
    }
  }
}

extension Sample<Double> {
  /// Every binade of both signs, those around 1 often; the neighbourhood of 1; and the multiples of π/2 that sin, cos and
  /// tan reduce.
  static func everyBinade(_ step: UInt64) -> Sample {
    let all = (0..<2047).map { $0 }, usual = (-14..<14).flatMap { Array(repeating: 1023 + $0, count: 256) }
    let binades = (all + usual).enumerated().filter { UInt64($0.offset) % step == 0 }.map(\.element)
    let others = Int(128 / min(step, 128))
    return Sample(blocks: binades.count + 2 * others) { number in
      var mixer = Mixer(state: UInt64(number) << 32)
      let x = (0..<blockCount).map { index -> Double in
        let random = mixer.next()
        if number < binades.count {
          let digits: UInt64 = index < 4 ? [0, 1, 1 << 51, (1 << 52) - 1][index] : random & ((1 << 52) - 1)
          return Double(
            sign: random >> 63 == 0 ? .plus : .minus, exponentBitPattern: UInt(binades[number]),
            significandBitPattern: digits)
        }
        if number < binades.count + others { return (1 + mixer.near(40)) * (random & 1 == 0 ? 1 : -1) }
        return Double(Int32(truncatingIfNeeded: random) >> 11) * (.pi / 2) * (1 + mixer.near(52))
      }
      return (x, [])
    }
  }
}

extension Mixer {
  /// A number between -½ and ½, of a magnitude down to 2^-`binades`.
  fileprivate mutating func near(_ binades: UInt64) -> Double {
    let exponent = -Double(next() % binades)
    return (fraction() - 0.5) * exp2(exponent)
  }
}

extension Sample {
  /// Pairs: all of the values that pow and atan2 treat apart, bit patterns at random, and, for pow, bases and exponents
  /// whose result fills the range, bases near 1 and negative bases with whole exponents among them.
  static func pairs(_ step: UInt64) -> Sample {
    let range = S.self == Float.self ? 106.0 : 750
    let ends: [S] =
      [
        0, 0.5, 1, 1.5, 2, 3, 16_777_215, 0x1p24, 0x1p53, .leastNonzeroMagnitude, .leastNormalMagnitude,
        .greatestFiniteMagnitude, .infinity,
      ].flatMap { [$0, -$0] } + [.nan]
    return Sample(blocks: Int(4096 / min(step, 4096))) { number in
      if number == 0 { return (ends.flatMap { x in ends.map { _ in x } }, ends.flatMap { _ in ends }) }
      var mixer = Mixer(state: UInt64(number) << 32)
      let pairs = (0..<blockCount).map { _ in mixer.pair(number % 4, range, as: S.self) }
      return (pairs.map(\.0), pairs.map(\.1))
    }
  }
}

extension Mixer {
  fileprivate mutating func pair<S: FloatingPointScalar & BinaryFloatingPoint>(
    _ kind: Int, _ range: Double, as type: S.Type
  ) -> (S, S) {
    if kind == 0 { return (pattern(), pattern()) }
    if kind == 1 { return (S(mixed(8)), S(mixed(8))) }
    var base = S(kind == 2 ? exp((fraction() - 0.5) * range) : 1 + near(32))
    let y = S((2 * fraction() - 1) * range / log(abs(Double(base))))
    guard next() % 4 == 0 else { return (base, y) }
    base.negate()
    return (base, y.rounded())
  }

  /// A finite number of either sign and of any size, each binade as likely as another.
  private mutating func pattern<S: BinaryFloatingPoint>() -> S {
    let most = UInt64(S.greatestFiniteMagnitude.exponent)
    let exponent = Int(next() % (2 * most)) - Int(most) + 1
    return S(sign: next() & 1 == 0 ? .plus : .minus, exponent: S.Exponent(exponent), significand: S(1 + fraction()))
  }

  private mutating func mixed(_ binades: UInt64) -> Double {
    let size = exp2(Double(next() % (2 * binades)) - Double(binades))
    return (2 * fraction() - 1) * size
  }
}
