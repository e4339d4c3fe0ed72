import CKernels

/// The random stream of NumPy's default generator, PCG64: `RandomGenerator(seed: 7)` gives the numbers of
/// `numpy.random.Generator(numpy.random.PCG64(7))`.
///
/// PCG XSL RR 128/64 (O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random
/// Number Generation", HMC-CS-2014-0905), seeded through NumPy's `SeedSequence`.
public struct RandomGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt128
  private let increment: UInt128
  /// The unused half of the last 64 bits that were drawn for a 32-bit number.
  private var spare: UInt32?

  private static let multiplier = UInt128(0x2360_ED05_1FC6_5DA4) << 64 | UInt128(0x4385_DF64_9FCC_F645)

  /// A stream determined by a seed.
  public init(seed: UInt64) {
    let words = SeedSequence(seed: seed).words(8)
    let halves = (0..<4).map { UInt128(words[2 * $0]) | UInt128(words[2 * $0 + 1]) << 32 }
    let start = halves[0] << 64 | halves[1]
    increment = (halves[2] << 64 | halves[3]) << 1 | 1
    state = 0
    step()
    state &+= start
    step()
  }

  private mutating func step() { state = state &* Self.multiplier &+ increment }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    step()
    let high = UInt64(truncatingIfNeeded: state >> 64)
    let folded = high ^ UInt64(truncatingIfNeeded: state)
    let rotation = high >> 58
    return folded >> rotation | folded << ((64 &- rotation) & 63)
  }

  /// Fills memory with `low` + `width` · u, the numbers u in order as ``uniformDouble()`` or ``uniformFloat()`` gives them.
  mutating func fillUniform<T: FloatingPointElement>(
    _ scalars: UnsafeMutableBufferPointer<T>, low: T, width: T
  ) {
    func one() -> T { low + width * T.uniform(from: &self) }
    var (start, end) = (0, scalars.count)
    let hasHalves = T.dtype == .float32
    if hasHalves && spare != nil && start < end {
      scalars[0] = one()
      start = 1
    }
    if hasHalves && (end - start) % 2 == 1 { end -= 1 }  // whose other half is kept
    if start < end, let base = scalars.baseAddress {
      func halves(_ x: UInt128) -> (UInt64, UInt64) {
        (UInt64(truncatingIfNeeded: x), UInt64(truncatingIfNeeded: x >> 64))
      }
      var generator = nabla_pcg64(state: halves(state), increment: halves(increment))
      var draw = nabla_draw()
      draw.kind = NABLA_DRAW_UNIFORM
      draw.dtype = T.dtype.rawValue
      (draw.shift, draw.scale) = (Double(low), Double(width))
      nabla_fill_pcg64(&draw, &generator, end - start, base + start)
      state = UInt128(generator.state.1) << 64 | UInt128(generator.state.0)
    }
    if end < scalars.count { scalars[end] = one() }
  }

  /// The next 32 bits; two of them come from one draw of 64, the low half first.
  public mutating func nextWord() -> UInt32 {
    if let word = spare {
      spare = nil
      return word
    }
    let bits: UInt64 = next()
    spare = UInt32(truncatingIfNeeded: bits >> 32)
    return UInt32(truncatingIfNeeded: bits)
  }

  /// A Double in 0 ..< 1 on a grid of 2⁻⁵³.
  public mutating func uniformDouble() -> Double { Double(next() as UInt64 >> 11) * 0x1p-53 }
  /// A Float in 0 ..< 1 on a grid of 2⁻²⁴.
  public mutating func uniformFloat() -> Float { Float(nextWord() >> 8) * 0x1p-24 }
}

/// NumPy's way from a seed to well mixed words (after O'Neill, "Developing a seed_seq Alternative", 2015).
private struct SeedSequence {
  private var pool = [UInt32](repeating: 0, count: 4)

  init(seed: UInt64) {
    let entropy: [UInt32] =
      seed >> 32 == 0 ? [UInt32(seed)] : [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)]
    var constant: UInt32 = 0x43B0_D7E5
    func hashed(_ word: UInt32) -> UInt32 {
      var value = word ^ constant
      constant = constant &* 0x931E_8875
      value = value &* constant
      return value ^ value >> 16
    }
    func mixed(_ x: UInt32, _ y: UInt32) -> UInt32 {
      let value = x &* 0xCA01_F9DD &- y &* 0x4973_F715
      return value ^ value >> 16
    }
    for index in pool.indices { pool[index] = hashed(index < entropy.count ? entropy[index] : 0) }
    for source in pool.indices {
      for target in pool.indices where target != source {
        pool[target] = mixed(pool[target], hashed(pool[source]))
      }
    }
  }

  func words(_ count: Int) -> [UInt32] {
    var constant: UInt32 = 0x8B51_F9DD
    return (0..<count).map { index in
      var value = pool[index % pool.count] ^ constant
      constant = constant &* 0x58F3_8DED
      value = value &* constant
      return value ^ value >> 16
    }
  }
}
