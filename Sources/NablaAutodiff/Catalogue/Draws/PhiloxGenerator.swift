import NablaTensor

/// A source of random numbers that are drawn by element, inside compiled functions as well: each run draws anew, and eager code,
/// plans and any number of threads give the same numbers.
///
/// ```swift
/// let generator = PhiloxGenerator(seed: 7)
/// let noise = Tensor<Float>.random(.normal, shape: [2, 3], using: generator)
/// let step = compiled { (x: Tensor<Float>) in dropout(x, rate: 0.5, using: generator) }   // another mask at each call
/// ```
/// The numbers are those of Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011)
/// with the seed as key, as `numpy.random.Philox(key=seed)` gives them. A generator is a handle: copies share its state, which
/// any task may draw from. ``RandomGenerator`` is the sequential stream of NumPy's default generator instead.
public final class PhiloxGenerator: Sendable {
  /// The key and the number of blocks of four words that were used.
  private let state: AnyVariable

  /// A generator whose numbers a seed determines.
  public init(seed: UInt64) {
    let start = Tensor<Int64>([Int64(bitPattern: seed), 0])
    state = AnyVariable(start.erased, name: "random state", isTrainable: false)
  }

  /// The generator that draws where none is named, until ``seed(_:)`` begun at 0.
  public static let shared = PhiloxGenerator(seed: 0)

  /// Begins anew, as a generator with this seed.
  ///
  /// Errors: inside a compiled function.
  public func seed(_ seed: UInt64) {
    if Tracer.innermost != nil { return fail("seed", "a function is being compiled: its runs would not begin anew") }
    state.assign(Tensor<Int64>([Int64(bitPattern: seed), 0]).erased)
  }

  /// The seed and the number of blocks of four words that were used since.
  public var position: (seed: UInt64, blocks: UInt64) {
    let numbers = Tensor<Int64>(unchecked: state.current).scalars
    return (UInt64(bitPattern: numbers[0]), UInt64(bitPattern: numbers[1]))
  }

  /// The result of a draw. The state moves on: now, or at each run of the plan that is being compiled.
  func draw(_ draw: Draw) -> AnyTensor {
    if ErrorScope.hasFailed { return .failed(draw.type.dtype, draw.type.shape) }
    return draw(Tracer.innermost.map { state(in: $0, for: draw) } ?? nextState(for: draw))
  }

  /// The state for a draw; the generator's own moves on.
  private func nextState(for draw: Draw) -> AnyTensor {
    var now: AnyTensor?
    state.withContent { value in
      now = value
      value = Context.with(nil) { value + used(by: draw) }
    }
    return now!
  }
  private func used(by draw: Draw) -> AnyTensor { Tensor<Int64>([0, Int64(bitPattern: draw.blocks)]).erased }
}

extension PhiloxGenerator {
  fileprivate func state(in tracer: Tracer, for draw: Draw) -> AnyTensor {
    // A function that is mapped draws for all elements of the batch at once.
    if let batch = tracer as? BatchTracer {
      let draw = draw.onBatch(batch.batchSize)
      return batch.outside { Tracer.innermost.map { state(in: $0, for: draw) } ?? nextState(for: draw) }
    }
    let now = tracer.read(state)
    tracer.assign(state, now + used(by: draw))
    return now
  }
}

// MARK: - Draws

extension Tensor where Scalar: FloatingPointScalar {
  /// Independent draws by element. Float has 24 random bits in a uniform number, Double 53; normal numbers are made by pairs
  /// (Box and Muller, 1958).
  ///
  /// Errors: a standard deviation that is negative, bounds that are not finite.
  public static func random(
    _ distribution: Distribution, shape: Shape, using generator: PhiloxGenerator = .shared
  ) -> Tensor {
    let kind: Draw.Distribution
    switch distribution {
    case .uniform(let low, let high): kind = .uniform(low: Double(low), high: Double(high))
    case .normal(let mean, let deviation):
      kind = .normal(mean: Double(mean), standardDeviation: Double(deviation))
      guard deviation >= 0 else {
        fail("random", "a standard deviation of \(deviation)")
        return Tensor(unchecked: .failed(dtype, shape))
      }
    }
    return Tensor(unchecked: generator.draw(Draw(distribution: kind, type: TensorType(dtype, shape))))
  }

  private static var dtype: DType { Scalar.dtype }
}

extension Tensor where Scalar == Bool {
  /// Independent draws that are true with a probability.
  ///
  /// Errors: a probability outside of 0 ... 1.
  public static func random(
    bernoulli probability: Double, shape: Shape, using generator: PhiloxGenerator = .shared
  ) -> Tensor {
    guard probability >= 0 && probability <= 1 else {
      fail("random(bernoulli:)", "a probability of \(probability)")
      return Tensor(unchecked: .failed(.bool, shape))
    }
    let draw = Draw(distribution: .bernoulli(probability), type: TensorType(.bool, shape))
    return Tensor(unchecked: generator.draw(draw))
  }
}

extension Tensor where Scalar: NumericScalar & FixedWidthInteger {
  /// Independent draws of integers, each of the range equally likely.
  ///
  /// Errors: an empty range, one that passes Int64.
  public static func random(
    in range: Range<Scalar>, shape: Shape, using generator: PhiloxGenerator = .shared
  ) -> Tensor {
    guard !range.isEmpty, let low = Int(exactly: range.lowerBound), let high = Int(exactly: range.upperBound) else {
      fail("random(in:)", "range \(range) is empty or passes Int64")
      return Tensor(unchecked: .failed(Scalar.dtype, shape))
    }
    let draw = Draw(distribution: .integers(low: low, high: high), type: TensorType(Scalar.dtype, shape))
    return Tensor(unchecked: generator.draw(draw))
  }
}

/// x with each element set to 0 with probability `rate`, and the others divided by 1 - rate, so that sums keep their expectation
/// (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", 2014). The mask is drawn anew at each call, also by
/// each run of a compiled function; what is set to 0 receives no gradient.
///
/// Errors: a rate outside of 0 ..< 1.
public func dropout<T: TensorConvertible>(
  _ x: T, rate: Double, using generator: PhiloxGenerator = .shared
) -> Tensor<T.Scalar> where T.Scalar: FloatingPointScalar {
  let x = x.asTensor()
  guard rate >= 0 && rate < 1 else {
    fail("dropout", "a rate of \(rate), which is not in 0 ..< 1")
    return x
  }
  if rate == 0 { return x }
  let isKept = Tensor<Bool>.random(bernoulli: 1 - rate, shape: x.shape, using: generator).erased
  let zero = AnyTensor(0, dtype: x.erased.dtype)
  return Tensor(unchecked: Select().apply(Operands([isKept, x.erased * (1 / (1 - rate)), zero])))
}
