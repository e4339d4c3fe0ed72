import Foundation
import Nabla
import TestSupport
import Testing

/// Against NumPy's PCG64; see Resources/make_reference.py.
@Suite struct RandomGeneratorTests {
  struct Stream: Decodable {
    var seed: String
    var bits: [String]
    var words: [UInt32]
    var doubles: [Double]
    var floats: [Double]
    var normals: [Double]
    var fresh: RandomGenerator { RandomGenerator(seed: UInt64(seed)!) }
  }
  let streams: [Stream]
  init() throws { streams = try Reference.load("random", from: .module, as: [Stream].self) }

  @Test func drawsAsNumPy() {
    #expect(streams.contains { UInt64($0.seed)! > 1 << 32 })
    for stream in streams {
      var bits = stream.fresh, words = stream.fresh, doubles = stream.fresh, floats = stream.fresh
      #expect(stream.bits.map { _ in "\(bits.next() as UInt64)" } == stream.bits, "seed \(stream.seed)")
      #expect(stream.words.map { _ in words.nextWord() } == stream.words, "seed \(stream.seed)")
      #expect(stream.doubles.map { _ in doubles.uniformDouble() } == stream.doubles, "seed \(stream.seed)")
      #expect(stream.floats.map { _ in Double(floats.uniformFloat()) } == stream.floats, "seed \(stream.seed)")
    }
  }

  @Test func normalsAreNumPys() {
    for stream in streams {
      var generator = stream.fresh
      for (index, expected) in stream.normals.enumerated() {
        expectClose(generator.normalDouble(), expected, .exact, "seed \(stream.seed), number \(index)")
      }
    }
  }

  @Test func tensorsAreFilledInOrder() {
    var a = RandomGenerator(seed: 3), b = RandomGenerator(seed: 3)
    let t = Tensor<Double>.random(.uniform, shape: [2, 3], using: &a)
    #expect(t.scalars == (0..<6).map { _ in b.uniformDouble() })
    #expect(a.next() as UInt64 == b.next())
    let u = Tensor<Double>.random(.normal(mean: 5, standardDeviation: 2), shape: [3], using: &a)
    #expect(u.scalars == (0..<3).map { _ in 5 + 2 * b.normalDouble() })
    let w = Tensor<Float>.random(.uniform(-1, 1), shape: [4], using: &a)
    #expect(w.scalars == (0..<4).map { _ in -1 + 2 * b.uniformFloat() })
    let z = Tensor<Float>.random(.normal, shape: [4], using: &a)
    #expect(z.scalars == (0..<4).map { _ in b.normalFloat() })
  }

  /// Parts that threads share, and halves of words that one fill leaves to the next.
  @Test func longFillsGoOn() {
    var a = RandomGenerator(seed: 5), b = a
    for count in [1, 20_001, 8192, 3, 0, 50_002] {
      let floats = Tensor<Float>.random(.uniform(-1, 3), shape: [count], using: &a)
      #expect(floats.scalars == (0..<count).map { _ in -1 + 4 * b.uniformFloat() }, "\(count)")
      let doubles = Tensor<Double>.random(.uniform, shape: [count], using: &a)
      #expect(doubles.scalars == (0..<count).map { _ in b.uniformDouble() }, "\(count)")
    }
    #expect(a.nextWord() == b.nextWord())
  }

  @Test func copiesAreStreamsOfTheirOwn() {
    var a = RandomGenerator(seed: 1)
    var b = a
    #expect(a.next() as UInt64 == b.next())
    _ = a.nextWord()
    b = a
    #expect(a.nextWord() == b.nextWord())
  }
}
