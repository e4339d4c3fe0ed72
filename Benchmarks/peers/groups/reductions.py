"""Sums, extremes and statistics over all axes, narrow rows, and middle ones."""

from functools import partial

from groups import Group
from libraries import F, jax, jnp, np, tf, torch

group = Group("reductions")
add = group.add

NARROW = "f32[100000,10]"
SQUARE = "f32[1000,1000]"


def over(name, inputs, kind, axis=None, *, torch_kind=None, tf_kind=None):
    """A reduction over some axes, which the libraries have by names of their own."""
    add(
        name,
        inputs,
        numpy=partial(getattr(np, kind), axis=axis),
        torch=torch and partial(getattr(torch, torch_kind or kind), **({} if axis is None else {"dim": axis})),
        jax=jnp and partial(getattr(jnp, kind), axis=axis),
        tf=tf and partial(getattr(tf.math, tf_kind or "reduce_" + kind), axis=axis),
    )


def sums():
    over("sum, Int32, 1e7", "i32[10000000] 0..<100", "sum")
    over("sum, Double, 1e6", "f64[1000000]", "sum")
    over("sum of axis 0, 100,000 x 10", NARROW, "sum", 0)
    over("sum of axis 1, 100,000 x 10", NARROW, "sum", 1)
    over("sum of axis 1, 1,000,000 x 4", "f32[1000000,4]", "sum", 1)
    over("sum of the middle axis, 100 x 200 x 50", "f32[100,200,50]", "sum", 1)
    over("sum of axes 0 and 2, 100 x 200 x 50", "f32[100,200,50]", "sum", (0, 2))
    over("sum of axes 0 and 2, Double, 100 x 200 x 50", "f64[100,200,50]", "sum", (0, 2))
    add("sum of a transposed matrix, 1000 x 1000", SQUARE, numpy=lambda x: x.T.sum(), torch=lambda x: x.T.sum(),
        jax=lambda x: x.T.sum(), tf=lambda x: tf.reduce_sum(tf.transpose(x)))  # fmt: skip
    add("sum of a column, 1,000,000 x 4", "f32[1000000,4]", numpy=lambda x: x[:, 1].sum(),
        torch=lambda x: x[:, 1].sum(), jax=lambda x: x[:, 1].sum(), tf=lambda x: tf.reduce_sum(x[:, 1]))  # fmt: skip
    add("sum of a broadcast, 1000 x 1000 x 8", "f32[1000,8]",
        numpy=lambda x: np.broadcast_to(x, (1000, 1000, 8)).sum(axis=(0, 1)),
        torch=lambda x: x.expand(1000, 1000, 8).sum(dim=(0, 1)),
        jax=lambda x: jnp.broadcast_to(x, (1000, 1000, 8)).sum(axis=(0, 1)),
        tf=lambda x: tf.reduce_sum(tf.broadcast_to(x, (1000, 1000, 8)), axis=(0, 1)))  # fmt: skip
    over("product of rows, 100,000 x 10", "f32[100000,10] 0.5..1.5", "prod", 1)


def extremes():
    over("argmax, 1e6", "f32[1000000]", "argmax", tf_kind="argmax")
    over("argmin, Double, 1e6", "f64[1000000]", "argmin", tf_kind="argmin")
    over("argmax of axis 0, 100,000 x 10", NARROW, "argmax", 0, tf_kind="argmax")
    over("argmax of axis 1, 100,000 x 10", NARROW, "argmax", 1, tf_kind="argmax")
    over("argmin of axis 1, Int32, 100,000 x 10", "i32[100000,10] 0..<1000000", "argmin", 1, tf_kind="argmin")
    over("max of axis 0, 100,000 x 10", NARROW, "max", 0, torch_kind="amax")
    over("max of axis 1, 100,000 x 10", NARROW, "max", 1, torch_kind="amax")
    over("min, Int32, 1e6", "i32[1000000] 5..<1000000", "min")
    over("max, 1e7", "f32[10000000]", "max")


def variance(name, inputs, axis=None):
    add(name, inputs, numpy=lambda x: x.var(axis=axis), torch=lambda x: x.var(dim=axis, correction=0),
        jax=lambda x: x.var(axis=axis), tf=lambda x: tf.math.reduce_variance(x, axis=axis))  # fmt: skip


