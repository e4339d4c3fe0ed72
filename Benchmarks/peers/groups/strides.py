"""Operands that are not dense rows."""

from groups import Group
from libraries import jnp, np, tf, torch

group = Group("strides")
add = group.add


def same(name, inputs, function, **others):
    """A work that the operators do in every library, or in all but those that are told."""
    add(name, inputs, **({"numpy": function, "torch": function, "jax": function, "tf": function} | others))


for axes, shape in [((2, 0, 1), "100 x 200 x 300"), ((0, 2, 1), "100 x 200 x 50")]:
    add(f"permuted {axes} + 1, {shape}", f"f32[{shape.replace(' x ', ',')}]",
        numpy=lambda x, axes=axes: np.ascontiguousarray(x.transpose(axes)) + 1,
        torch=lambda x, axes=axes: x.permute(axes).contiguous() + 1, jax=lambda x, axes=axes: x.transpose(axes) + 1,
        tf=lambda x, axes=axes: tf.transpose(x, axes) + 1)  # fmt: skip
add("x + transposed x, Double, 1000 x 1000", "f64[1000,1000]", numpy=lambda x: x + x.T, torch=lambda x: x + x.T,
    jax=lambda x: x + x.T, tf=lambda x: x + tf.transpose(x))  # fmt: skip
same("columns scaled, 1,000,000 x 4", "f32[1000000,4]; f32[4]", lambda x, y: x * y)
same("rows scaled, 100,000 x 10", "f32[100000,10]; f32[100000,1]", lambda x, y: x * y)
same("one column + 1, 1,000,000 x 4", "f32[1000000,4]", lambda x: x[:, 2] + 1)
same("two columns added, 1,000,000 x 4", "f32[1000000,4]", lambda x: x[:, 0] + x[:, 3])
same("every second + 1, 2e6", "f32[2000000]", lambda x: x[::2] + 1)
same("every second, Double, of both axes + 1, 1000 x 1000", "f64[1000,1000]", lambda x: x[::2, ::2] + 1)
same("differences of neighbours, 1e6", "f32[1000000]", lambda x: x[1:] - x[:-1])
same("inner part + 1, 1000 x 1000", "f32[1000,1000]", lambda x: x[1:999, 1:999] + 1)
same("reversed + 1, 1e6", "f32[1000000]", lambda x: x[::-1] + 1, torch=lambda x: x.flip(0) + 1)
same("reversed rows + 1, Double, 100,000 x 10", "f64[100000,10]", lambda x: x[:, ::-1] + 1,
     torch=lambda x: x.flip(1) + 1)  # fmt: skip
add("standardized columns, 100,000 x 10", "f32[100000,10]", numpy=lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
    torch=lambda x: (x - x.mean(dim=0)) / x.std(dim=0, correction=0),
    jax=lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
    tf=lambda x: (x - tf.reduce_mean(x, axis=0)) / tf.math.reduce_std(x, axis=0))  # fmt: skip
same("pairwise differences, (1000, 1, 8) - (1, 1000, 8)", "f32[1000,1,8]; f32[1,1000,8]", lambda x, y: x - y)
add("pairwise squared distances, 1000 x 1000 x 8", "f32[1000,1,8]; f32[1,1000,8]",
    numpy=lambda x, y: np.square(x - y).sum(axis=2), torch=lambda x, y: torch.square(x - y).sum(dim=2),
    jax=lambda x, y: jnp.square(x - y).sum(axis=2),
    tf=lambda x, y: tf.reduce_sum(tf.square(x - y), axis=2))  # fmt: skip
add("exp of a middle slice, Double, 100 x 200 x 50", "f64[100,200,50]", numpy=lambda x: np.exp(x[:, 50:150]),
    torch=lambda x: torch.exp(x[:, 50:150]), jax=lambda x: jnp.exp(x[:, 50:150]),
    tf=lambda x: tf.exp(x[:, 50:150]))  # fmt: skip
same("column + row, 1000 x 1000", "f32[1000,1]; f32[1000]", lambda x, y: x + y)
