import Foundation
import Nabla
import TestSupport
import Testing

/// Against what NumPy prints; see Resources/make_reference.py.
@Suite struct DescriptionTests {
  struct Printed: Decodable {
    var dtype: String
    var shape: [Int]
    var scalars: [Value]
    var text: String

    /// A number, or true or false. Both forms are kept: Double has no words for integers past 2⁵³, Int64 none for -0.
    struct Value: Decodable {
      var double: Double
      var integer: Int64
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
          (double, integer) = (flag ? 1 : 0, flag ? 1 : 0)
        } else {
          double = try container.decode(Double.self)
          integer = (try? container.decode(Int64.self)) ?? 0
        }
      }
    }

    var described: String {
      let shape = Shape(self.shape)
      switch dtype {
      case "float32": return "\(Tensor<Float>(shape: shape, scalars: scalars.map { Float($0.double) }))"
      case "float64": return "\(Tensor<Double>(shape: shape, scalars: scalars.map(\.double)))"
      case "int32": return "\(Tensor<Int32>(shape: shape, scalars: scalars.map { Int32($0.integer) }))"
      case "int64": return "\(Tensor<Int64>(shape: shape, scalars: scalars.map(\.integer)))"
      case "uint8": return "\(Tensor<UInt8>(shape: shape, scalars: scalars.map { UInt8($0.integer) }))"
      default: return "\(Tensor<Bool>(shape: shape, scalars: scalars.map { $0.double != 0 }))"
      }
    }
  }

  @Test func printsAsNumPy() throws {
    let cases = try Reference.load("printed", from: .module, as: [Printed].self)
    #expect(cases.count > 150)
    for (index, printed) in cases.enumerated() where printed.described != printed.text {
      Issue.record(
        """
        case \(index), \(printed.dtype) of shape \(printed.shape): expected
        \(printed.text)
        seen
        \(printed.described)
        """)
    }
  }

  @Test func viewsPrintAsTheirElements() {
    let t = Tensor<Float>([[1, 2, 3], [4, 5, 6]])
    #expect("\(t.transposed())" == "[[1. 4.]\n [2. 5.]\n [3. 6.]]")
    #expect("\(t[.all, .range(step: -2)])" == "[[3. 1.]\n [6. 4.]]")
    #expect("\(Tensor<Int32>(repeating: 7, shape: [2, 2]))" == "[[7 7]\n [7 7]]")
  }
}
