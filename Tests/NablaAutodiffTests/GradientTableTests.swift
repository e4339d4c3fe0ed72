import Foundation
import Nabla
import TestSupport
import Testing

@testable import NablaAutodiff

@Suite struct GradientTableTests {
  /// The types that the sources declare as primitives.
  static func declaredPrimitives() throws -> Set<String> {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
    let pattern = /struct (\w+)(?:<.*>)?: .*(?:Primitive|Elementwise|Loop|Reduction|RowMap)\b.* \{/
    var names: Set<String> = []
    for case let file as URL in FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)!
    where file.pathExtension == "swift" {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: pattern) {
        names.insert(String(match.1))
      }
    }
    return names
  }

  @Test func everyPrimitiveHasARow() throws {
    let declared = try Self.declaredPrimitives()
    #expect(declared.count >= 50)
    #expect(declared.subtracting(GradientRow.all.map(\.typeName)) == [], "primitives without a row")
    #expect(Set(GradientRow.all.map(\.typeName)).subtracting(declared) == [], "rows without a primitive")
  }

  @Test(arguments: GradientRow.all)
  func double(_ row: GradientRow) throws { try check(row, Double.self) }

  @Test(arguments: GradientRow.all)
  func float(_ row: GradientRow) throws { try check(row, Float.self) }

  /// The Float gradient against the Double one at the same point, to rounding.
  @Test(arguments: GradientRow.all.filter { $0.order > 0 })
  func floatAgreesWithDouble(_ row: GradientRow) throws {
    for shapes in row.shapes {
      var generator = RandomGenerator(seed: 11)
      let singles = row.operands(shapes, .dense, Float.self, &generator)
      let doubles = singles.map { Tensor<Double>(castingFrom: $0) }
      let expected = gradient(at: doubles) { x -> Tensor<Double> in Tensor(row.function(x.map(\.erased))) }
      let seen = gradient(at: singles) { x -> Tensor<Float> in Tensor(row.function(x.map(\.erased))) }
      for (expected, seen) in zip(expected, seen) {
        for (e, s) in zip(expected.scalars, seen.scalars) {
          let error = abs(Double(s) - e)
          #expect(error <= 64 * Double(Float.ulpOfOne) * max(1, abs(e)), "expected \(e), seen \(s), error \(error)")
        }
      }
    }
  }

  private func check<S: FloatingPointScalar>(_ row: GradientRow, _ type: S.Type) throws {
    for shapes in row.shapes {
      for layout in Layout.allCases {
        var generator = RandomGenerator(seed: 7)
        let x = row.operands(shapes, layout, S.self, &generator)
        let comment = "shapes \(shapes), \(layout)"
        checkForward(row, x, comment)
        guard row.order > 0 else { continue }
        do {
          try checkGradients(at: x, order: row.order) { Tensor(row.function($0.map(\.erased))) }
        } catch let mismatch as GradientMismatch {
          Issue.record("\(comment): \(mismatch)")
        }
      }
    }
  }

  private func checkForward<S: FloatingPointScalar>(_ row: GradientRow, _ x: [Tensor<S>], _ comment: String) {
    let tape = GradientTape()
    for operand in x { tape.watch(operand) }
    let y = tape.record { row.function(x.map(\.erased)) }
    if row.order > 0 { #expect(tape.recordedOperations.contains(row.name), "the row calls its primitive") }
    let expected = row.reference(x.map { PlainArray($0.shape.dimensions, $0.scalars.map { Double($0) }) })
    #expect(y.shape.dimensions == expected.sizes, "\(comment)")
    let tolerance = 16 * Double(S.ulpOfOne)
    for (seen, expected) in zip(Tensor<Double>(y.cast(to: .float64)).scalars, expected.values) {
      let error = abs(seen - expected)
      #expect(
        error <= tolerance * max(1, abs(expected)), "\(comment): expected \(expected), seen \(seen), error \(error)")
    }
  }
}

extension GradientRow {
  /// Operands drawn from the row's domain.
  func operands<S: FloatingPointScalar>(
    _ shapes: [[Int]], _ layout: Layout, _ type: S.Type, _ generator: inout RandomGenerator
  ) -> [Tensor<S>] {
    shapes.enumerated().map { index, shape in
      let values = domain.draw(shape.reduce(1, *), operand: index, &generator)
      return layout.tensor(shape, values.map { S($0) })
    }
  }
}
