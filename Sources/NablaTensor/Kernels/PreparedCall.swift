import CKernels

/// One call of a kernel on views that stay the same from run to run, as plans make it; only where they look moves.
///
/// Most calls are a loop in C with its strides and counts, which a plan runs from a table of addresses; whatever takes
/// more is a closure.
public struct PreparedCall {
  /// What to run; the places of the views in the table of addresses are for the plan to fill in.
  package private(set) var call: nabla_call
  /// The operands, then the result.
  package let views: [Storage]
  /// What the call refers to.
  package let box: AnyObject?
  /// Whether the call might find a mistake that only the data shows.
  package let canFail: Bool
  /// Bytes of memory that the call keeps for itself.
  package let byteCount: Int

  /// A call of any function that reads the operands' memory and writes that of the results. What it throws because of the
  /// numbers, the run of the plan throws.
  package init(
    operands: [Storage], into y: [Storage], canFail: Bool = true, byteCount: Int = 0,
    _ body: @escaping () throws -> Void
  ) {
    views = operands + y
    self.byteCount = byteCount
    let box = Closure(views, body)
    self.box = box
    self.canFail = canFail
    call = nabla_call()
    call.step = { call, addresses in
      Unmanaged<Closure>.fromOpaque(call!.pointee.loop.owner)._withUnsafeGuaranteedRef { $0.run(at: addresses!) }
    }
  }

  /// A call that works in memory of its own, which it keeps: a run allocates nothing.
  package init(
    workspace bytes: Int, operands: [Storage], into y: [Storage],
    _ body: @escaping (_ workspace: UnsafeMutableRawPointer?) throws -> Void
  ) {
    let workspace = bytes > 0 ? Storage(dtype: .uint8, shape: Shape(unchecked: [bytes])) : nil
    self.init(operands: operands, into: y, canFail: false, byteCount: bytes) { try body(workspace?.base) }
  }

  private init(
    _ step: @escaping nabla_step, operands: [Storage], into y: Storage, rows: Int = 1, count: Int, box: AnyObject? = nil
  ) {
    call = nabla_call()
    call.step = step
    (call.rows, call.n) = (rows, count)
    views = operands + [y]
    self.box = box
    canFail = false
    byteCount = 0
  }

  /// Tells the call where the views' addresses are in a table.
  package func placed(at slots: [Int32]) -> nabla_call {
    if let box = box as? Closure {
      box.slots = slots
      var call = call
      call.loop.owner = UnsafeRawPointer(Unmanaged.passUnretained(box).toOpaque())
      return call
    }
    var call = call
    call.y = slots[slots.count - 1]
    call.a = slots[0]
    if slots.count > 2 { call.b = slots[1] }
    if slots.count > 3 { call.c = slots[2] }
    return call
  }

  /// Lets the call leave what it throws with `failures`.
  package func report(to failures: RunFailures) { (box as? Closure)?.failures = failures }

  /// A closure and the views that it reads, which are moved before it runs.
  private final class Closure {
    let views: [Storage]
    let body: () throws -> Void
    var slots: [Int32] = []
    var failures: RunFailures?

    init(_ views: [Storage], _ body: @escaping () throws -> Void) {
      self.views = views
      self.body = body
    }

    @inline(__always)
    func run(at addresses: UnsafePointer<UnsafeMutablePointer<CChar>?>) {
      views.withUnsafeBufferPointer { views in
        slots.withUnsafeBufferPointer { slots in
          for index in views.indices { views[index].move(to: addresses[Int(slots[index])]!) }
        }
      }
      do { try body() } catch { failures?.keep(error) }
    }
  }
}

/// The first error that the calls of a program, which one thread runs at a time, have thrown because of the numbers.
package final class RunFailures {
  package private(set) var first: (any Error)?
  package init() {}

  func keep(_ error: any Error) { if first == nil { first = error } }
  /// The error, which is then forgotten.
  package func take() -> (any Error)? { first.take() }
}

// The calls that are one loop in C. Each is nil where one loop does not do all, or where the work is large enough to be
// shared over threads.
extension PreparedCall {
  /// y = f(x).
  package init?(_ kernel: @escaping nabla_unary, _ x: Storage, into y: Storage) {
    self.init(nabla_call_unary, elementsOf: [x], into: y) {
      $0.loop.unary = kernel
    } nest: {
      $0.loop.unary = kernel
    }
  }

  /// y = f(a, b), where shapes broadcast.
  package init?(_ kernel: @escaping nabla_binary, _ a: Storage, _ b: Storage, into y: Storage) {
    self.init(nabla_call_binary, elementsOf: [a, b], into: y) {
      $0.loop.binary = kernel
    } nest: {
      $0.loop.binary = kernel
    }
  }

