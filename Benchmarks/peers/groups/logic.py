"""Comparisons, masks, choices and casts."""

from groups import Group
from libraries import jnp, np, tf, torch

group = Group("logic")
add = group.add

TWO = "f32[1000000]; f32[1000000]"
ONE = "f32[1000000]"


def same(name, inputs, function):
    """A work that the operators do in every library."""
    add(name, inputs, numpy=function, torch=function, jax=function, tf=function)


same("greater, 1e6", TWO, lambda x, y: x > y)
same("greater than 0, 1e6", ONE, lambda x: x > 0)
same("equal, Int32, 1e6", "i32[1000000] 0..<10; i32[1000000] 0..<10", lambda x, y: x == y)
same("less, Int64, 1e6", "i64[1000000] 0..<10; i64[1000000] 0..<10", lambda x, y: x < y)
same("and, 1e6", "bool[1000000]; bool[1000000]", lambda x, y: x & y)
same("at most, or not equal, 100,000 x 10", "f32[100000,10]; f32[10]", lambda x, y: (x <= y) | (x != 0.5))
add("isFinite of inner columns, 1000 x 500", "f32[1000,1000]", numpy=lambda x: np.isfinite(x[:, 250:750]),
    torch=lambda x: torch.isfinite(x[:, 250:750]), jax=lambda x: jnp.isfinite(x[:, 250:750]),
    tf=lambda x: tf.math.is_finite(x[:, 250:750]))  # fmt: skip
add("any of axis 0, 100,000 x 10", "bool[100000,10]", numpy=lambda x: x.any(axis=0), torch=lambda x: x.any(dim=0),
    jax=lambda x: x.any(axis=0), tf=lambda x: tf.reduce_any(x, axis=0))  # fmt: skip
same("not, 1e6", "bool[1000000]", lambda x: ~x)
add("isNaN, 1e6", ONE, numpy=lambda x: np.isnan(x), torch=lambda x: torch.isnan(x), jax=lambda x: jnp.isnan(x),
    tf=lambda x: tf.math.is_nan(x))  # fmt: skip
add("any, 1e6", "i64[1000000] 0..<10", numpy=lambda x: (x == 11).any(), torch=lambda x: (x == 11).any(),
    jax=lambda x: (x == 11).any(), tf=lambda x: tf.reduce_any(x == 11))  # fmt: skip
add("all of rows, 100,000 x 10", "f32[100000,10]", numpy=lambda x: (x > -0.9).all(axis=1),
    torch=lambda x: (x > -0.9).all(dim=1), jax=lambda x: (x > -0.9).all(axis=1),
    tf=lambda x: tf.reduce_all(x > -0.9, axis=1))  # fmt: skip
add("count of true, 1e6", ONE, numpy=lambda x: np.count_nonzero(x > 0), torch=lambda x: torch.count_nonzero(x > 0),
    jax=lambda x: jnp.count_nonzero(x > 0), tf=lambda x: tf.math.count_nonzero(x > 0))  # fmt: skip
for dtype, label in [("f32", ""), ("f64", "Double, ")]:
    add(f"select, {label}1e6", f"bool[1000000]; {dtype}[1000000]; {dtype}[1000000]",
        numpy=lambda mask, x, y: np.where(mask, x, y), torch=lambda mask, x, y: torch.where(mask, x, y),
        jax=lambda mask, x, y: jnp.where(mask, x, y), tf=lambda mask, x, y: tf.where(mask, x, y))  # fmt: skip
add("select of two numbers, 1e6", "bool[1000000]", numpy=lambda mask: np.where(mask, np.float32(1), np.float32(-1)),
    torch=lambda mask: torch.where(mask, 1.0, -1.0), jax=lambda mask: jnp.where(mask, 1.0, -1.0),
    tf=lambda mask: tf.where(mask, 1.0, -1.0))  # fmt: skip
add("select or 0, 1e6", ONE, numpy=lambda x: np.where(x > 0, x, np.float32(0)),
    torch=lambda x: torch.where(x > 0, x, 0.0), jax=lambda x: jnp.where(x > 0, x, 0.0),
    tf=lambda x: tf.where(x > 0, x, 0.0))  # fmt: skip
add("select by columns, 100,000 x 10", "bool[10]; f32[100000,10]; f32[100000,10]",
    numpy=lambda mask, x, y: np.where(mask, x, y), torch=lambda mask, x, y: torch.where(mask, x, y),
    jax=lambda mask, x, y: jnp.where(mask, x, y), tf=lambda mask, x, y: tf.where(mask, x, y))  # fmt: skip


def cast(names, inputs, dtype, is_wide=False):
    """A cast. Where JAX has no wide numbers it has no such work."""
    add(f"cast {names}, 1e6", inputs, numpy=lambda x: x.astype(dtype), torch=lambda x: x.to(getattr(torch, dtype)),
        jax=None if is_wide else lambda x: x.astype(dtype), tf=lambda x: tf.cast(x, dtype))  # fmt: skip


cast("Float to Double", ONE, "float64", is_wide=True)
cast("Double to Float", "f64[1000000]", "float32")
cast("Int32 to Float", "i32[1000000] 0..<1000", "float32")
cast("Float to Int32", ONE, "int32")
cast("Bool to Float", "bool[1000000]", "float32")

EQUAL = "f32[1000000] 1..1; f32[1000000] 1..1"
add("same elements, 1e6", EQUAL, numpy=lambda x, y: np.array_equal(x, y),
    torch=lambda x, y: torch.tensor(torch.equal(x, y)), jax=lambda x, y: jnp.array_equal(x, y),
    tf=lambda x, y: tf.reduce_all(x == y))  # fmt: skip
add("allClose, 1e6", EQUAL, numpy=lambda x, y: np.allclose(x, y),
    torch=lambda x, y: torch.tensor(torch.allclose(x, y)), jax=lambda x, y: jnp.allclose(x, y))  # fmt: skip
