import CKernels

/// The kernels that draw random numbers by element: the same numbers on any threads, eager or compiled, however a draw is
/// cut.
///
/// The generator is Philox4x64-10, as `numpy.random.Philox`. Its state is two numbers, a key and a counter of the blocks
/// of four words that were used. Element e of a draw follows from key, counter and e alone; afterwards the counter is larger by
/// ``blocks(of:count:)``. Words and uniform numbers are NumPy's for the same key and counter, normal ones are not: NumPy's
/// ziggurat takes as many words as it happens to need.
package enum Draws {
  /// Words of 64 bits, for memory of `Int64`.
  package static var bits: nabla_draw { make(NABLA_DRAW_BITS, .int64) }

  /// Numbers in [low, high): Double has 53 random bits from a word, Float 24 from half a word. (low + (high - low) · u may
  /// round to `high` where the interval is not [0, 1).)
  package static func uniform(_ dtype: DType, low: Double = 0, high: Double = 1) -> nabla_draw {
    var draw = make(NABLA_DRAW_UNIFORM, dtype)
    (draw.shift, draw.scale) = (low, high - low)
    return draw
  }

  /// Numbers of a normal distribution, by pairs after Box and Muller: elements 2 j and 2 j + 1 come from word j in Float,
  /// from words 2 j and 2 j + 1 in Double. The farthest from the mean are 6.8 and 9.5 standard deviations away.
  package static func normal(_ dtype: DType, mean: Double = 0, standardDeviation: Double = 1) -> nabla_draw {
    var draw = make(NABLA_DRAW_NORMAL, dtype)
    (draw.shift, draw.scale) = (mean, standardDeviation)
    return draw
  }

  /// `Bool` that is true with a probability, which is rounded to a multiple of 2⁻³²; from half a word each. A probability
  /// of 0 or less is never, one of 1 or more always.
  package static func bernoulli(_ probability: Double) -> nabla_draw {
    var draw = make(NABLA_DRAW_BERNOULLI, .bool)
    draw.probability = probability
    return draw
  }

  /// Integers in low ..< high, from a word each: the probability of each is off by less than 2⁻⁶⁴. Both ends are taken to
  /// fit the type.
  package static func integers(_ dtype: DType, low: Int, high: Int) -> nabla_draw {
    var draw = make(NABLA_DRAW_INTEGERS, dtype)
    (draw.low, draw.range) = (Int64(low), UInt64(bitPattern: Int64(high &- low)))
    return draw
  }

  private static func make(_ kind: nabla_draw_kind, _ dtype: DType) -> nabla_draw {
    nabla_draw(kind: kind, dtype: dtype.rawValue, shift: 0, scale: 1, probability: 0, low: 0, range: 0)
  }

  /// Writes elements first ..< first + count of a draw to dense memory, on all threads where there are many.
  package static func fill(
    _ draw: nabla_draw, key: UInt64, counter: UInt64, first: Int = 0, count: Int, into y: UnsafeMutableRawPointer
  ) {
    let generator = nabla_philox(key: (key, 0), counter: (counter, 0, 0, 0))
    withUnsafePointer(to: draw) { draw in
      withUnsafePointer(to: generator) { nabla_fill_draw(draw, $0, UInt64(first), count, y) }
    }
  }

  /// The same with a state in memory, key and counter as two `Int64`: what a plan hands over.
  package static func fill(
    _ draw: nabla_draw, state: UnsafeRawPointer, first: Int = 0, count: Int, into y: UnsafeMutableRawPointer
  ) {
    let key = state.load(as: UInt64.self), counter = state.load(fromByteOffset: 8, as: UInt64.self)
    fill(draw, key: key, counter: counter, first: first, count: count, into: y)
  }

  /// The blocks that `count` elements use up.
  package static func blocks(of draw: nabla_draw, count: Int) -> UInt64 {
    withUnsafePointer(to: draw) { nabla_draw_blocks($0, UInt64(count)) }
  }

  /// The state after a draw of `count` elements; in place is fine.
  package static func advance(
    _ state: UnsafeRawPointer, by draw: nabla_draw, count: Int, into next: UnsafeMutableRawPointer
  ) {
    let key = state.load(as: UInt64.self), counter = state.load(fromByteOffset: 8, as: UInt64.self)
    next.storeBytes(of: key, as: UInt64.self)
    next.storeBytes(of: counter &+ blocks(of: draw, count: count), toByteOffset: 8, as: UInt64.self)
  }
}
