import Testing

@testable import NablaCommand

@Suite struct ProgressTests {
  /// What a progress printed.
  private final class Paper {
    var text = ""
  }

  private func lines(epochs: Int, until last: Int) -> Int {
    let paper = Paper()
    var progress = Progress(epochs: epochs, rows: 10, tolerance: 1e-5, isTerminal: false) { paper.text += $0 }
    for epoch in 1...last { progress.epochDone(epoch, loss: 1, share: 0.5, isLast: epoch == last) }
    progress.end()
    return paper.text.split(separator: "\n").count
  }

  @Test func pipedLinesStayFew() {
    #expect(lines(epochs: 1000, until: 5) == 5)
    #expect((5...20).contains(lines(epochs: 50, until: 50)))
    #expect((10...20).contains(lines(epochs: 1000, until: 1000)))
    #expect((10...30).contains(lines(epochs: 1_000_000, until: 1_000_000)))
  }

  @Test func aTerminalSeesOneLineRedrawn() {
    let paper = Paper()
    var progress = Progress(epochs: 4, rows: 10, tolerance: 1e-5, isTerminal: true) { paper.text += $0 }
    for epoch in 1...4 { progress.epochDone(epoch, loss: 0.25, share: nil, isLast: epoch == 4) }
    progress.end()
    #expect(paper.text.hasPrefix("\r[#####---------------] epoch 1/4  loss 0.25  "))
    #expect(paper.text.contains("\r[####################] epoch 4/4  loss 0.25  "))
    #expect(paper.text.hasSuffix("0:00 left\u{1B}[K\n"))
    #expect(paper.text.filter { $0 == "\n" }.count == 1)
  }

  @Test func numbersAsTheyAreShown() {
    #expect(Format.count(1_000_000) == "1,000,000" && Format.count(12) == "12" && Format.count(123) == "123")
    #expect(Format.bytes(260_000_000) == "260 MB" && Format.bytes(12) == "12 bytes")
    #expect(Format.clock(0) == "0:00" && Format.clock(61.5) == "1:02" && Format.clock(3661) == "1:01:01")
    #expect(Format.clock(.infinity) == "long")
    #expect(Format.rate(69.2e6) == "69.2 M rows/s" && Format.rate(1500) == "1.5 k rows/s")
  }
}
