"""The libraries that this process has loaded, under their usual names; None for the others.

A peer runs in a process of its own, so that no library disturbs another: what declares works for all of them must load
none.
"""

import sys

import numpy as np

torch = sys.modules.get("torch")
F = sys.modules.get("torch.nn.functional")
jax = sys.modules.get("jax")
jnp = sys.modules.get("jax.numpy")
tf = sys.modules.get("tensorflow")

__all__ = ["np", "torch", "F", "jax", "jnp", "tf"]
