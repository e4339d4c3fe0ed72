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
    turns: int
    warm_up: float


FULL = Sampler(budget=2, least_sample=2e-3, least_count=21, largest_count=210, turns=21, warm_up=0.04)
BRIEF = Sampler(budget=0.3, least_sample=1e-3, least_count=5, largest_count=60, turns=5, warm_up=0.01)
QUICK = Sampler(budget=0.1, least_sample=5e-4, least_count=4, largest_count=20, turns=2, warm_up=1e-3)


def rest():
    """Waits until the threads of this process have ceased to spin for more work: a third of a second at most."""
    step = 0.02
    for _ in range(16):
        before = time.process_time()
        time.sleep(step)
        if time.process_time() - before < step / 10:
            return


class Series:
    """A call that is measured in turns, after two calls that warm it up, and the samples of it so far.

    What takes more than the budget is measured by one call.
    """

    def __init__(self, work, mode, call, peer, sampler):
        self.name = work.name
        self.mode = mode
        self.call = call
        self.finish = peer.finish  # waits for a result, inside what is timed
        self.sampler = sampler
        call()
        self.check = CHECKS[work.check](np.asarray(peer.numbers(call())).astype(np.float64).ravel())
        warm_up = seconds(call, 1, self.finish)
        self.is_too_long = warm_up > sampler.budget
        self.samples = [warm_up] if self.is_too_long else []
        self.loops = max(1, math.ceil(sampler.least_sample / seconds(call, 1, self.finish)))

    def take_turn(self):
        """Warms up, and samples until this turn's share of the budget is used."""
        if self.is_too_long:
            return
        gc.disable()
        try:
            self._sample(self.sampler)
        finally:
            gc.enable()

    def _sample(self, sampler):
        start = time.perf_counter()
        while time.perf_counter() - start < sampler.warm_up:
            self.finish(self.call())
        for count in range(math.ceil(sampler.largest_count / sampler.turns)):
            is_used = time.perf_counter() - start > sampler.budget / sampler.turns
            if is_used and count >= math.ceil(sampler.least_count / sampler.turns):
                break
            self.samples.append(seconds(self.call, self.loops, self.finish))

    def result(self):
        """The result as Sources/NablaMeasurement/Results.swift reads it."""
        microseconds = [1e6 * sample for sample in self.samples]
        return {
            "name": self.name,
            "mode": self.mode,
            "unit": "µs",
            "median": statistics.median(microseconds),
            "samples": microseconds,
            "check": self.check,
        }


# The numbers that a result is known by: Check in Sources/NablaBench/Works/Work.swift.


def size(values):
    """The mean absolute value."""
    return float(np.abs(values).mean())


def distribution(values):
    """The same to two digits: draws of different generators agree no further."""
    return float(f"{size(values):.1e}")


def elements(values):
    """The mean absolute value, and how the elements lie."""
    places = np.arange(values.size, dtype=np.uint32) * np.uint32(2_654_435_761)
    return size(values) + abs(float(np.sum(values * (places * 2.0**-31 - 1)))) / math.sqrt(values.size)


CHECKS = {"size": size, "distribution": distribution, "elements": elements}


def seconds(call, loops, finish):
    """The seconds of one of several calls."""
    result = None
    start = time.perf_counter()
    for _ in itertools.repeat(None, loops):
        result = call()
    finish(result)
    return max(time.perf_counter() - start, 1e-9) / loops
