"""The works in NumPy, with gradients written by hand."""

import functools

import numpy as np

from works import BETA_1, BETA_2, EPSILON, named


def softmax(x):
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    raised /= raised.sum(axis=1, keepdims=True)
    return raised


def cross_entropy(logits, labels):
    """The mean loss over rows, and its gradient in the logits."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    raised = np.exp(shifted)
    sums = raised.sum(axis=1, keepdims=True)
    loss = (np.log(sums[:, 0]) - shifted[rows, labels]).mean()
    raised /= sums
    raised[rows, labels] -= 1
    raised /= np.float32(len(labels))
    return loss, raised


def line(parameters, x, y):
    a, b = parameters
    error = a * x + b - y
    return np.float32(0.5) * (error * error).sum(), [(error * x).sum(), error.sum()]


def least_squares(parameters, x, y):
    error = x @ parameters[0] - y
    return np.square(error).mean(), [x.T @ error * np.float32(2 / len(y))]


def logistic(parameters, x, y):
    w, b = parameters
    z = x @ w + b
    decay = np.exp(-np.abs(z))
    loss = (np.maximum(z, 0) + np.log1p(decay) - y * z).mean()
    sigmoid = np.where(z >= 0, 1, decay) / (1 + decay)
    error = (sigmoid - y) / np.float32(len(y))
    return loss, [x.T @ error, error.sum()]


def softmax_regression(parameters, x, labels):
    w, b = parameters
    loss, error = cross_entropy(x @ w + b, labels)
    return loss, [x.T @ error, error.sum(axis=0)]


def perceptron(parameters, x, labels):
    w1, b1, w2, b2 = parameters
    hidden = np.maximum(x @ w1 + b1, 0)
    loss, error = cross_entropy(hidden @ w2 + b2, labels)
    inner = error @ w2.T * (hidden > 0)
    return loss, [x.T @ inner, inner.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


def chain(x, y):
    return (np.tanh(x * y + 1) * 0.5 + x * x).sum()


def chain_gradient(x, y):
    """The gradient of the chain in x."""
    raised = np.tanh(x * y + 1)
    return (1 - raised * raised) * 0.5 * y + 2 * x


class SGD:
    """Plain descent."""

    def __init__(self, rate, parameters):
        self._rate = parameters[0].dtype.type(rate)

    def apply(self, gradients, parameters):
        for index, gradient in enumerate(gradients):
            parameters[index] = parameters[index] - self._rate * gradient


class Adam:
    """Adam in the form of Keras 3, in place."""

    def __init__(self, rate, parameters):
        self._rate = rate
        self._steps = 0
        self._means = [np.zeros_like(parameter) for parameter in parameters]
        self._squares = [np.zeros_like(parameter) for parameter in parameters]

    def apply(self, gradients, parameters):
        self._steps += 1
        length = self._rate * (1 - BETA_2**self._steps) ** 0.5 / (1 - BETA_1**self._steps)
        for gradient, parameter, mean, square in zip(gradients, parameters, self._means, self._squares):
            mean += (1 - BETA_1) * (gradient - mean)
            square += (1 - BETA_2) * (gradient * gradient - square)
            parameter -= length * mean / (np.sqrt(square) + EPSILON)


class Peer:
    library = "NumPy"
    modes = ["eager"]

    operations = {
        "add": np.add,
        "exp": np.exp,
        "tanh": np.tanh,
        "sum": np.sum,
        "chain": chain,
        "chain_gradient": chain_gradient,
        "row_sums": functools.partial(np.sum, axis=1),
        "column_sums": functools.partial(np.sum, axis=0),
        "transposed_copy": lambda x: np.ascontiguousarray(x.T),
        "softmax": softmax,
        "matmul": np.matmul,
    }
    losses = named(line, least_squares, logistic, softmax_regression, perceptron)
    optimizers = named(SGD, Adam)

    def version(self):
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{np.__version__}, {blas['name']} {blas['version']}"

    def numbers(self, result):
        return np.asarray(result)

    def finish(self, result):
        """Nothing: NumPy has finished when it returns."""

    def operation(self, function, arrays, mode):
        return functools.partial(function, *arrays)

    def gradient(self, function):
        """The function itself: gradients are written by hand."""
        return function

    def step(self, problem, loss, mode):
        """Takes a step and returns the loss before it."""
        parameters, data = list(problem.parameters), problem.data
        optimizer = self.optimizers[problem.optimizer](problem.rate, parameters)

        def step():
            value, gradients = loss(parameters, *data)
            optimizer.apply(gradients, parameters)
            return value

        return step
