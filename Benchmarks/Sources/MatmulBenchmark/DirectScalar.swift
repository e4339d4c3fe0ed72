import COpenBLAS
import CPeak
import Dispatch
import Nabla

/// What the benchmark needs of an element type: the direct call of BLAS, and the machine's peak.
protocol DirectScalar: FloatingPointScalar {
  /// c = a b for square row-major matrices.
  static func directProduct(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>, _ n: Int)
  /// Runs rounds of multiply-adds on registers; returns the operations done.
  static func multiplyAdds(rounds: Int64) -> Double
}

extension Float: DirectScalar {
  static func directProduct(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    let size = blasint(n)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a, size, b, size, 0, c, size)
  }
  static func multiplyAdds(rounds: Int64) -> Double { nabla_peak_float(rounds) }
}

extension Double: DirectScalar {
  static func directProduct(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ c: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    let size = blasint(n)
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a, size, b, size, 0, c, size)
  }
  static func multiplyAdds(rounds: Int64) -> Double { nabla_peak_double(rounds) }
}
