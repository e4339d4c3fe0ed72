import Nabla

// Numbers that each library draws in its own way: only their distributions agree.
extension WorkList {
  mutating func addDraws() {
    add("uniform draws, 1e7", check: Check.distribution) { Tensor<Float>.random(.uniform, shape: [10_000_000]) }
    add("uniform draws, Double, 1e7", check: Check.distribution) {
      Tensor<Double>.random(.uniform, shape: [10_000_000])
    }
    add("normal draws, 1e7", check: Check.distribution) { Tensor<Float>.random(.normal, shape: [10_000_000]) }
    add("normal draws, Double, 1e7", check: Check.distribution) {
      Tensor<Double>.random(.normal, shape: [10_000_000])
    }
    add("integer draws, Int32, 1e7", check: Check.distribution) {
      Tensor<Int32>.random(in: 0..<1000, shape: [10_000_000])
    }
    add("Bernoulli draws, 1e7", check: Check.distribution) { Tensor<Bool>.random(bernoulli: 0.3, shape: [10_000_000]) }
    add("dropout, 1e7", "f32[10000000]", check: Check.distribution) { (x: Tensor<Float>) in dropout(x, rate: 0.5) }
    add("sequential uniform draws, PCG64, 1e6", [.eager]) {
      var generator = RandomGenerator(seed: 7)
      return Tensor<Double>.random(.uniform, shape: [1_000_000], using: &generator)
    }
    add("sequential normal draws, PCG64, 1e6", [.eager]) {
      var generator = RandomGenerator(seed: 7)
      return Tensor<Double>.random(.normal, shape: [1_000_000], using: &generator)
    }
  }
}
