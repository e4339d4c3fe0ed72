"""Derivatives. NumPy's are written by hand where that is a line or two."""

from groups import Group
from libraries import F, jax, jnp, np, tf, torch

group = Group("gradients")

NARROW = "f32[100000,10]"
SQUARE = "f32[1000,1000]"
ONE = "f32[1000000]"


def total(x):
    """The sum of all elements, of an array of any library."""
    return tf.reduce_sum(x) if tf else x.sum()


def loss(name, inputs, numpy, torch=None, jax=None, tf=None):
    """The gradient of losses in their first operands; the name is the work's."""
    group.add(name, inputs, is_loss=True, numpy=numpy, torch=torch, jax=jax, tf=tf)


def slope(name, inputs, numpy, torch=None, jax=None, tf=None):
    """The gradient of the sum of squares of functions."""

    def squared(function):
        if not function:
            return None

        def sum_of_squares(x):
            y = function(x)
            return total(y * y)

        return sum_of_squares

    loss(f"gradient of {name}", inputs, numpy, squared(torch), squared(jax), squared(tf))


def same(name, inputs, numpy, function):
    """The gradient of the sum of squares of a function that is the same in every library."""
    slope(name, inputs, numpy, function, function, function)


# Element by element

loss("gradient of a square, Double, 16", "f64[16]", lambda x: 2 * x, lambda x: torch.square(x).sum(),
     lambda x: jnp.square(x).sum(), lambda x: tf.reduce_sum(tf.square(x)))  # fmt: skip
loss("gradient of tanh, Double, 1000", "f64[1000]", lambda x: 1 - np.square(np.tanh(x)), lambda x: torch.tanh(x).sum(),
     lambda x: jnp.tanh(x).sum(), lambda x: tf.reduce_sum(tf.tanh(x)))  # fmt: skip
slope("clip, 1e6", ONE, lambda x: np.where((x > 0) & (x < 1), 2 * x, 0), lambda x: torch.clip(x, 0, 1),
      lambda x: jnp.clip(x, 0, 1), lambda x: tf.clip_by_value(x, 0, 1))  # fmt: skip
slope("relu, 1e6", ONE, lambda x: 2 * np.maximum(x, 0), lambda x: torch.relu(x), lambda x: jax.nn.relu(x),
      lambda x: tf.nn.relu(x))  # fmt: skip
slope("a mask, 1e6", ONE, lambda x: np.where(x > 0, 2 * x, 0.02 * x), lambda x: torch.where(x > 0, x, x * 0.1),
      lambda x: jnp.where(x > 0, x, x * 0.1), lambda x: tf.where(x > 0, x, x * 0.1))  # fmt: skip
same("abs, 1e6", ONE, lambda x: 2 * x, abs)
same("pow, exponent 3, 1e6", ONE, lambda x: 6 * x**5, lambda x: x**3)
slope("gelu, 1e6", ONE, None, lambda x: F.gelu(x), lambda x: jax.nn.gelu(x, approximate=False),
      lambda x: tf.nn.gelu(x))  # fmt: skip


def numpy_silu_slope(x):
    s = 1 / (1 + np.exp(-x))
    return 2 * x * s * s * (1 + x * (1 - s))


slope("silu, Double, 1e6", "f64[1000000]", numpy_silu_slope, lambda x: F.silu(x), lambda x: jax.nn.silu(x),
      lambda x: tf.nn.silu(x))  # fmt: skip
slope("erf, Double, 1e6", "f64[1000000]", None, lambda x: torch.erf(x), lambda x: jax.scipy.special.erf(x),
      lambda x: tf.math.erf(x))  # fmt: skip

# Reductions and parts


def numpy_slices_slope(x):
    y = 2 * x[1:] * x[:-1]
    slope = np.zeros_like(x)
    slope[1:] += y * x[:-1]
    slope[:-1] += y * x[1:]
    return slope


