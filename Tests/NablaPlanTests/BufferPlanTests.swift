import Nabla
import Testing

@testable import NablaPlan

@Suite struct BufferPlanTests {
  /// The rule, as a search through all buffers.
  private func expectedSizes(_ values: [BufferPlan.Value]) -> [Int: Int] {
    var (sizes, buffers): ([Int: Int], [(bytes: Int, death: Int)]) = ([:], [])
    for value in values.sorted(by: { ($0.birth, $0.node) < ($1.birth, $1.node) }) {
      let free = buffers.indices.filter {
        buffers[$0].death < value.birth && (value.byteCount...2 * value.byteCount).contains(buffers[$0].bytes)
      }
      if let best = free.min(by: { buffers[$0].bytes < buffers[$1].bytes }) {
        buffers[best].death = value.death
        sizes[value.node] = buffers[best].bytes
      } else {
        buffers.append((value.byteCount, value.death))
        sizes[value.node] = value.byteCount
      }
    }
    return sizes
  }

  @Test func theSmallestThatFitsIsTaken() {
    var generator = RandomGenerator(seed: 8)
    for count in [0, 1, 2, 30, 500] {
      for sizes in [1, 3, 70, 5000] {
        let values = (0..<count).map { node in
          let birth = Int.random(in: 0...count, using: &generator)
          return BufferPlan.Value(
            node: node, byteCount: 64 * Int.random(in: 1...sizes, using: &generator), birth: birth,
            death: birth + Int.random(in: 0...20, using: &generator))
        }
        let plan = BufferPlan(values)
        #expect(plan.buffers.mapValues { plan.byteCounts[$0] } == expectedSizes(values))
        for sharing in Dictionary(grouping: values, by: { plan.buffers[$0.node]! }).values {
          let inOrder = sharing.sorted { $0.birth < $1.birth }
          #expect(zip(inOrder, inOrder.dropFirst()).allSatisfy { $0.death < $1.birth })
        }
      }
    }
  }

  /// Sixteen times the operations take sixteen times as long to plan, not 256 times; four times that is left to chance.
  @Test func planningIsLinear() {
    typealias T = Tensor<Float>
    func seconds(_ function: CompiledFunction<T, T>, _ x: T) -> Double {
      ContinuousClock().measure { _ = function(x) } / .seconds(1)
    }
    func chain(_ x: T, _ count: Int) -> T { (0..<count).reduce(x) { y, i in i % 2 == 0 ? sin(y) : y * Float(i) } }
    func expectLinear(_ name: String, _ x: T, _ make: (Int) -> CompiledFunction<T, T>) {
      let (few, many) = (200, 3200)
      let short = (0..<3).map { _ in seconds(make(few), x) }.min()!
      let long = (0..<2).map { _ in seconds(make(many), x) }.min()!
      #expect(long / short < 64, "\(name): \(short) s, then \(long) s")
    }
    let (small, rows) = (T([1, 2, 3]), T(repeating: 1, shape: [1 << 14, 1, 2]))
    expectLinear("chain", small) { count in compiled { chain($0, count) } }
    expectLinear("gradient", small) { count in compiled { gradient(at: $0) { chain($0, count).sum() } } }
    expectLinear("phases", rows) { count in
      compiled { x in (0..<count / 4).reduce(x) { y, _ in y - y.mean(axis: 0) } }
    }
    expectLinear("views", rows) { count in
      compiled { x in sqrt((0..<count).reduce(exp(x)) { y, _ in y.transposed(permutation: [0, 2, 1]) }) }
    }
    expectLinear("variables", small) { count in
      let variables = (0..<count / 2).map { _ in Variable<Float>(small) }
      return compiled { x in
        for variable in variables { variable.assign(variable.value * 0.5) }
        return x
      }
    }
  }
}
