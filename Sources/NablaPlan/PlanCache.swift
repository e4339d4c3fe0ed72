import NablaAutodiff
import NablaTensor

/// How many plans a compiled function keeps.
public struct PlanLimit: Hashable, Sendable {
  /// The most plans; at least one is kept.
  public var count: Int
  /// The most bytes of memory that belongs to plans, as far as they are more than one.
  public var byteCount: Int

  /// A limit; 64 plans and 1 GiB unless set.
  public init(count: Int = 64, byteCount: Int = 1 << 30) { (self.count, self.byteCount) = (count, byteCount) }
}

/// The plans of a compiled function, and the tensors of the call that is being made.
@usableFromInline
final class PlanCache {
  // By address: access to properties would be checked at each call.
  @usableFromInline let arguments = UnsafeMutablePointer<TensorList>.allocate(capacity: 1)
  @usableFromInline let results = UnsafeMutablePointer<TensorList>.allocate(capacity: 1)
  var options = PlanOptions()
  var limit = PlanLimit() { didSet { dropPlans() } }
  private var entries: [Signature: Entry] = [:]
  /// The entry that ran last, which `entries` keeps.
  @exclusivity(unchecked)  // a reference, read or written at once
  private var latestEntry: Unmanaged<Entry>?
  /// Counts the changes from one plan to another.
  private var clock = 0
  /// Numbers of plans that were dropped.
  private var freeNumbers: [Int] = []

  /// What a plan is made for: the tensors' types, and how they are grouped.
  private struct Signature: Hashable {
    let types: [TensorType]
    let layout: [Int]
    init(_ list: TensorList) {
      types = list.tensors.map { TensorType($0.dtype, $0.shape) }
      layout = list.layout
    }
  }

  /// A plan, and what it was made for.
  private final class Entry {
    let plan: Plan
    /// Sets it apart from the other plans that there are.
    let number: Int
    /// When it was last changed to.
    var lastUse = 0
    private let types: FixedArray<TensorType>
    private let layout: [Int]
    /// The arguments of the last run: the same values are of the same types.
    private let identities: FixedArray<UInt64>

    init(_ plan: Plan, _ number: Int, _ list: TensorList) {
      self.plan = plan
      self.number = number
      types = FixedArray(list.tensors.map { TensorType($0.dtype, $0.shape) })
      layout = list.layout
      identities = FixedArray(list.tensors.map(\.identity))
    }

    /// Whether the plan takes these arguments; `isSame` tells whether they are the values of the last run.
    @inline(__always)
    func matches(_ list: UnsafeMutablePointer<TensorList>, isSame: inout Bool) -> Bool {
      guard types.count == list.pointee.tensors.count, layout == list.pointee.layout else { return false }
      isSame = true
      for index in 0..<types.count where identities[index] != list.pointee.tensors[index].identity {
        let storage = list.pointee.tensors[index].storage
        if types[index].dtype != storage.dtype || types[index].shape != storage.shape || !storage.isArgument {
          return false
        }
        isSame = false
      }
      return true
    }

    /// Runs the plan, if it takes these arguments.
    @inline(__always)
    func run(
      _ arguments: UnsafeMutablePointer<TensorList>, _ results: UnsafeMutablePointer<TensorList>
    ) -> Bool {
      var isSame = false
      guard matches(arguments, isSame: &isSame) else { return false }
      if !isSame {
        for index in 0..<types.count { identities[index] = arguments.pointee.tensors[index].identity }
      }
      failure = plan.run(arguments, results, sameArguments: isSame)
      return true
    }

    /// What a kernel threw in the last run.
    @exclusivity(unchecked)  // read and written by the one call that runs
    var failure: (any Error)?
  }

  @usableFromInline
  init(_ subnormals: Subnormals, throwsErrors: Bool) {
    options.subnormals = subnormals
    options.throwsErrors = throwsErrors
    arguments.initialize(to: TensorList())
    results.initialize(to: TensorList())
  }
  deinit {
    for list in [arguments, results] {
      list.deinitialize(count: 1)
      list.deallocate()
    }
  }

