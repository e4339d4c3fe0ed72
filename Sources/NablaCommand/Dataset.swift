import Nabla

/// What a regression is made on: features [rows, columns] and a target [rows], and how to speak of the result.
struct Dataset<S: FloatingPointScalar> {
  /// Where the data is from, in words.
  var source: String
  /// The names of the features.
  var names: [String]
  var features: Tensor<S>
  var target: Tensor<S>
  /// How features and target were brought to their scale.
  var scaling: Scaling
  /// The coefficients that the data was made with, intercept first.
  var truth: [Double]?
  /// What features and target are views of, where they are columns of one mapped file.
  var matrix: MappedMatrix<S>?

  var rowCount: Int { features.shape[0] }
  var featureCount: Int { features.shape[1] }
  /// The bytes of features and target.
  var byteCount: Double { Double(features.count + target.count) * Double(S.dtype.byteCount) }
  /// The names of the coefficients, intercept first.
  var coefficientNames: [String] { ["intercept"] + names }

  /// A function of features, target and further tensors as a plan over ranges of rows.
  ///
  /// A plan copies arguments that are not dense, so on a mapped file it takes the matrix and parts it inside: the columns
  /// are then views of the rows of a block, and the file streams through.
  func compiled(
    _ body: @escaping (Tensor<S>, Tensor<S>, [Tensor<S>]) -> [Tensor<S>]
  ) -> (Range<Int>, [Tensor<S>]) -> [Tensor<S>] {
    if let matrix {
      let plan = Nabla.compiled { (rows: Tensor<S>, more: [Tensor<S>]) in
        let (x, y) = matrix.parts(of: rows)
        return body(x, y, more)
      }
      return { plan($0.count == rowCount ? matrix.whole : matrix.whole[$0], $1) }
    }
    let plan = Nabla.compiled(body)
    return { $0.count == rowCount ? plan(features, target, $1) : plan(features[$0], target[$0], $1) }
  }

  /// 1 - Σ (X w + b - y)² / Σ (y - ȳ)²; nil where the target is constant.
  func rSquared(_ weights: Tensor<S>, _ intercept: Tensor<S>) -> Double? {
    // Two plans: in one, the target would be kept in memory from the first pass to the second.
    let mean = compiled { _, y, _ in [y.mean()] }(0..<rowCount, [])[0]
    let squares = compiled { x, y, more in
      [square(y - more[0]).mean(), square(matmul(x, more[1]) + more[2] - y).mean()]
    }(0..<rowCount, [mean, weights, intercept])
    let (total, residual) = (Double(squares[0].scalar), Double(squares[1].scalar))
    return total > 0 ? 1 - residual / total : nil
  }
}

/// Means and deviations of columns: z = (x - mean) / deviation.
struct Scaling {
  var means: [Double]
  var deviations: [Double]
  var targetMean: Double
  var targetDeviation: Double

  /// No change.
  static func identity(_ columns: Int) -> Scaling {
    Scaling(
      means: Array(repeating: 0, count: columns), deviations: Array(repeating: 1, count: columns), targetMean: 0,
      targetDeviation: 1)
  }

  /// The coefficients, intercept first, of the model y = ȳ + s_y (b + Σ w_j (x_j - m_j) / s_j).
  func original<S: FloatingPointScalar>(_ weights: Tensor<S>, _ intercept: Tensor<S>) -> [Double] {
    let slopes = zip(weights.scalars, deviations).map { Double($0) * targetDeviation / $1 }
    let shift = zip(slopes, means).reduce(0) { $0 + $1.0 * $1.1 }
    return [targetMean + targetDeviation * Double(intercept.scalar) - shift] + slopes
  }
}

extension Dataset {
  /// A table's columns, with mean 0 and deviation 1: descent needs about as many steps as the condition number says, and
  /// units alone make that 10⁹ for data on an economy. Computed in Double for either element type.
  ///
  /// Throws a ``CommandError`` where the target is no column, or no other column is left.
  init(_ table: CSVTable, target name: String) throws {
    let columns = table.columns
    let path = Format.printable(table.path)
    guard let target = columns.firstIndex(of: name) else {
      let known = Format.printable(columns.joined(separator: ", "))
      throw CommandError(.data, "\(path), line 1: no column \"\(Format.printable(name))\" among \(known)")
    }
    if columns.count == 1 {
      throw CommandError(.data, "\(path), line 1: no column besides the target \"\(Format.printable(name))\"")
    }
    var means = [Double](repeating: 0, count: columns.count)
    var deviations = means
    for column in columns.indices { (means[column], deviations[column]) = table.moments(of: column) }
    func scaled(_ column: Int, _ row: Int) -> S {
      S((table.values[row * columns.count + column] - means[column]) / deviations[column])
    }
    let used = columns.indices.filter { $0 != target }
    features = Tensor(shape: [table.rowCount, used.count]) { scalars in
      var next = 0
      for row in 0..<table.rowCount {
        for column in used {
          scalars[next] = scaled(column, row)
          next += 1
        }
      }
    }
    self.target = Tensor(shape: [table.rowCount]) { scalars in
      for row in scalars.indices { scalars[row] = scaled(target, row) }
    }
    source = path
    names = used.map { Format.printable(columns[$0], limit: 40) }
    scaling = Scaling(
      means: used.map { means[$0] }, deviations: used.map { deviations[$0] }, targetMean: means[target],
      targetDeviation: deviations[target])
  }
}

extension CSVTable {
  /// The mean and the standard deviation of a column; of a constant one, the constant and 1, which leaves zeros. The
  /// largest size is divided out first, so that no square overflows.
  fileprivate func moments(of column: Int) -> (mean: Double, deviation: Double) {
    let rows = stride(from: column, to: values.count, by: columns.count)
    let first = values[column]
    if rows.allSatisfy({ values[$0] == first }) { return (first, 1) }
    let largest = rows.reduce(0) { Swift.max($0, abs(values[$1])) }
    let count = Double(rowCount)
    let mean = rows.reduce(0) { $0 + values[$1] / largest } / count
    let variance = rows.reduce(0) { sum, index in
      let distance = values[index] / largest - mean
      return sum + distance * distance
    }
    return (mean * largest, (variance / count).squareRoot() * largest)
  }
}
