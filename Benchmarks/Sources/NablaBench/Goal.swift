import NablaMeasurement

/// What Nabla's time of a work must not exceed.
public enum Goal: Hashable, Sendable {
  /// So many microseconds.
  case time(Double)
  /// So large a share of the time of the fastest of some peers.
  case share(Double, of: [Contender])

  /// A share of one peer's time.
  static func share(_ share: Double, of peer: Contender) -> Goal { .share(share, of: [peer]) }

  /// A share of the rate of the fastest peer: work over time, so the bound on the time is the inverse.
  static func rate(_ share: Double) -> Goal { .share(1 / share, of: Contender.peers) }

  /// The goal in words: `≤ 0.80 × NumPy`.
  public var description: String {
    switch self {
    case .time(let microseconds): "≤ " + Format.time(microseconds: microseconds)
    case .share(let share, let peers):
      "≤ \(Format.fixed(share, 2)) × "
        + (peers == Contender.peers ? "any peer" : peers.map(\.title).joined(separator: " or "))
    }
  }

  /// How far a time is from the goal, beside the peers' times.
  func outcome(_ median: Double, beside peers: [Contender: Double]) -> Outcome {
    switch self {
    case .time(let microseconds):
      return Outcome(seen: Format.time(microseconds: median), verdict: median <= microseconds ? .reached : .missed)
    case .share(let share, let named):
      let present = named.compactMap { peers[$0] }
      guard let best = present.min() else { return Outcome(seen: "-", verdict: .open) }
      let ratio = median / best
      // A peer that is absent could only be faster than the best of those that are here: a miss stays a miss.
      let reached: Outcome.Verdict = present.count == named.count ? .reached : .open
      return Outcome(seen: Format.fixed(ratio, 2), verdict: ratio <= share ? reached : .missed)
    }
  }

  /// What became of a goal.
  struct Outcome {
    /// What a reader sees.
    enum Verdict {
      case reached, missed
      /// Peers that the goal names were not measured.
      case open
    }

    /// The time or the ratio.
    let seen: String
    let verdict: Verdict

    /// The cell of a table.
    var cell: String {
      switch verdict {
      case .reached: seen
      case .missed: seen + " missed"
      case .open: seen == "-" ? seen : seen + " ?"
      }
    }
  }
}
