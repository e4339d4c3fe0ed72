import Nabla

/// A matrix product as one writes it: c[i, j] = Σ a[i, k] b[k, j], one element after the other.
///
/// The inner loop walks down a column of b, a new cache line with each step.
func plainProduct<S: FloatingPointScalar>(
  _ a: UnsafePointer<S>, _ b: UnsafePointer<S>, _ c: UnsafeMutablePointer<S>, _ n: Int
) {
  for i in 0..<n {
    for j in 0..<n {
      var sum: S = 0
      for k in 0..<n { sum += a[i * n + k] * b[k * n + j] }
      c[i * n + j] = sum
    }
  }
}

/// The same with the two inner loops exchanged: rows of b and c are walked along, and the compiler vectorizes.
func cacheOrderProduct<S: FloatingPointScalar>(
  _ a: UnsafePointer<S>, _ b: UnsafePointer<S>, _ c: UnsafeMutablePointer<S>, _ n: Int
) {
  c.update(repeating: 0, count: n * n)
  for i in 0..<n {
    let row = c + i * n
    for k in 0..<n {
      let (factor, other) = (a[i * n + k], b + k * n)
      for j in 0..<n { row[j] += factor * other[j] }
    }
  }
}
