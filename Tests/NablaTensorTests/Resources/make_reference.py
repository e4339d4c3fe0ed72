"""Writes what NumPy prints and draws, as the references of DescriptionTests, RandomGeneratorTests and DrawTests.

Run in this folder: python3 make_reference.py
"""
import json

import numpy as np


def text(value):
    """A number as JSON carries it: non-finite ones as strings."""
    if isinstance(value, bool) or isinstance(value, int):
        return value
    return value if np.isfinite(value) else "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"


def case(array):
    array = np.asarray(array)
    return {
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "scalars": [text(x) for x in array.astype(np.float64 if array.dtype.kind == "f" else array.dtype).ravel().tolist()],
        "text": str(array),
    }


def floats():
    rng = np.random.default_rng(1)
    nan, inf = np.nan, np.inf
    yield from [0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 1e15, 1e16, 123456789.0, 16777218.0, 1.5e16, 1e-4, 1.2345e-5, 3e38, nan, inf, -inf]
    yield [1.0, 2.0, 3.0]
    yield [1.5, -2.25, 3.125]
    yield [0.0, 0.0]
    yield [-0.0, 0.0]
    yield [1 / 3, 2 / 3, 1.0]
    yield [0.1, 0.2, 0.3]
    yield [1.000000001, 2.0]
    yield [1e8, 1.0]
    yield [99999999.0, 100000.0]
    yield [1e-4, 1e-5]
    yield [0.0001, 0.1]
    yield [0.001, 1.5]
    yield [1.0, 1000.0]
    yield [1.0, 1001.0]
    yield [1.5e10, 2.25e-7, -3.0]
    yield [1.000000001, 1.5e9]
    yield [1e20, 1.0]
    yield [1e-30, -1.0]
    yield [nan, 1.0, inf]
    yield [-inf, 1.0]
    yield [nan, nan]
    yield [inf, -inf]
    yield [nan, 1e10, -1e-10, -inf]
    yield [nan, 123456.789]
    yield []
    yield np.zeros((0, 3))
    yield np.zeros((2, 0))
    yield [5.0]
    yield [[7.0]]
    yield [[[[1.0]]]]
    yield [[1.0, 2.0], [3.0, 4.0]]
    yield [[1.0, -20.5], [300.25, 4.0]]
    yield rng.standard_normal(5)
    yield rng.standard_normal(20)
    yield rng.standard_normal((3, 4))
    yield rng.standard_normal((12, 9))
    yield rng.standard_normal((2, 3, 4))
    yield rng.standard_normal((2, 2, 2, 2))
    yield rng.standard_normal((2, 3)) * 1e-3
    yield rng.standard_normal(7) * 1e9
    yield rng.standard_normal(9) * 10.0 ** np.arange(-4, 5)
    yield rng.standard_normal(30) * 1e-6
    yield rng.random(1000)
    yield np.arange(1001.0)
    yield np.arange(1200.0).reshape(30, 40)
    yield np.arange(1200.0).reshape(6, 200) / 7
    yield np.arange(1200.0).reshape(200, 6)
    yield np.arange(4000.0).reshape(10, 20, 20)
    yield np.arange(2002.0).reshape(7, 2, 143)
    yield (np.arange(2000.0) - 1000).reshape(1000, 2) * 1e7
    yield np.full((3, 30), 0.5)
    yield np.eye(4)


def printed():
    for value in floats():
        yield case(np.array(value, dtype=np.float64))
        with np.errstate(over="ignore"):
            single = np.array(value, dtype=np.float32)
        yield case(single)
    yield case(np.array([1e300, 1.0]))
    yield case(np.array([5e-324, 1e-310]))
    yield case(np.array([1e100, 1e5]))
    yield case(np.array(1e100))
    yield case(np.array([1e-45, 1e-40], dtype=np.float32))
    for dtype in (np.int32, np.int64, np.uint8):
        yield case(np.array(7, dtype=dtype))
        yield case(np.array([1, 20, 255]).astype(dtype))
        yield case(np.arange(30).reshape(2, 15).astype(dtype) * 7)
        yield case(np.arange(1500).astype(dtype).reshape(3, 500))
        yield case(np.zeros((0,), dtype=dtype))
    yield case(np.array([-1, 10, -2147483648], dtype=np.int32))
    yield case(np.array([9223372036854775807, -9223372036854775808, 0]))
    yield case(np.array(-5, dtype=np.int64))
    yield case(np.array(True))
    yield case(np.array(False))
    yield case(np.array([True, True]))
    yield case(np.array([[True, False], [False, True]]))
    yield case(np.zeros(1100, dtype=bool))
    yield case(np.ones((3, 30), dtype=bool))


def stream(seed):
    def fresh():
        return np.random.Generator(np.random.PCG64(seed))

    return {
        "seed": str(seed),
        "bits": [str(x) for x in fresh().bit_generator.random_raw(8).tolist()],
        "words": fresh().integers(0, 2**32, 7, dtype=np.uint32).tolist(),
        "doubles": fresh().random(8).tolist(),
        "floats": fresh().random(7, dtype=np.float32).astype(np.float64).tolist(),
        # Enough for the wedges and the tail of the ziggurat.
        "normals": fresh().standard_normal(5000).tolist() if seed == 0 else fresh().standard_normal(200).tolist(),
    }


def words(number, count):
    return [str(number >> 64 * i & 2**64 - 1) for i in range(count)]


def philox(key, counter):
    def fresh():
        return np.random.Generator(np.random.Philox(key=key, counter=counter))

    return {
        "key": words(key, 2),
        "counter": words(counter, 4),
        "raw": [str(x) for x in fresh().bit_generator.random_raw(19).tolist()],
        "doubles": fresh().random(19).tolist(),
        "floats": fresh().random(19, dtype=np.float32).astype(np.float64).tolist(),
    }


def main():
    with open("printed.json", "w") as file:
        json.dump(list(printed()), file, separators=(",", ":"))
        file.write("\n")
    seeds = [0, 1, 7, 42, 2**32 - 1, 2**32, 2**32 + 5, 0xDEADBEEFCAFEBABE, 2**64 - 1]
    with open("random.json", "w") as file:
        json.dump([stream(seed) for seed in seeds], file, separators=(",", ":"))
        file.write("\n")
    counters = [0, 1, 123456789, 2**64 - 3, 2**128 - 2, 2**256 - 2, 3 << 130 | 7]
    with open("philox.json", "w") as file:
        cases = [philox(key, counter) for key in [0, 7, 2**64 - 1, 2**127 + 12345] for counter in counters]
        json.dump(cases, file, separators=(",", ":"))
        file.write("\n")


main()
