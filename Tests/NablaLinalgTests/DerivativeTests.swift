import Nabla
import Testing

@Suite struct DerivativeTests {
  @Test func aGradientThroughLeastSquaresIsAnErrorThatNamesIt() throws {
    let a: Tensor<Double> = [[1, 2], [3, 4], [5, 7]]
    let b: Tensor<Double> = [1, 2, 4]
    let error = try #require(throws: NablaError.self) {
      try throwingErrors { gradient(at: a) { (try? Linalg.leastSquares($0, b)) ?? b } }
    }
    #expect(error.operation == "leastSquares")
    #expect(error.message.contains("no derivative"))
  }
}
