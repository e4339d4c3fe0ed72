import Nabla

/// A matrix in a mapped file, one of whose outer columns is the target.
struct MappedMatrix<S: FloatingPointScalar>: Sendable {
  /// All rows, dense.
  let whole: Tensor<S>
  let isTargetFirst: Bool

  var columnCount: Int { whole.shape[1] }
  /// The columns that are features.
  var featureColumns: Range<Int> { isTargetFirst ? 1..<columnCount : 0..<(columnCount - 1) }

  /// Features and target of rows of the matrix, as views.
  func parts(of rows: Tensor<S>) -> (features: Tensor<S>, target: Tensor<S>) {
    (rows[.all, featureColumns], rows[.all, isTargetFirst ? 0 : columnCount - 1])
  }
}

extension Dataset {
  /// The columns of the matrix in a .npy file, as they are: nothing is read yet.
  ///
  /// Throws a ``CommandError`` where the file is no matrix of this type, or the column cannot be the target.
  init(mapping path: String, targetColumn: Int) throws {
    let name = Format.printable(path)
    let header = try commandErrors { try NPYHeader(path: path) }
    guard header.shape.rank == 2, header.shape[0] > 0, header.shape[1] > 1 else {
      throw CommandError(
        .data, "\(name): an array of shape \(header.shape) is no matrix of rows with two columns or more")
    }
    guard !header.isFortranOrder else {
      throw CommandError(
        .data, "\(name): the matrix is in Fortran order, column by column; training streams rows (C order)")
    }
    let (rows, columns) = (header.shape[0], header.shape[1])
    if max(rows, columns) > Int(Int32.max) {
      throw CommandError(.data, "\(name): shape \(header.shape): BLAS counts rows and columns up to \(Int32.max)")
    }
    let column = targetColumn < 0 ? targetColumn + columns : targetColumn
    guard column == 0 || column == columns - 1 else {
      let reason =
        (1..<columns).contains(column)
        ? "the features on both sides of it would have to be copied; only the first and the last column can be the target"
        : "the file has \(columns) columns"
      throw CommandError(.usage, "--target-column \(targetColumn): \(reason)")
    }
    let matrix = MappedMatrix(whole: try commandErrors { try Tensor<S>(mapping: path) }, isTargetFirst: column == 0)
    (features, target) = matrix.parts(of: matrix.whole)
    self.matrix = matrix
    source = name
    names = matrix.featureColumns.map { "column \($0)" }
    scaling = .identity(columns - 1)
  }

  /// The row and column of the first NaN or infinity, found block by block.
  func firstNotFinite() -> (row: Int, column: Int)? {
    let whole = matrix?.whole ?? features
    let block = max(1, (1 << 18) / whole.shape[1])
    for start in stride(from: 0, to: rowCount, by: block) {
      let rows = whole[start..<min(rowCount, start + block)]
      if rows.isFinite.all().scalar { continue }
      let index = rows.scalars.firstIndex { !$0.isFinite } ?? 0
      return (start + index / whole.shape[1], index % whole.shape[1])
    }
    return nil
  }

  /// The error that training on this cannot begin.
  func notFinite() -> CommandError {
    guard let (row, column) = firstNotFinite() else {
      return CommandError(.data, "\(source): the numbers are too large: their squares are not finite in \(S.dtype)")
    }
    return CommandError(.data, "\(source): row \(row), column \(column): not a finite number")
  }
}

extension Train {
  /// The element type to train with.
  ///
  /// Throws a ``CommandError`` where that of a file is neither float32 nor float64, or not the one asked for.
  func elementType() throws -> ElementType {
    guard let filePath else { return dtype ?? .float32 }
    let seen = try commandErrors { try NPYHeader(path: filePath) }.dtype
    guard let type = ElementType(rawValue: "\(seen)") else {
      throw CommandError(.data, "\(Format.printable(filePath)): elements are \(seen), not float32 or float64")
    }
    if let dtype, dtype != type {
      throw CommandError(.usage, "--dtype \(dtype) is not the file's: \(Format.printable(filePath)) holds \(seen)")
    }
    return type
  }
}

/// Runs `body`; a file's error becomes that of a command.
private func commandErrors<Result>(_ body: () throws -> Result) throws -> Result {
  do { return try body() } catch let error as DataError {
    if case .malformed = error { throw CommandError(.data, Format.printable("\(error)", limit: 400)) }
    throw CommandError(.noInput, Format.printable("\(error)", limit: 400))
  }
}
