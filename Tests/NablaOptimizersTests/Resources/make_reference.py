"""Writes the steps of SGD by the formulas of Keras 3 (keras/src/optimizers/{base_optimizer,sgd}.py), in NumPy, as the
reference of SGDTests.

Run in this folder: python3 make_reference.py
"""
import itertools
import json

import numpy as np


def clipped(gradients, kind, bound):
    if kind == "value":
        return [np.clip(g, -bound, bound) for g in gradients]
    if kind == "norm":  # keras clip_by_norm
        return [g * bound / max(np.sqrt(np.sum(g * g)), bound) for g in gradients]
    if kind == "globalNorm":
        total = np.sqrt(sum(np.sum(g * g) for g in gradients))
        return [g * bound / max(total, bound) for g in gradients]
    return gradients


def run(dtype, rate, momentum, nesterov, decay, clipping, bound, start, steps):
    variables = [np.array(v, dtype=dtype) for v in start]
    velocities = [np.zeros_like(v) for v in variables]
    rate, momentum, decay, bound = dtype(rate), dtype(momentum), dtype(decay), dtype(bound)
    path = []
    for gradients in steps:
        present = [i for i, g in enumerate(gradients) if g is not None]
        some = clipped([np.array(gradients[i], dtype=dtype) for i in present], clipping, bound)
        if decay:
            for i in present:
                variables[i] = variables[i] - variables[i] * decay * rate
        for i, g in zip(present, some):
            if momentum:
                velocities[i] = momentum * velocities[i] - g * rate
                variables[i] = variables[i] + (momentum * velocities[i] - g * rate if nesterov else velocities[i])
            else:
                variables[i] = variables[i] - g * rate
        path.append([v.ravel().astype(float).tolist() for v in variables])
    return path


def main():
    rng = np.random.default_rng(3)
    start = [rng.standard_normal((2, 3)), rng.standard_normal(4), np.array(0.5)]
    steps = [[g.tolist() for g in (rng.standard_normal((2, 3)) * 2, rng.standard_normal(4), rng.standard_normal(()))] for _ in range(6)]
    steps[2][1] = None  # a variable that the loss of one step does not reach
    steps[4][0] = steps[4][2] = None
    cases = []
    options = itertools.product(
        (np.float32, np.float64), ((0.0, False), (0.9, False), (0.9, True)), (0.0, 0.01),
        (("none", 1.0), ("value", 0.5), ("norm", 1.25), ("globalNorm", 2.0)))
    for dtype, (momentum, nesterov), decay, (clipping, bound) in options:
        path = run(dtype, 0.1, momentum, nesterov, decay, clipping, bound, start, steps)
        cases.append({
            "dtype": dtype.__name__, "momentum": momentum, "nesterov": nesterov, "weightDecay": decay,
            "clipping": clipping, "bound": bound, "path": path})
    flat = [[None if g is None else np.ravel(g).tolist() for g in gradients] for gradients in steps]
    with open("sgd.json", "w") as file:
        json.dump({
            "rate": 0.1, "shapes": [[2, 3], [4], []], "start": [np.ravel(v).tolist() for v in start],
            "gradients": flat, "cases": cases}, file)
        file.write("\n")


main()
