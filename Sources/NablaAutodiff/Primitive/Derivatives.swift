import NablaTensor

/// A tensor, or none, for each operand or result: their tangents, or the cotangents that arrive at results. None stands for
/// zeros, and nothing is computed with it.
public struct Derivatives: Sendable {
  /// That of the first operand or result.
  public private(set) var first: AnyTensor?
  private var second: AnyTensor?
  private var rest: [AnyTensor?]

  /// That of one operand or result; the others have none.
  @inline(__always)
  public init(_ first: consuming AnyTensor?) { (self.first, second, rest) = (first, nil, []) }
  /// Those of a list.
  public init(_ all: [AnyTensor?]) {
    first = all.first ?? nil
    second = all.count > 1 ? all[1] : nil
    rest = Array(all.dropFirst(2))
  }

  /// That of an operand or result.
  public subscript(index: Int) -> AnyTensor? {
    index == 0 ? first : index == 1 ? second : index - 2 < rest.count ? rest[index - 2] : nil
  }

  /// Whether none is there.
  var areAbsent: Bool { first == nil && second == nil && rest.allSatisfy { $0 == nil } }
}

/// What a pullback gives to the operands; only what some source needs is computed.
public struct Cotangents {
  // The first two operands, which are nearly all, take no array.
  let wantsFirst: Bool
  let wantsSecond: Bool
  private(set) var first: AnyTensor?
  private(set) var second: AnyTensor?
  /// What few operations have, as one reference: each is released with every operation.
  private var more: More?
  private final class More {
    var rest: [(isWanted: Bool, value: AnyTensor?)]?
    var slice: Slice?
  }
  /// The third operand and those after it, where there are any.
  var rest: [(isWanted: Bool, value: AnyTensor?)]? { more?.rest }
  /// Where the cotangent of the first operand is `first`; elsewhere it is 0. Nil: `first` is all of it.
  var slice: Slice? { more?.slice }

  /// What the first operand was given, handed over.
  @inline(__always)
  mutating func takeFirst() -> AnyTensor? { first.take() }
  /// What the second operand was given, handed over.
  @inline(__always)
  mutating func takeSecond() -> AnyTensor? { second.take() }

  @inline(__always)
  init(first: Bool, second: Bool, rest: [(isWanted: Bool, value: AnyTensor?)]?) {
    (wantsFirst, wantsSecond) = (first, second)
    if let rest {
      more = More()
      more!.rest = rest
    }
  }

  /// Whether what an operand receives is needed.
  public func wants(_ operand: Int) -> Bool {
    operand == 0 ? wantsFirst : operand == 1 ? wantsSecond : more!.rest![operand - 2].isWanted
  }

  /// Gives `value` to an operand, if that is wanted; `value` has the operand's shape. Once for each operand.
  public mutating func give(_ operand: Int, _ value: @autoclosure () -> AnyTensor) {
    guard wants(operand) else { return }
    switch operand {
    case 0: first = value()
    case 1: second = value()
    default: giveRest(operand - 2, value())
    }
  }
  /// Gives an operand of a shape `value` in a slice of it, and zeros elsewhere.
  ///
  /// The first operand's is kept as that where no context follows operations: it is added where it belongs, and a loop over
  /// the elements of a vector does not add zeros of all its length each time.
  mutating func give(_ operand: Int, _ value: @autoclosure () -> AnyTensor, at slice: Slice, of shape: Shape) {
    guard wants(operand) else { return }
    if operand == 0 && !Context.isActive {
      first = value()
      if more == nil { more = More() }
      more!.slice = slice
    } else {
      give(operand, Unslice(slice: slice, shape: shape)(value()))
    }
  }
  // A call of its own: inlined into a loop over two operands, the array is made ready to be written before it begins.
  @inline(never)
  private mutating func giveRest(_ index: Int, _ value: AnyTensor) { more!.rest![index].value = value }
}
