"""Writes least squares problems with their solutions, as the reference of LeastSquaresTests: exact ones, by rational
arithmetic on the normal equations, and NumPy's.

Run in this folder: python3 make_reference.py
"""
import json
from fractions import Fraction

import numpy as np


def exact(a, b):
    """The solution of min ‖A x - b‖, rounded once."""
    m, n = a.shape
    columns = b.shape[1]
    rows = [[Fraction(float(v)) for v in row] for row in a]
    right = [[Fraction(float(v)) for v in row] for row in b]
    system = [
        [sum(rows[k][i] * rows[k][j] for k in range(m)) for j in range(n)]
        + [sum(rows[k][i] * right[k][j] for k in range(m)) for j in range(columns)]
        for i in range(n)
    ]
    for i in range(n):  # Gauss and Jordan
        pivot = next(k for k in range(i, n) if system[k][i] != 0)
        system[i], system[pivot] = system[pivot], system[i]
        system[i] = [v / system[i][i] for v in system[i]]
        for k in range(n):
            if k != i and system[k][i] != 0:
                factor = system[k][i]
                system[k] = [x - factor * y for x, y in zip(system[k], system[i])]
    return np.array([[float(v) for v in row[n:]] for row in system]).reshape(n, columns)


def tensor(x):
    return {"shape": list(x.shape), "scalars": np.ravel(x).tolist()}


def case(name, a, b):
    scales = np.linalg.norm(a, axis=0)
    scaled = a / scales
    solution = exact(a, b)
    return {
        "name": name, "a": tensor(a), "b": tensor(b), "exact": tensor(solution),
        "numpy": tensor(np.linalg.lstsq(a, b, rcond=None)[0]),
        "condition": float(np.linalg.cond(scaled)), "norms": scales.tolist(),
        "residualNorms": np.linalg.norm(b - a @ solution, axis=0).tolist(),
    }


def main():
    rng = np.random.default_rng(9)

    def normal(*shape):
        return rng.standard_normal(shape)

    t = np.linspace(0, 1, 15)
    cases = [
        case("square", normal(5, 5), normal(5, 1)),
        case("tall", normal(30, 4), normal(30, 1)),
        case("several right-hand sides", normal(20, 6), normal(20, 3)),
        case("one column", normal(9, 1), normal(9, 2)),
        case("one element", np.array([[4.0]]), np.array([[3.0]])),
        case("exact fit", normal(12, 3), np.zeros((12, 1))),
        case("columns of very different sizes", normal(25, 4) * np.array([1e-12, 1, 1e6, 1e12]), normal(25, 1)),
        case("rows of very different sizes", normal(20, 3) * np.logspace(-3, 3, 20)[:, None], normal(20, 1)),
        case("polynomial", np.stack([t**k for k in range(7)], axis=1), np.sin(3 * t)[:, None]),
        case("nearly dependent", np.stack([np.ones(15), t, t + 1e-6 * np.cos(5 * t)], axis=1), np.exp(t)[:, None]),
    ]
    with open("leastSquares.json", "w") as file:
        json.dump(cases, file)
        file.write("\n")


main()
