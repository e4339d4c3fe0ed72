"""The works that every library runs, in the words and with the data of Sources/NablaBench.

Those of the table are here; groups/ has the others.

Nabla's generator gives the stream of NumPy's PCG64, so both sides draw the same numbers, and the check of a result shows
that they did the same work.
"""

import re
from dataclasses import dataclass
from typing import Callable

import numpy as np


# Adam's memories of the mean and of the mean square, and the number that it adds outside of the root.
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class Draw:
    """The stream that all data comes from."""

    def __init__(self):
        self._generator = np.random.Generator(np.random.PCG64(1))

    def uniform(self, shape, low=-1.0, high=1.0):
        """Numbers evenly from low to high."""
        values = self._generator.random(shape, dtype=np.float32)
        values *= np.float32(high) - np.float32(low)
        values += np.float32(low)
        return values

    def doubles(self, shape, low, high):
        """The same in double precision."""
        values = self._generator.random(shape)
        values *= high - low
        values += low
        return values

    def weights(self, inputs, outputs):
        """Weights for a layer, by Glorot and Bengio's rule."""
        bound = np.sqrt(np.float32(6) / np.float32(inputs + outputs))
        return self.uniform((inputs, outputs), -bound, bound)

    def labels(self, samples, classes):
        """The class of each sample."""
        return self.uniform(samples, 0, classes).astype(np.int32)

    def array(self, text):
        """An operand as works write it; what that may be is told with Input in Sources/NablaBench/Works/Draw.swift."""
        kind, sizes, content = INPUT.fullmatch(text.strip()).groups()
        dtype = DTYPES[kind]
        shape = tuple(int(size) for size in sizes.split(",") if size)
        if content == "spd":
            sides = self.doubles(shape, -1.0, 1.0)
            return (sides @ np.swapaxes(sides, -1, -2) / shape[-1] + np.eye(shape[-1])).astype(dtype)
        content = content or ("0..<2" if kind == "bool" else "-1..2")
        if "<" in content:
            low, high = map(float, content.split("..<"))
            return (np.floor(self.doubles(shape, 0.0, 1.0) * (high - low)) + low).astype(dtype)
        low, high = map(float, content.split(".."))
        return np.asarray(self.uniform(shape, low, high) if kind == "f32" else self.doubles(shape, low, high))


INPUT = re.compile(r"(\w+)\[([\d,]*)\](?: (\S+))?")
DTYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "bool": np.bool_}


@dataclass
class Problem:
    """What a training step works on: the loss by name or one for each library, parameters to change, data, and the
    optimizer by name.
    """

    loss: str | dict
    parameters: list
    data: list
    rate: float
    optimizer: str = "SGD"


@dataclass
class Work:
    """One row of the table: an operation on arrays, or a training step.

    The operation is a name that every library knows, or a function for each library by the library's name. Where it
    `is_loss`, all but NumPy's are functions of which the gradient in the first operand is the work.
    """

    name: str
    operation: str | dict = None
    arrays: Callable = None
    problem: Callable = None
    group: str = "table"
    inputs: str = ""
    is_loss: bool = False
    check: str = "size"  # a function in measuring.py

    @property
    def is_brief(self):
        """Whether few samples suffice: there are many works beside the table."""
        return self.group != "table"

    def offers(self, library):
        """Whether a library can do it."""
        return not isinstance(self.operation, dict) or library in self.operation


def named(*functions):
    """Functions by their names."""
    return {function.__name__: function for function in functions}


def zeros(*shape):
    return np.zeros(shape, dtype=np.float32)


def operation(name, kind, *shapes):
    """An operation on arrays with numbers from -1 to 2."""

    def arrays():
        draw = Draw()
        return [draw.uniform(shape, -1, 2) for shape in shapes]

    return Work(name, operation=kind, arrays=arrays)


def elementwise():
    for count, label in [(16, "16"), (100_000, "1e5"), (10_000_000, "1e7")]:
        yield operation(f"add, {label}", "add", count, count)
        for kind in ["exp", "tanh", "sum"]:
            yield operation(f"{kind}, {label}", kind, count)


def chains():
    """A chain that ends in a sum, and its gradient: what fusing is for."""
    count = 10_000_000
    yield operation("sum(tanh(x*y + 1)*0.5 + x*x), 1e7", "chain", count, count)
    yield operation("its gradient in x, 1e7", "chain_gradient", count, count)


def matrices():
    square = (2000, 2000)
    yield operation("row sums, 2000 x 2000", "row_sums", square)
    yield operation("column sums, 2000 x 2000", "column_sums", square)
    yield operation("broadcast add, 2000 x 2000", "add", square, 2000)
    yield operation("transposing copy, 2000 x 2000", "transposed_copy", square)
    yield operation("softmax, 1000 x 1000", "softmax", (1000, 1000))


def products():
    for n in [64, 256, 1024, 2048]:
        yield operation(f"matmul, {n}", "matmul", (n, n), (n, n))


def line():
    def problem():
        x = np.float32([0, 0.25, 0.5, 0.75, 1])
        y = (np.float32([12_000, 14_000, 15_000, 16_500, 17_500]) - np.float32(12_000)) / np.float32(5500)
        return Problem("line", [zeros(), zeros()], [x, y], 1e-3)

    return Work("tutorial loop, a step", problem=problem)


def least_squares(rows, features):
    def problem():
        draw = Draw()
        data = [draw.uniform((rows, features)), draw.uniform((rows, 1))]
        return Problem("least_squares", [zeros(features, 1)], data, 0.1)

    return Work(f"least squares step, {rows:,} x {features:,}", problem=problem)


def logistic_regression():
    def problem():
        draw = Draw()
        x = draw.uniform((1_000_000, 64))
        y = (draw.uniform((1_000_000, 1)) > 0).astype(np.float32)
        return Problem("logistic", [zeros(64, 1), zeros()], [x, y], 0.1)

    return Work("logistic regression step, 1,000,000 x 64", problem=problem)


def softmax_regression():
    def problem():
        draw = Draw()
        data = [draw.uniform((1_000_000, 64)), draw.labels(1_000_000, 10)]
        return Problem("softmax_regression", [zeros(64, 10), zeros(10)], data, 0.1)

    return Work("softmax regression step, 1,000,000 x 64 x 10", problem=problem)


def perceptron(hidden, batch):
    def problem():
        draw = Draw()
        data = [draw.uniform((batch, 784), 0, 1), draw.labels(batch, 10)]
        first, second = draw.weights(784, hidden), draw.weights(hidden, 10)
        return Problem("perceptron", [first, zeros(hidden), second, zeros(10)], data, 0.001, "Adam")

    return Work(f"MLP 784-{hidden}-10 step, batch {batch}, Adam", problem=problem)


def table():
    """The rows of the table, in its order."""
    yield line()
    yield from elementwise()
    yield from chains()
    yield from matrices()
    yield least_squares(100_000, 1000)
    yield least_squares(1_000_000, 64)
    yield logistic_regression()
    yield softmax_regression()
    yield perceptron(64, 32)
    yield perceptron(512, 128)
    yield from products()


def all_works():
    """Every work: the table, then the other groups."""
    from groups import all_groups

    yield from table()
    yield from all_groups()


def chosen(groups, text):
    """The works of some groups whose names hold a text."""
    groups = groups or ["table"]
    return [work for work in all_works() if work.group in groups and text in work.name]
