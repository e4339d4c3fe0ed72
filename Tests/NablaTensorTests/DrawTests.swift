import CKernels
import Foundation
import Nabla
import NablaTensor
import TestSupport
import Testing

/// Draws by element, against NumPy's Philox (see Resources/make_reference.py), known answers and distributions.
@Suite struct DrawTests {
  struct Case: Decodable {
    var key: [String]
    var counter: [String]
    var raw: [String]
    var doubles: [Double]
    var floats: [Double]

    var generator: nabla_philox {
      let (k, c) = (key.map { UInt64($0)! }, counter.map { UInt64($0)! })
      return nabla_philox(key: (k[0], k[1]), counter: (c[0], c[1], c[2], c[3]))
    }
  }
  let cases: [Case]
  init() throws { cases = try Reference.load("philox", from: .module, as: [Case].self) }

  private func draw<S: TensorScalar>(
    _ draw: nabla_draw, _ generator: nabla_philox, first: Int = 0, _ count: Int, _ initial: S
  ) -> [S] {
    written(count, initial: initial) { y in
      withUnsafePointer(to: draw) { draw in
        withUnsafePointer(to: generator) { nabla_fill_draw(draw, $0, UInt64(first), count, y) }
      }
    }
  }

  private func draw<S: TensorScalar>(
    _ draw: nabla_draw, key: UInt64 = 1, counter: UInt64 = 0, first: Int = 0, count: Int, _ initial: S
  ) -> [S] {
    written(count, initial: initial) {
      Draws.fill(draw, key: key, counter: counter, first: first, count: count, into: $0)
    }
  }

  /// The vectors that come with Random123, the authors' own code.
  @Test func knownAnswers() {
    let ones = UInt64.max
    let vectors: [(counter: [UInt64], key: [UInt64], block: [UInt64])] = [
      (
        [0, 0, 0, 0], [0, 0],
        [0x1655_4d9e_ca36_314c, 0xdb20_fe9d_672d_0fdc, 0xd7e7_72ce_e186_176b, 0x7e68_b68a_ec7b_a23b]
      ),
      (
        [ones, ones, ones, ones], [ones, ones],
        [0x87b0_92c3_013f_e90b, 0x438c_3c67_be8d_0224, 0x9cc7_d7c6_9cd7_77b6, 0xa09c_aebf_594f_0ba0]
      ),
      (
        [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89],
        [0x4528_21e6_38d0_1377, 0xbe54_66cf_34e9_0c6c],
        [0xa528_f454_03e6_1d95, 0x38c7_2dbd_566e_9788, 0xa5a1_610e_72fd_18b5, 0x57bd_43b5_e52b_7fe6]
      ),
    ]
    for vector in vectors {
      var block = [UInt64](repeating: 0, count: 4)
      nabla_philox_block(vector.counter, vector.key, &block)
      #expect(block == vector.block)
    }
  }

