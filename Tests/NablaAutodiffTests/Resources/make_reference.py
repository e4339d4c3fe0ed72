"""Writes values and derivatives of composite functions by JAX in float64, as the reference of TransformsTests, and the
line fit of the tutorial by NumPy, as that of TutorialTests.

Run in this folder: python3 make_reference.py
"""
import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(20)


def normal(*shape):
    return rng.standard_normal(shape)


def uniform(low, high, *shape):
    return rng.uniform(low, high, shape)


X, Y = normal(8, 5), normal(8, 1)
SIGNS = np.where(normal(8) > 0, 1.0, -1.0)
ONE_HOT = np.eye(4)[rng.integers(0, 4, 8)]
WEIGHTS = normal(6, 3)
INDICES = np.array([[2, 0, 2], [4, 4, 1]])


def mlp(w1, b1, w2, b2):
    return jnp.mean((jnp.tanh(X @ w1 + b1) @ w2 + b2 - Y) ** 2)


def logistic(w, b):
    return jnp.mean(jax.nn.softplus(-SIGNS * (X @ w + b)))


def cross_entropy(w):
    return -jnp.mean(jnp.sum(ONE_HOT * jax.nn.log_softmax(X @ w), axis=1))


def log_sum_exp(x):
    return jnp.sum(jax.nn.logsumexp(x, axis=1) * WEIGHTS[:, 0]) + jax.nn.logsumexp(3 * x)


def statistics(x):
    return jnp.sum(jnp.var(x, axis=0) * WEIGHTS[0]) + jnp.sum(jnp.std(x, axis=1)) + jnp.std(x)


def batched(a, b, c):
    return jnp.sum(jnp.sin(a @ b)) + jnp.sum(jnp.cos(a @ c) ** 2)


def gathered(table):
    return jnp.sum(table[INDICES] ** 3) + jnp.sum(jnp.take(table, INDICES[0], axis=1) * table[0, 0])


def product(x):
    return jnp.sum(jnp.prod(x, axis=1) * WEIGHTS[:, 1]) + jnp.prod(x[1:])


def cumulative(x):
    return jnp.sum(jnp.exp(-jnp.cumsum(x, axis=1)) * WEIGHTS) + jnp.sum(jnp.cumsum(x, axis=0) ** 2)


def gaussian(x):
    return jnp.sum(jax.scipy.special.erf(x) * WEIGHTS + jax.nn.gelu(x, approximate=False) + jax.nn.silu(x) * x)


def activations(x):
    return jnp.sum(
        jax.nn.elu(x) * WEIGHTS + jax.nn.leaky_relu(x, 0.2) ** 2 + jax.nn.relu(x) * jax.nn.sigmoid(x) + jax.nn.softplus(x))


def trigonometry(x):
    return jnp.sum(
        jnp.sin(x) * jnp.cos(x) + jnp.tan(x) * WEIGHTS + jnp.arcsin(x) * jnp.arccos(x) + jnp.arctan(2 * x) + jnp.arctanh(x))


def hyperbolic(x):
    return jnp.sum(jnp.sinh(x) * jnp.cosh(x) + jnp.tanh(x) + jnp.arcsinh(x) * WEIGHTS + jnp.arccosh(1.5 + x * x))


def powers(a, b):
    return jnp.sum(a**b / (1 + a) + jnp.sqrt(a) * jnp.log1p(b) - jax.lax.rsqrt(a * b) + jnp.expm1(-b) + jnp.log(a) / b)


def extremes(x, y):
    return jnp.sum(jnp.max(x, axis=0) * jnp.min(y, axis=0)) + jnp.sum(
        jnp.maximum(x, y) ** 2 * jnp.minimum(x, y) + jnp.clip(x, -0.5, 0.5) * jnp.abs(y) * y)


