import Nabla
import NablaPlan
import TestSupport
import Testing

/// Every case of the gradient table, compiled: value, gradient and second derivative as eager code gives them.
@Suite struct CompiledTableTests {
  @Test(arguments: GradientRow.all)
  func whole(_ row: GradientRow) { check(row, PlanOptions()) }

  /// The same in blocks of two rows, so that every row rule runs, with a last block that is not full.
  @Test(arguments: GradientRow.all)
  func inBlocks(_ row: GradientRow) { check(row, .tiny) }

  private func check(_ row: GradientRow, _ options: PlanOptions) {
    for shapes in row.shapes + row.shapes.map(Self.taller) {
      for layout in Layout.allCases where row.accepts(shapes) {
        var generator = RandomGenerator(seed: 5)
        let x = row.operands(shapes, layout, Double.self, &generator)
        compare(row, x, options, "value, shapes \(shapes), \(layout)") {
          Tensor(row.function($0.map(\.erased)).cast(to: .float64))
        }
        guard row.order > 0 else { continue }
        let first = { (x: [Tensor<Double>]) -> Tensor<Double> in
          concatenate(gradient(at: x) { sin(Tensor<Double>(row.function($0.map(\.erased)))) }.map { $0.flattened() })
        }
        compare(row, x, options, "gradient, shapes \(shapes), \(layout)", first)
        compare(row, x, options, "second derivative, shapes \(shapes), \(layout)") { x in
          concatenate(gradient(at: x) { square(first($0)) }.map { $0.flattened() })
        }
      }
    }
  }

  private func compare(
    _ row: GradientRow, _ x: [Tensor<Double>], _ options: PlanOptions, _ comment: String,
    _ f: @escaping ([Tensor<Double>]) -> Tensor<Double>
  ) {
    let function = compiled(f)
    function.options = options
    let expected = f(x)
    for _ in 0..<2 {  // the second run finds the first one's memory
      let seen = function(x)
      #expect(seen.shape == expected.shape, "\(comment)")
      for (e, s) in zip(expected.scalars, seen.scalars) where !(e == s || e.isNaN && s.isNaN) {
        let error = abs(s - e)
        #expect(error <= 1e-12 * max(1, abs(e)), "\(comment): expected \(e), seen \(s), error \(error)")
      }
    }
  }

  /// The same ranks with five rows, where every operand has rows.
  private static func taller(_ shapes: [[Int]]) -> [[Int]] {
    let most = shapes.map(\.count).max() ?? 0
    return shapes.map { $0.count == most && !$0.isEmpty && $0[0] > 1 ? [5] + $0.dropFirst() : $0 }
  }
}

extension GradientRow {
  /// Whether the row's function takes operands of these shapes.
  func accepts(_ shapes: [[Int]]) -> Bool {
    var generator = RandomGenerator(seed: 0)
    let x = operands(shapes, .dense, Double.self, &generator)
    return (try? throwingErrors { function(x.map(\.erased)) }) != nil
  }
}
