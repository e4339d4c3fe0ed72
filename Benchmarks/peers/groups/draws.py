"""Random numbers, each library in its own way; the sequential ones are the same stream."""

from groups import Group
from libraries import F, jax, jnp, np, tf, torch

group = Group("draws")

N = 10_000_000
generator = np.random.default_rng(1)
key = jax and jax.random.key(1)


def add(name, inputs="", **functions):
    group.add(name, inputs, check="distribution", **functions)


add("uniform draws, 1e7", numpy=lambda: generator.random(N, np.float32), torch=lambda: torch.rand(N),
    jax=lambda: jax.random.uniform(key, (N,)), tf=lambda: tf.random.uniform((N,)))  # fmt: skip
add("uniform draws, Double, 1e7", numpy=lambda: generator.random(N), torch=lambda: torch.rand(N, dtype=torch.float64),
    tf=lambda: tf.random.uniform((N,), dtype=tf.float64))  # fmt: skip
add("normal draws, 1e7", numpy=lambda: generator.standard_normal(N, np.float32), torch=lambda: torch.randn(N),
    jax=lambda: jax.random.normal(key, (N,)), tf=lambda: tf.random.normal((N,)))  # fmt: skip
add("normal draws, Double, 1e7", numpy=lambda: generator.standard_normal(N),
    torch=lambda: torch.randn(N, dtype=torch.float64), tf=lambda: tf.random.normal((N,), dtype=tf.float64))  # fmt: skip
add("integer draws, Int32, 1e7", numpy=lambda: generator.integers(0, 1000, N, np.int32),
    torch=lambda: torch.randint(0, 1000, (N,), dtype=torch.int32), jax=lambda: jax.random.randint(key, (N,), 0, 1000),
    tf=lambda: tf.random.uniform((N,), 0, 1000, tf.int32))  # fmt: skip
add("Bernoulli draws, 1e7", numpy=lambda: generator.random(N, np.float32) < 0.3,
    torch=lambda: torch.empty(N, dtype=torch.bool).bernoulli_(0.3), jax=lambda: jax.random.bernoulli(key, 0.3, (N,)),
    tf=lambda: tf.random.uniform((N,)) < 0.3)  # fmt: skip
add("dropout, 1e7", "f32[10000000]", numpy=lambda x: np.where(generator.random(N, np.float32) < 0.5, x * 2, 0),
    torch=lambda x: F.dropout(x, 0.5), jax=lambda x: jnp.where(jax.random.bernoulli(key, 0.5, x.shape), x * 2, 0),
    tf=lambda x: tf.nn.dropout(x, 0.5))  # fmt: skip


def sequential():
    return np.random.Generator(np.random.PCG64(7))


group.add("sequential uniform draws, PCG64, 1e6", numpy=lambda: sequential().random(1_000_000))
group.add("sequential normal draws, PCG64, 1e6", numpy=lambda: sequential().standard_normal(1_000_000))
