import Nabla
import NablaPlan
import TestSupport
import Testing

/// Every case of the gradient table mapped over a batch, against a loop over its elements: values, tapes and forward mode
/// outside and inside, second derivatives, maps in maps, compiled functions.
@Suite struct BatchTableTests {
  typealias T = Tensor<Double>
  typealias Function = ([T]) -> T

  /// A function of operands, some of which have a leading axis for the batch.
  struct Case {
    let x: [T]
    let isBatched: [Bool]
    let size: Int
    let comment: String

    /// The function mapped over the batch.
    func mapped(_ x: [T], _ f: Function) -> T {
      let taken = x.indices.filter { isBatched[$0] }
      return vmap(over: taken.map { x[$0] }) { elements in
        var all = x
        for (index, element) in zip(taken, elements) { all[index] = element }
        return f(all)
      }
    }
    /// The function called for one element after the other.
    func looped(_ x: [T], _ f: Function) -> T {
      stack((0..<size).map { row in f(x.indices.map { isBatched[$0] ? x[$0][row] : x[$0] }) })
    }
  }

  @Test(arguments: GradientRow.all.filter(\.isSameInBatches))
  func values(_ row: GradientRow) {
    let f = Self.function(row)
    for c in Self.cases(row) {
      let expected = c.looped(c.x, f)
      Self.compare(c.mapped(c.x, f), expected, "value, \(c.comment)")
      let function = compiled { (x: [T]) in c.mapped(x, f) }
      for _ in 0..<2 { Self.compare(function(c.x), expected, "compiled value, \(c.comment)") }
      Self.compare(
        vmap(over: T(zeros: [2])) { _ in c.mapped(c.x, compiled(f).callAsFunction) }[1], expected,
        "compiled inside, \(c.comment)")
    }
  }

  @Test(arguments: GradientRow.all.filter { $0.isSameInBatches && $0.order > 0 })
  func tapes(_ row: GradientRow) {
    let f = Self.function(row)
    let curved: Function = { sin(f($0)) }
    for c in Self.cases(row) {
      let outside = Self.gradients(at: c.x) { c.looped($0, curved) }
      Self.compare(Self.gradients(at: c.x) { c.mapped($0, curved) }, outside, "tape outside, \(c.comment)")
      let inner: Function = { Self.gradients(at: $0, of: curved) }
      let inside = c.looped(c.x, inner)
      Self.compare(c.mapped(c.x, inner), inside, "tape inside, \(c.comment)")
      let function = compiled { (x: [T]) in
        (c.mapped(x, inner), Self.gradients(at: x) { c.mapped($0, curved) })
      }
      let (first, second) = function(c.x)
      Self.compare(first, inside, "compiled, tape inside, \(c.comment)")
      Self.compare(second, outside, "compiled, tape outside, \(c.comment)")
      if row.order < 2 { continue }
      Self.compare(
        Self.gradients(at: c.x) { square(c.mapped($0, inner)) },
        Self.gradients(at: c.x) { square(c.looped($0, inner)) },
        "tapes outside and inside, \(c.comment)")
    }
  }

  @Test(arguments: GradientRow.all.filter { $0.isSameInBatches && $0.order > 0 })
  func forwardMode(_ row: GradientRow) {
    let f = Self.function(row)
    for c in Self.cases(row) {
      var generator = RandomGenerator(seed: 3)
      let v = c.x.map { T.random(.uniform(-1, 1), shape: $0.shape, using: &generator) }
      let outside = jvp(at: c.x, v) { c.mapped($0, f) }.tangent
      let expected = jvp(at: c.x, v) { c.looped($0, f) }.tangent
      Self.compare(outside, expected, "forward mode outside, \(c.comment)")
      let both = Case(x: c.x + v, isBatched: c.isBatched + c.isBatched, size: c.size, comment: "")
      let inside = both.mapped(both.x) { both in
        jvp(at: Array(both[..<c.x.count]), Array(both[c.x.count...]), of: f).tangent
      }
      Self.compare(inside, expected, "forward mode inside, \(c.comment)")
    }
  }

