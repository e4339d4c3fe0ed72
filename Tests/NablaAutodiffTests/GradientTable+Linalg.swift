import Nabla
import TestSupport

@testable import NablaAutodiff
@testable import NablaLinalg

// Factorizations throw because of the numbers; those of the table are such that none does.
extension GradientRow {
  static let linalg: [GradientRow] =
    triangularParts + triangularSolves + leastSquares + qr + solves + [
      GradientRow(
        name: "cholesky", domain: .range(-1, 1),
        shapes: [[[0, 0]], [[1, 1]], [[3, 3]], [[2, 3]], [[2, 3, 3]], [[2, 1, 2, 2]], [[0, 2, 2]], [[10, 9]]],
        function: { try! Cholesky()(positive($0[0])) },
        reference: { x in x[0].onMatrices { cholesky(positive($0)) } }),
      GradientRow(
        name: "triangularSolve", type: "TriangularCheck", domain: .range(0.5, 1.5),
        shapes: [[[1, 1], [1, 2]], [[3, 3], [3, 2]], [[2, 2, 2], [2, 3]], [[9, 9], [9, 2]]],
        function: { try! TriangularCheck(solve: TriangularSolve(lower: true))($0[0], $0[1]) }, reference: { $0[1] }),
      GradientRow(
        name: "test", type: "FiniteCheck", domain: .range(-2, 2), shapes: unaryShapes,
        function: { try! FiniteCheck(name: "test", operand: "x")($0[0]) }, reference: { $0[0] }),
      GradientRow(
        name: "lu", type: "LU", domain: .range(0.5, 1), order: 0,
        shapes: [[[0, 0]], [[1, 1]], [[4, 4]], [[2, 3, 3]]],
        function: { try! LU(name: "lu").results(of: Operands($0[0].exchanged), count: 2)[0] },
        reference: { x in x[0].onMatrices { luOfExchanged($0.tame) } }),
    ]

  /// The solution, then the triangle without its signs, of which LAPACK chooses one for each row: the lower part of RᵀR.
  private static let leastSquares = [true, false].map { isSolution in
    GradientRow(
      name: "leastSquares", variant: isSolution ? "" : "triangle", domain: .range(0.5, 1),
      shapes: [
        [[1, 1], [1, 1]], [[3, 3], [3, 2]], [[4, 2], [4]], [[9, 9], [9, 2]], [[3, 0], [3, 2]], [[3, 2], [3, 0]],
      ],
      function: {
        let y = try! LeastSquares(blocks: 1).results(of: Operands([$0[0].tame, $0[1]]), count: 2)
        return isSolution ? y[0] : y[1].matrixTransposed.matmul(y[1])
      },
      reference: { x in
        let (a, b) = (x[0].tame, x[1])
        let (n, k) = (a.sizes[1], b.sizes.dropFirst().reduce(1, *))
        let right = PlainArray([b.sizes[0], k], b.values)
        let gram = product(a, a)
        let l = cholesky(gram)
        let half = substitute(l, product(a, right), lower: true, transposed: false, unit: false)
        let solution = substitute(l, half, lower: true, transposed: true, unit: false)
        return isSolution ? PlainArray([n] + b.sizes.dropFirst(), solution.values) : gram
      })
  }

  /// R with a positive diagonal, and Q that fits: the signs that LAPACK chose are taken back.
  private static let qr = [true, false].map { isQ in
    GradientRow(
      name: "qr", type: "QR", variant: isQ ? "Q" : "R", domain: .range(0.5, 1),
      shapes: [[[0, 0]], [[3, 0]], [[1, 1]], [[3, 3]], [[4, 2]], [[2, 3, 2]], [[9, 9]]],
      function: { x in
        let y = try! QR().results(of: Operands(x[0].tame), count: 2)
        let identity = Tensor<Double>(identity: y[1].shape[y[1].rank - 1]).erased.cast(to: x[0].dtype)
        let signs = Sign()(Sum(axes: [y[1].rank - 1])(y[1] * identity))
        let (rows, columns) = (signs.shape.dimensions + [1], signs.shape.dropLast() + [1, signs.shape[signs.rank - 1]])
        return isQ ? y[0] * signs.reshaped(to: Shape(columns)) : y[1] * signs.reshaped(to: Shape(rows))
      },
      reference: { x in
        x[0].onMatrices { a in
          let a = a.tame
          let l = cholesky(product(a, a))
          let r = PlainArray(l.sizes) { l[[$0[1], $0[0]]] }
          if !isQ { return r }
          // Qᵀ = R⁻ᵀ aᵀ
          let transposed = PlainArray([a.sizes[1], a.sizes[0]]) { a[[$0[1], $0[0]]] }
          let q = substitute(l, transposed, lower: true, transposed: false, unit: false)
          return PlainArray(a.sizes) { q[[$0[1], $0[0]]] }
        }
      })
  }

