"""The works in JAX, operation by operation and through jax.jit."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

from works import named


def cross_entropy(logits, labels):
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -chosen.mean()


def line(parameters, x, y):
    a, b = parameters
    return 0.5 * jnp.square(a * x + b - y).sum()


def least_squares(parameters, x, y):
    return jnp.square(x @ parameters[0] - y).mean()


def logistic(parameters, x, y):
    w, b = parameters
    z = x @ w + b
    return (jax.nn.softplus(z) - y * z).mean()


def softmax_regression(parameters, x, labels):
    w, b = parameters
    return cross_entropy(x @ w + b, labels)


def perceptron(parameters, x, labels):
    w1, b1, w2, b2 = parameters
    return cross_entropy(jax.nn.relu(x @ w1 + b1) @ w2 + b2, labels)


class Peer:
    library = "JAX"
    modes = ["eager", "compiled"]

    operations = {
        "add": jnp.add,
        "exp": jnp.exp,
        "tanh": jnp.tanh,
        "sum": jnp.sum,
        "row_sums": lambda x: jnp.sum(x, axis=1),
        "column_sums": lambda x: jnp.sum(x, axis=0),
        "transposed_copy": jnp.transpose,
        "softmax": lambda x: jax.nn.softmax(x, axis=1),
        "matmul": jnp.matmul,
    }
    losses = named(line, least_squares, logistic, softmax_regression, perceptron)

    def version(self):
        return jax.__version__

    def numbers(self, result):
        return np.asarray(result[0] if isinstance(result, tuple) else result)

    def finish(self, result):
        """Waits for a training step; operations wait for themselves."""
        jax.block_until_ready(result)

    def operation(self, kind, arrays, mode):
        arrays = [jnp.asarray(values) for values in arrays]
        function = self.operations[kind]
        if mode == "compiled":
            function = jax.jit(function)
        return lambda: function(*arrays).block_until_ready()

    def step(self, problem, mode):
        """Takes a step and returns the loss before it, with the new parameters, for all of which `finish` waits."""
        gradient = jax.value_and_grad(self.losses[problem.loss])
        parameters = [jnp.asarray(values) for values in problem.parameters]
        data = [jnp.asarray(values) for values in problem.data]

        def update(parameters, *data):
            value, gradients = gradient(parameters, *data)
            return value, [p - problem.rate * g for p, g in zip(parameters, gradients)]

        if mode == "compiled":
            update = jax.jit(update)

        def step():
            nonlocal parameters
            value, parameters = update(parameters, *data)
            return value, parameters

        return step