  /// Inside another compiled function, or a tape, the body runs as if it were written there. After an error in
  /// `throwingErrors` it computes nothing either way.
  @usableFromInline
  static var runsBody: Bool { Context.isActive && (Context.seesOperations || ErrorScope.hasFailed) }

  /// Runs the plan that ran last, if the arguments are of its types, and returns its number.
  @usableFromInline
  func runLatest() -> Int? {
    guard let latestEntry else { return nil }
    return latestEntry._withUnsafeGuaranteedRef { $0.run(arguments, results) ? $0.number : nil }
  }

  /// Runs the plan for the arguments, if there is one, and returns its number.
  @usableFromInline
  func runKnown() -> Int? {
    guard let entry = entries[Signature(arguments.pointee)] else { return nil }
    makeLatest(entry)
    return runLatest()
  }

  private func makeLatest(_ entry: Entry) {
    clock += 1
    entry.lastUse = clock
    latestEntry = Unmanaged.passUnretained(entry)
  }

  /// Adds a plan for the arguments, runs it, and returns its number.
  @usableFromInline
  func runNew(_ plan: Plan) -> Int {
    let number = freeNumbers.popLast() ?? entries.count
    let entry = Entry(plan, number, arguments.pointee)
    entries[Signature(arguments.pointee)] = entry
    makeLatest(entry)
    entry.failure = plan.run(arguments, results)
    dropPlans()
    return number
  }

  /// Lets the least recently used plans go, down to the limit; the one that ran last stays.
  private func dropPlans() {
    var bytes = entries.values.reduce(0) { $0 + $1.plan.byteCount }
    while entries.count > max(1, limit.count) || bytes > limit.byteCount && entries.count > 1 {
      let oldest = entries.min { $0.value.lastUse < $1.value.lastUse }!
      bytes -= oldest.value.plan.byteCount
      freeNumbers.append(oldest.value.number)
      entries[oldest.key] = nil
    }
  }

  /// Whether a kernel threw in the run that was made, because of the numbers.
  @usableFromInline
  var hasFailure: Bool { latestEntry?._withUnsafeGuaranteedRef { $0.failure != nil } ?? false }
  @usableFromInline
  func takeFailure() -> (any Error)? { latestEntry?._withUnsafeGuaranteedRef { $0.failure.take() } }

  /// Whether all arguments have elements; if not, after the error.
  @usableFromInline
  var isReadable: Bool {
    for (position, argument) in arguments.pointee.tensors.enumerated() where !argument.storage.isArgument {
      let reason = argument.isFailed ? "the result of an operation that failed" : "a value of another compiled function"
      fail("compiled", "argument \(position) is \(reason)")
      return false
    }
    return true
  }

  @usableFromInline
  func tracer() -> FunctionTracer { FunctionTracer() }

  /// Symbols in the place of the arguments.
  @usableFromInline
  func symbols(_ tracer: FunctionTracer) -> TensorList {
    var symbols = TensorList()
    for (position, argument) in arguments.pointee.tensors.enumerated() {
      symbols.append(tracer.argument(position, TensorType(argument.dtype, argument.shape)))
    }
    return symbols
  }

  /// The plan of what was traced; nil after an error inside `throwingErrors`.
  @usableFromInline
  func plan(_ tracer: FunctionTracer, _ results: TensorList) -> Plan? {
    let graph = tracer.finish(results.tensors)
    return ErrorScope.hasFailed ? nil : Plan(graph, options)
  }

  var description: String {
    guard let latestEntry else { return "no plan yet: the function has not been called" }
    let plan = latestEntry._withUnsafeGuaranteedRef { $0.plan.description }
    return entries.count == 1 ? plan : plan + "\nplans: \(entries.count), of at most \(limit.count)"
  }
}

extension Storage {
  /// Whether a plan can run on it: there are elements, or rows that a source gives.
  @inline(__always)
  fileprivate var isArgument: Bool { kind == .memory || kind == .rows }
}