  private static let solves = [false, true].map { transposed in
    GradientRow(
      name: "solve", variant: transposed ? "transposed" : "", domain: .range(0.5, 1),
      shapes: [
        [[0, 0], [0, 2]], [[2, 2], [2, 0]], [[1, 1], [1, 1]], [[3, 3], [3, 2]], [[2, 3, 3], [2, 3, 2]],
        [[2, 2, 2], [2, 3]], [[3, 3], [2, 3, 1]], [[2, 1, 2, 2], [3, 2, 2]], [[9, 9], [9, 8]],
      ],
      function: { x in
        // Rows backwards, so that pivots are not on the diagonal.
        let a = x[0].exchanged
        let factors = try! LU(name: "lu").results(of: Operands(a), count: 2)
        return Solve(name: "solve", transposed: transposed).apply(Operands([a, factors[0], factors[1], x[1]]))
      },
      reference: { x in
        PlainArray.onMatrices(x[0].tame, x[1]) { tame, b in
          let n = tame.sizes[0]
          let a = PlainArray(tame.sizes) { tame[[n - 1 - $0[0], $0[1]]] }
          return eliminate(transposed ? PlainArray([n, n]) { a[[$0[1], $0[0]]] } : a, b)
        }
      })
  }

  /// The solution by elimination, of a matrix whose large elements run from the lower left to the upper right.
  private static func eliminate(_ a: PlainArray, _ b: PlainArray) -> PlainArray {
    let (n, k) = (a.sizes[0], b.sizes[1])
    var rows = (0..<n).reversed().map { i in (0..<n).map { a[[i, $0]] } + (0..<k).map { b[[i, $0]] } }
    for i in 0..<n {
      for j in 0..<n where j != i {
        let factor = rows[j][i] / rows[i][i]
        for column in 0..<n + k { rows[j][column] -= factor * rows[i][column] }
      }
    }
    return PlainArray([n, k]) { rows[$0[0]][n + $0[1]] / rows[$0[0]][$0[0]] }
  }

  /// The factors of the matrix with its rows backwards, as ``LU`` stores them: the pivots are what was the diagonal, which column
  /// exchanges bring there.
  private static func luOfExchanged(_ tame: PlainArray) -> PlainArray {
    let n = tame.sizes[0]
    var a = (0..<n).map { i in (0..<n).map { tame[[n - 1 - i, $0]] } }
    for i in 0..<n {
      let pivot = (i..<n).max { abs(a[i][$0]) < abs(a[i][$1]) }!
      for row in 0..<n { a[row].swapAt(i, pivot) }
      for column in i + 1..<max(i + 1, n) {
        a[i][column] /= a[i][i]
        for row in i + 1..<n { a[row][column] -= a[row][i] * a[i][column] }
      }
    }
    return PlainArray([n, n]) { a[$0[0]][$0[1]] }
  }

  /// aᵀ b.
  private static func product(_ a: PlainArray, _ b: PlainArray) -> PlainArray {
    PlainArray([a.sizes[1], b.sizes[1]]) { at in
      (0..<a.sizes[0]).reduce(0) { $0 + a[[$1, at[0]]] * b[[$1, at[1]]] }
    }
  }

  private static let triangularParts = [(true, true), (true, false), (false, true), (false, false)].map {
    lower, strict in
    GradientRow(
      name: lower ? "lowerTriangle" : "upperTriangle", type: "TriangularPart", variant: strict ? "strict" : "",
      domain: .range(-2, 2), shapes: [[[0, 0]], [[1, 1]], [[3, 3]], [[2, 4]], [[4, 2]], [[2, 3, 3]], [[9, 10]]],
      function: { TriangularPart(lower: lower, strict: strict)($0[0]) },
      reference: { x in
        x[0].onMatrices { a in
          PlainArray(a.sizes) { at in isPart(at[0], at[1], lower, strict) ? a[at] : 0 }
        }
      })
  }

  private static func isPart(_ row: Int, _ column: Int, _ lower: Bool, _ strict: Bool) -> Bool {
    row == column ? !strict : lower == (column < row)
  }

