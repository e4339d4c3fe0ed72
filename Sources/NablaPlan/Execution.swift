import CKernels
import NablaAutodiff
import NablaTensor

/// What a plan does at each run: where operands are found, in what order calls are made, what variables receive.
///
/// A small step takes less than a microsecond, and most of that could be spent on counting references. So what a run
/// walks over lies in memory of its own, and references in it are borrowed; `owners` keeps what they refer to.
final class Execution {
  private let program: Program
  /// Whether a call might find a mistake that only the data shows.
  private let canFail: Bool
  /// Whether a kernel might throw because of the numbers, and whether the caller then goes on: no variable changes before it
  /// is known that none did.
  private let canThrow: Bool
  private let throwsErrors: Bool
  private let addresses: Program.Addresses
  private let steps: FixedArray<Step>
  private let arguments: FixedArray<Argument>
  private let variables: FixedArray<Reading>
  private let numbers: FixedArray<Unmanaged<Number>>
  private let outputs: FixedArray<Output>
  private let updates: FixedArray<Update>
  private let exchanges: FixedArray<Int>
  private let copies: FixedArray<Int>
  private let replacements: FixedArray<Replacement>
  private let subnormals: Subnormals
  private let afterRun: FixedArray<Unmanaged<Action>>
  private let owners: [AnyObject]
  /// For each update, memory for the next value, which the variable takes at the end of a run.
  private let spares: FixedArray<Storage?>
  // One call runs at a time, and nothing that it calls comes back here: no access to these meets another.
  /// What a kernel threw in this run.
  @exclusivity(unchecked)
  private var failure: (any Error)?
  /// What a run reads, kept alive until its end.
  @exclusivity(unchecked)
  private var held: [AnyTensor] = []
  @exclusivity(unchecked)
  private var hasHeld = false
  /// Whether all arguments are read in their own memory.
  @exclusivity(unchecked)
  private var argumentsStay = false
  /// The arguments whose rows a run asks from sources.
  @exclusivity(unchecked)
  private var readings: [Phase.Reading] = []

  enum Step {
    case calls(Range<Int>)
    case phase(Unmanaged<Phase>)
  }
  struct Argument {
    let position: Int
    let slot: Int32
    /// Whether some node needs all rows at once.
    let isNeededWhole: Bool
  }
  /// A variable whose value is read.
  struct Reading {
    let variable: Unmanaged<AnyVariable>
    let slot: Int32
  }
  // Closures are called from constants of objects: from a list each call would count a reference to what it captures.
  /// A number that is asked for at each run.
  final class Number {
    private let value: () -> Double
    private let target: AnyTensor
    init(_ value: @escaping () -> Double, into target: AnyTensor) { (self.value, self.target) = (value, target) }
    func update() { target.store(value()) }
  }
  /// Something to do after each run.
  final class Action {
    private let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    func run() { body() }
  }
  struct Output {
    let view: Unmanaged<Storage>
    let slot: Int32
    /// Whether the result is written to the memory that the caller receives; else it is copied.
    let isFresh: Bool
  }
  /// A new value of a variable.
  struct Update {
    let variable: Unmanaged<AnyVariable>
    let view: Unmanaged<Storage>
    let slot: Int32
    let kind: Kind

    enum Kind {
      /// The value is another one's as well, and is copied.
      case copied
      /// The value is written to memory of its own, which the variable takes.
      case exchanged
      /// The value may be written where the variable's old value is read; the variable is locked meanwhile.
      case inPlace
    }
  }
  /// An update in place: where it is among the updates, and where the old value is looked at.
  struct Replacement {
    let update: Int
    let variable: Unmanaged<AnyVariable>
    let slot: Int32
  }

  /// What there is to do, in lists.
  struct Parts {
    var steps: [Step] = []
    var arguments: [Argument] = []
    var variables: [Reading] = []
    var numbers: [Number] = []
    var outputs: [Output] = []
    var updates: [Update] = []
    var replacements: [Replacement] = []
    var owners: [AnyObject] = []
  }