  /// y = f(a, b, c), where shapes broadcast.
  package init?(_ kernel: @escaping nabla_ternary, _ a: Storage, _ b: Storage, _ c: Storage, into y: Storage) {
    self.init(nabla_call_ternary, elementsOf: [a, b, c], into: y) {
      $0.loop.ternary = kernel
    } nest: {
      $0.loop.ternary = kernel
    }
  }

  /// A loop over the elements of up to three operands, which broadcast to `y`.
  private init?(
    _ step: @escaping nabla_step, elementsOf operands: [Storage], into y: Storage,
    flat: (inout nabla_call) -> Void, nest: (inout nabla_nest) -> Void
  ) {
    guard y.count < Parallel.threshold, y.count > 0 else { return nil }
    let strides = operands.map { AnyTensor($0).broadcastStrides(to: y.shape) }
    let loops = LoopNest(y.shape, strides + [y.shape.denseStrides])
    guard loops.sizes.count <= 3 else { return nil }
    let steps = loops.steps[loops.steps.count - 1]
    if loops.sizes.count == 1 && operands.indices.allSatisfy({ steps[$0] == 0 || steps[$0] == 1 }) {
      self.init(step, operands: operands, into: y, count: y.count)
      flat(&call)
      (call.sa, call.sb, call.sc) = (steps[0], steps[1], steps[2])
    } else {
      let box = Nest(loops.loops(widths: (operands + [y]).map(\.dtype.byteCount)))
      nest(&box.pointer.pointee)
      self.init(step, operands: operands, into: y, count: y.count, box: box)
      call.nest = UnsafePointer(box.pointer)
    }
  }

  /// Loops that a call refers to.
  private final class Nest {
    let pointer: UnsafeMutablePointer<nabla_nest>
    init(_ nest: nabla_nest) {
      pointer = .allocate(capacity: 1)
      pointer.initialize(to: nest)
    }
    deinit { pointer.deallocate() }
  }

  /// y[i] = the reduction of row i of x; distances in bytes.
  init(
    _ kernel: @escaping nabla_reduce_row, _ x: Storage, distance x0: Int, into y: Storage, distance y0: Int,
    rows: Int, count: Int
  ) {
    self.init(nabla_call_reduce_row, operands: [x], into: y, rows: rows, count: count)
    call.loop.row = kernel
    (call.a0, call.y0) = (x0, y0)
  }

  /// y = the reduction over the rows of x.
  init(_ kernel: @escaping nabla_reduce_columns, _ x: Storage, into y: Storage, rows: Int, columns: Int) {
    self.init(nabla_call_reduce_columns, operands: [x], into: y, rows: rows, count: columns)
    call.loop.columns = kernel
  }

  /// A step on rows or columns of x by states; y is what the step makes of them.
  init(
    _ step: @escaping nabla_step, _ reduction: UnsafePointer<nabla_reduction>, _ x: Storage, distance x0: Int = 0,
    into y: Storage, rows: Int, count: Int, result: Int = 0
  ) {
    self.init(step, operands: [x], into: y, rows: rows, count: count)
    call.loop.reduction = reduction
    (call.a0, call.sa) = (x0, result)
  }

  /// y = the states a, then b, of `count` results.
  package init(
    merging reduction: UnsafePointer<nabla_reduction>, _ a: Storage, _ b: Storage, into y: Storage, count: Int
  ) {
    self.init(nabla_call_merge_states, operands: [a, b], into: y, count: count)
    call.loop.reduction = reduction
  }

  /// y = result number `result` of the states of `count` results.
  package init(
    resultOf reduction: UnsafePointer<nabla_reduction>, _ state: Storage, result: Int = 0, into y: Storage, count: Int
  ) {
    self.init(nabla_call_state_result, operands: [state], into: y, count: count)
    call.loop.reduction = reduction
    call.sa = result
  }

  /// Each row of y = a map of that row of x.
  init(_ kernel: @escaping nabla_row_map, _ x: Storage, into y: Storage, rows: Int, length: Int) {
    self.init(nabla_call_row_map, operands: [x], into: y, rows: rows, count: length)
    call.loop.map = kernel
  }

  /// y = X v or Xᵀ v, for a matrix of which only where it lies matters.
  init(
    _ kernel: @escaping nabla_vector_product, _ x: Storage, step: Int, rows: Int, columns: Int, _ v: Storage,
    into y: Storage
  ) {
    self.init(nabla_call_vector_product, operands: [x, v], into: y, rows: rows, count: columns)
    call.loop.product = kernel
    call.sa = step
  }
}
