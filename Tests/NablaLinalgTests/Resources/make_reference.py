"""Writes least squares problems with their solutions, as the reference of LeastSquaresTests: exact ones, by rational
arithmetic on the normal equations, and NumPy's. And factorizations with their first and second derivatives by JAX, as the
reference of JAXTests.

Run in this folder, with numpy and jax: python3 make_reference.py
"""
import json
from fractions import Fraction

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np

jax.config.update("jax_enable_x64", True)


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


def derivatives(name, f, *x):
    """f's value, the gradients of the sum of its value's sines, and those of the sum of squares of these."""

    def loss(*x):
        return jnp.sum(jnp.sin(f(*x)))

    places = tuple(range(len(x)))
    first = jax.grad(loss, places)
    second = jax.grad(lambda *x: sum(jnp.sum(g * g) for g in first(*x)), places)
    return {
        "name": name, "x": [tensor(v) for v in x], "y": tensor(np.array(f(*x))),
        "first": [tensor(np.array(g)) for g in first(*x)], "second": [tensor(np.array(g)) for g in second(*x)],
    }


def factorizations(normal):
    def symmetric(*shape):
        a = normal(*shape) / 2
        return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])

    def triangle(*shape):
        return np.tril(normal(*shape) / 4 + 1.5 * np.eye(shape[-1]))

    def lstsq(a, b):
        return jnp.linalg.lstsq(a, b)[0]

    def solve_triangular(a, b):
        return jax.scipy.linalg.solve_triangular(a, b, lower=True, trans=1)

    tame = normal(4, 4) / 4 + 2 * np.eye(4)
    return [
        derivatives("cholesky", jnp.linalg.cholesky, symmetric(4, 4)),
        derivatives("cholesky", jnp.linalg.cholesky, symmetric(2, 3, 3)),
        derivatives("triangularSolve", solve_triangular, triangle(4, 4), normal(4, 2)),
        derivatives("q", lambda a: jnp.linalg.qr(a)[0], normal(5, 3)),
        derivatives("r", lambda a: jnp.linalg.qr(a)[1], normal(5, 3)),
        derivatives("solve", jnp.linalg.solve, tame, normal(4, 2)),
        derivatives("solve", jnp.linalg.solve, normal(2, 3, 3) / 4 + 2 * np.eye(3), normal(2, 3, 1)),
        derivatives("inverse", jnp.linalg.inv, tame),
        derivatives("leastSquares", lstsq, normal(6, 3), normal(6, 2)),
    ]


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
    with open("factorizations.json", "w") as file:
        json.dump(factorizations(normal), file)
        file.write("\n")


main()
