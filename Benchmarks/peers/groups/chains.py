"""Runs of element-wise operations, which compilers fuse."""

import math

from groups import Group
from libraries import jax, jnp, np, tf, torch

group = Group("chains")
add = group.add

try:
    from scipy.special import erf as numpy_erf
except ImportError:  # NumPy alone has none
    numpy_erf = None


def links(x, y, count):
    """A chain of two element-wise operations for each link."""
    z = x
    for _ in range(count):
        z = z * y + x
    return z


def chain(name, inputs, count):
    def run(x, y):
        return links(x, y, count)

    add(name, inputs, numpy=run, torch=run, jax=run, tf=run)


def polynomial(x):
    y = x * 0.1 + 0.5
    for k in range(2, 11):
        y = y * x + 1 / k
    return y


def density(log):
    def run(x, mean, deviation):
        z = (x - mean) / deviation
        return -0.5 * (z * z) - log(deviation) - 0.9189385332046727

    return run


def choice(where, exp, sin, clip):
    def run(x, y):
        z = where(x > y, exp(x - y), sin(x) * y)
        return clip(z * z + 0.5, 0, 2)

    return run


def black_and_scholes(sqrt, log, exp, erf):
    root = math.sqrt(0.5)

    def normal(x):
        return 0.5 * (1 + erf(x * root))

    def run(price, strike, time):
        deviation = 0.2 * sqrt(time)
        d = (log(price / strike) + time * 0.04) / deviation
        return price * normal(d) - strike * exp(-0.02 * time) * normal(d - deviation)

    return run


chain("chain of 10, 1e6", "f32[1000000]; f32[1000000]", 5)
chain("chain of 20, 1e6", "f32[1000000]; f32[1000000]", 10)
chain("chain of 10, Double, 1e6", "f64[1000000]; f64[1000000]", 5)
chain("chain of 10, Double, 1000", "f64[1000]; f64[1000]", 5)
chain("chain of 10 by columns, 100,000 x 10", "f32[100000,10]; f32[10]", 5)
add("chain of 10 and sum of axis 1, 100,000 x 10", "f32[100000,10]; f32[10]",
    numpy=lambda x, y: links(x, y, 5).sum(axis=1), torch=lambda x, y: links(x, y, 5).sum(dim=1),
    jax=lambda x, y: links(x, y, 5).sum(axis=1), tf=lambda x, y: tf.reduce_sum(links(x, y, 5), axis=1))  # fmt: skip
add("polynomial of degree 10, Double, 1e6", "f64[1000000] -1..1", numpy=polynomial, torch=polynomial, jax=polynomial,
    tf=polynomial)  # fmt: skip
add("logarithm of a normal density, Double, 1e6", "f64[1000000]; f64[1000000]; f64[1000000] 0.5..2",
    numpy=density(np.log), torch=torch and density(torch.log), jax=jnp and density(jnp.log),
    tf=tf and density(tf.math.log))  # fmt: skip
add("chain with a choice, 1e6", "f32[1000000]; f32[1000000]",
    numpy=choice(np.where, np.exp, np.sin, np.clip),
    torch=torch and choice(torch.where, torch.exp, torch.sin, torch.clip),
    jax=jnp and choice(jnp.where, jnp.exp, jnp.sin, jnp.clip),
    tf=tf and choice(tf.where, tf.exp, tf.sin, tf.clip_by_value))  # fmt: skip
add("Black and Scholes, Double, 1e6", "f64[1000000] 50..150; f64[1000000] 50..150; f64[1000000] 0.1..2",
    numpy=numpy_erf and black_and_scholes(np.sqrt, np.log, np.exp, numpy_erf),
    torch=torch and black_and_scholes(torch.sqrt, torch.log, torch.exp, torch.erf),
    jax=jnp and black_and_scholes(jnp.sqrt, jnp.log, jnp.exp, jax.scipy.special.erf),
    tf=tf and black_and_scholes(tf.sqrt, tf.math.log, tf.exp, tf.math.erf))  # fmt: skip