  @Test func wordsAndUniformsAreNumPys() {
    #expect(cases.count == 28)
    for reference in cases {
      let generator = reference.generator, what = "key \(reference.key), counter \(reference.counter)"
      let bits = draw(Draws.bits, generator, 19, Int64(0)).map { "\(UInt64(bitPattern: $0))" }
      #expect(bits == reference.raw, "\(what)")
      #expect(draw(Draws.uniform(.float64), generator, 19, 0.0) == reference.doubles, "\(what)")
      #expect(draw(Draws.uniform(.float32), generator, 19, Float(0)).map(Double.init) == reference.floats, "\(what)")
      // From element 5 on, which begins within a block.
      #expect(
        draw(Draws.bits, generator, first: 5, 14, Int64(0)).map { "\(UInt64(bitPattern: $0))" }
          == Array(reference.raw[5...]))
      #expect(
        draw(Draws.uniform(.float32), generator, first: 3, 2, Float(0)).map(Double.init)
          == Array(reference.floats[3..<5]))
    }
  }

  private func checkCuts<S: TensorScalar>(_ kind: nabla_draw, _ initial: S, _ what: String) {
    let count = 40_003
    let whole = sameOnOneThread { draw(kind, key: 9, counter: 4, count: count, initial) }
    for (first, length) in [(0, 0), (0, 1), (1, 1), (7, 9), (1023, 2), (1020, 9000), (8191, 17_000), (39_999, 4)] {
      let part = draw(kind, key: 9, counter: 4, first: first, count: length, initial)
      #expect(part == Array(whole[first..<first + length]), "\(what) from \(first), \(length)")
    }
    // The next draw begins where this one ended: its counter is the number of blocks.
    let perBlock = Int(Draws.blocks(of: kind, count: 1024)) == 256 ? 4 : 8
    #expect(Draws.blocks(of: kind, count: count) == UInt64((count + perBlock - 1) / perBlock))
    #expect(
      draw(kind, key: 9, counter: 4 + 100, count: 50, initial) == Array(whole[100 * perBlock..<100 * perBlock + 50]))
    #expect(Draws.blocks(of: kind, count: 0) == 0 && Draws.blocks(of: kind, count: 1) == 1)
  }

  @Test func anyCutGivesTheSame() {
    checkCuts(Draws.bits, Int64(0), "bits")
    checkCuts(Draws.uniform(.float32), Float(0), "uniform Float")
    checkCuts(Draws.uniform(.float64, low: -3, high: 4), 0.0, "uniform Double")
    checkCuts(Draws.normal(.float32, mean: 2, standardDeviation: 3), Float(0), "normal Float")
    checkCuts(Draws.normal(.float64), 0.0, "normal Double")
    checkCuts(Draws.bernoulli(0.3), false, "bernoulli")
    checkCuts(Draws.integers(.int32, low: -5, high: 9), Int32(0), "Int32")
    checkCuts(Draws.integers(.int64, low: 0, high: .max), Int64(0), "Int64")
    checkCuts(Draws.integers(.uint8, low: 3, high: 256), UInt8(0), "UInt8")
  }

  @Test func stateInMemory() {
    let state: [Int64] = [7, -2]
    let kind = Draws.uniform(.float64)
    let y: [Double] = written(10, initial: 0) { y in Draws.fill(kind, state: state, count: 10, into: y) }
    #expect(y == draw(kind, key: 7, counter: UInt64(bitPattern: -2), count: 10, 0.0))
    var next: [Int64] = [0, 0]
    Draws.advance(state, by: kind, count: 10, into: &next)
    #expect(next == [7, 1])
  }

  /// Each pair against the formula in Double, from the words that it is documented to take.
  @Test func normalsAreTheFormula() {
    let count = 20_000
    let words = draw(Draws.bits, key: 3, count: count, Int64(0)).map { UInt64(bitPattern: $0) }
    func pair(_ u: Double, quarter: Int, _ part: Double) -> [Double] {
      let r = Foundation.sqrt(-2 * Foundation.log(u)), t = (part - 0.5) * (Double.pi / 2)
      let (s, c) = (Foundation.sin(t), Foundation.cos(t))
      return [[c, s], [-s, c], [-c, -s], [s, -c]][quarter].map { r * $0 }
    }
    let doubles = draw(Draws.normal(.float64), key: 3, count: count, 0.0)
    let floats = draw(Draws.normal(.float32), key: 3, count: count, Float(0))
    for j in 0..<count / 2 {
      let (radial, angular) = (words[2 * j], words[2 * j + 1])
      let u = Double(radial) * 0x1p-64 + 0x1p-65, part = Double((angular << 2) >> 11) * 0x1p-53
      for (seen, expected) in zip(doubles[(2 * j)...], pair(u, quarter: Int(angular >> 62), part)) {
        expectClose(seen, expected, .ulps(4), "Double, pair \(j)")
      }
      let (low, high) = (UInt32(truncatingIfNeeded: words[j]), UInt32(words[j] >> 32))
      // ln u is to be taken of the rounded u: near 1 that is all there is.
      let v = Float(low) * 0x1p-32 + 0x1p-33, rest = Float((high << 2) >> 8) * 0x1p-24
      for (seen, expected) in zip(floats[(2 * j)...], pair(Double(v), quarter: Int(high >> 30), Double(rest))) {
        expectClose(seen, Float(expected), .ulps(4), "Float, pair \(j)")
      }
    }
  }

  /// The largest distance of the draws' distribution function from `cdf`, in units of 1/√n: above 1.95 once in 1000.
  private func distance(_ x: [Double], _ cdf: (Double) -> Double) -> Double {
    let n = Double(x.count)
    let largest = x.sorted().enumerated().map { index, value in
      let p = cdf(value)
      return max(p - Double(index) / n, Double(index + 1) / n - p)
    }.max()!
    return largest * n.squareRoot()
  }

  @Test func distributions() {
    let count = 200_000
    func cdf(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    for key in [UInt64(11), 12] {
      let u = draw(Draws.uniform(.float64), key: key, count: count, 0.0)
      #expect(distance(u) { $0 } < 1.95 && u.allSatisfy { 0 <= $0 && $0 < 1 })
      let v = draw(Draws.uniform(.float32, low: -2, high: 6), key: key, count: count, Float(0)).map(Double.init)
      #expect(distance(v) { ($0 + 2) / 8 } < 1.95)
      let z = draw(Draws.normal(.float64), key: key, count: count, 0.0)
      #expect(distance(z, cdf) < 1.95)
      let w = draw(Draws.normal(.float32, mean: 3, standardDeviation: 2), key: key, count: count, Float(0))
      #expect(distance(w.map { (Double($0) - 3) / 2 }, cdf) < 1.95)
    }
  }

  /// Moments of 4 · 10⁶ normals, each within 4 standard errors, and how many lie beyond 3, 4 and 5.
  @Test func momentsAndTails() {
    let count = 1 << 22, n = Double(count)
    func check(_ z: [Double], _ what: String) {
      var (sums, beyond) = ([0.0, 0, 0, 0], [0.0, 0, 0])
      for x in z {
        let square = x * x
        sums[0] += x
        sums[1] += square
        sums[2] += square * x
        sums[3] += square * square
        for k in 0..<3 where abs(x) > Double(3 + k) { beyond[k] += 1 }
      }
      // The variances of z, z², z³ and z⁴.
      for (sum, (mean, variance)) in zip(sums, [(0.0, 1.0), (1, 2), (0, 15), (3, 96)]) {
        #expect(abs(sum / n - mean) < 4 * (variance / n).squareRoot(), "\(what): \(sum / n), not \(mean)")
      }
      for k in 0..<3 {
        let expected = n * erfc(Double(3 + k) / 2.0.squareRoot())
        #expect(
          abs(beyond[k] - expected) < 4 * expected.squareRoot(),
          "\(what): \(beyond[k]) beyond \(3 + k), not \(expected)")
      }
    }
    check(draw(Draws.normal(.float64), key: 5, count: count, 0.0), "Double")
    check(draw(Draws.normal(.float32), key: 5, count: count, Float(0)).map(Double.init), "Float")
  }

  /// No radius is larger than that of the smallest u.
  @Test func everyNumberIsFinite() {
    let z = draw(Draws.normal(.float32), key: 2, count: 1 << 20, Float(0))
    #expect(z.allSatisfy { abs($0) < 6.9 })
  }

  @Test func bernoulli() {
    let count = 1 << 20
    for p in [0.001, 0.25, 0.5, 0.9] {
      let hits = Double(draw(Draws.bernoulli(p), key: 8, count: count, false).count { $0 })
      #expect(abs(hits - p * Double(count)) < 4 * (p * (1 - p) * Double(count)).squareRoot(), "\(p)")
    }
    for p in [0, -1, Double.nan] { #expect(draw(Draws.bernoulli(p), count: 5000, true).allSatisfy { !$0 }) }
    for p in [1, 2.0] { #expect(draw(Draws.bernoulli(p), count: 5000, false).allSatisfy { $0 }) }
    // The rule of each byte: half a word below the probability.
    let words = draw(Draws.bits, count: 8, Int64(0)).map { UInt64(bitPattern: $0) }
    let halves = words.flatMap { [$0 & 0xFFFF_FFFF, $0 >> 32] }
    #expect(draw(Draws.bernoulli(0.4), count: 16, false) == halves.map { Double($0) < 0.4 * 0x1p32 })
  }

  @Test func integers() {
    let count = 1 << 18
    let dice = draw(Draws.integers(.int32, low: 1, high: 7), key: 6, count: count, Int32(0))
    var faces = [Int](repeating: 0, count: 7)
    for die in dice { faces[Int(die)] += 1 }
    let expected = Double(count) / 6
    let chi = faces[1...].reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(faces[0] == 0 && chi < 20.5)  // once in 1000 with five degrees of freedom
    let words = draw(Draws.bits, count: 100, Int64(0)).map { UInt64(bitPattern: $0) }
    let wide = draw(Draws.integers(.int64, low: -1000, high: .max), count: 100, Int64(0))
    #expect(
      wide == words.map { -1000 &+ Int64(bitPattern: UInt64(1000 + UInt64(Int.max)).multipliedFullWidth(by: $0).high) })
    #expect(
      draw(Draws.integers(.int64, low: .min, high: .min), count: 100, Int64(0))
        == words.map {
          Int64.min &+ Int64(bitPattern: $0)
        })
    #expect(draw(Draws.integers(.uint8, low: 7, high: 8), count: 50, UInt8(0)).allSatisfy { $0 == 7 })
  }
}
