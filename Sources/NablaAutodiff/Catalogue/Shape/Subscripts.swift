import NablaTensor

/// What can stand in a tensor's subscript for one axis: an integer, a range of integers, or a ``TensorIndex``.
public protocol TensorIndexing {
  /// This as an index.
  var tensorIndex: TensorIndex { get }
}

/// An index of one axis, or a place among the axes.
public struct TensorIndex: Sendable, TensorIndexing {
  enum Kind: Sendable {
    case index(Int)
    case range(lower: Int?, upper: Int?, step: Int)
    case newAxis
    case ellipsis
  }
  let kind: Kind
  fileprivate init(_ kind: Kind) { self.kind = kind }

  /// Itself.
  public var tensorIndex: TensorIndex { self }
}

extension TensorIndexing where Self == TensorIndex {
  /// The whole axis.
  public static var all: TensorIndex { TensorIndex(.range(lower: nil, upper: nil, step: 1)) }
  /// A new axis of size 1.
  public static var newAxis: TensorIndex { TensorIndex(.newAxis) }
  /// As many whole axes as are left.
  public static var ellipsis: TensorIndex { TensorIndex(.ellipsis) }
  /// Every `step`-th index, as Python's `lower:upper:step`: bounds are cut to the axis, a negative step goes backwards.
  public static func range(from lower: Int? = nil, to upper: Int? = nil, step: Int = 1) -> TensorIndex {
    TensorIndex(.range(lower: lower, upper: upper, step: step))
  }
}

extension Int: TensorIndexing {
  /// One index; the axis is then gone. Negative ones count from the end.
  public var tensorIndex: TensorIndex { TensorIndex(.index(self)) }
}
extension Range: TensorIndexing where Bound == Int {
  /// The indices of the range, cut to the axis.
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: upperBound) }
}
extension ClosedRange: TensorIndexing where Bound == Int {
  /// The indices of the range, cut to the axis. `-3 ... -1` are the last three.
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: end(after: upperBound)) }
}
extension PartialRangeFrom: TensorIndexing where Bound == Int {
  /// The indices from the bound on.
  public var tensorIndex: TensorIndex { .range(from: lowerBound) }
}
extension PartialRangeThrough: TensorIndexing where Bound == Int {
  /// The indices up to the bound, which is included.
  public var tensorIndex: TensorIndex { .range(to: end(after: upperBound)) }
}
extension PartialRangeUpTo: TensorIndexing where Bound == Int {
  /// The indices below the bound.
  public var tensorIndex: TensorIndex { .range(to: upperBound) }
}

/// The bound of a half-open range whose last index is `last`: nil, the end of the axis, after -1, since 0 is the first
/// index, and after `Int.max`.
private func end(after last: Int) -> Int? { last == -1 || last == .max ? nil : last + 1 }

/// A subscript, resolved against a shape: a slice, then a reshape that drops indexed axes and adds new ones.
struct ResolvedSubscript {
  let slice: Slice
  let shape: Shape

  init?(_ indices: [TensorIndex], _ shape: Shape) {
    var starts: [Int] = []
    var sizes: [Int] = []
    var steps: [Int] = []
    var result: [Int] = []
    func take(_ start: Int, _ size: Int, _ step: Int) {
      starts.append(start)
      sizes.append(size)
      steps.append(step)
    }
    var named = 0
    var ellipses = 0
    for index in indices {
      switch index.kind {
      case .newAxis: break
      case .ellipsis: ellipses += 1
      default: named += 1
      }
    }
    guard named <= shape.rank, ellipses <= 1 else {
      fail("subscript", "\(named) indices and \(ellipses) ellipses for shape \(shape)")
      return nil
    }
    func takeWhole(_ count: Int) {
      for _ in 0..<count {
        let size = shape[starts.count]
        take(0, size, 1)
        result.append(size)
      }
    }
    for index in indices {
      switch index.kind {
      case .newAxis: result.append(1)
      case .ellipsis: takeWhole(shape.rank - named)
      case .index(let index):
        let size = shape[starts.count]
        let counted = index < 0 ? index + size : index
        guard counted >= 0 && counted < size else {
          fail("subscript", "index \(index) is out of range for axis \(starts.count) of shape \(shape)")
          return nil
        }
        take(counted, 1, 1)
      case .range(let lower, let upper, let step):
        guard step != 0 else {
          fail("subscript", "a step is 0")
          return nil
        }
        // A longer step than the axis takes one element, as one of the axis' length does, and does not overflow.
        let limit = max(1, shape[starts.count])
        let cut = min(max(step, -limit), limit)
        let (start, size) = Self.resolve(lower, upper, cut, shape[starts.count])
        take(start, size, cut)
        result.append(size)
      }
    }
    takeWhole(shape.rank - starts.count)
    slice = Slice(starts: starts, sizes: sizes, steps: steps)
    self.shape = Shape(unchecked: result)
  }

