"""The works beside the table, group by group: word for word those of Sources/NablaBench/Groups.

A work has a name, its inputs (Draw.array in works.py reads them), and a function for each library that can do it; where
it is a loss, the work is its gradient in the first operand, which NumPy's function computes itself.
"""

from works import Draw, Work


class Group:
    """Collects the works of a group."""

    def __init__(self, name):
        self.name = name
        self.works = []

    def add(self, name, inputs="", *, is_loss=False, check="elements", numpy=None, torch=None, jax=None, tf=None):
        """Declares a work."""
        functions = {"NumPy": numpy, "PyTorch": torch, "JAX": jax, "TensorFlow": tf}

        def arrays():
            draw = Draw()
            return [draw.array(text) for text in inputs.split(";") if text]

        self.works.append(
            Work(
                name,
                operation={library: function for library, function in functions.items() if function},
                arrays=arrays,
                group=self.name,
                inputs=inputs,
                is_loss=is_loss,
                check=check,
            )
        )


def all_groups():
    """Their works, in the order of Sources/NablaBench/Works/WorkGroup.swift."""
    from groups import (
        chains,
        draws,
        elementwise,
        gradients,
        indexing,
        linalg,
        logic,
        order,
        products,
        reductions,
        shape,
        strides,
        training,
    )

    order_of_groups = [
        elementwise, logic, strides, reductions, indexing, order, shape, draws, products, linalg, gradients, chains,
        training,
    ]  # fmt: skip
    for module in order_of_groups:
        yield from module.group.works
