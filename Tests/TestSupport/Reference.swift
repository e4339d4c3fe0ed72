import Foundation
import Nabla

/// Reference data that a script in a test target's Resources made.
public enum Reference {
  /// The decoded contents of `Resources/<name>.json` in a bundle.
  public static func load<Value: Decodable>(_ name: String, from bundle: Bundle, as type: Value.Type) throws -> Value {
    guard let url = bundle.url(forResource: name, withExtension: "json", subdirectory: "Resources") else {
      throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: name])
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: Data(contentsOf: url))
  }
}

/// A tensor in a reference file: its shape and its elements in row-major order.
public struct ReferenceTensor: Decodable, Sendable {
  /// The sizes along the axes.
  public var shape: [Int]
  /// The elements.
  public var scalars: [Double]
  /// As a tensor.
  public var tensor: Tensor<Double> { Tensor(shape: Shape(shape), scalars: scalars) }
}
