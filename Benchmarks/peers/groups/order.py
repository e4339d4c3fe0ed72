"""Sorting, and the largest elements. NumPy has no topK: it parts, and sorts what it found."""

from groups import Group
from libraries import jax, jnp, np, tf, torch

group = Group("order")
add = group.add


def sort(name, inputs, axis=-1):
    add(name, inputs, numpy=lambda x: np.sort(x, axis), torch=lambda x: torch.sort(x, axis).values,
        jax=lambda x: jnp.sort(x, axis), tf=lambda x: tf.sort(x, axis))  # fmt: skip


def argsort(name, inputs):
    add(name, inputs, numpy=lambda x: np.argsort(x), torch=lambda x: torch.argsort(x), jax=lambda x: jnp.argsort(x),
        tf=lambda x: tf.argsort(x))  # fmt: skip


def top(name, inputs, k):
    add(name, inputs, numpy=lambda x: -np.sort(np.partition(-x, k, axis=-1)[..., :k], axis=-1),
        torch=lambda x: torch.topk(x, k).values, jax=lambda x: jax.lax.top_k(x, k)[0],
        tf=lambda x: tf.math.top_k(x, k).values)  # fmt: skip


sort("sort, 1e6", "f32[1000000]")
sort("sort, Double, 1e6", "f64[1000000]")
sort("sort, Int32, 1e6", "i32[1000000] 0..<1000000000")
sort("sort, 1000", "f32[1000]")
sort("sort of axis 1, 100,000 x 10", "f32[100000,10]", 1)
sort("sort of axis 0, 10,000 x 10", "f32[10000,10]", 0)
argsort("argsort, Double, 1e6", "f64[1000000]")
argsort("argsort of axis 1, Double, 10,000 x 100", "f64[10000,100]")
top("topK, 10 of 1e6", "f32[1000000]", 10)
top("topK, 5 of axis 1, 10,000 x 100", "f32[10000,100]", 5)
