"""Products of vectors, matrices and batches of small ones."""

from groups import Group
from libraries import jnp, np, tf, torch

group = Group("products")
add = group.add


def matmul(name, inputs):
    add(name, inputs, numpy=np.matmul, torch=torch and torch.matmul, jax=jnp and jnp.matmul,
        tf=tf and tf.linalg.matmul)  # fmt: skip


def dot(name, inputs):
    add(name, inputs, numpy=np.dot, torch=torch and torch.dot, jax=jnp and jnp.dot,
        tf=lambda x, y: tf.tensordot(x, y, 1))  # fmt: skip


def by_vector(name, inputs):
    add(name, inputs, numpy=np.matmul, torch=torch and torch.mv, jax=jnp and jnp.matmul,
        tf=lambda x, y: tf.linalg.matvec(x, y))  # fmt: skip


def gram(name, inputs):
    add(name, inputs, numpy=lambda x: x.T @ x, torch=lambda x: x.T @ x, jax=lambda x: x.T @ x,
        tf=lambda x: tf.matmul(x, x, transpose_a=True))  # fmt: skip


dot("dot, 1e6", "f32[1000000]; f32[1000000]")
dot("dot, Double, 1000", "f64[1000]; f64[1000]")
add("outer, 1000", "f32[1000]; f32[1000]", numpy=np.outer, torch=torch and torch.outer, jax=jnp and jnp.outer,
    tf=lambda x, y: tf.tensordot(x, y, 0))  # fmt: skip
by_vector("matrix by vector, 2000 x 2000", "f32[2000,2000]; f32[2000]")
by_vector("matrix by vector, Double, 1,000,000 x 10", "f64[1000000,10]; f64[10]")
add("vector by matrix, 1,000,000 x 10", "f32[1000000]; f32[1000000,10]", numpy=np.matmul,
    torch=torch and torch.matmul, jax=jnp and jnp.matmul,
    tf=lambda x, y: tf.linalg.matvec(y, x, transpose_a=True))  # fmt: skip
gram("XᵀX, 1,000,000 x 10", "f32[1000000,10]")
gram("XᵀX, Double, 100,000 x 64", "f64[100000,64]")
matmul("4 x 4096 by 4096 x 4096", "f32[4,4096]; f32[4096,4096]")
matmul("tall by small, 100,000 x 10 by 10 x 10", "f32[100000,10]; f32[10,10]")
matmul("small matmul, Double, 16", "f64[16,16]; f64[16,16]")
matmul("matmul, Double, 512", "f64[512,512]; f64[512,512]")
add("matmul, by a transposed one, 512", "f32[512,512]; f32[512,512]", numpy=lambda x, y: x @ y.T,
    torch=lambda x, y: x @ y.T, jax=lambda x, y: x @ y.T,
    tf=lambda x, y: tf.matmul(x, y, transpose_b=True))  # fmt: skip
for dtype, label in [("f32", ""), ("f64", "Double, ")]:
    for count, n in [(4096, 4), (512, 16), (64, 64)]:
        shape = f"{dtype}[{count},{n},{n}]"
        matmul(f"batched matmul, {label}{count} of {n} x {n}", f"{shape}; {shape}")
matmul("batched matrix by vector, 1000 of 32 x 32", "f32[1000,32,32]; f32[1000,32,1]")
