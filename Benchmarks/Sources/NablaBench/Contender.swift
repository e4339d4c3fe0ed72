import NablaMeasurement

/// A library in one of its modes: a column of the table.
public struct Contender: Hashable, Sendable {
  /// The library.
  public let library: String
  /// How it runs a work.
  public let mode: Results.Mode

  /// A library in a mode.
  public init(_ library: String, _ mode: Results.Mode) {
    self.library = library
    self.mode = mode
  }

  /// The heading: compiled functions go by the name that each library gives them.
  public var title: String {
    switch (library, mode) {
    case (_, .eager): library
    case ("JAX", .compiled): "JAX jit"
    case ("TensorFlow", .compiled): "tf.function"
    case (_, .compiled): library + " compiled"
    }
  }

  /// Whether it is Nabla, which the others are compared with.
  public var isOurs: Bool { library == Self.ours }

  /// The library that the others are compared with.
  public static let ours = "Nabla"

  static let numPy = Contender("NumPy", .eager)
  static let pyTorch = Contender("PyTorch", .eager)
  static let jax = Contender("JAX", .eager)
  static let jaxJit = Contender("JAX", .compiled)
  static let tensorFlow = Contender("TensorFlow", .eager)
  static let tfFunction = Contender("TensorFlow", .compiled)

  /// All that the peers' scripts measure.
  static let peers = [numPy, pyTorch, jax, jaxJit, tensorFlow, tfFunction]
}
