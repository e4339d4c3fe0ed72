/// The sizes of a tensor along its axes, outermost first: `[rows, columns]` for a matrix, `[]` for a scalar.
public struct Shape: Hashable, Sendable {
  /// The size along each axis; none is negative.
  public private(set) var dimensions: [Int]

  /// The shape of a scalar.
  public static let scalar = Shape(unchecked: [])

  /// A shape with these sizes.
  ///
  /// Errors: a negative size, or more elements than `Int.max`.
  public init(_ dimensions: [Int]) {
    self.dimensions = dimensions
    if Shape.checkedCount(dimensions) == nil {
      fail("Shape", "\(dimensions) has a negative size or more elements than Int.max")
      self.dimensions = []
    }
  }

  /// A shape whose sizes were checked where they were made.
  package init(unchecked dimensions: [Int]) { self.dimensions = dimensions }

  /// The number of elements, or nil where it passes `Int.max` or a size is negative.
  package static func checkedCount(_ dimensions: [Int]) -> Int? {
    var count = 1
    var hasZero = false
    for size in dimensions {
      if size < 0 { return nil }
      if size == 0 {
        hasZero = true
        continue
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return hasZero ? 0 : count
  }

  /// The sum of two sizes, or -1, which ``checkedCount(_:)`` refuses, where it passes `Int.max`.
  package static func checkedSum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow || a < 0 ? -1 : sum
  }

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// The number of elements; 1 for a scalar.
  public var elementCount: Int {
    var count = 1
    for size in dimensions { count *= size }
    return count
  }

  /// The strides, in elements, of a dense row-major tensor of this shape.
  package var denseStrides: [Int] {
    var strides = dimensions
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      strides[axis] = step
      step *= dimensions[axis]
    }
    return strides
  }
}

extension Shape: RandomAccessCollection, MutableCollection {
  /// 0.
  public var startIndex: Int { 0 }
  /// ``rank``.
  public var endIndex: Int { dimensions.count }
  /// The size along an axis.
  ///
  /// Errors when set: a negative size, or more elements than `Int.max`; the shape is then unchanged.
  public subscript(axis: Int) -> Int {
    get { dimensions[axis] }
    set {
      let before = dimensions[axis]
      dimensions[axis] = newValue
      if Shape.checkedCount(dimensions) == nil {
        fail("Shape", "\(dimensions) has a negative size or more elements than Int.max")
        dimensions[axis] = before
      }
    }
  }
}

extension Shape: ExpressibleByArrayLiteral, CustomStringConvertible {
  /// A shape with these sizes.
  public init(arrayLiteral elements: Int...) { self.init(elements) }
  /// The sizes as an array prints: `[2, 3]`.
  public var description: String { dimensions.description }
}

extension Shape {
  /// The shape that both broadcast to, by NumPy's rule: axes are matched from the last, and a size of 1 or a missing
  /// axis repeats. Nil where two sizes differ and neither is 1.
  public func broadcast(with other: Shape) -> Shape? {
    if other.rank == 0 { return self }
    if rank == 0 { return other }
    if self == other { return self }
    let rank = Swift.max(self.rank, other.rank)
    var sizes = [Int](repeating: 1, count: rank)
    for back in 1...rank {
      let a = back <= self.rank ? dimensions[self.rank - back] : 1
      let b = back <= other.rank ? other.dimensions[other.rank - back] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      sizes[rank - back] = a == 1 ? b : a
    }
    return Shape.checkedCount(sizes) == nil ? nil : Shape(unchecked: sizes)
  }

  /// The axes of `result` along which a tensor of this shape was repeated to reach it: the missing ones, and those of
  /// size 1 that grew.
  package func repeatedAxes(in result: Shape) -> [Int] {
    if rank == 0 { return result.allAxes }
    let missing = result.rank - rank
    return (0..<result.rank).filter { $0 < missing || (self[$0 - missing] == 1 && result[$0] != 1) }
  }

  /// 0 ..< rank. The usual ranks take no memory: these arrays are part of the program.
  package var allAxes: [Int] {
    switch rank {
    case 0: []
    case 1: [0]
    case 2: [0, 1]
    case 3: [0, 1, 2]
    default: Array(0..<rank)
    }
  }

  /// 0 for each axis: the strides of one element that is repeated. As ``allAxes``, they mostly take no memory.
  package var zeroStrides: [Int] {
    switch rank {
    case 0: []
    case 1: [0]
    case 2: [0, 0]
    case 3: [0, 0, 0]
    default: [Int](repeating: 0, count: rank)
    }
  }

  /// An axis counted from the front; negative ones count from the end. Nil where it is out of range.
  package func normalized(axis: Int) -> Int? {
    let counted = axis < 0 ? axis + rank : axis
    return counted >= 0 && counted < rank ? counted : nil
  }
}
