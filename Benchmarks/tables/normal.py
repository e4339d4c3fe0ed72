"""The polynomials of composed.typed.h for the normal distribution's tail. Needs mpmath.

Q(u) = Phi(-u) = E(u) w P(w'), with E = exp(-u^2/2), w = 1 / (u + k), and w' the place of w in its range, from -1 to 1: the quotient
Q / (E w) is smooth in w for all u from 0 on (as in Shepherd and Laframboise, Mathematics of Computation 36, 1981, for erfc). P goes
through it at Chebyshev nodes.
"""

from mpmath import cos, erfc, exp, linspace, mp, mpf, pi, polyval, sqrt

mp.dps = 60


def tail(u):
    """Q(u) / E(u)."""
    z = u / sqrt(2)
    return exp(z * z) * erfc(z) / 2


def chebyshev(degree):
    """The coefficients of a Chebyshev polynomial, lowest first."""
    before, now = [mpf(1)], [mpf(0), mpf(1)]
    if degree == 0:
        return before
    for _ in range(degree - 1):
        doubled = [mpf(0)] + [2 * c for c in now]
        before, now = now, [c - (before[i] if i < len(before) else 0) for i, c in enumerate(doubled)]
    return now


def fit(k, most, degree):
    """The coefficients of P, highest first, the range of w, and the largest relative error."""
    low, high = 1 / (mpf(most) + k), 1 / mpf(k)
    w = lambda x: (low + high) / 2 + (high - low) / 2 * x
    f = lambda x: tail(1 / w(x) - k) / w(x)
    n = degree + 1
    nodes = [cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    values = [f(x) for x in nodes]
    series = [
        (1 if j == 0 else 2) / mpf(n) * sum(v * cos(pi * j * (2 * i + 1) / (2 * n)) for i, v in enumerate(values))
        for j in range(n)
    ]
    powers = [mpf(0)] * n
    for j, c in enumerate(series):
        for i, t in enumerate(chebyshev(j)):
            powers[i] += c * t
    highest_first = powers[::-1]
    error = max(abs(polyval(highest_first, x) / f(x) - 1) for x in linspace(-1, 1, 300))
    return highest_first, low, high, error


for name, k, most, degree in [("f32", 3, mpf("14.5"), 10), ("f64", 4, mpf(39), 22)]:
    powers, low, high, error = fit(k, most, degree)
    print(f"{name}: k = {k}, u <= {most}, relative error {float(error):.1e}")
    print("  w' = a w - b:", float(2 / (high - low)).hex(), float((high + low) / (high - low)).hex())
    for c in powers:
        print("   ", float(c).hex())
