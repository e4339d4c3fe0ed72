#!/usr/bin/env python3
"""Writes the table of Sources/CKernels/tanh.table.h: tanh for Float in pieces.

The first piece is |x| < 1/16, each binade from there to 8 has four, and the last one is 8 <= |x| < 10. On each,
tanh(c + r) = y + r (p1 + r (p2 + ...)). Points c near the middle are chosen where tanh(c) is as good as a Float
(S. Gal, "Computing elementary functions: a new approach for achieving high accuracy and good performance", 1986), so that
y has next to no rounding error. The polynomial in parentheses goes through the function at Chebyshev nodes; in the first
piece, where c and y are 0, it is even and begins with 1.

Needs mpmath. usage: Benchmarks/tables/tanh.py > Sources/CKernels/tanh.table.h
"""
import struct
from mpmath import mp, mpf, tanh, cos, pi, matrix, lu_solve, sqrt

mp.prec = 200
TERMS = 5


def to_float(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def nodes(low, high, count):
    return [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def through(points, values):
    """The coefficients of the polynomial through these, from the lowest."""
    powers = matrix([[x**j for j in range(len(points))] for x in points])
    return [to_float(p) for p in lu_solve(powers, matrix(values))]


def point(low, high):
    """The Float in the middle fifth whose tanh is nearest to a Float, among some thousands."""
    def error(c):
        y = tanh(mpf(c))
        return abs(y - to_float(y)) / y
    middle, width = (low + high) / 2, high - low
    return min((to_float(middle + width * step / 30000) for step in range(-3000, 3001)), key=error)


def piece(low, high):
    c = point(low, high)
    y = to_float(tanh(mpf(c)))
    r = nodes(mpf(low) - mpf(c), mpf(high) - mpf(c), TERMS)
    return [c, y] + through(r, [(tanh(c + x) - tanh(mpf(c))) / x for x in r])


def first_piece(high):
    z = [x * x for x in nodes(mpf(0), mpf(high), 2)]
    third, fifth = through(z, [(tanh(sqrt(x)) / sqrt(x) - 1) / x for x in z])
    return [0.0, 0.0, 1.0, 0.0, third, 0.0, fifth]


bounds = [2.0**e * (1 + q / 4) for e in range(-4, 3) for q in range(4)] + [8.0, 10.0]
pieces = [first_piece(bounds[0])] + [piece(a, b) for a, b in zip(bounds, bounds[1:])]
pieces += [pieces[-1]] * (32 - len(pieces))
print("// Written by Benchmarks/tables/tanh.py: points c, tanh(c), and the coefficients of powers of r = x - c, for each piece.")
for name, column in zip(["POINT", "VALUE"] + ["P%d" % (i + 1) for i in range(TERMS)], zip(*pieces)):
    numbers = [x.hex() + "f" for x in column]
    lines = [", ".join(numbers[i : i + 5]) for i in range(0, 32, 5)]
    print("#define TANH_%s \\\n  {%s}" % (name, ", \\\n   ".join(lines)))