  /// Operand 0 by the outer map and the others by the inner one, then all by both.
  @Test(arguments: GradientRow.all.filter(\.isSameInBatches))
  func maps(_ row: GradientRow) {
    let f = Self.function(row)
    for shapes in row.shapes {
      var generator = RandomGenerator(seed: 9)
      let x = row.operands(Self.batched(shapes, [2], first: true), .dense, Double.self, &generator)
      let rows = row.operands(Self.batched(shapes, [3], first: false), .dense, Double.self, &generator)
      let mixed = vmap(over: x[0]) { first in
        rows.count == 1 ? f([first]) : vmap(over: Array(rows[1...])) { f([first] + $0) }
      }
      let expected = stack(
        (0..<2).map { i in
          rows.count == 1 ? f([x[0][i]]) : stack((0..<3).map { j in f([x[0][i]] + rows[1...].map { $0[j] }) })
        })
      Self.compare(mixed, expected, "maps of different operands, shapes \(shapes)")
      let all = row.operands(shapes.map { [2, 3] + $0 }, .dense, Double.self, &generator)
      let both = vmap(over: all) { x in vmap(over: x, of: f) }
      let loops = stack((0..<2).map { i in stack((0..<3).map { j in f(all.map { $0[i][j] }) }) })
      Self.compare(both, loops, "map in a map, shapes \(shapes)")
    }
  }

  @Test(arguments: GradientRow.all.filter(\.isSameInBatches))
  func emptyBatches(_ row: GradientRow) {
    let f = Self.function(row)
    for shapes in row.shapes {
      let one = f(shapes.map { T(ones: Shape($0)) })
      let none = vmap(over: shapes.map { T(zeros: Shape([0] + $0)) }, of: f)
      #expect(none.shape.dimensions == [0] + one.shape.dimensions, "shapes \(shapes)")
    }
  }

  /// A draw for a batch is one of its shape: each element has numbers of its own.
  @Test func drawsOfABatch() {
    let x = T(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6])
    let expected = T(shape: [2, 3], scalars: (0..<6).map { Double($0 + 1) + GradientRow.drawn[$0] })
    let f = { (x: T) in vmap(over: x) { $0 + T(GradientRow.draw($0.shape)) } }
    Self.compare(f(x), expected, "draws of a batch")
    Self.compare(compiled(f)(x), expected, "compiled")
  }

  // MARK: Cases

  private static func function(_ row: GradientRow) -> Function {
    { T(row.function($0.map(\.erased)).cast(to: .float64)) }
  }

  /// All gradients behind each other.
  private static func gradients(at x: [T], of f: Function) -> T {
    concatenate(gradient(at: x, of: f).map { $0.flattened() })
  }

  /// Three elements, for all shapes and layouts: all operands batched, then each one alone.
  private static func cases(_ row: GradientRow) -> [Case] {
    row.shapes.flatMap { shapes in
      var choices = [shapes.map { _ in true }]
      if shapes.count > 1 { choices += shapes.indices.map { one in shapes.indices.map { $0 == one } } }
      return choices.enumerated().map { number, isBatched in
        let layout = Layout.allCases[(number + shapes[0].count) % Layout.allCases.count]
        var generator = RandomGenerator(seed: 5)
        let sizes = zip(shapes, isBatched).map { $1 ? [3] + $0 : $0 }
        return Case(
          x: row.operands(sizes, layout, Double.self, &generator), isBatched: isBatched, size: 3,
          comment: "shapes \(shapes), batched \(isBatched), \(layout)")
      }
    }
  }

  private static func batched(_ shapes: [[Int]], _ batch: [Int], first: Bool) -> [[Int]] {
    shapes.enumerated().map { ($0.offset == 0) == first ? batch + $0.element : $0.element }
  }

  /// Sums of a batch may be added in another order than those of an element.
  private static func compare(_ seen: T, _ expected: T, _ comment: String) {
    expectClose(seen, expected, .relative(1e-12, absolute: 1e-12), comment)
  }
}
