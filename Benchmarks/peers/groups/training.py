"""Steps of small models in Double."""

from groups import Group
from libraries import F, jax, jnp, np, tf, torch
from works import Draw, Problem, Work

group = Group("training")


def add(name, problem, **losses):
    """A step on a problem, with the losses by library; NumPy's return their gradients too."""
    names = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "tf": "TensorFlow"}
    losses = {names[key]: loss for key, loss in losses.items()}

    def with_losses():
        made = problem()
        made.loss = losses
        return made

    group.works.append(Work(name, problem=with_losses, group="training"))


def zeros(*shape):
    return np.zeros(shape)


def numpy_least_squares(parameters, x, y):
    error = x @ parameters[0] - y
    return np.square(error).mean(), [x.T @ error * (2 / len(y))]


def least_squares(rows, features):
    def problem():
        draw = Draw()
        data = [draw.doubles((rows, features), -1.0, 1.0), draw.doubles((rows, 1), -1.0, 1.0)]
        return Problem(None, [zeros(features, 1)], data, 0.1)

    add(f"least squares step, Double, {rows:,} x {features}", problem, numpy=numpy_least_squares,
        torch=lambda p, x, y: F.mse_loss(x @ p[0], y), jax=lambda p, x, y: jnp.square(x @ p[0] - y).mean(),
        tf=lambda p, x, y: tf.reduce_mean(tf.square(x @ p[0] - y)))  # fmt: skip


def numpy_logistic(parameters, x, y):
    w, b = parameters
    z = x @ w + b
    decay = np.exp(-np.abs(z))
    loss = (np.maximum(z, 0) + np.log1p(decay) - y * z).mean()
    error = (np.where(z >= 0, 1, decay) / (1 + decay) - y) / len(y)
    return loss, [x.T @ error, error.sum()]


def jax_logistic(parameters, x, y):
    z = x @ parameters[0] + parameters[1]
    return (jax.nn.softplus(z) - y * z).mean()


def logistic():
    def problem():
        draw = Draw()
        x = draw.doubles((10_000, 10), -1.0, 1.0)
        y = (draw.doubles((10_000, 1), -1.0, 1.0) > 0).astype(np.float64)
        return Problem(None, [zeros(10, 1), zeros()], [x, y], 0.1)

    add("logistic regression step, Double, 10,000 x 10", problem, numpy=numpy_logistic,
        torch=lambda p, x, y: F.binary_cross_entropy_with_logits(x @ p[0] + p[1], y), jax=jax_logistic,
        tf=lambda p, x, y: tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x @ p[0] + p[1])))  # fmt: skip


def numpy_softmax_regression(parameters, x, labels):
    w, b = parameters
    logits = x @ w + b
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    error = np.exp(shifted)
    sums = error.sum(axis=1, keepdims=True)
    loss = (np.log(sums[:, 0]) - shifted[rows, labels]).mean()
    error /= sums
    error[rows, labels] -= 1
    error /= len(labels)
    return loss, [x.T @ error, error.sum(axis=0)]


def jax_softmax_regression(parameters, x, labels):
    logits = x @ parameters[0] + parameters[1]
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()


def softmax_regression():
    def problem():
        draw = Draw()
        data = [draw.doubles((10_000, 20), -1.0, 1.0), draw.labels(10_000, 5)]
        return Problem(None, [zeros(20, 5), zeros(5)], data, 0.1)

    add("softmax regression step, Double, 10,000 x 20 x 5", problem, numpy=numpy_softmax_regression,
        torch=lambda p, x, labels: F.cross_entropy(x @ p[0] + p[1], labels), jax=jax_softmax_regression,
        tf=lambda p, x, labels: tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=x @ p[0] + p[1])))  # fmt: skip


def numpy_perceptron(parameters, x, y):
    w1, b1, w2, b2 = parameters
    hidden = np.tanh(x @ w1 + b1)
    error = hidden @ w2 + b2 - y
    loss = np.square(error).mean()
    error *= 2 / len(y)
    inner = error @ w2.T * (1 - hidden * hidden)
    return loss, [x.T @ inner, inner.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


def perceptron(inputs, hidden, batch, rate=0.05, optimizer="SGD"):
    def problem():
        draw = Draw()
        data = [draw.doubles((batch, inputs), -1.0, 1.0), draw.doubles((batch, 1), -1.0, 1.0)]
        first = draw.doubles((inputs, hidden), -0.3, 0.3)
        second = draw.doubles((hidden, 1), -0.3, 0.3)
        return Problem(None, [first, zeros(hidden), second, zeros(1)], data, rate, optimizer)

    label = "" if optimizer == "SGD" else f", {optimizer}"
    add(f"MLP {inputs}-{hidden}-1 step, Double, batch {batch:,}{label}", problem, numpy=numpy_perceptron,
        torch=lambda p, x, y: F.mse_loss(torch.tanh(x @ p[0] + p[1]) @ p[2] + p[3], y),
        jax=lambda p, x, y: jnp.square(jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y).mean(),
        tf=lambda p, x, y: tf.reduce_mean(tf.square(tf.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y)))  # fmt: skip


least_squares(100, 3)
least_squares(10_000, 10)
least_squares(100_000, 10)
logistic()
softmax_regression()
perceptron(8, 16, 16)
perceptron(20, 32, 256)
perceptron(20, 32, 256, 0.001, "Adam")
perceptron(100, 100, 1000)
