"""Functions and arithmetic, element by element."""

import math

from groups import Group
from libraries import F, jax, jnp, np, tf, torch

group = Group("elementwise")
add = group.add

try:
    from scipy import special
except ImportError:  # NumPy alone has no erf
    special = None


def sums():
    for count in [16, 1000]:
        two = f"f64[{count}]; f64[{count}]"
        one = f"f64[{count}]"
        function(f"add, Double, {count}", two, "add")
        for kind in ["exp", "tanh"]:
            function(f"{kind}, Double, {count}", one, kind)
        function(f"sum, Double, {count}", one, "sum", "reduce_sum")


def function(name, inputs, kind, tf_kind=None):
    """A function that the libraries have by one name, save TensorFlow where another is told."""
    add(name, inputs, numpy=getattr(np, kind), torch=torch and getattr(torch, kind), jax=jnp and getattr(jnp, kind),
        tf=tf and getattr(tf.math, tf_kind or kind))  # fmt: skip


def functions(dtype, label):
    """Functions of one operand on 1e6 elements."""
    positive = f"{dtype}[1000000] 0.5..2"
    any_ = f"{dtype}[1000000]"
    for kind in ["log", "sqrt"]:
        function(f"{kind}, {label}1e6", positive, kind)
    for kind in ["sin", "exp", "tanh"]:
        function(f"{kind}, {label}1e6", any_, kind)
    add(f"sigmoid, {label}1e6", any_, numpy=numpy_sigmoid, torch=lambda x: torch.sigmoid(x),
        jax=lambda x: jax.nn.sigmoid(x), tf=lambda x: tf.sigmoid(x))  # fmt: skip
    add(f"erf, {label}1e6", any_, numpy=special and special.erf, torch=lambda x: torch.erf(x),
        jax=lambda x: jax.scipy.special.erf(x), tf=lambda x: tf.math.erf(x))  # fmt: skip
    function(f"floor, {label}1e6", any_, "floor")
    add(f"gelu, {label}1e6", any_, numpy=special and (lambda x: x * (special.erf(x * HALF_ROOT) + 1) * 0.5),
        torch=lambda x: F.gelu(x), jax=lambda x: jax.nn.gelu(x, approximate=False),
        tf=lambda x: tf.nn.gelu(x))  # fmt: skip
    add(f"silu, {label}1e6", any_, numpy=lambda x: x * numpy_sigmoid(x), torch=lambda x: F.silu(x),
        jax=lambda x: jax.nn.silu(x), tf=lambda x: tf.nn.silu(x))  # fmt: skip
    add(f"atan2, {label}1e6", f"{any_}; {positive}", numpy=lambda x, y: np.arctan2(x, y),
        torch=lambda x, y: torch.atan2(x, y), jax=lambda x, y: jnp.arctan2(x, y),
        tf=lambda x, y: tf.atan2(x, y))  # fmt: skip


HALF_ROOT = math.sqrt(0.5)


def numpy_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def inner_columns(name, inputs, kind, numpy_kind):
    """A function of some columns, which NumPy and JAX may have by another name."""

    def of(library, kind):
        function = library and getattr(library, kind)
        return function and (lambda x: function(x[:, 250:750]))

    add(name, inputs, numpy=of(np, numpy_kind), torch=of(torch, kind), jax=of(jnp, numpy_kind),
        tf=of(tf and tf.math, kind))  # fmt: skip


def others():
    one, two = "f32[1000000]", "f32[1000000]; f32[1000000]"
    add("pow, exponent 3, 1e6", one, numpy=lambda x: x**3, torch=lambda x: x**3, jax=lambda x: x**3,
        tf=lambda x: x**3)  # fmt: skip
    add("pow, 1e6", "f32[1000000] 0.5..2; f32[1000000]", numpy=lambda x, y: x**y, torch=lambda x, y: x**y,
        jax=lambda x, y: x**y, tf=lambda x, y: x**y)  # fmt: skip
    add("divide, 1e6", "f32[1000000]; f32[1000000] 1..2", numpy=lambda x, y: x / y, torch=lambda x, y: x / y,
        jax=lambda x, y: x / y, tf=lambda x, y: x / y)  # fmt: skip
    function("maximum, 1e6", two, "maximum")
    add("clip, 1e6", one, numpy=lambda x: np.clip(x, 0, 1), torch=lambda x: torch.clip(x, 0, 1),
        jax=lambda x: jnp.clip(x, 0, 1), tf=lambda x: tf.clip_by_value(x, 0, 1))  # fmt: skip
    add("relu, 1e6", one, numpy=lambda x: np.maximum(x, 0), torch=lambda x: torch.relu(x),
        jax=lambda x: jax.nn.relu(x), tf=lambda x: tf.nn.relu(x))  # fmt: skip
    add("leakyRelu, 1e6", one, numpy=lambda x: np.maximum(x, 0.2 * x), torch=lambda x: F.leaky_relu(x, 0.2),
        jax=lambda x: jax.nn.leaky_relu(x, 0.2), tf=lambda x: tf.nn.leaky_relu(x, 0.2))  # fmt: skip
    add("elu, 1e6", one, numpy=lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), torch=lambda x: F.elu(x),
        jax=lambda x: jax.nn.elu(x), tf=lambda x: tf.nn.elu(x))  # fmt: skip
    add("softplus, 1e6", one, numpy=lambda x: np.logaddexp(x, np.float32(0)), torch=lambda x: F.softplus(x),
        jax=lambda x: jax.nn.softplus(x), tf=lambda x: tf.nn.softplus(x))  # fmt: skip
    add("rsqrt, 1e6", "f32[1000000] 0.5..2", numpy=lambda x: 1 / np.sqrt(x), torch=lambda x: torch.rsqrt(x),
        jax=lambda x: jax.lax.rsqrt(x), tf=lambda x: tf.math.rsqrt(x))  # fmt: skip
    function("abs, 1e6", one, "abs")
    function("log1p, 1e6", "f32[1000000] 0..2", "log1p")
    function("expm1, 1e6", one, "expm1")
    function("tan, 1e6", "f32[1000000] -1..1", "tan")
    function("add, Int32, 1e6", "i32[1000000] 0..<1000; i32[1000000] 0..<1000", "add")
    function("multiply, Int64, 1e6", "i64[1000000] 0..<1000; i64[1000000] 0..<1000", "multiply")
    for kind, name, content in [
        ("cos", "cos", "-1..2"), ("asin", "arcsin", "-0.9..0.9"), ("acos", "arccos", "-0.9..0.9"),
        ("atan", "arctan", "-1..2"), ("sinh", "sinh", "-1..2"), ("cosh", "cosh", "-1..2"),
        ("asinh", "arcsinh", "-1..2"), ("acosh", "arccosh", "1.1..3"), ("atanh", "arctanh", "-0.9..0.9"),
        ("sign", "sign", "-1..2"), ("ceil", "ceil", "-1..2"), ("round", "rint", "-1..2"),
        ("reciprocal", "reciprocal", "0.5..2"),
    ]:  # fmt: skip
        inner_columns(f"{kind} of inner columns, 1000 x 500", f"f32[1000,1000] {content}", kind, name)
    function("minimum by columns, Double, 100,000 x 10", "f64[100000,10]; f64[10]", "minimum")
    function("multiply, Double, 1e7", "f64[10000000]; f64[10000000]", "multiply")


sums()
functions("f32", "")
functions("f64", "Double, ")
others()
