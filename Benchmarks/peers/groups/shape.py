"""Making, joining and cutting tensors."""

from groups import Group
from libraries import F, jnp, np, tf, torch

group = Group("shape")
add = group.add

ONE = "f32[1000000]"

add("range, 1e6", numpy=lambda: np.arange(1_000_000, dtype=np.float32),
    torch=lambda: torch.arange(1_000_000, dtype=torch.float32), jax=lambda: jnp.arange(1_000_000, dtype=jnp.float32),
    tf=lambda: tf.range(1_000_000, dtype=tf.float32))  # fmt: skip
add("range, Int32, 1e6", numpy=lambda: np.arange(1_000_000, dtype=np.int32),
    torch=lambda: torch.arange(1_000_000, dtype=torch.int32), jax=lambda: jnp.arange(1_000_000, dtype=jnp.int32),
    tf=lambda: tf.range(1_000_000))  # fmt: skip
add("linear space, Double, 1e6", numpy=lambda: np.linspace(0, 1, 1_000_000),
    torch=lambda: torch.linspace(0, 1, 1_000_000, dtype=torch.float64),
    tf=lambda: tf.linspace(tf.constant(0, tf.float64), tf.constant(1, tf.float64), 1_000_000))  # fmt: skip
add("identity, 1000", numpy=lambda: np.eye(1000, dtype=np.float32), torch=lambda: torch.eye(1000),
    jax=lambda: jnp.eye(1000), tf=lambda: tf.eye(1000))  # fmt: skip


def join(name, inputs, axis=0):
    add(name, inputs, numpy=lambda *x: np.concatenate(x, axis), torch=lambda *x: torch.cat(x, axis),
        jax=lambda *x: jnp.concatenate(x, axis), tf=lambda *x: tf.concat(x, axis))  # fmt: skip


def stack(name, inputs, axis):
    add(name, inputs, numpy=lambda *x: np.stack(x, axis), torch=lambda *x: torch.stack(x, axis),
        jax=lambda *x: jnp.stack(x, axis), tf=lambda *x: tf.stack(x, axis))  # fmt: skip


join("concatenate, 2 of 1e6", f"{ONE}; {ONE}")
join("concatenate columns, 3 of 1,000,000 x 1", "f32[1000000,1]; f32[1000000,1]; f32[1000000,1]", 1)
join("concatenate on axis 1, Double, 2 of 1000 x 500", "f64[1000,500]; f64[1000,500]", 1)
stack("stack on axis 0, 3 of 1e6", f"{ONE}; {ONE}; {ONE}", 0)
stack("stack on axis 1, 3 of 1e6", f"{ONE}; {ONE}; {ONE}", 1)


def added(parts):
    return parts[0] + parts[1] + parts[2] + parts[3]


add("split on axis 1 and add, 1000 x 1000", "f32[1000,1000]", numpy=lambda x: added(np.split(x, 4, 1)),
    torch=lambda x: added(torch.chunk(x, 4, 1)), jax=lambda x: added(jnp.split(x, 4, 1)),
    tf=lambda x: added(tf.split(x, 4, 1)))  # fmt: skip
add("padded by 1, 1000 x 1000", "f32[1000,1000]", numpy=lambda x: np.pad(x, 1), torch=lambda x: F.pad(x, (1, 1, 1, 1)),
    jax=lambda x: jnp.pad(x, 1), tf=lambda x: tf.pad(x, [[1, 1], [1, 1]]))  # fmt: skip
add("tiled 10 x 10, 100 x 100", "f32[100,100]", numpy=lambda x: np.tile(x, (10, 10)), torch=lambda x: x.repeat(10, 10),
    jax=lambda x: jnp.tile(x, (10, 10)), tf=lambda x: tf.tile(x, (10, 10)))  # fmt: skip
add("tiled rows + 1, Double, 100,000 of 10", "f64[1,10]", numpy=lambda x: np.tile(x, (100_000, 1)) + 1,
    torch=lambda x: x.repeat(100_000, 1) + 1, jax=lambda x: jnp.tile(x, (100_000, 1)) + 1,
    tf=lambda x: tf.tile(x, (100_000, 1)) + 1)  # fmt: skip
for label, inputs in [("1000 x 1000", "f32[1000,1000]"), ("1,000,000 x 4", "f32[1000000,4]")]:
    add(f"transposed and flattened, {label}", inputs, numpy=lambda x: x.T.reshape(-1), torch=lambda x: x.T.reshape(-1),
        jax=lambda x: x.T.reshape(-1), tf=lambda x: tf.reshape(tf.transpose(x), [-1]))  # fmt: skip
