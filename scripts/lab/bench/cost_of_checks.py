"""What the checks of arguments cost: those of one training step, done again, against the step.

    python scripts/lab/bench/cost_of_checks.py

The calls of tinyfer.core.checks in one step of the six-layer network (a batch of 64, float32) are
kept with their arguments and then made again by themselves, twenty times; the quickest counts, less
an empty loop over them. The step is the median of fifteen.
"""

import statistics
import timeit
from unittest import mock

import numpy as np

import tinyfer
from tinyfer.core import checks

NAMES = ("array", "shape", "convolution", "convolution_gradient", "pooling", "pooling_gradient",
         "product", "changeable")


def main():
    model = tinyfer.six_layer_cnn(classes=7)
    optimizer = tinyfer.Adam(model.parameters())
    x = np.random.default_rng(0).random((64, 48, 48, 1), dtype=np.float32)
    labels = np.arange(64) % 7

    def step():
        _, dlogits = tinyfer.softmax_cross_entropy(model.forward(x, training=True), labels)
        model.backward(dlogits)
        optimizer.step()

    timeit.timeit(step, number=3)
    whole = statistics.median(timeit.repeat(step, number=1, repeat=15))
    calls = calls_of(step)
    again, empty = (min(timeit.repeat(work, number=1, repeat=20)) for work in (
        lambda: [check(*a, **k) for check, a, k in calls], lambda: [dict(**k) for *_, k in calls]))
    cost = again - empty
    print(f"training step {1e3 * whole:.1f} ms; its {len(calls)} checks {1e3 * cost:.2f} ms: "
          f"{100 * cost / whole:.2f} %")


def calls_of(step):
    """[(check, arguments, named ones)] of a step, without those that one check makes of another."""
    calls, within = [], []

    def kept(check):
        def wrapper(*given, **named):
            if not within:
                calls.append((check, given, named))
            within.append(check)
            try:
                return check(*given, **named)
            finally:
                within.pop()
        return wrapper

    with mock.patch.multiple(checks, **{name: kept(getattr(checks, name)) for name in NAMES}):
        step()
    return calls


if __name__ == "__main__":
    main()