  /// Whether a value of a shape broadcasts to the part; if not, after the error.
  func accepts(_ value: Shape) -> Bool {
    if value.broadcast(with: shape) == shape { return true }
    fail("subscript", "a value of shape \(value) does not broadcast to the part's shape \(shape)")
    return false
  }

  /// `whole` with a value that broadcasts in the place of the part, as an operation that contexts see.
  func replaced(in whole: AnyTensor, by value: AnyTensor) -> AnyTensor {
    let value = value.broadcast(to: shape).reshaped(to: Shape(unchecked: slice.sizes))
    return ReplaceSlice(slice: slice)(whole, value)
  }

  /// Writes a value that broadcasts to the part, unseen by contexts. Where there is no memory for a copy of `whole`, that stays
  /// as it is, after the error.
  func replace(in whole: inout AnyTensor, by value: AnyTensor) {
    guard whole.makeUniqueIfPossible() else { return }
    withExtendedLifetime(whole.storage) {
      value.view(broadcastTo: shape).view(reshapedTo: Shape(unchecked: slice.sizes))
        .copy(to: whole.address, as: slice, of: whole.shape)
    }
  }

  /// Python's rule for a slice of an axis: the first index and the number of them.
  private static func resolve(_ lower: Int?, _ upper: Int?, _ step: Int, _ size: Int) -> (Int, Int) {
    func cut(_ bound: Int, _ low: Int, _ high: Int) -> Int { min(max(bound < 0 ? bound + size : bound, low), high) }
    if step > 0 {
      let (start, end) = (lower.map { cut($0, 0, size) } ?? 0, upper.map { cut($0, 0, size) } ?? size)
      return (start, max(0, (end - start + step - 1) / step))
    }
    let start = lower.map { cut($0, -1, size - 1) } ?? size - 1
    let end = upper.map { cut($0, -1, size - 1) } ?? -1
    return (start, max(0, (start - end - step - 1) / -step))
  }
}

extension Tensor {
  /// Part of this tensor, as a view: `t[0, 1..<3, .all, .newAxis, .ellipsis]`. Axes that are not named are whole.
  ///
  /// Assigning replaces that part; the value broadcasts to it. Both are differentiated. Elements change where they lie unless
  /// other tensors share the memory, which is copied then, or a tape, forward mode or a compiled function takes part.
  /// Errors: an index out of range, more indices than axes, a value that does not broadcast.
  public subscript(indices: any TensorIndexing...) -> Tensor {
    get { self[indices.map(\.tensorIndex)] }
    set { self[indices.map(\.tensorIndex)] = newValue }
  }

  /// Part of this tensor, by a list of indices.
  public subscript(indices: [TensorIndex]) -> Tensor {
    get {
      guard let part = ResolvedSubscript(indices, shape) else { return Tensor(unchecked: .failed(dtype)) }
      return Tensor(unchecked: part.slice(erased).reshaped(to: part.shape))
    }
    set {
      guard let part = ResolvedSubscript(indices, shape), part.accepts(newValue.shape) else { return }
      if AnyTensor.mayChangeInPlace && erased.hasMemory && newValue.erased.hasMemory {
        part.replace(in: &erased, by: newValue.erased)
        return
      }
      let replaced = part.replaced(in: erased, by: newValue.erased)
      if !replaced.isFailed { erased = replaced }
    }
  }

  // The usual indices are taken as they come: a list of them costs more than to read or write an element does.

  /// An element of a vector, a row of a matrix: the part at an index of the first axis, as a view. As with any other subscript,
  /// negative indices count from the end, assigning replaces the part, and both are differentiated.
  ///
  /// Errors: an index out of range, a tensor without axes, a value that does not broadcast.
  public subscript(index: Int) -> Tensor {
    get {
      if AnyTensor.mayChangeInPlace, let part = erased.part(index) { return Tensor(unchecked: part) }
      return self[[index.tensorIndex]]
    }
    set {
      if AnyTensor.mayChangeInPlace && erased.replacePart(index, by: newValue.erased) { return }
      self[[index.tensorIndex]] = newValue
    }
  }

  /// An element of a matrix: the part at indices of the first two axes, as a view. As with any other subscript, negative
  /// indices count from the end, assigning replaces the part, and both are differentiated.
  ///
  /// Errors: an index out of range, fewer axes, a value that does not broadcast.
  public subscript(row: Int, column: Int) -> Tensor {
    get {
      if AnyTensor.mayChangeInPlace, let part = erased.part(row, column) { return Tensor(unchecked: part) }
      return self[[row.tensorIndex, column.tensorIndex]]
    }
    set {
      if AnyTensor.mayChangeInPlace && erased.replacePart(row, column, by: newValue.erased) { return }
      self[[row.tensorIndex, column.tensorIndex]] = newValue
    }
  }
}

extension AnyTensor {
  /// Whether what operations do is nobody's but the caller's: no tape, forward mode or compiled function takes part, and no
  /// mistake was made.
  @inline(__always)
  fileprivate static var mayChangeInPlace: Bool {
    !Context.isActive || !Context.seesOperations && !ErrorScope.hasFailed
  }
}
