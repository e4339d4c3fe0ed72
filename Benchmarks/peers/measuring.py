"""How long calls last: the rules of Sources/NablaMeasurement/Sampler.swift."""

import gc
import itertools
import math
import statistics
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sampler:
    budget: float
    least_sample: float
    least_count: int
    largest_count: int

    def samples(self, call, finish):
        """Seconds of a call. `finish` waits for a result, inside what is timed."""
        gc.collect()
        gc.disable()
        try:
            warm_up = seconds(call, 1, finish)
            if warm_up > self.budget:
                return [warm_up]
            loops = max(1, math.ceil(self.least_sample / seconds(call, 1, finish)))
            return self._rounds(call, loops, finish)
        finally:
            gc.enable()

    def _rounds(self, call, loops, finish):
        samples = []
        start = time.perf_counter()
        while len(samples) < self.largest_count:
            if len(samples) >= self.least_count and time.perf_counter() - start > self.budget:
                break
            samples.append(seconds(call, loops, finish))
        return samples


FULL = Sampler(budget=2, least_sample=2e-3, least_count=7, largest_count=200)
QUICK = Sampler(budget=0.1, least_sample=5e-4, least_count=3, largest_count=20)


def seconds(call, loops, finish):
    """The seconds of one of several calls."""
    result = None
    start = time.perf_counter()
    for _ in itertools.repeat(None, loops):
        result = call()
    finish(result)
    return max(time.perf_counter() - start, 1e-9) / loops


def measure(name, mode, call, peer, sampler):
    """A result as Sources/NablaMeasurement/Results.swift reads it, after two calls that warm up."""
    call()
    check = float(np.abs(peer.numbers(call()).astype(np.float64)).mean())
    microseconds = [1e6 * sample for sample in sampler.samples(call, peer.finish)]
    return {
        "name": name,
        "mode": mode,
        "unit": "µs",
        "median": statistics.median(microseconds),
        "samples": microseconds,
        "check": check,
    }
