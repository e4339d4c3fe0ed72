import ArgumentParser
import NablaMeasurement
import Nabla

@main
struct MatmulBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "matmul-benchmark",
    abstract: "Matrix products by loops, by Nabla and by a direct call of BLAS, against the machine's peak.")

  @Option(help: ArgumentHelp("Draw the rates of Float into this file.", valueName: "file"))
  var svg: String?

  @Flag(help: "Take few samples and leave the written-out loops at 2048 out.")
  var quick = false

  private static let sizes = [64, 128, 256, 512, 1024, 2048]

  func run() throws {
    // Asked first: Nabla selects OpenBLAS's best kernels, which the direct call then uses as well.
    let library = OpenBLAS.current
    print("machine   \(Machine.current.description)")
    print("OpenBLAS  \(library.version), core \(library.coreUsed), \(OpenBLAS.threadCount) threads; \(library.reason)")
    let single = try measure(Float.self, name: "Float", direct: "cblas_sgemm")
    _ = try measure(Double.self, name: "Double", direct: "cblas_dgemm")
    if let svg {
      try chart(single.rows, peak: single.peak, core: library.coreUsed).drawing.write(to: svg)
    }
  }

  private func measure<S: DirectScalar>(
    _ type: S.Type, name: String, direct: String
  ) throws -> (rows: [ProductRow], peak: Double) {
    let sampler = quick ? Sampler.quick : .full
    let benchmark = ProductBenchmark<S>(sampler: sampler, largestLoop: quick ? 1024 : 2048)
    let threads = OpenBLAS.threadCount
    let peak = Peak.measure(type, threads: threads, sampler: sampler)
    let source = "\(Peak.instructionSet) on registers, \(threads) threads"
    print("\n\(name), GFLOP/s; peak \(Format.fixed(peak, 1)) (\(source))\n")
    let rows = try Self.sizes.map { try benchmark.row(size: $0) }
    print(table(rows, peak: peak, direct: direct).plain)
    return (rows, peak)
  }

  private func table(_ rows: [ProductRow], peak: Double, direct: String) -> Table {
    var table = Table(["size", "i,j,k", "i,k,j", "Nabla", direct, "Nabla / direct", "Nabla / peak"])
    for row in rows {
      table.append([
        String(row.size), Format.fixed(row.plain, 2), Format.fixed(row.cacheOrder, 2), Format.fixed(row.nabla, 1),
        Format.fixed(row.direct, 1), Format.fixed(row.nabla / row.direct, 3), Format.fixed(row.nabla / peak, 3),
      ])
    }
    return table
  }

  private func chart(_ rows: [ProductRow], peak: Double, core: String) -> LineChart {
    func line(_ name: String, _ rate: (ProductRow) -> Double?) -> LineChart.Line {
      LineChart.Line(name, rows.compactMap { row in rate(row).map { (Double(row.size), $0) } })
    }
    return LineChart(
      title: "Product of two square matrices of Float", subtitle: "\(Machine.current.processor), OpenBLAS core \(core)",
      xLabel: "size n of the n × n matrices", yLabel: "GFLOP/s",
      lines: [
        line("Nabla", \.nabla), line("cblas_sgemm, direct", \.direct), line("loop in cache order i,k,j", \.cacheOrder),
        line("plain loop i,j,k", \.plain),
        LineChart.Line("peak of the machine", rows.map { (Double($0.size), peak) }, isBound: true),
      ])
  }
}
