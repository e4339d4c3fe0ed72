// The programs of the tutorial: a derivative, matrices, and the fit of a line by hand-written gradient, by tape, and
// by tape with momentum. `swift run -c release Tutorial` prints what the README shows.

import Nabla

// A derivative: x² at 3.
let x = Variable<Float>(3)
let tape = GradientTape()
let y = tape.record { square(x) }
print("x² at 3:", y, "  its derivative:", tape.gradient(of: y, for: x)!)

// Matrices.
let A = Tensor<Float>([[1, 2], [3, 4]])
let B = Tensor<Float>([[5, 6], [7, 8]])
print("A + B =\n\(A + B)")
print("A B =\n\(matmul(A, B))")
print("sum of A:", A.sum(), "  by columns:", A.sum(axis: 0), "  by rows:", A.sum(axis: 1))

// A line through the prices of 2013 to 2017, both scaled to 0 ... 1.
let data = LineFit<Float>.prices
print("exact:          a = \(Float(54) / 55), b = \(Float(3) / 55)")
print("by hand:       ", LineFit.byHand(data, steps: 10_000))
print("by tape:       ", LineFit.byTape(data, steps: 10_000, optimizer: SGD(learningRate: 1e-3)))
print("with momentum: ", LineFit.byTape(data, steps: 10_000, optimizer: SGD(learningRate: 1e-3, momentum: 0.9)))
