import CBLAS

/// Small products against plain loops: a kernel set is used only if these agree.
///
/// The sizes cross the register tiles and the edges of every x86-64 kernel. The bound is that of a product of length k
/// (Higham, section 3.5): k · u · |A||B|, with entries of at most 1 in size.
extension SystemLibrary {
  package func isCorrect() -> Bool {
    for (m, n, k) in [(1, 1, 1), (7, 5, 3), (17, 33, 65), (48, 64, 96), (67, 49, 130)] {
      for transposes in [false, true] {
        guard agrees(Float.self, m, n, k, transposes), agrees(Double.self, m, n, k, transposes) else { return false }
      }
    }
    return solves(Float.self, 37, 19) && solves(Double.self, 37, 19)
  }

  private func agrees<T: BLASScalar>(_ type: T.Type, _ m: Int, _ n: Int, _ k: Int, _ transposes: Bool) -> Bool {
    let a: [T] = entries(m * k, 1)
    let b: [T] = entries(k * n, 2)
    var c = [T](repeating: .nan, count: m * n)
    T.gemm(
      transposes, false, Int32(m), Int32(n), Int32(k), a, Int32(transposes ? m : k), b, Int32(n), &c, Int32(n))
    let bound = T(2 * k + 4) * T.ulpOfOne
    for i in 0..<m {
      for j in 0..<n {
        var sum: T = 0
        for p in 0..<k { sum += a[transposes ? p * m + i : i * k + p] * b[p * n + j] }
        guard abs(c[i * n + j] - sum) <= bound else { return false }
      }
    }
    return true
  }

  /// Whether trsm solves a lower triangular system with dominant diagonal: L X = B.
  private func solves<T: BLASScalar>(_ type: T.Type, _ n: Int, _ columns: Int) -> Bool {
    var l: [T] = entries(n * n, 3)
    for i in 0..<n { l[i * n + i] = T(n) }
    let b: [T] = entries(n * columns, 4)
    var x = b
    T.trsm(Int32(n), Int32(columns), l, Int32(n), &x, Int32(columns))
    let bound = T(8 * n) * T.ulpOfOne
    for i in 0..<n {
      for j in 0..<columns {
        var sum: T = 0
        for p in 0...i { sum += l[i * n + p] * x[p * columns + j] }
        guard abs(sum - b[i * columns + j]) <= bound else { return false }
      }
    }
    return true
  }

  /// Entries in -0.5 ..< 0.5 from a linear congruence (Numerical Recipes, section 7.1).
  private func entries<T: BLASScalar>(_ count: Int, _ seed: UInt32) -> [T] {
    var state = seed &* 2_654_435_761
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return T(Double(state >> 8) / Double(1 << 24) - 0.5)
    }
  }
}
