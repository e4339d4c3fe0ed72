"""The works in PyTorch, eager, with its autograd and its optimizers."""

import functools

import torch
import torch.nn.functional as F

from works import BETA_1, BETA_2, EPSILON, named


def line(parameters, x, y):
    a, b = parameters
    return 0.5 * (a * x + b - y).square().sum()


def least_squares(parameters, x, y):
    return F.mse_loss(x @ parameters[0], y)


def logistic(parameters, x, y):
    w, b = parameters
    return F.binary_cross_entropy_with_logits(x @ w + b, y)


def softmax_regression(parameters, x, labels):
    w, b = parameters
    return F.cross_entropy(x @ w + b, labels)


def perceptron(parameters, x, labels):
    w1, b1, w2, b2 = parameters
    return F.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, labels)


def chain(x, y):
    return (torch.tanh(x * y + 1) * 0.5 + x * x).sum()


def chain_gradient(x, y):
    """The gradient of the chain in x."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(chain(x, y), x)[0]


class Peer:
    library = "PyTorch"
    modes = ["eager"]

    operations = {
        "add": torch.add,
        "exp": torch.exp,
        "tanh": torch.tanh,
        "sum": torch.sum,
        "chain": chain,
        "chain_gradient": chain_gradient,
        "row_sums": functools.partial(torch.sum, dim=1),
        "column_sums": functools.partial(torch.sum, dim=0),
        "transposed_copy": lambda x: x.T.contiguous(),
        "softmax": functools.partial(torch.softmax, dim=1),
        "matmul": torch.matmul,
    }
    losses = named(line, least_squares, logistic, softmax_regression, perceptron)
    # PyTorch's Adam corrects √v before it adds ε, so its first losses differ from the others' by up to 5e-4.
    optimizers = {
        "SGD": torch.optim.SGD,
        "Adam": functools.partial(torch.optim.Adam, betas=(BETA_1, BETA_2), eps=EPSILON),
    }

    def version(self):
        return f"{torch.__version__}, {torch.get_num_threads()} threads"

    def array(self, values):
        tensor = torch.from_numpy(values)
        return tensor.long() if tensor.dtype == torch.int32 else tensor  # classes are 64-bit in PyTorch

    def numbers(self, result):
        return result.detach().numpy()

    def finish(self, result):
        """Nothing: on a CPU PyTorch has finished when it returns."""

    def operation(self, function, arrays, mode):
        return functools.partial(function, *map(torch.from_numpy, arrays))

    def gradient(self, function):
        """The gradient of a function in its first operand."""

        def slope(x, *others):
            x = x.detach().requires_grad_()
            return torch.autograd.grad(function(x, *others), x)[0]

        return slope

    def step(self, problem, loss, mode):
        """Takes a step and returns the loss before it."""
        parameters = [torch.nn.Parameter(self.array(values)) for values in problem.parameters]
        data = [self.array(values) for values in problem.data]
        optimizer = self.optimizers[problem.optimizer](parameters, lr=problem.rate)

        def step():
            optimizer.zero_grad()
            value = loss(parameters, *data)
            value.backward()
            optimizer.step()
            return value

        return step