  init(
    _ parts: Parts, _ program: Program, _ options: PlanOptions, canThrow: Bool, afterRun: [Graph.Action]
  ) {
    self.canThrow = canThrow
    throwsErrors = options.throwsErrors
    self.program = program
    subnormals = options.subnormals
    canFail = program.canFail
    addresses = program.addresses
    steps = FixedArray(parts.steps)
    arguments = FixedArray(parts.arguments)
    variables = FixedArray(parts.variables)
    let actions = afterRun.map { Action($0.body) }
    numbers = FixedArray(parts.numbers.map { Unmanaged.passUnretained($0) })
    self.afterRun = FixedArray(actions.map { Unmanaged.passUnretained($0) })
    outputs = FixedArray(parts.outputs)
    updates = FixedArray(parts.updates)
    exchanges = FixedArray(parts.updates.indices.filter { parts.updates[$0].kind == .exchanged })
    copies = FixedArray(parts.updates.indices.filter { parts.updates[$0].kind == .copied })
    // Variables are locked in one order, whatever the plan.
    replacements = FixedArray(parts.replacements.sorted { $0.variable.toOpaque() < $1.variable.toOpaque() })
    owners = parts.owners + parts.numbers + actions
    spares = FixedArray(parts.updates.map { _ in nil })
    held.reserveCapacity(parts.arguments.count + parts.variables.count)
  }

  /// Bytes that are kept for the next values of variables.
  var spareBytes: Int {
    var bytes = 0
    for index in 0..<spares.count { bytes += spares[index].map { $0.count * $0.dtype.byteCount } ?? 0 }
    return bytes
  }

  /// Runs on arguments, and adds the results to an empty list. The same values as in the last run are where they were.
  ///
  /// - Returns: what a kernel threw because of the numbers; nothing has changed then.
  func run(
    _ list: UnsafeMutablePointer<TensorList>, _ results: UnsafeMutablePointer<TensorList>, sameArguments: Bool
  ) -> (any Error)? {
    if !(sameArguments && argumentsStay) {
      argumentsStay = true
      for index in 0..<arguments.count { look(arguments[index], list) }
    }
    for index in 0..<variables.count {
      hold(variables[index].variable._withUnsafeGuaranteedRef { $0.current }, variables[index].slot)
    }
    for index in 0..<numbers.count { numbers[index]._withUnsafeGuaranteedRef { $0.update() } }
    for index in 0..<outputs.count {
      results.pointee.append(outputs[index].isFresh ? freshOutput(index) : .failed(.float32))
    }
    for index in 0..<exchanges.count { prepareSpare(exchanges[index]) }
    if replacements.count == 0 {
      runCalls()
    } else {
      runLocked(0, changesInPlace: mayChangeInPlace)
    }
    if canThrow, let error = failure.take() {
      forget(results)
      return error
    }
    if ErrorScope.hasFailed {
      forget(results)
      return nil
    }
    for index in 0..<outputs.count where !outputs[index].isFresh {
      results.pointee.tensors[index] = copy(outputs[index].view, outputs[index].slot)
    }
    // All copies are made before the first variable changes: they might be of another one's old value.
    for index in 0..<copies.count {
      let update = updates[copies[index]]
      spares[copies[index]] = copy(update.view, update.slot).storage
    }
    if hasHeld { release() }  // so that a variable's old memory can serve the next run
    for index in 0..<exchanges.count { exchange(exchanges[index]) }
    for index in 0..<copies.count { exchange(copies[index]) }
    for index in 0..<afterRun.count { afterRun[index]._withUnsafeGuaranteedRef { $0.run() } }
    return nil
  }

  /// Whether a run either succeeds or ends the process, so that variables may change while it goes on.
  private var mayChangeInPlace: Bool {
    if canThrow && throwsErrors { return false }
    return !canThrow && !canFail && readings.isEmpty || !ErrorScope.isOpen
  }

  /// After a mistake that only the data showed: nothing changes.
  private func forget(_ results: UnsafeMutablePointer<TensorList>) {
    release()
    results.pointee.clear()
    for index in 0..<outputs.count {
      let view = outputs[index].view.takeUnretainedValue()
      results.pointee.append(.failed(view.dtype, view.shape))
    }
  }

  private func runCalls() {
    program.runPlaces()
    subnormals.run {
      for index in 0..<steps.count {
        if hasHeld && !readings.isEmpty && ErrorScope.hasFailed { return }  // a source has failed
        switch steps[index] {
        case .calls(let calls):
          program.run(calls)
          if canThrow { failure = program.failures.take() }
        case .phase(let phase):
          let thrown = phase._withUnsafeGuaranteedRef { $0.run(readings) }
          if canThrow { failure = thrown }
        }
        if canThrow && failure != nil { return }
      }
    }
  }

  /// Lets the result be written to memory that the caller receives.
  private func freshOutput(_ index: Int) -> AnyTensor {
    let result = AnyTensor(
      outputs[index].view._withUnsafeGuaranteedRef { Storage(dtype: $0.dtype, shape: $0.shape) })
    // Asked of the tensor: the storage's own property is checked for exclusive access in other modules.
    move(outputs[index].slot, to: result.address)
    return result
  }