def numpy_part_slope(place):
    def slope(x):
        y = np.zeros_like(x)
        y[place] = 2 * x[place]
        return y

    return slope


def numpy_max_slope(x):
    top = x.max(axis=1, keepdims=True)
    hits = x == top
    return 2 * top * hits / hits.sum(axis=1, keepdims=True, dtype=np.float32)


def numpy_log_sum_exp_slope(x):
    top = x.max(axis=1, keepdims=True)
    raised = np.exp(x - top)
    sums = raised.sum(axis=1, keepdims=True)
    return 2 * (np.log(sums) + top) * raised / sums


def numpy_softmax_slope(x):
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    y = raised / raised.sum(axis=1, keepdims=True)
    return 2 * y * (y - (y * y).sum(axis=1, keepdims=True))


def numpy_variance_slope(x):
    centred = x - x.mean(axis=1, keepdims=True)
    return np.float32(4 / 1000) * np.square(centred).mean(axis=1, keepdims=True) * centred


def numpy_cumulative_slope(x):
    return 2 * np.cumsum(np.cumsum(x, axis=1)[:, ::-1], axis=1)[:, ::-1]


RISING = np.arange(1, 11, dtype=np.float32)
rising = torch.from_numpy(RISING) if torch else tf.constant(RISING) if tf else RISING


def numpy_sort_slope(x):
    order = np.argsort(x, axis=1)
    slope = np.empty_like(x)
    np.put_along_axis(slope, order, 2 * np.take_along_axis(x, order, axis=1) * RISING * RISING, axis=1)
    return slope


slope("a product, 1000", "f32[1000] 0.9..1.1", lambda x: 2 * np.square(x.prod()) / x, lambda x: x.prod(),
      lambda x: x.prod(), lambda x: tf.reduce_prod(x))  # fmt: skip
slope("products of rows, 100,000 x 10", "f32[100000,10] 0.5..1.5",
      lambda x: 2 * np.square(x.prod(axis=1, keepdims=True)) / x, lambda x: x.prod(dim=1), lambda x: x.prod(axis=1),
      lambda x: tf.reduce_prod(x, axis=1))  # fmt: skip
same("slices, 1e6", ONE, numpy_slices_slope, lambda x: x[1:] * x[:-1])
same("a strided slice, 1e6", ONE, numpy_part_slope(slice(None, None, 2)), lambda x: x[::2])
same("a column, 1,000,000 x 4", "f32[1000000,4]", numpy_part_slope((slice(None), 1)), lambda x: x[:, 1])
slope("max of axis 1, 100,000 x 10", NARROW, numpy_max_slope, lambda x: x.amax(dim=1), lambda x: x.max(axis=1),
      lambda x: tf.reduce_max(x, axis=1))  # fmt: skip
slope("variance of axis 1, 1000 x 1000", SQUARE, numpy_variance_slope, lambda x: x.var(dim=1, correction=0),
      lambda x: x.var(axis=1), lambda x: tf.math.reduce_variance(x, axis=1))  # fmt: skip
slope("logSumExp of axis 1, 100,000 x 10", NARROW, numpy_log_sum_exp_slope, lambda x: torch.logsumexp(x, 1),
      lambda x: jax.nn.logsumexp(x, axis=1), lambda x: tf.reduce_logsumexp(x, axis=1))  # fmt: skip
slope("softmax of axis 1, 100,000 x 10", NARROW, numpy_softmax_slope, lambda x: torch.softmax(x, 1),
      lambda x: jax.nn.softmax(x, axis=1), lambda x: tf.nn.softmax(x, axis=1))  # fmt: skip
slope("cumulative sum of axis 1, 1000 x 1000", SQUARE, numpy_cumulative_slope, lambda x: torch.cumsum(x, 1),
      lambda x: jnp.cumsum(x, axis=1), lambda x: tf.cumsum(x, axis=1))  # fmt: skip
