"""What the checks of arguments cost: those of one training step, done again, against the step.

    python scripts/lab/bench/cost_of_checks.py

The calls of tinyfer.core.checks in one step of the six-layer network (a batch of 64, float32) are kept
with their arguments and then made again by themselves, twenty times; the quickest counts, less an
empty loop over them. The step is the median of fifteen.
"""

import statistics
import time

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

    for _ in range(3):
        step()
    whole = statistics.median(seconds(step) for _ in range(15))
    calls = calls_of(step)
    again = min(seconds(lambda: [check(*given) for check, given in calls]) for _ in range(20))
    empty = min(seconds(lambda: [nothing(*given) for _, given in calls]) for _ in range(20))
    cost = again - empty
    print(f"training step {1e3 * whole:.1f} ms; its {len(calls)} checks {1e3 * cost:.2f} ms: "
          f"{100 * cost / whole:.2f} %")


def calls_of(step):
    """[(check, arguments)] of a step, without those that one check makes of another."""
    plain = {name: getattr(checks, name) for name in NAMES}
    calls, depth = [], 0

    def kept(check):
        def wrapper(*given, **named):
            nonlocal depth
            if depth == 0:
                calls.append((lambda *a: check(*a, **named), given))
            depth += 1
            try:
                return check(*given, **named)
            finally:
                depth -= 1
        return wrapper

    for name, check in plain.items():
        setattr(checks, name, kept(check))
    step()
    for name, check in plain.items():
        setattr(checks, name, check)
    return calls


def nothing(*given):
    pass


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