  private static let triangularSolves = (0..<8).map { flags in
    let (lower, transposed, unit) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
    let words = [lower ? "lower" : "upper", transposed ? "transposed" : "", unit ? "unit diagonal" : ""]
    return GradientRow(
      name: "triangularSolve", variant: words.filter { !$0.isEmpty }.joined(separator: ", "), domain: .range(0.5, 1),
      shapes: [
        [[0, 0], [0, 2]], [[2, 2], [2, 0]], [[1, 1], [1, 1]], [[3, 3], [3, 2]], [[2, 3, 3], [2, 3, 2]],
        [[2, 2, 2], [2, 3]],
        [[3, 3], [2, 3, 1]], [[2, 1, 2, 2], [3, 2, 2]], [[9, 9], [9, 8]],
      ],
      function: {
        TriangularSolve(lower: lower, transposed: transposed, unitDiagonal: unit)($0[0].tame, $0[1])
      },
      reference: { x in
        PlainArray.onMatrices(x[0].tame, x[1]) { a, b in
          substitute(a, b, lower: lower, transposed: transposed, unit: unit)
        }
      })
  }

  /// x xᵀ + 2.
  private static func positive(_ x: AnyTensor) -> AnyTensor {
    let identity = Tensor<Double>(identity: x.shape[x.rank - 2]).erased.cast(to: x.dtype)
    return x.matmul(x.matrixTransposed) + identity + identity
  }
  private static func positive(_ x: PlainArray) -> PlainArray {
    PlainArray([x.sizes[0], x.sizes[0]]) { at in
      (0..<x.sizes[1]).reduce(at[0] == at[1] ? 2 : 0) { $0 + x[[at[0], $1]] * x[[at[1], $1]] }
    }
  }

  private static func cholesky(_ a: PlainArray) -> PlainArray {
    let n = a.sizes[0]
    var l = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    for i in 0..<n {
      for j in 0...i {
        let rest = (0..<j).reduce(a[[i, j]]) { $0 - l[i][$1] * l[j][$1] }
        l[i][j] = i == j ? rest.squareRoot() : rest / l[j][j]
      }
    }
    return PlainArray([n, n]) { l[$0[0]][$0[1]] }
  }

  /// The solution, unknown after unknown.
  private static func substitute(
    _ a: PlainArray, _ b: PlainArray, lower: Bool, transposed: Bool, unit: Bool
  ) -> PlainArray {
    let (n, k) = (a.sizes[0], b.sizes[1])
    let isLower = lower != transposed
    func element(_ i: Int, _ j: Int) -> Double { transposed ? a[[j, i]] : a[[i, j]] }
    var x = [[Double]](repeating: [Double](repeating: 0, count: k), count: n)
    for i in isLower ? Array(0..<n) : (0..<n).reversed() {
      for column in 0..<k {
        let known = isLower ? 0..<i : i + 1..<n
        let rest = known.reduce(b[[i, column]]) { $0 - element(i, $1) * x[$1][column] }
        x[i][column] = unit ? rest : rest / element(i, i)
      }
    }
    return PlainArray([n, k]) { x[$0[0]][$0[1]] }
  }
}

extension AnyTensor {
  /// With a small part outside of the diagonal, so that triangles are well conditioned.
  fileprivate var tame: AnyTensor {
    let (m, n) = (shape[rank - 2], shape[rank - 1])
    let mask = Tensor<Double>(shape: [m, n]) { scalars in
      for index in scalars.indices { scalars[index] = index / n == index % n ? 1.25 : 0.25 }
    }
    return self * mask.erased.cast(to: dtype)
  }
}

extension AnyTensor {
  /// Tame, and with the rows backwards.
  fileprivate var exchanged: AnyTensor { tame.reversed(axis: rank - 2) }
}

extension PlainArray {
  fileprivate var tame: PlainArray {
    PlainArray(sizes) { at in self[at] * (at[at.count - 1] == at[at.count - 2] ? 1.25 : 0.25) }
  }

  /// A function of a matrix on each matrix of a stack.
  fileprivate func onMatrices(_ f: (PlainArray) -> PlainArray) -> PlainArray {
    PlainArray.onMatrices(self, PlainArray([0, 0], [])) { a, _ in f(a) }
  }

  /// A function of two matrices on those of two stacks, whose leading axes broadcast.
  fileprivate static func onMatrices(
    _ a: PlainArray, _ b: PlainArray, _ f: (PlainArray, PlainArray) -> PlainArray
  ) -> PlainArray {
    let stacks = [a, b].map { PlainArray(Array($0.sizes.dropLast(2))) { _ in 0 } }
    let stack = PlainArray.elementwise(stacks) { _ in 0 }.sizes
    func matrix(_ x: PlainArray, _ at: [Int]) -> PlainArray {
      PlainArray(Array(x.sizes.suffix(2))) { x[at.suffix(x.sizes.count - 2) + $0] }
    }
    let results = PlainArray.indices(stack).map { f(matrix(a, $0), matrix(b, $0)) }
    let sizes = results.first?.sizes ?? Array((b.values.isEmpty ? a : b).sizes.suffix(2))
    return PlainArray(stack + sizes, results.flatMap(\.values))
  }
}