  /// Locks the variables from `index` on, one inside the other, and runs the calls. A value that nobody else holds is
  /// replaced where it lies.
  private func runLocked(_ index: Int, changesInPlace: Bool) {
    guard index < replacements.count else { return runCalls() }
    let (number, slot) = (replacements[index].update, replacements[index].slot)
    replacements[index].variable._withUnsafeGuaranteedRef {
      $0.withContent { value in
        if !value.isDense { value = value.dense }
        move(slot, to: value.address)
        if changesInPlace && isKnownUniquelyReferenced(&value.storage) && value.storage.owner == nil {
          move(updates[number].slot, to: value.address)
          runLocked(index + 1, changesInPlace: changesInPlace)
          value.renew()
        } else {
          prepareSpare(number)
          runLocked(index + 1, changesInPlace: changesInPlace)
          if ErrorScope.hasFailed || failure != nil { return }
          value = AnyTensor(spares[number]!)
          spares[number] = nil
        }
      }
    }
  }

  /// Lets the new value of a variable be written to memory of its own.
  private func prepareSpare(_ index: Int) {
    if spares[index] == nil {
      spares[index] = updates[index].view._withUnsafeGuaranteedRef { Storage(dtype: $0.dtype, shape: $0.shape) }
    }
    move(updates[index].slot, to: spares[index]!.base)
  }

  @inline(__always)
  private func move(_ slot: Int32, to address: UnsafeMutableRawPointer) {
    addresses[Int(slot)] = address.assumingMemoryBound(to: CChar.self)
  }

  /// Places a view on an argument, which the list keeps.
  @inline(__always)
  private func look(_ argument: Argument, _ list: UnsafeMutablePointer<TensorList>) {
    let value = list.pointee.tensors[argument.position]
    if value.storage.owner != nil, let rows = value.rowSource {
      argumentsStay = false
      return read(argument, value, rows.source, rows.firstRow)
    }
    if value.isDense { return move(argument.slot, to: value.address) }
    argumentsStay = false
    hold(value.dense, argument.slot)
  }

  /// Places a view on a value, and keeps that.
  private func hold(_ value: AnyTensor, _ slot: Int32) {
    let value = value.isDense ? value : value.dense
    move(slot, to: value.address)
    held.append(value)
    hasHeld = true
  }

  /// Lets phases ask a source for an argument's rows. What needs all of them at once reads them in place, or in memory
  /// for this run.
  private func read(_ argument: Argument, _ value: AnyTensor, _ source: any RowSource, _ firstRow: Int) {
    let reading = Phase.Reading(
      position: argument.position, slot: argument.slot, source: source, firstRow: firstRow)
    hasHeld = true
    if value.hasMemory || !argument.isNeededWhole { readings.append(reading) }
    if value.hasMemory { return hold(value, argument.slot) }
    guard argument.isNeededWhole else { return held.append(value) }
    do { hold(try AnyTensor(readingRowsOf: source), argument.slot) } catch {
      reading.fail(0..<value.shape[0], error)
      readings.append(reading)  // so that the run ends here
    }
  }

  private func release() {
    held.removeAll(keepingCapacity: true)
    readings.removeAll(keepingCapacity: true)
    hasHeld = false
  }

  private func copy(_ view: Unmanaged<Storage>, _ slot: Int32) -> AnyTensor {
    let view = view.takeUnretainedValue()
    view.move(to: UnsafeMutableRawPointer(addresses[Int(slot)]!))
    return AnyTensor(view).copied
  }

  /// Gives a variable its new value, and keeps its old memory for the next run, unless someone holds it.
  private func exchange(_ index: Int) {
    var old = updates[index].variable._withUnsafeGuaranteedRef { $0.exchange(AnyTensor(spares[index]!)) }
    spares[index] = nil
    guard updates[index].kind == .exchanged else { return }
    if isKnownUniquelyReferenced(&old.storage) && old.storage.owner == nil && old.isDense {
      spares[index] = old.storage
    }
  }
}

/// Elements in memory that never grows. Reading one in place counts no references, as copies of arrays do.
struct FixedArray<Element>: ~Copyable {
  private let elements: UnsafeMutablePointer<Element>
  let count: Int

  init(_ array: [Element]) {
    count = array.count
    elements = .allocate(capacity: array.count)
    for (index, element) in array.enumerated() { (elements + index).initialize(to: element) }
  }
  deinit {
    elements.deinitialize(count: count)
    elements.deallocate()
  }

  @inline(__always)
  subscript(index: Int) -> Element {
    unsafeAddress { UnsafePointer(elements + index) }
    nonmutating unsafeMutableAddress { elements + index }
  }
}
