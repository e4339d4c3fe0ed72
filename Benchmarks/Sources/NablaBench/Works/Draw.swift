import Nabla

/// The stream that all data comes from: NumPy's PCG64, so that the peers work on the same numbers.
struct Draw {
  private var generator = RandomGenerator(seed: 1)

  /// Numbers evenly from `low` to `high`.
  mutating func uniform(_ shape: Shape, _ low: Float = -1, _ high: Float = 1) -> Tensor<Float> {
    .random(.uniform(low, high), shape: shape, using: &generator)
  }

  /// The same in Double.
  mutating func doubles(_ shape: Shape, _ low: Double, _ high: Double) -> Tensor<Double> {
    .random(.uniform(low, high), shape: shape, using: &generator)
  }

  /// Weights for a layer, by Glorot and Bengio's rule.
  mutating func weights(_ inputs: Int, _ outputs: Int) -> Tensor<Float> {
    let bound = (6 / Float(inputs + outputs)).squareRoot()
    return uniform([inputs, outputs], -bound, bound)
  }

  /// Rows that are 1 at the class of a sample and 0 elsewhere.
  mutating func oneHot(_ samples: Int, classes: Int) -> Tensor<Float> {
    let labels = uniform([samples], 0, Float(classes)).scalars.map { Int($0) }
    return Tensor(shape: [samples, classes]) { scalars in
      scalars.initialize(repeating: 0)
      for (row, label) in labels.enumerated() { scalars[row * classes + label] = 1 }
    }
  }

  /// What an input says.
  mutating func tensor<S>(_ input: Input) -> Tensor<S> {
    precondition(S.dtype == input.dtype, "an input is \(input.dtype), and the work takes \(S.dtype)")
    switch input.content {
    case .range(let low, let high):
      if input.dtype == .float32 { return Tensor(uniform(input.shape, Float(low), Float(high)).erased) }
      return Tensor(doubles(input.shape, low, high).erased)
    case .integers(let low, let high):
      let numbers = floor(doubles(input.shape, 0, 1) * (high - low)) + low
      return Tensor(castingFrom: numbers)
    case .positiveDefinite:
      let sides = doubles(input.shape, -1, 1)
      let last = input.shape.count
      let order = Array(0..<last - 2) + [last - 1, last - 2]
      let square = matmul(sides, sides.transposed(permutation: order)) / Double(input.shape[last - 1])
      return Tensor(castingFrom: square + Tensor<Double>(identity: input.shape[last - 1]))
    }
  }
}

/// The shape and the content of an operand, as works write it: `f32[1000,10]`, `f64[16] 0.5..2`, `i64[1000] 0..<10`,
/// `bool[1000]`, `f64[500,500] spd`. Several are parted by semicolons. `peers/works.py` reads the same.
struct Input {
  /// What elements are drawn.
  enum Content {
    /// Evenly in a range; from -1 to 2 where none is named, so that functions see both signs and a sum does not cancel.
    case range(Double, Double)
    /// Whole numbers from the first up to but not including the second.
    case integers(Double, Double)
    /// Matrices A·Aᵀ / n + 1, with A from -1 to 1: symmetric, positive definite and well-conditioned.
    case positiveDefinite
  }

  let dtype: DType
  let shape: Shape
  let content: Content

  /// The inputs that a text names.
  static func all(_ text: String) -> [Input] { text.split(separator: ";").map { Input(String($0)) } }

  private init(_ text: String) {
    let words = text.split(separator: " ")
    let head = words[0].split(separator: "[", omittingEmptySubsequences: false)
    shape = Shape(head[1].dropLast().split(separator: ",").map { Int($0)! })
    let dtypes: [Substring: DType] = [
      "f32": .float32, "f64": .float64, "i32": .int32, "i64": .int64, "bool": .bool,
    ]
    dtype = dtypes[head[0]]!
    guard words.count > 1 else {
      content = dtype == .bool ? .integers(0, 2) : .range(-1, 2)
      return
    }
    if words[1] == "spd" {
      content = .positiveDefinite
    } else {
      let isWhole = words[1].contains("<")
      let ends = words[1].filter { $0 != "<" }.split(separator: "..").map { Double($0)! }
      content = isWhole ? .integers(ends[0], ends[1]) : .range(ends[0], ends[1])
    }
  }
}
