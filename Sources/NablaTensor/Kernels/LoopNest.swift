import CKernels

/// A walk over several operands of one shape: the fewest nested loops that visit every element. The three innermost are
/// handed to C, with the kernel.
///
/// Axes that lie behind each other in every operand are merged, so dense operands are one loop however many axes they
/// have, and a matrix plus a row vector is one loop per row.
package struct LoopNest {
  /// A number for each of up to four operands: steps in elements.
  package typealias Steps = SIMD4<Int>

  /// Sizes of the loops, outermost first.
  package private(set) var sizes: [Int] = []
  /// The steps in each loop.
  package private(set) var steps: [Steps] = []
  private let isEmpty: Bool

  /// A nest for operands with these strides; the last is the result, whose elements lie in the order of the loops or with
  /// steps.
  package init(_ shape: Shape, _ operands: [[Int]]) {
    isEmpty = shape.dimensions.contains(0)
    for axis in 0..<shape.rank where shape[axis] != 1 {
      var step = Steps.zero
      for index in operands.indices { step[index] = operands[index][axis] }
      if let last = steps.last, last == step &* shape[axis] {
        sizes[sizes.count - 1] *= shape[axis]
        steps[steps.count - 1] = step
      } else {
        sizes.append(shape[axis])
        steps.append(step)
      }
    }
    if sizes.isEmpty {
      sizes = [1]
      steps = [Steps(repeating: 1)]
    }
    bringAcross(operands.count)
  }

  /// Where an operand runs along another axis than the innermost loop, that becomes the loop around it: a piece of both is
  /// then copied in lines of memory both ways.
  private mutating func bringAcross(_ count: Int) {
    let inner = sizes.count - 1
    guard inner > 1 else { return }
    for operand in 0..<count where steps[inner][operand] > 1 || steps[inner][operand] < 0 {
      guard let axis = (0..<inner).last(where: { steps[$0][operand] == 1 }) else { continue }
      sizes.insert(sizes.remove(at: axis), at: inner - 1)
      steps.insert(steps.remove(at: axis), at: inner - 1)
      return
    }
  }

  /// Loops inside of others, from the three innermost: where they begin in each operand, in elements, and how long they are.
  package struct Piece {
    package var offsets: Steps
    package var matrices = 1
    package var rows = 1
    package var count: Int
  }

  /// Calls `body` for pieces of the three innermost loops. Large nests are shared over the threads.
  package func forEachPiece(_ body: (Piece) -> Void) {
    if isEmpty { return }
    let (count, rows, matrices) = (size(0), size(1), size(2))
    let outer = sizes.dropLast(3).reduce(1, *)
    if outer > 1 {
      return Parallel.forEachPiece(of: outer, cost: matrices * rows * count) { piece in
        for number in piece {
          body(Piece(offsets: offsets(ofOuter: number), matrices: matrices, rows: rows, count: count))
        }
      }
    }
    if matrices == 1 && rows == 1 {
      return Parallel.forEachPiece(of: count) { piece in
        body(Piece(offsets: step(0) &* piece.lowerBound, count: piece.count))
      }
    }
    if matrices > 1 && (matrices >= 16 || matrices * rows * count < Parallel.threshold) {
      return Parallel.forEachPiece(of: matrices, cost: rows * count) { piece in
        body(Piece(offsets: step(2) &* piece.lowerBound, matrices: piece.count, rows: rows, count: count))
      }
    }
    for matrix in 0..<matrices {
      if runsAcross {
        forEachTile(step(2) &* matrix, rows, count, body)
        continue
      }
      Parallel.forEachPiece(of: rows, cost: count) { piece in
        body(Piece(offsets: step(2) &* matrix &+ step(1) &* piece.lowerBound, rows: piece.count, count: count))
      }
    }
  }

  /// Calls `body` for each step of the innermost loop, with where it is in each operand. Where so many steps of this cost, in
  /// elements, are worth it they are shared over the threads.
  package func forEach(cost: Int, _ body: (Steps) -> Void) {
    if isEmpty { return }
    let inner = size(0)
    Parallel.forEachPiece(of: sizes.reduce(1, *), cost: cost) { piece in
      for number in piece {
        body(
          sizes.count == 1
            ? step(0) &* number : offsets(ofOuter: number / inner, outside: 1) &+ step(0) &* (number % inner))
      }
    }
  }

  /// The same for runs of the innermost loop: `body` gets where a run begins, how long it is, and the steps in it.
  package func forEachRun(cost: Int, _ body: (_ offsets: Steps, _ count: Int, _ steps: Steps) -> Void) {
    if isEmpty { return }
    let inner = size(0)
    Parallel.forEachPiece(of: sizes.reduce(1, *), cost: cost) { piece in
      var number = piece.lowerBound
      while number < piece.upperBound {
        let first = number % inner
        let count = min(inner - first, piece.upperBound - number)
        body(offsets(ofOuter: number / inner, outside: 1) &+ step(0) &* first, count, step(0))
        number += count
      }
    }
  }

  /// Whether an operand runs along the loop around the innermost one.
  private var runsAcross: Bool { ((step(1) .== 1) .& (step(0) .!= 0) .& (step(0) .!= 1)) != SIMDMask(repeating: false) }

  /// Calls `body` for pieces of the two innermost loops that are lines of memory long both ways.
  private func forEachTile(_ start: Steps, _ rows: Int, _ count: Int, _ body: (Piece) -> Void) {
    let (height, width) = (64, Parallel.grain / 64)
    let across = (count + width - 1) / width
    Parallel.forEachPiece(of: (rows + height - 1) / height * across, cost: height * width) { piece in
      for tile in piece {
        let (row, column) = (tile / across * height, tile % across * width)
        body(
          Piece(
            offsets: start &+ step(1) &* row &+ step(0) &* column, rows: min(height, rows - row),
            count: min(width, count - column)))
      }
    }
  }

  /// Where the loops outside of some innermost ones are, by the number of their step in row-major order.
  func offsets(ofOuter number: Int, outside inner: Int = 3) -> Steps {
    var rest = number
    var offsets = Steps.zero
    for axis in stride(from: sizes.count - 1 - inner, through: 0, by: -1) {
      offsets &+= steps[axis] &* (rest % sizes[axis])
      rest /= sizes[axis]
    }
    return offsets
  }

  /// The size of a loop, by its number from the innermost; 1 where there is none.
  func size(_ loop: Int) -> Int { loop < sizes.count ? sizes[sizes.count - 1 - loop] : 1 }
  /// The steps of a loop, by its number from the innermost; 0 where there is none.
  func step(_ loop: Int) -> Steps { loop < sizes.count ? steps[sizes.count - 1 - loop] : .zero }

  /// The three innermost loops for C, of operands and a result whose elements have so many bytes.
  package func loops(widths: [Int]) -> nabla_nest {
    var nest = nabla_nest()
    nest.operands = Int32(widths.count - 1)
    (nest.n, nest.rows, nest.matrices) = (size(0), size(1), size(2))
    withUnsafeMutableBytes(of: &nest.of) { bytes in
      let operands = bytes.assumingMemoryBound(to: nabla_steps.self)
      for (index, width) in widths.enumerated() {
        operands[index] = nabla_steps(width: width, stride: step(0)[index], row: step(1)[index], matrix: step(2)[index])
      }
    }
    return nest
  }

  /// Runs an element-wise kernel, which `set` puts into the loops, on operands that begin at `operands`.
  package func run(
    widths: [Int], _ operands: [UnsafeMutableRawPointer], into y: UnsafeMutableRawPointer,
    _ set: (inout nabla_nest) -> Void
  ) {
    var loops = loops(widths: widths)
    set(&loops)
    operands.withUnsafeBufferPointer { [loops] operands in
      forEachPiece { piece in
        var loops = loops
        (loops.matrices, loops.rows, loops.n) = (piece.matrices, piece.rows, piece.count)
        var places: (UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?)
        withUnsafeMutableBytes(of: &places) { bytes in
          let places = bytes.assumingMemoryBound(to: UnsafePointer<CChar>?.self)
          for index in operands.indices {
            let place = operands[index] + piece.offsets[index] * widths[index]
            places[index] = UnsafePointer(place.assumingMemoryBound(to: CChar.self))
          }
          let result = y + piece.offsets[operands.count] * widths[operands.count]
          nabla_run_nest(&loops, places.baseAddress, result.assumingMemoryBound(to: CChar.self))
        }
      }
    }
  }

  /// Copies operand 0 to operand 1.
  package func copy(_ dtype: DType, from source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer) {
    let width = dtype.byteCount
    forEachPiece { piece in
      for matrix in 0..<piece.matrices {
        let offsets = piece.offsets &+ step(2) &* matrix
        nabla_copy_matrix(
          source + offsets[0] * width, step(1)[0], step(0)[0], destination + offsets[1] * width, step(1)[1], step(0)[1],
          piece.rows, piece.count, Int32(width))
      }
    }
  }
}
