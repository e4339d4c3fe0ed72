/// Which values of a plan share memory: a buffer is given to the next value when its last reader is done.
struct BufferPlan {
  /// A value that needs memory, with the steps at which it is written and read for the last time.
  struct Value {
    let node: Int
    let byteCount: Int
    let birth: Int
    let death: Int
  }

  /// The buffer of each value, by node.
  private(set) var buffers: [Int: Int] = [:]
  /// The bytes of each buffer.
  private(set) var byteCounts: [Int] = []

  /// Takes the smallest free buffer that is large enough and not much too large, in the order of birth: n log n for n values.
  init(_ values: [Value]) {
    let values = values.sorted { ($0.birth, $0.node) < ($1.birth, $1.node) }
    let byDeath = values.sorted { $0.death < $1.death }
    var died = 0
    // All sizes are known beforehand: free buffers lie in a list for each, and a set tells which lists have any.
    let sizes = Set(values.map(\.byteCount)).sorted()
    let ranks = Dictionary(uniqueKeysWithValues: zip(sizes, 0...))
    var free = [[Int]](repeating: [], count: sizes.count)
    var available = IndexSet(capacity: sizes.count)
    buffers.reserveCapacity(values.count)
    for value in values {
      // What died before had been born before.
      while died < byDeath.count && byDeath[died].death < value.birth {
        let buffer = buffers[byDeath[died].node]!
        let rank = ranks[byteCounts[buffer]]!
        free[rank].append(buffer)
        available.insert(rank)
        died += 1
      }
      let buffer: Int
      if let rank = available.first(from: ranks[value.byteCount]!), sizes[rank] <= 2 * value.byteCount {
        buffer = free[rank].removeLast()
        if free[rank].isEmpty { available.remove(rank) }
      } else {
        buffer = byteCounts.count
        byteCounts.append(value.byteCount)
      }
      buffers[value.node] = buffer
    }
  }
}

/// A set of small numbers that finds the next one in logarithmic time: bits, above them a bit for each word of these that has
/// any, and so on.
private struct IndexSet {
  private var levels: [[UInt64]] = []

  init(capacity: Int) {
    var count = capacity
    repeat {
      count = (count + 63) / 64
      levels.append([UInt64](repeating: 0, count: count))
    } while count > 1
  }

  mutating func insert(_ index: Int) {
    var index = index
    for level in levels.indices {
      levels[level][index / 64] |= 1 << UInt64(index % 64)
      index /= 64
    }
  }

  mutating func remove(_ index: Int) {
    var index = index
    for level in levels.indices {
      levels[level][index / 64] &= ~(1 << UInt64(index % 64))
      if levels[level][index / 64] != 0 { return }
      index /= 64
    }
  }

  /// The smallest member that is at least `index`.
  func first(from index: Int) -> Int? {
    var start = index
    for level in levels.indices {
      if start / 64 >= levels[level].count { return nil }
      let bits = levels[level][start / 64] & (~0 << UInt64(start % 64))
      if bits != 0 { return descend(from: start / 64 * 64 + bits.trailingZeroBitCount, level) }
      start = start / 64 + 1  // the words above tell of the next ones
    }
    return nil
  }

  /// The first member below a bit of a level.
  private func descend(from bit: Int, _ level: Int) -> Int {
    var index = bit
    for level in (0..<level).reversed() { index = index * 64 + levels[level][index].trailingZeroBitCount }
    return index
  }
}
