import NablaMeasurement
import CPeak
import Dispatch

/// The machine's peak: the best of several runs of multiply-adds on registers, on as many threads as BLAS uses.
enum Peak {
  /// The instruction set of the loop.
  static var instructionSet: String { String(cString: nabla_peak_instruction_set()) }

  /// GFLOP/s of `threads` threads together. The best run counts, not the median: it is a bound that a product is
  /// compared with, and whatever disturbs the loop only lowers it.
  static func measure<S: DirectScalar>(_ type: S.Type, threads: Int, sampler: Sampler) -> Double {
    let rounds: Int64 = 1 << 20
    let operations = S.multiplyAdds(rounds: 1) * Double(rounds) * Double(threads)
    let measurement = sampler.measure {
      DispatchQueue.concurrentPerform(iterations: threads) { _ in consume(S.multiplyAdds(rounds: rounds)) }
    }
    return operations / measurement.best * 1e-9
  }
}
