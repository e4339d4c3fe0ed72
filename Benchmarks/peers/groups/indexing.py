"""Rows and elements by their indices."""

from groups import Group
from libraries import F, jax, jnp, np, tf, torch

group = Group("indexing")
add = group.add


def take(name, inputs, axis=0):
    add(name, inputs, numpy=lambda x, i: np.take(x, i, axis), torch=lambda x, i: torch.index_select(x, axis, i),
        jax=lambda x, i: jnp.take(x, i, axis), tf=lambda x, i: tf.gather(x, i, axis=axis))  # fmt: skip


def numpy_add_rows(x, i):
    sums = np.zeros((1000, *x.shape[1:]), x.dtype)
    np.add.at(sums, i, x)
    return sums


def numpy_embedding_gradient(x, i, y):
    slope = np.zeros_like(x)
    np.add.at(slope, i, y)
    return slope


def changing(name, inputs, place):
    """A work that changes its first operand in place, where the library has such."""

    def change(x, y):
        x[place] = y
        return x

    add(name, inputs, numpy=change, torch=change, jax=lambda x, y: x.at[place].set(y))


def scatter_add(name, inputs):
    add(name, inputs, numpy=numpy_add_rows,
        torch=lambda x, i: torch.zeros((1000, *x.shape[1:])).index_add_(0, i, x),
        jax=lambda x, i: jnp.zeros((1000, *x.shape[1:])).at[i].add(x),
        tf=lambda x, i: tf.math.unsorted_segment_sum(x, i, 1000))  # fmt: skip


take("gather rows, 100,000 of 10,000 x 64", "f32[10000,64]; i64[100000] 0..<10000")
take("gather rows, Double, 100,000 of 100,000 x 4", "f64[100000,4]; i64[100000] 0..<100000")
take("gather, 1e6 of 1e6", "f32[1000000]; i64[1000000] 0..<1000000")
take("gather columns, 64 of 10,000 x 100", "f32[10000,100]; i64[64] 0..<100", axis=1)
add("histogram by scatterAdd, 1e6 into 1000", "i64[1000000] 0..<1000",
    numpy=lambda i: np.bincount(i, minlength=1000), torch=lambda i: torch.bincount(i, minlength=1000),
    jax=lambda i: jnp.bincount(i, length=1000), tf=lambda i: tf.math.bincount(i, minlength=1000))  # fmt: skip
scatter_add("scatterAdd, 1e6 into 1000", "f32[1000000]; i64[1000000] 0..<1000")
scatter_add("scatterAdd rows, 100,000 x 64 into 1000", "f32[100000,64]; i64[100000] 0..<1000")


def torch_embedding_gradient(x, i, y):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(F.embedding(i, x), x, y)[0]


def tf_embedding_gradient(x, i, y):
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(tf.gather(x, i) * y)
    return tf.convert_to_tensor(tape.gradient(value, x))  # the slices are added up


add("embedding gradient, 100,000 of 10,000 x 64", "f32[10000,64]; i64[100000] 0..<10000; f32[100000,64]",
    numpy=numpy_embedding_gradient, torch=torch_embedding_gradient,
    jax=lambda x, i, y: jax.grad(lambda x: (x[i] * y).sum())(x), tf=tf_embedding_gradient)  # fmt: skip
add("one-hot rows, 100,000 x 10", "i64[100000,1] 0..<10", numpy=lambda i: np.eye(10, dtype=np.float32)[i[:, 0]],
    torch=lambda i: F.one_hot(i[:, 0], 10).float(), jax=lambda i: jax.nn.one_hot(i[:, 0], 10),
    tf=lambda i: tf.one_hot(i[:, 0], 10))  # fmt: skip
for name, place in [("element", (500, 500)), ("row", 500)]:
    add(f"{name} read, 1000 x 1000", "f32[1000,1000]", numpy=lambda x, place=place: x[place],
        torch=lambda x, place=place: x[place], jax=lambda x, place=place: x[place],
        tf=lambda x, place=place: x[place])  # fmt: skip
changing("element write, 1000 x 1000", "f32[1000,1000]; f32[]", (500, 500))
changing("slice assignment, 1000 rows of 10,000 x 100", "f32[10000,100]; f32[1000,100]", slice(2000, 3000))
changing("strided assignment, every second of 1e6", "f32[1000000]; f32[500000]", slice(None, None, 2))
changing("column assignment, 1,000,000 x 4", "f32[1000000,4]; f32[1000000]", (slice(None), 1))
