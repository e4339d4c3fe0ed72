import CKernels
import NablaTensor

/// Calls on views, made once, and the table of addresses that tells where the views look: of a plan, or of what one
/// thread does on blocks of rows. Running it allocates nothing and counts no references.
final class Program {
  typealias Addresses = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Where the program's views look. Valid once it is sealed.
  private(set) var addresses = Program.lines(0)
  private(set) var calls = UnsafeMutableBufferPointer<nabla_call>.allocate(capacity: 0)
  private(set) var places = UnsafeMutableBufferPointer<nabla_place>.allocate(capacity: 0)
  private(set) var links = UnsafeMutableBufferPointer<nabla_place>.allocate(capacity: 0)

  // What is being collected.
  private let parent: Program?
  private var slots: [ObjectIdentifier: Int32] = [:]
  private var linkedViews: [ObjectIdentifier: Storage] = [:]
  private var views: [Storage] = []
  private var boxes: [AnyObject] = []
  private var newCalls: [nabla_call] = []
  private var newPlaces: [nabla_place] = []
  private var newLinks: [nabla_place] = []

  /// A program; with a parent, views of it can look where views of that do.
  init(parent: Program? = nil) { self.parent = parent }

  deinit { deallocate() }

  private func deallocate() {
    addresses.deallocate()
    calls.deallocate()
    places.deallocate()
    links.deallocate()
  }

  /// Whether a call might find a mistake that only the data shows.
  private(set) var canFail = false

  /// What calls throw because of the numbers.
  let failures = RunFailures()

  /// Bytes of memory that the calls keep for themselves.
  private(set) var byteCount = 0

  var callCount: Int { newCalls.count }
  var placeCount: Int { newPlaces.count }

  /// A view's place in the table; a new one begins where the view looks when the program is sealed.
  @discardableResult
  func slot(of view: Storage) -> Int32 {
    if let slot = slots[ObjectIdentifier(view)] { return slot }
    let slot = Int32(views.count)
    slots[ObjectIdentifier(view)] = slot
    views.append(view)  // kept, so that its identity stays its own
    return slot
  }

  func append(_ call: PreparedCall) {
    if let box = call.box {
      boxes.append(box)
      call.report(to: failures)
    }
    if call.canFail {
      canFail = true
      parent?.canFail = true
    }
    byteCount += call.byteCount
    newCalls.append(call.placed(at: call.views.map { slot(of: $0) }))
  }

  /// Lets a view follow another one: bytes from its start, and bytes a row.
  func place(_ view: Storage, on source: Storage, offset: Int, step: Int = 0) {
    newPlaces.append(nabla_place(view: slot(of: view), source: slot(of: source), offset: offset, step: step))
  }

  /// The view of this program that looks where a view of the parent does, each time that the links are run. Threads
  /// move views before they call a closure, so none of these is shared.
  func linked(_ view: Storage) -> Storage {
    if let own = linkedViews[ObjectIdentifier(view)] { return own }
    let own = Storage(movable: view.dtype, shape: view.shape, strides: view.strides)
    linkedViews[ObjectIdentifier(view)] = own
    newLinks.append(nabla_place(view: slot(of: own), source: parent!.slot(of: view), offset: 0, step: 0))
    return own
  }

  /// Ends the collecting. Windows have got their memory.
  func seal() {
    deallocate()
    addresses = Self.lines(views.count)
    for (index, view) in views.enumerated() {
      (addresses + index).initialize(to: view.base.assumingMemoryBound(to: CChar.self))
    }
    calls = Self.filled(newCalls)
    places = Self.filled(newPlaces)
    links = Self.filled(newLinks)
  }

  /// A table of addresses in whole lines of memory, which no other thread's table shares.
  private static func lines(_ count: Int) -> Addresses {
    let line = 64
    let bytes = max(1, count) * MemoryLayout<Addresses.Pointee>.stride
    return UnsafeMutableRawPointer.allocate(byteCount: (bytes + line - 1) / line * line, alignment: line)
      .bindMemory(to: Addresses.Pointee.self, capacity: count)
  }

  private static func filled<T>(_ elements: [T]) -> UnsafeMutableBufferPointer<T> {
    let buffer = UnsafeMutableBufferPointer<T>.allocate(capacity: elements.count)
    _ = buffer.initialize(from: elements)
    return buffer
  }

  @inline(__always)
  func move(_ slot: Int32, to address: UnsafeMutableRawPointer) {
    addresses[Int(slot)] = address.assumingMemoryBound(to: CChar.self)
  }
  @inline(__always)
  func address(_ slot: Int32) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(addresses[Int(slot)]!) }

  /// Places the views that follow others of this program.
  @inline(__always)
  func runPlaces() { nabla_run_places(places.baseAddress, places.count, 0, addresses, addresses) }
  @inline(__always)
  func run(_ range: Range<Int>) { nabla_run_calls(calls.baseAddress! + range.lowerBound, range.count, addresses) }
}
