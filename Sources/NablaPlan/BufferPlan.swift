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

  /// Takes the smallest free buffer that is large enough and not much too large, in the order of birth.
  init(_ values: [Value]) {
    var taken: [(buffer: Int, death: Int)] = []
    var free: [Int] = []
    for value in values.sorted(by: { ($0.birth, $0.node) < ($1.birth, $1.node) }) {
      free += taken.filter { $0.death < value.birth }.map(\.buffer)
      taken.removeAll { $0.death < value.birth }
      let suitable = free.filter { (value.byteCount...2 * value.byteCount).contains(byteCounts[$0]) }
      let buffer: Int
      if let best = suitable.min(by: { (byteCounts[$0], $0) < (byteCounts[$1], $1) }) {
        free.removeAll { $0 == best }
        buffer = best
      } else {
        buffer = byteCounts.count
        byteCounts.append(value.byteCount)
      }
      buffers[value.node] = buffer
      taken.append((buffer, value.death))
    }
  }
}