slope("sort of axis 1, 100,000 x 10", NARROW, numpy_sort_slope, lambda x: torch.sort(x, 1).values * rising,
      lambda x: jnp.sort(x, axis=1) * rising, lambda x: tf.sort(x, axis=1) * rising)  # fmt: skip
slope("a concatenation, 1e6", ONE, lambda x: 10 * x, lambda x: torch.cat([x, x * 2]),
      lambda x: jnp.concatenate([x, x * 2]), lambda x: tf.concat([x, x * 2], 0))  # fmt: skip


def numpy_normalized_slope(axis, epsilon):
    def slope(x, y):
        centred = x - x.mean(axis=axis, keepdims=True)
        root = 1 / np.sqrt(np.square(centred).mean(axis=axis, keepdims=True) + np.float32(epsilon))
        z = centred * root
        return root * (y - y.mean(axis=axis, keepdims=True) - z * (y * z).mean(axis=axis, keepdims=True))

    return slope


def tf_normalized(x, y):
    mean, variance = tf.nn.moments(x, 1, keepdims=True)
    return tf.reduce_sum((x - mean) * tf.math.rsqrt(variance + 1e-5) * y)


def jax_normalized(x, y):
    centred = x - x.mean(axis=1, keepdims=True)
    return (centred * jax.lax.rsqrt(jnp.square(centred).mean(axis=1, keepdims=True) + 1e-5) * y).sum()


loss("gradient of standardized columns, 100,000 x 10", f"{NARROW}; {NARROW}", numpy_normalized_slope(0, 0),
     lambda x, y: ((x - x.mean(dim=0)) / x.std(dim=0, correction=0) * y).sum(),
     lambda x, y: ((x - x.mean(axis=0)) / x.std(axis=0) * y).sum(),
     lambda x, y: tf.reduce_sum((x - tf.reduce_mean(x, axis=0)) / tf.math.reduce_std(x, axis=0) * y))  # fmt: skip
loss("gradient of a scaling of columns, 100,000 x 10", f"f32[10]; {NARROW}", lambda y, x: 2 * (x * x * y).sum(axis=0),
     lambda y, x: torch.square(x * y).sum(), lambda y, x: jnp.square(x * y).sum(),
     lambda y, x: tf.reduce_sum(tf.square(x * y)))  # fmt: skip
for name, inputs in [
    ("matmul, 256", "f32[256,256]; f32[256,256]"),
    ("batched matmul, Double, 512 of 16 x 16", "f64[512,16,16]; f64[512,16,16]"),
]:
    loss(f"gradient of {name}", inputs, lambda x, y: 2 * (x @ y) @ y.swapaxes(-1, -2),
         lambda x, y: torch.square(x @ y).sum(), lambda x, y: jnp.square(x @ y).sum(),
         lambda x, y: tf.reduce_sum(tf.square(x @ y)))  # fmt: skip
loss("gradient of layer normalization, 10,000 x 64", "f32[10000,64]; f32[10000,64]", numpy_normalized_slope(1, 1e-5),
     lambda x, y: (F.layer_norm(x, (64,), eps=1e-5) * y).sum(), jax_normalized, tf_normalized)  # fmt: skip

# Jacobians and Hessians


def rosenbrock(x):
    head, tail = x[:-1], x[1:]
    across, along = tail - head * head, 1 - head
    return total(100 * (across * across) + along * along)


def numpy_rosenbrock_slope(x):
    head, tail = x[:-1], x[1:]
    across = tail - head * head
    slope = np.zeros_like(x)
    slope[:-1] = -400 * head * across - 2 * (1 - head)
    slope[1:] += 200 * across
    return slope


def numpy_rosenbrock_curvature(x):
    """The diagonal of the Hessian, and what stands beside it."""
    head, tail = x[:-1], x[1:]
    diagonal = np.zeros_like(x)
    diagonal[:-1] = 1200 * head * head - 400 * tail + 2
    diagonal[1:] += 200
    return diagonal, -400 * head


