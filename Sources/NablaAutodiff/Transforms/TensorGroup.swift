import NablaTensor

/// Tensors in the order in which a compiled or mapped function takes or returns them.
public struct TensorList {
  @usableFromInline package var tensors: [AnyTensor] = []
  /// What sets lists with the same tensors apart: the counts of arrays, whether optional values are there.
  @usableFromInline package var layout: [Int] = []
  @usableFromInline var position = 0

  /// An empty list.
  @inlinable package init() {}

  /// Adds a tensor.
  @inlinable
  public mutating func append(_ tensor: AnyTensor) { tensors.append(tensor) }
  /// Adds a number on which the form of a group depends.
  @inlinable
  public mutating func append(layout number: Int) { layout.append(number) }

  /// Takes the next tensor.
  @inlinable
  public mutating func next() -> AnyTensor {
    position += 1
    return tensors[position - 1]
  }

  /// Forgets all, and keeps the memory of the list.
  @usableFromInline
  package mutating func clear() {
    // One by one: removing several is a general replacement, which takes several times as long.
    while !tensors.isEmpty { tensors.removeLast() }
    while !layout.isEmpty { layout.removeLast() }
    position = 0
  }
}

/// What a compiled function (``compiled(subnormals:_:)``) or a mapped one (``vmap(over:of:)``) takes and returns: a tensor, a
/// list of such, or a value that may be absent.
public protocol TensorGroup {
  /// Adds the tensors in order, and whatever the form of the group depends on.
  func append(to list: inout TensorList)
  /// A group of the same form, of tensors that are taken from a list.
  func replacingTensors(from list: inout TensorList) -> Self
}

extension Tensor: TensorGroup {
  /// Adds itself.
  @inlinable
  public func append(to list: inout TensorList) { list.append(erased) }
  /// The next tensor of the list, which is of this type: the list was made from such a group.
  @inlinable
  public func replacingTensors(from list: inout TensorList) -> Tensor { Tensor(unchecked: list.next()) }
}

extension Array: TensorGroup where Element: TensorGroup {
  /// Adds the elements and how many there are.
  @inlinable
  public func append(to list: inout TensorList) {
    list.append(layout: count)
    for element in self { element.append(to: &list) }
  }
  /// As many elements.
  @inlinable
  public func replacingTensors(from list: inout TensorList) -> [Element] {
    map { $0.replacingTensors(from: &list) }
  }
}

extension Optional: TensorGroup where Wrapped: TensorGroup {
  /// Adds the value, and whether there is one.
  @inlinable
  public func append(to list: inout TensorList) {
    list.append(layout: self == nil ? 0 : 1)
    self?.append(to: &list)
  }
  /// A value where there was one.
  @inlinable
  public func replacingTensors(from list: inout TensorList) -> Wrapped? {
    map { $0.replacingTensors(from: &list) }
  }
}
