import Nabla
import TestSupport
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

  /// Plans of some thousand operations of each kind give what eager code does. (How long planning takes tells
  /// `growth-benchmark`.)
  @Test func longPlans() {
    typealias T = Tensor<Float>
    func link(_ y: T, _ index: Int) -> T {
      if index % 2 == 0 { return sin(y) }
      let factor = Float(index % 7 + 1) / 2
      return y * factor
    }
    func chain(_ x: T) -> T { (0..<3200).reduce(x, link) }
    func check(_ name: String, _ x: T, _ tolerance: Tolerance = .exact, _ function: @escaping (T) -> T) {
      expectClose(compiled(function)(x), function(x), tolerance, name)
    }
    let (small, rows) = (T([1, 2, 3]), T(shape: [4096, 1, 2], scalars: (0..<8192).map { Float($0 % 100) / 10 }))
    check("chain", small) { chain($0) }
    check("gradient", small) { gradient(at: $0) { x in (0..<800).reduce(x) { y, _ in sin(y) }.sum() } }
    check("phases", rows, .relative(1e-4, absolute: 1e-5)) { x in
      (0..<800).reduce(x) { y, _ in y * 0.99 - y.mean(axis: 0) * 0.01 }
    }
    check("views", rows) { x in
      sqrt((0..<3200).reduce(exp(x)) { y, _ in y.transposed(permutation: [0, 2, 1]) })
    }
    let variables = (0..<1600).map { Variable<Float>(Float($0)) }
    let halve = compiled { (x: T) in
      for variable in variables { variable.assign(variable.value * 0.5) }
      return x
    }
    _ = (halve(small), halve(small))
    #expect(variables.map { $0.value.scalar } == (0..<1600).map { Float($0) / 4 })
  }
}