def numpy_log_sum_exp(x, axis):
    top = x.max(axis=axis, keepdims=True)
    return np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)


def numpy_softmax(x, axis):
    raised = np.exp(x - x.max(axis=axis, keepdims=True))
    raised /= raised.sum(axis=axis, keepdims=True)
    return raised


def numpy_log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def normalized(x, scale, shift):
    """Layer normalization, of NumPy and JAX arrays."""
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / ((centred * centred).mean(axis=1, keepdims=True) + 1e-5) ** 0.5 * scale + shift


def tf_normalized(x, scale, shift):
    mean, variance = tf.nn.moments(x, 1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5) * scale + shift


def statistics():
    over("mean of axis 1, Double, 100,000 x 10", "f64[100000,10]", "mean", 1)
    variance("variance, 1e6", "f32[1000000]")
    variance("variance of axis 0, 100,000 x 10", NARROW, 0)
    variance("variance of axis 1, 1000 x 1000", SQUARE, 1)
    add("standard deviation of axis 1, Double, 1000 x 1000", "f64[1000,1000]", numpy=lambda x: x.std(axis=1),
        torch=lambda x: x.std(dim=1, correction=0), jax=lambda x: x.std(axis=1),
        tf=lambda x: tf.math.reduce_std(x, axis=1))  # fmt: skip
    add("layer normalization, 10,000 x 64", "f32[10000,64]; f32[64]; f32[64]", numpy=normalized,
        torch=lambda x, scale, shift: F.layer_norm(x, (64,), scale, shift, 1e-5), jax=normalized,
        tf=tf_normalized)  # fmt: skip
    for axis in [1, 0]:
        add(f"logSumExp of axis {axis}, 100,000 x 10", NARROW, numpy=lambda x, axis=axis: numpy_log_sum_exp(x, axis),
            torch=lambda x, axis=axis: torch.logsumexp(x, axis),
            jax=lambda x, axis=axis: jax.nn.logsumexp(x, axis=axis),
            tf=lambda x, axis=axis: tf.reduce_logsumexp(x, axis=axis))  # fmt: skip
    for axis, label, inputs in [
        (1, "100,000 x 10", NARROW), (0, "1000 x 1000", SQUARE), (1, "1000 x 1000", "f64[1000,1000]"),
    ]:  # fmt: skip
        kind = "Double, " if "f64" in inputs else ""
        add(f"softmax of axis {axis}, {kind}{label}", inputs, numpy=lambda x, axis=axis: numpy_softmax(x, axis),
            torch=lambda x, axis=axis: torch.softmax(x, axis), jax=lambda x, axis=axis: jax.nn.softmax(x, axis=axis),
            tf=lambda x, axis=axis: tf.nn.softmax(x, axis=axis))  # fmt: skip
    add("logSoftmax of axis 1, 100,000 x 10", NARROW, numpy=numpy_log_softmax,
        torch=lambda x: torch.log_softmax(x, 1), jax=lambda x: jax.nn.log_softmax(x, axis=1),
        tf=lambda x: tf.nn.log_softmax(x, axis=1))  # fmt: skip
    add("Euclidean norm, 1e6", "f32[1000000]", numpy=lambda x: np.linalg.norm(x),
        torch=lambda x: torch.linalg.vector_norm(x), jax=lambda x: jnp.linalg.norm(x),
        tf=lambda x: tf.norm(x))  # fmt: skip


def running(name, inputs, axis=0):
    add(name, inputs, numpy=lambda x: np.cumsum(x, axis=axis), torch=lambda x: torch.cumsum(x, axis),
        jax=lambda x: jnp.cumsum(x, axis=axis), tf=lambda x: tf.cumsum(x, axis=axis))  # fmt: skip


sums()
extremes()
statistics()
running("cumulative sum, 1e6", "f32[1000000]")
running("cumulative sum, Int64, 1e6", "i64[1000000] 0..<100")
running("cumulative sum of axis 0, 1000 x 1000", SQUARE, 0)
running("cumulative sum of axis 1, 1000 x 1000", SQUARE, 1)
