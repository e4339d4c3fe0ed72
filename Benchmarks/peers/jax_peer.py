"""The works in JAX, operation by operation and through jax.jit."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

from works import BETA_1, BETA_2, EPSILON, named


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


def chain(x, y):
    return (jnp.tanh(x * y + 1) * 0.5 + x * x).sum()


class SGD:
    """Plain descent, without state."""

    @staticmethod
    def start(parameters):
        return ()

    @staticmethod
    def update(rate, gradients, parameters, state):
        return [p - rate * g for p, g in zip(parameters, gradients)], state


class Adam:
    """Adam in the form of Keras 3, as a pure function. The state: steps taken, means, mean squares."""

    @staticmethod
    def start(parameters):
        return 0.0, [jnp.zeros_like(p) for p in parameters], [jnp.zeros_like(p) for p in parameters]

    @staticmethod
    def update(rate, gradients, parameters, state):
        steps, means, squares = state
        steps = steps + 1
        means = [m + (1 - BETA_1) * (g - m) for m, g in zip(means, gradients)]
        squares = [v + (1 - BETA_2) * (g * g - v) for v, g in zip(squares, gradients)]
        length = rate * (1 - BETA_2**steps) ** 0.5 / (1 - BETA_1**steps)
        moved = [p - length * m / (jnp.sqrt(v) + EPSILON) for p, m, v in zip(parameters, means, squares)]
        return moved, (steps, means, squares)


class Peer:
    library = "JAX"
    modes = ["eager", "compiled"]

    operations = {
        "add": jnp.add,
        "exp": jnp.exp,
        "tanh": jnp.tanh,
        "sum": jnp.sum,
        "chain": chain,
        "chain_gradient": jax.grad(chain),
        "row_sums": lambda x: jnp.sum(x, axis=1),
        "column_sums": lambda x: jnp.sum(x, axis=0),
        "transposed_copy": jnp.transpose,
        "softmax": lambda x: jax.nn.softmax(x, axis=1),
        "matmul": jnp.matmul,
    }
    losses = named(line, least_squares, logistic, softmax_regression, perceptron)
    optimizers = named(SGD, Adam)

    def version(self):
        return jax.__version__

    def numbers(self, result):
        return np.asarray(result[0] if isinstance(result, tuple) else result)

    def finish(self, result):
        """Waits for a training step; operations wait for themselves."""
        jax.block_until_ready(result)

    def operation(self, function, arrays, mode):
        self._choose_precision(arrays)
        arrays = [jnp.asarray(values) for values in arrays]
        if mode == "compiled":
            function = jax.jit(function)
        return lambda: function(*arrays).block_until_ready()

    def gradient(self, function):
        """The gradient of a function in its first operand."""
        return jax.grad(function)

    @staticmethod
    def _choose_precision(arrays):
        """Switches on double precision for what has it, and off for the rest, which is JAX's default."""
        jax.config.update("jax_enable_x64", any(array.dtype == np.float64 for array in arrays))

    def step(self, problem, loss, mode):
        """Takes a step and returns the loss before it, with new parameters and state, for which `finish` waits."""
        optimizer = self.optimizers[problem.optimizer]
        self._choose_precision(problem.data)
        gradient = jax.value_and_grad(loss)
        parameters = [jnp.asarray(values) for values in problem.parameters]
        state = optimizer.start(parameters)
        data = [jnp.asarray(values) for values in problem.data]

        def update(parameters, state, *data):
            value, gradients = gradient(parameters, *data)
            return value, *optimizer.update(problem.rate, gradients, parameters, state)

        if mode == "compiled":
            update = jax.jit(update)

        def step():
            nonlocal parameters, state
            value, parameters, state = update(parameters, state, *data)
            return value, parameters, state

        return step
