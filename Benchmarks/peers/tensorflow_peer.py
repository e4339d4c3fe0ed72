"""The works in TensorFlow 2, operation by operation and through tf.function."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf

from works import named


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


class Peer:
    library = "TensorFlow"
    modes = ["eager", "compiled"]

    operations = {
        "add": tf.add,
        "exp": tf.exp,
        "tanh": tf.tanh,
        "sum": tf.reduce_sum,
        "row_sums": functools.partial(tf.reduce_sum, axis=1),
        "column_sums": functools.partial(tf.reduce_sum, axis=0),
        "transposed_copy": tf.transpose,
        "softmax": functools.partial(tf.nn.softmax, axis=1),
        "matmul": tf.matmul,
    }
    losses = named(line, least_squares, logistic, softmax_regression, perceptron)

    def version(self):
        return tf.__version__

    def numbers(self, result):
        return result.numpy()

    def finish(self, result):
        """Nothing: on a CPU TensorFlow has finished when it returns."""

    def operation(self, kind, arrays, mode):
        function = self.operations[kind]
        if mode == "compiled":
            function = tf.function(function)
        return functools.partial(function, *map(tf.constant, arrays))

    def step(self, problem, mode):
        """Takes a step and returns the loss before it."""
        loss = self.losses[problem.loss]
        parameters = [tf.Variable(values) for values in problem.parameters]
        rate = tf.constant(problem.rate, tf.float32)

        def step(*data):
            with tf.GradientTape() as tape:
                value = loss(parameters, *data)
            for parameter, gradient in zip(parameters, tape.gradient(value, parameters)):
                parameter.assign_sub(rate * gradient)
            return value

        if mode == "compiled":
            step = tf.function(step)
        return functools.partial(step, *map(tf.constant, problem.data))
