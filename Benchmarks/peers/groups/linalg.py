"""Factorizations and solutions."""

from groups import Group
from libraries import jax, jnp, np, tf, torch

group = Group("linalg")
add = group.add

try:
    from scipy.linalg import solve_triangular
except ImportError:  # NumPy alone has none
    solve_triangular = None


def cholesky(name, inputs):
    add(name, inputs, numpy=np.linalg.cholesky, torch=torch and torch.linalg.cholesky,
        jax=jnp and jnp.linalg.cholesky, tf=tf and tf.linalg.cholesky)  # fmt: skip


def solve(name, inputs, tf=None):
    add(name, inputs, numpy=np.linalg.solve, torch=torch and torch.linalg.solve, jax=jnp and jnp.linalg.solve, tf=tf)


def least_squares(name, inputs):
    add(name, inputs, numpy=lambda x, y: np.linalg.lstsq(x, y)[0],
        torch=lambda x, y: torch.linalg.lstsq(x, y[:, None]).solution,
        jax=lambda x, y: jnp.linalg.lstsq(x, y)[0],
        tf=lambda x, y: tf.linalg.lstsq(x, y[:, None], fast=False))  # fmt: skip


cholesky("cholesky, Double, 500", "f64[500,500] spd")
cholesky("cholesky, Float, 100", "f32[100,100] spd")
cholesky("batched cholesky, Double, 1000 of 8 x 8", "f64[1000,8,8] spd")
add("inverse, Double, 300", "f64[300,300] spd", numpy=np.linalg.inv, torch=torch and torch.linalg.inv,
    jax=jnp and jnp.linalg.inv, tf=tf and tf.linalg.inv)  # fmt: skip
add("qr, Double, 500 x 100", "f64[500,100]", numpy=lambda x: np.abs(np.linalg.qr(x)[1]),
    torch=lambda x: torch.linalg.qr(x)[1].abs(), jax=lambda x: jnp.abs(jnp.linalg.qr(x)[1]),
    tf=lambda x: tf.abs(tf.linalg.qr(x)[1]))  # fmt: skip
solve("solve, Double, 500", "f64[500,500] spd; f64[500]", tf=lambda x, y: tf.linalg.solve(x, y[:, None]))
solve("solve, Double, 500 with 100 columns", "f64[500,500] spd; f64[500,100]", tf=tf and tf.linalg.solve)
solve("batched solve, Double, 1000 of 8 x 8", "f64[1000,8,8] spd; f64[1000,8,1]", tf=tf and tf.linalg.solve)
add("triangular solve, Double, 500 with 100 columns", "f64[500,500] spd; f64[500,100]",
    numpy=solve_triangular and (lambda x, y: solve_triangular(x, y, lower=True)),
    torch=lambda x, y: torch.linalg.solve_triangular(x, y, upper=False),
    jax=lambda x, y: jax.scipy.linalg.solve_triangular(x, y, lower=True),
    tf=lambda x, y: tf.linalg.triangular_solve(x, y))  # fmt: skip
least_squares("least squares, Double, 2000 x 1000", "f64[2000,1000]; f64[2000]")
least_squares("least squares, Double, 100,000 x 10", "f64[100000,10]; f64[100000]")
add("lower triangle, 1000 x 1000", "f32[1000,1000]", numpy=np.tril, torch=torch and torch.tril, jax=jnp and jnp.tril,
    tf=lambda x: tf.linalg.band_part(x, -1, 0))  # fmt: skip
