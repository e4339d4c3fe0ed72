import Nabla
import NablaMeasurement

/// A set of works that is measured and told together.
public enum WorkGroup: String, CaseIterable, Sendable {
  /// What `nabla bench` measures where no group is named, with a goal for each mode.
  case table
  /// Functions and arithmetic, element by element.
  case elementwise
  /// Comparisons, masks, choices and casts.
  case logic
  /// Operands that are not dense rows.
  case strides
  /// Sums, extremes and statistics over all axes, narrow rows, and middle ones.
  case reductions
  /// Rows and elements by their indices.
  case indexing
  /// Sorting, and the largest elements.
  case order
  /// Making, joining and cutting tensors.
  case shape
  /// Random numbers.
  case draws
  /// Products of vectors, matrices and batches of small ones.
  case products
  /// Factorizations and solutions.
  case linalg
  /// Derivatives.
  case gradients
  /// Runs of element-wise operations, which a compiled function fuses.
  case compiledChains = "chains"
  /// Steps of small models in Double.
  case training

  /// Whether a goal holds for the faster of Nabla's modes, and not for each that has one.
  var judgesFasterMode: Bool { self != .table }

  /// How its works are measured. Beside the table there are many, and a bound of 1 needs no third digit.
  func sampler(isQuick: Bool) -> Sampler {
    if isQuick { return .quick }
    return self == .table ? .full : .brief
  }

  /// The works that are declared for it; none for the table, which has files of its own.
  var declared: [Work] {
    var list = WorkList(group: self)
    switch self {
    case .table: break
    case .elementwise: list.addElementwise()
    case .logic: list.addLogic()
    case .strides: list.addStrides()
    case .reductions: list.addReductions()
    case .indexing: list.addIndexing()
    case .order: list.addOrder()
    case .shape: list.addShape()
    case .draws: list.addDraws()
    case .products: list.addProducts()
    case .linalg: list.addLinalg()
    case .gradients: list.addGradients()
    case .compiledChains: list.addChains()
    case .training: list.addTraining()
    }
    return list.works
  }
}

/// The works of a group, while they are declared: a name and inputs, which are those of the peers' script word for word, and
/// what Nabla does. The types of the closure's operands must be those of the inputs.
struct WorkList {
  let group: WorkGroup
  private(set) var works: [Work] = []

  init(group: WorkGroup) { self.group = group }

  static let bothModes: [Results.Mode] = [.eager, .compiled]

  /// Adds works that are declared in another way.
  mutating func add(_ others: [Work]) {
    works += others.map { work in
      var work = work
      work.group = group
      return work
    }
  }

  /// Adds a work in some modes; `prepare` draws its inputs and returns the call in a mode.
  private mutating func add<R>(
    _ name: String, _ inputs: String, _ modes: [Results.Mode], _ check: @escaping (Tensor<R>) -> Double,
    prepare: @escaping (Results.Mode, _ inputs: [Input], inout Draw) -> () -> Tensor<R>
  ) {
    let goal = Goal.share(1, of: Contender.peers)
    for mode in modes {
      var work = Work(
        name, mode: mode, goal: mode == modes[0] ? goal : nil,
        calling: {
          var draw = Draw()
          return Work.Call(prepare(mode, Input.all(inputs), &draw), check: check)
        })
      work.group = group
      work.inputs = inputs
      works.append(work)
    }
  }

  mutating func add<R>(
    _ name: String, _ modes: [Results.Mode] = bothModes, check: @escaping (Tensor<R>) -> Double = Check.elements,
    _ body: @escaping () -> Tensor<R>
  ) {
    add(name, "", modes, check) { mode, _, _ in
      if mode == .eager { return body }
      let plan = compiled(body)
      return { plan() }
    }
  }

  mutating func add<A, R>(
    _ name: String, _ inputs: String, _ modes: [Results.Mode] = bothModes,
    check: @escaping (Tensor<R>) -> Double = Check.elements, _ body: @escaping (Tensor<A>) -> Tensor<R>
  ) {
    add(name, inputs, modes, check) { mode, inputs, draw in
      let x: Tensor<A> = draw.tensor(inputs[0])
      if mode == .eager { return { body(x) } }
      let plan = compiled(body)
      return { plan(x) }
    }
  }

  mutating func add<A, B, R>(
    _ name: String, _ inputs: String, _ modes: [Results.Mode] = bothModes,
    _ body: @escaping (Tensor<A>, Tensor<B>) -> Tensor<R>
  ) {
    add(name, inputs, modes, Check.elements) { mode, inputs, draw in
      let x: Tensor<A> = draw.tensor(inputs[0])
      let y: Tensor<B> = draw.tensor(inputs[1])
      if mode == .eager { return { body(x, y) } }
      let plan = compiled(body)
      return { plan(x, y) }
    }
  }

  mutating func add<A, B, C, R>(
    _ name: String, _ inputs: String, _ modes: [Results.Mode] = bothModes,
    _ body: @escaping (Tensor<A>, Tensor<B>, Tensor<C>) -> Tensor<R>
  ) {
    add(name, inputs, modes, Check.elements) { mode, inputs, draw in
      let x: Tensor<A> = draw.tensor(inputs[0])
      let y: Tensor<B> = draw.tensor(inputs[1])
      let z: Tensor<C> = draw.tensor(inputs[2])
      if mode == .eager { return { body(x, y, z) } }
      let plan = compiled(body)
      return { plan(x, y, z) }
    }
  }

  /// A work that changes its first operand in place: no one else holds it while `body` runs.
  mutating func addChanging<A, B>(
    _ name: String, _ inputs: String, _ body: @escaping (inout Tensor<A>, Tensor<B>) -> Void
  ) {
    add(name, inputs, [.eager], Check.elements) { _, inputs, draw in
      var x: Tensor<A> = draw.tensor(inputs[0])
      let y: Tensor<B> = draw.tensor(inputs[1])
      return {
        body(&x, y)
        return x
      }
    }
  }
}
