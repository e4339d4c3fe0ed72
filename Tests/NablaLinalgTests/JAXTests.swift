import Foundation
import Nabla
import TestSupport
import Testing

/// Values, gradients and second derivatives against JAX's.
@Suite struct JAXTests {
  struct Case: Decodable {
    var name: String
    var x, first, second: [ReferenceTensor]
    var y: ReferenceTensor
  }
  typealias T = Tensor<Double>

  private func function(_ name: String) -> ([T]) -> T {
    switch name {
    case "cholesky": { try! Linalg.cholesky($0[0]) }
    case "triangularSolve": { try! Linalg.triangularSolve($0[0], $0[1], transposed: true) }
    case "q": { try! Linalg.qr($0[0]).q }
    case "r": { try! Linalg.qr($0[0]).r }
    case "solve": { try! Linalg.solve($0[0], $0[1]) }
    case "inverse": { try! Linalg.inverse($0[0]) }
    case "leastSquares": { try! Linalg.leastSquares($0[0], $0[1]) }
    default: { _ in preconditionFailure("no operation is called \(name)") }
    }
  }

  @Test func derivatives() throws {
    let cases = try Reference.load("factorizations", from: .module, as: [Case].self)
    #expect(cases.count == 9)
    for c in cases {
      let f = function(c.name)
      let x = c.x.map(\.tensor)
      let first = { (x: [T]) in gradient(at: x) { sin(f($0)).sum() } }
      let second = gradient(at: x) { x -> T in
        let squares = first(x).map { square($0).sum() }
        return squares.dropFirst().reduce(squares[0]) { $0 + $1 }
      }
      expectClose(f(x), c.y.tensor, .absolute(1e-14), c.name)
      for (seen, expected) in zip(first(x), c.first) { expectClose(seen, expected.tensor, .absolute(1e-12), c.name) }
      for (seen, expected) in zip(second, c.second) {
        let size = abs(expected.tensor).max().scalar
        expectClose(seen, expected.tensor, .absolute(1e-12 * max(1, size)), "second, \(c.name)")
      }
    }
  }
}
