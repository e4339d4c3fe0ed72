#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Shows how a descent goes: on a terminal one line that is redrawn, else a line now and then, without escape
/// characters.
struct Progress {
  private let epochs: Int
  private let rows: Int
  private let tolerance: Double
  private let isTerminal: Bool
  private let print: (String) -> Void
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastDrawn: ContinuousClock.Instant?

  /// Progress of at most some epochs over some rows.
  init(
    epochs: Int, rows: Int, tolerance: Double, isTerminal: Bool = Console.isTerminal,
    print: @escaping (String) -> Void = { Console.write($0) }
  ) {
    (self.epochs, self.rows, self.tolerance) = (epochs, rows, tolerance)
    (self.isTerminal, self.print) = (isTerminal, print)
    start = clock.now
  }

  /// After a whole epoch. `share` is what is left of the first gradient, where that is what convergence goes by.
  mutating func epochDone(_ epoch: Int, loss: Double, share: Double?, isLast: Bool) {
    if isTerminal { return draw(Double(epoch), loss, share, always: isLast) }
    if isLast || isMilestone(epoch) { print(line(Double(epoch), loss, share) + "\n") }
  }

  /// After a mini-batch; `epoch` counts parts too.
  mutating func batchDone(_ epoch: Double, loss: Double) {
    if isTerminal { draw(epoch, loss, nil, always: false) }
  }

  /// Leaves the last drawing where it is.
  mutating func end() {
    if lastDrawn != nil { print("\n") }
    lastDrawn = nil
  }

  /// The first five epochs, then powers of two, and tenths of all: about ten to twenty lines, whether training ends
  /// early or late.
  private func isMilestone(_ epoch: Int) -> Bool {
    if epoch <= 5 { return true }
    if epochs >= 100 && epoch % (epochs / 10) == 0 { return true }
    return epoch & (epoch - 1) == 0 && epoch < max(epochs / 10, 64)
  }

  private mutating func draw(_ epoch: Double, _ loss: Double, _ share: Double?, always: Bool) {
    let now = clock.now
    if !always, let lastDrawn, now - lastDrawn < .milliseconds(100) { return }
    lastDrawn = now
    let left = epochsLeft(epoch, share)
    let width = 20
    let filled = Int((Double(width) * epoch / (epoch + left)).rounded(.down))
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
    // Back to the first column, the line, and whatever a longer line left behind it erased.
    print("\r[\(bar)] \(line(epoch, loss, share))\u{1B}[K")
  }

  private func line(_ epoch: Double, _ loss: Double, _ share: Double?) -> String {
    let seconds = (clock.now - start).seconds
    let rate = Format.rate(epoch * Double(rows) / max(seconds, 1e-9))
    let left = Format.clock(epochsLeft(epoch, share) * seconds / epoch)
    let count = epoch == epoch.rounded() ? "\(Int(epoch))" : Format.fixed(epoch, 1)
    return "epoch \(count)/\(epochs)  loss \(Format.short(loss, digits: 6))  \(rate)  \(left) left"
  }

  /// The epochs to come: until the last one, or sooner if the gradient keeps falling by the factor it fell by so far.
  private func epochsLeft(_ epoch: Double, _ share: Double?) -> Double {
    let most = max(0, Double(epochs) - epoch)
    guard let share, share < 1, share > 0, tolerance > 0, epoch > 1 else { return share == 0 ? 0 : most }
    let fall = log2(share) / (epoch - 1)
    return min(most, max(0, (log2(tolerance) - log2(share)) / fall))
  }
}
