import Nabla
import Testing
import TestSupport

@Suite struct ErrorTests {
  @Test func location() throws {
    let clock = ContinuousClock()
    for _ in 0..<3 {
      print(
        clock.measure { expectMistake("+", "[2]", "[3]") { _ = Tensor<Float>([1, 2]) + Tensor<Float>([1, 2, 3]) } })
    }
  }
  @Test func trap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>([1, 2]) + Tensor<Float>([1, 2, 3])
    }
    expectOneLine(result, "+", "[2]", "[3]", "ErrorTests.swift:16")
  }
}
