"""Writes the .npy files beside this script with NumPy."""
import pathlib

import numpy as np

folder = pathlib.Path(__file__).parent


def save(name, array, version=(1, 0)):
    with open(folder / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)


save("float32", np.array([[1, -2.5, 3e38], [np.inf, -0.0, 1e-45]], dtype="<f4"))
save("float64", np.array([[1, -2.5, 1e308], [np.inf, -0.0, 5e-324]], dtype="<f8"))
save("int32", np.array([1, -2, 2**31 - 1], dtype="<i4"))
save("int64", np.array([1, -2, 2**63 - 1], dtype="<i8"))
save("uint8", np.array([[[0], [1]], [[127], [255]]], dtype="|u1"))
save("bool", np.array([True, False, True], dtype="|b1"))
save("scalar", np.array(7.5, dtype="<f4"))
save("empty", np.zeros((2, 0, 3), dtype="<f8"))
save("fortran", np.asfortranarray(np.arange(24, dtype="<i4").reshape(2, 3, 4)))
save("version2", np.arange(6, dtype="<f4").reshape(3, 2), version=(2, 0))
