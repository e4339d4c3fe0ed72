"""The works in TensorFlow 2, operation by operation and through tf.function."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf

from works import BETA_1, BETA_2, EPSILON, named


def cross_entropy(logits, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))


def line(parameters, x, y):
    a, b = parameters
    return 0.5 * tf.reduce_sum(tf.square(a * x + b - y))


def least_squares(parameters, x, y):
    return tf.reduce_mean(tf.square(x @ parameters[0] - y))


def logistic(parameters, x, y):
    w, b = parameters
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x @ w + b))


def softmax_regression(parameters, x, labels):
    w, b = parameters
    return cross_entropy(x @ w + b, labels)


def perceptron(parameters, x, labels):
    w1, b1, w2, b2 = parameters
    return cross_entropy(tf.nn.relu(x @ w1 + b1) @ w2 + b2, labels)


def chain(x, y):
    return tf.reduce_sum(tf.tanh(x * y + 1) * 0.5 + x * x)


def chain_gradient(x, y):
    """The gradient of the chain in x."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = chain(x, y)
    return tape.gradient(value, x)


# None branches on values, and of several lambdas in a line AutoGraph would take a wrong one.
graph = functools.partial(tf.function, autograph=False)


class SGD:
    """Plain descent."""

    def __init__(self, rate, parameters):
        self._rate = tf.constant(rate, parameters[0].dtype)

    def apply(self, gradients, parameters):
        for gradient, parameter in zip(gradients, parameters):
            parameter.assign_sub(self._rate * gradient)


class Adam:
    """Adam in the form of Keras 3. That of tf.keras takes about twice as long eager, and as long in a tf.function."""

    def __init__(self, rate, parameters):
        self._rate = rate
        self._steps = tf.Variable(0.0, dtype=parameters[0].dtype)
        self._means = [tf.Variable(tf.zeros_like(parameter)) for parameter in parameters]
        self._squares = [tf.Variable(tf.zeros_like(parameter)) for parameter in parameters]

    def apply(self, gradients, parameters):
        steps = self._steps.assign_add(1.0)
        length = self._rate * tf.sqrt(1 - BETA_2**steps) / (1 - BETA_1**steps)
        for gradient, parameter, mean, square in zip(gradients, parameters, self._means, self._squares):
            mean.assign_add((1 - BETA_1) * (gradient - mean))
            square.assign_add((1 - BETA_2) * (gradient * gradient - square))
            parameter.assign_sub(length * mean / (tf.sqrt(square) + EPSILON))


class Peer:
    library = "TensorFlow"
    modes = ["eager", "compiled"]

    operations = {
        "add": tf.add,
        "exp": tf.exp,
        "tanh": tf.tanh,
        "sum": tf.reduce_sum,
        "chain": chain,
        "chain_gradient": chain_gradient,
        "row_sums": functools.partial(tf.reduce_sum, axis=1),
        "column_sums": functools.partial(tf.reduce_sum, axis=0),
        "transposed_copy": tf.transpose,
        "softmax": functools.partial(tf.nn.softmax, axis=1),
        "matmul": tf.matmul,
    }
    losses = named(line, least_squares, logistic, softmax_regression, perceptron)
    optimizers = named(SGD, Adam)

    def version(self):
        return tf.__version__

    def numbers(self, result):
        return result.numpy()

    def finish(self, result):
        """Nothing: on a CPU TensorFlow has finished when it returns."""

    def operation(self, function, arrays, mode):
        if mode == "compiled":
            function = graph(function)
        return functools.partial(function, *map(tf.constant, arrays))

    def gradient(self, function):
        """The gradient of a function in its first operand."""

        def slope(x, *others):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(x, *others)
            return tape.gradient(value, x)

        return slope

    def step(self, problem, loss, mode):
        """Takes a step and returns the loss before it."""
        parameters = [tf.Variable(values) for values in problem.parameters]
        optimizer = self.optimizers[problem.optimizer](problem.rate, parameters)

        def step(*data):
            with tf.GradientTape() as tape:
                value = loss(parameters, *data)
            optimizer.apply(tape.gradient(value, parameters), parameters)
            return value

        if mode == "compiled":
            step = graph(step)
        return functools.partial(step, *map(tf.constant, problem.data))