def numpy_hessian(x):
    diagonal, beside = numpy_rosenbrock_curvature(x)
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


def numpy_hessian_by_vector(x, v):
    diagonal, beside = numpy_rosenbrock_curvature(x)
    y = diagonal * v
    y[:-1] += beside * v[1:]
    y[1:] += beside * v[:-1]
    return y


def tf_jacobian(x, w):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.tanh(tf.linalg.matvec(w, x))
    return tape.jacobian(y, x)


def tf_batch_jacobian(x, w):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.tanh(x @ w)
    return tape.batch_jacobian(y, x)


def tf_hessian(x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = rosenbrock(x)
        slope = inner.gradient(value, x)
    return outer.jacobian(slope, x)


def torch_second(x):
    x = x.detach().requires_grad_()
    first = torch.autograd.grad(torch.sin(x * x).sum(), x, create_graph=True)[0]
    return torch.autograd.grad(first.sum(), x)[0]


def tf_second(x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = tf.reduce_sum(tf.sin(x * x))
        first = inner.gradient(value, x)
    return outer.gradient(first, x)


group.add(
    "Jacobian of a layer, 100 to 100", "f32[100]; f32[100,100] -0.1..0.1",
    numpy=lambda x, w: (1 - np.square(np.tanh(w @ x)))[:, None] * w,
    torch=lambda x, w: torch.func.jacrev(lambda x: torch.tanh(w @ x))(x),
    jax=lambda x, w: jax.jacrev(lambda x: jnp.tanh(w @ x))(x), tf=tf_jacobian,
)  # fmt: skip
group.add(
    "Jacobians of a batch, Double, 100 of 10 to 10", "f64[100,10]; f64[10,10]",
    numpy=lambda x, w: (1 - np.square(np.tanh(x @ w)))[:, :, None] * w.T,
    torch=lambda x, w: torch.func.vmap(torch.func.jacrev(lambda x: torch.tanh(x @ w)))(x),
    jax=lambda x, w: jax.vmap(jax.jacrev(lambda x: jnp.tanh(x @ w)))(x), tf=tf_batch_jacobian,
)  # fmt: skip
group.add(
    "Jacobian by vector of a layer, 1000 x 100", "f32[1000,100]; f32[1000,100]; f32[100,100] -0.1..0.1",
    numpy=lambda x, v, w: (1 - np.square(np.tanh(x @ w))) * (v @ w),
    torch=lambda x, v, w: torch.func.jvp(lambda x: torch.tanh(x @ w), (x,), (v,))[1],
    jax=lambda x, v, w: jax.jvp(lambda x: jnp.tanh(x @ w), (x,), (v,))[1],
)  # fmt: skip
group.add("Hessian of Rosenbrock's function, Double, 50", "f64[50]", numpy=numpy_hessian,
          torch=torch and torch.func.hessian(rosenbrock), jax=jax and jax.hessian(rosenbrock),
          tf=tf_hessian)  # fmt: skip
group.add(
    "Hessian by vector of Rosenbrock's function, Double, 1000", "f64[1000]; f64[1000]", numpy=numpy_hessian_by_vector,
    torch=lambda x, v: torch.func.jvp(torch.func.grad(rosenbrock), (x,), (v,))[1],
    jax=lambda x, v: jax.jvp(jax.grad(rosenbrock), (x,), (v,))[1],
)  # fmt: skip
loss("gradient of Rosenbrock's function, Double, 50", "f64[50]", numpy_rosenbrock_slope, rosenbrock, rosenbrock,
     rosenbrock)  # fmt: skip
group.add(
    "second derivative of sin(x²), 1e6", ONE,
    numpy=lambda x: 2 * np.cos(x * x) - 4 * x * x * np.sin(x * x), torch=torch_second,
    jax=lambda x: jax.grad(lambda x: jax.grad(lambda x: jnp.sin(x * x).sum())(x).sum())(x), tf=tf_second,
)  # fmt: skip