def pieces(x):
    y = jnp.concatenate([x[::2, ::-1], x[1:2] * x[:1]])
    z = jnp.pad(y.T, ((1, 0), (0, 2)))
    return jnp.sum(z[1:, :-1] ** 3) + jnp.sum(jnp.reshape(x.T[None], (2, -1)) @ jnp.reshape(x, (-1, 2)))


def attention(q, k, v):
    s = jax.nn.softmax(q @ jnp.swapaxes(k, -1, -2) / np.sqrt(3.0), axis=-1)
    return jnp.sum((s @ v) ** 2)


with_zero = normal(6, 3)
with_zero[0, 1] = 0
with_zero[2] = [0, 0, 1.5]
CASES = [
    (mlp, normal(5, 7), normal(7), normal(7, 1), normal(1)),
    (logistic, normal(5), normal()),
    (cross_entropy, normal(5, 4)),
    (log_sum_exp, normal(6, 3)),
    (statistics, normal(6, 3)),
    (batched, normal(3, 2, 4), normal(4, 5), normal(1, 4, 2)),
    (gathered, normal(5, 6)),
    (product, with_zero),
    (cumulative, normal(6, 3)),
    (gaussian, normal(6, 3)),
    (activations, normal(6, 3)),
    (trigonometry, uniform(-0.9, 0.9, 6, 3)),
    (hyperbolic, normal(6, 3)),
    (powers, uniform(0.5, 2, 6, 3), uniform(0.5, 2, 3)),
    (extremes, normal(6, 3), normal(6, 3)),
    (pieces, normal(4, 3)),
    (attention, normal(2, 4, 3), normal(2, 5, 3), normal(2, 5, 2)),
]


def tensor(x):
    x = np.asarray(x, dtype=np.float64)
    return {"shape": list(x.shape), "scalars": x.ravel().tolist()}


def case(f, *x):
    directions = [normal(*v.shape) if isinstance(v, np.ndarray) else normal() for v in x]
    x, directions = [jnp.asarray(v) for v in x], [jnp.asarray(v) for v in directions]
    gradient = jax.grad(f, argnums=tuple(range(len(x))))
    return {
        "name": f.__name__,
        "inputs": [tensor(v) for v in x],
        "directions": [tensor(v) for v in directions],
        "value": float(f(*x)),
        "gradients": [tensor(g) for g in gradient(*x)],
        "tangent": float(jax.jvp(f, x, directions)[1]),
        "hessianProducts": [tensor(h) for h in jax.jvp(gradient, x, directions)[1]],
    }


def line(dtype, momentum, steps, rate=1e-3):
    """The fit of y = a x + b by descent of half the sum of squares, every operation in one type."""
    x = np.array([0, 0.25, 0.5, 0.75, 1], dtype=dtype)
    y = (np.array([12000, 14000, 15000, 16500, 17500], dtype=dtype) - dtype(12000)) / (dtype(17500) - dtype(12000))
    a = b = va = vb = dtype(0)
    rate, momentum = dtype(rate), dtype(momentum)
    for _ in range(steps):
        e = a * x + b - y
        va, vb = momentum * va - rate * np.sum(e * x), momentum * vb - rate * np.sum(e)
        a, b = a + va, b + vb
    return [float(a), float(b)]


def main():
    with open("jax.json", "w") as file:
        constants = {"X": X, "Y": Y, "signs": SIGNS, "oneHot": ONE_HOT, "weights": WEIGHTS}
        cases = [case(*c) for c in CASES]
        json.dump({"constants": {k: tensor(v) for k, v in constants.items()}, "indices": INDICES.tolist(), "cases": cases}, file)
        file.write("\n")
    with open("line.json", "w") as file:
        fits = [
            {"dtype": t.__name__, "momentum": m, "steps": s, "line": line(t, m, s)}
            for t in (np.float32, np.float64) for m in (0.0, 0.9) for s in (1, 10, 10_000)
        ]
        json.dump(fits, file, indent=1)
        file.write("\n")


main()
