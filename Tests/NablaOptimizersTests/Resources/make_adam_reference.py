"""Writes the values of variables after steps of Adam and AdamW by the formulas of Keras 3 in NumPy float64, as the
reference of AdamTests.

Run in this folder: python3 make_adam_reference.py. With --check the same steps are taken by Keras itself, and compared.
"""
import json
import sys

import numpy as np

rng = np.random.default_rng(5)
STEPS = 20
START = [rng.standard_normal((3, 2)), rng.standard_normal(4), rng.standard_normal(())]
# Gradients of very different sizes; the last step's are zero.
SCALES = np.concatenate([10.0 ** rng.uniform(-4, 2, STEPS - 1), [0.0]])
GRADIENTS = [[scale * rng.standard_normal(x.shape) for x in START] for scale in SCALES]
CASES = [
    dict(name="defaults"),
    dict(name="fast", learning_rate=0.1, beta_1=0.5, beta_2=0.9, epsilon=1e-3),
    dict(name="no memory", learning_rate=0.05, beta_1=0.0, beta_2=0.0),
    dict(name="decay", learning_rate=0.05, weight_decay=0.1),
    dict(name="by value", learning_rate=0.05, clipvalue=0.02),
    dict(name="by norm", learning_rate=0.05, clipnorm=0.5),
    dict(name="by global norm", learning_rate=0.05, weight_decay=0.004, global_clipnorm=0.5),
]
DEFAULTS = dict(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7)


def clip(gradients, case):
    if "clipvalue" in case:
        return [np.clip(g, -case["clipvalue"], case["clipvalue"]) for g in gradients]
    if "clipnorm" in case:
        return [g * case["clipnorm"] / max(np.linalg.norm(g), case["clipnorm"]) for g in gradients]
    if "global_clipnorm" in case:
        norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
        return [g * case["global_clipnorm"] / max(norm, case["global_clipnorm"]) for g in gradients]
    return gradients


def by_formula(case):
    rate = case.get("learning_rate", 0.001)
    b1, b2 = case.get("beta_1", 0.9), case.get("beta_2", 0.999)
    epsilon, decay = case.get("epsilon", 1e-7), case.get("weight_decay", 0.0)
    w = [x.copy() for x in START]
    m = [np.zeros_like(x) for x in START]
    v = [np.zeros_like(x) for x in START]
    history = []
    for t, gradients in enumerate(GRADIENTS, 1):
        alpha = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
        for i, g in enumerate(clip(gradients, case)):
            w[i] = w[i] - w[i] * decay * rate
            m[i] = m[i] + (g - m[i]) * (1 - b1)
            v[i] = v[i] + (g**2 - v[i]) * (1 - b2)
            w[i] = w[i] - m[i] * alpha / (np.sqrt(v[i]) + epsilon)
        history.append([x.copy() for x in w])
    return history


def by_keras(case):
    import keras

    keras.config.set_floatx("float64")
    options = {k: x for k, x in case.items() if k != "name"}
    optimizer = (keras.optimizers.AdamW if "weight_decay" in case else keras.optimizers.Adam)(**options)
    w = [keras.Variable(x, dtype="float64") for x in START]
    history = []
    for gradients in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64") for g in gradients], w)
        history.append([x.numpy() for x in w])
    return history


def tensor(x):
    x = np.asarray(x)
    return dict(shape=list(x.shape), scalars=x.reshape(-1).tolist())


def main():
    results = {case["name"]: by_formula(case) for case in CASES}
    if "--check" in sys.argv:
        for case in CASES:
            # Keras on TensorFlow rounds some of its numbers to float32 on the way, so here all of them are.
            case = dict(DEFAULTS, **case)
            case = {k: x if k == "name" else float(np.float32(x)) for k, x in case.items()}
            pairs = [p for x, y in zip(by_keras(case), by_formula(case)) for p in zip(x, y)]
            error = max(np.max(np.abs(a - b) / (1e-3 + np.abs(b))) for a, b in pairs)
            print(case["name"], error)
            assert error < 1e-12, case
        return
    file = dict(
        start=[tensor(x) for x in START],
        gradients=[[tensor(g) for g in step] for step in GRADIENTS],
        # The first step, one in the middle, and the last two.
        cases=[
            dict(
                name=case["name"],
                options={k: x for k, x in case.items() if k != "name"},
                after={str(t): [tensor(x) for x in results[case["name"]][t - 1]] for t in (1, 7, STEPS - 1, STEPS)},
            )
            for case in CASES
        ],
    )
    with open("adam.json", "w") as out:
        json.dump(file, out)
        out.write("\n")


main()
