import NablaTensor

/// The axes of a reduction: one, several or all.
///
/// ```swift
/// x.sum()                    // all
/// x.sum(axis: 0)             // one
/// x.sum(axis: [0, -1])       // several; negative axes count from the end
/// let axes: Axes = x.rank > 2 ? [-2, -1] : .all
/// x.sum(axis: axes)
/// ```
/// Functions take anything ``AxesConvertible``: a literal, an `Int`, an array of `Int`, or a value of this type.
public struct Axes: Hashable, Sendable {
  /// The axes as they were named; nil for all.
  @usableFromInline
  let named: [Int]?

  /// One axis.
  @inlinable
  public init(_ axis: Int) { named = [axis] }
  /// Several axes; of none, elements are reduced each by itself.
  @inlinable
  public init(_ axes: [Int]) { named = axes }
  @inlinable
  init(named: [Int]?) { self.named = named }
}

extension Axes: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  /// One axis.
  public init(integerLiteral axis: Int) { self.init(axis) }
  /// Several axes.
  public init(arrayLiteral axes: Int...) { self.init(axes) }
}

/// What names the axes of a reduction: an `Int`, an array of `Int`, or ``Axes``.
public protocol AxesConvertible {
  /// This as axes.
  func asAxes() -> Axes
}

extension AxesConvertible where Self == Axes {
  /// All axes.
  @inlinable
  public static var all: Axes { Axes(named: nil) }
}

extension Axes: AxesConvertible {
  /// Itself.
  @inlinable
  public func asAxes() -> Axes { self }
}
extension Int: AxesConvertible {
  /// One axis.
  @inlinable
  public func asAxes() -> Axes { Axes(self) }
}
extension Array: AxesConvertible where Element == Int {
  /// Several axes.
  @inlinable
  public func asAxes() -> Axes { Axes(self) }
}
