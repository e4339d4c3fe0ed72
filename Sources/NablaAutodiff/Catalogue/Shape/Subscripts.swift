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
private struct ResolvedSubscript {
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
  /// Assigning replaces that part; the value broadcasts to it. Both are differentiated.
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
      guard let part = ResolvedSubscript(indices, shape) else { return }
      guard newValue.shape.broadcast(with: part.shape) == part.shape else {
        fail("subscript", "a value of shape \(newValue.shape) does not broadcast to the part's shape \(part.shape)")
        return
      }
      let value = newValue.erased.broadcast(to: part.shape)
        .reshaped(to: Shape(unchecked: part.slice.sizes))
      let replaced = ReplaceSlice(slice: part.slice)(erased, value)
      if !replaced.isFailed { erased = replaced }
    }
  }
}
