"""Chapter 17, the tests. The answers: ch17_limits.py of a workspace."""

import numpy as np
from answers import difference, ledger, wronged
from checker import same, true

from tinyfer.data.drawn import EMOTIONS


def recalls(truth, said, group):
    """The difference of the recalls of each class, and how many standard errors it is."""
    rows = [[(truth == c) & side for side in (group, ~group)] for c in range(truth.max() + 1)]
    recall = np.array([[(said[side] == c).mean() for side in pair] for c, pair in enumerate(rows)])
    variance = recall * (1 - recall) / [[side.sum() for side in pair] for pair in rows]
    gap = recall[:, 0] - recall[:, 1]
    return gap, gap / np.sqrt(variance.sum(axis=1))


def test_difference():
    rng = np.random.default_rng(0)
    truth, group = rng.integers(0, 3, 600), rng.random(600) < 0.2
    said = np.where(rng.random(600) < 0.3 + 0.2 * group, rng.integers(0, 3, 600), truth)
    for name, found, right in zip(("the difference", "standard errors"),
                                  difference(truth, said, group), recalls(truth, said, group)):
        same(name, found, right)


def test_wronged():
    truth, said, has = ledger()
    errors = {(name, expression): error for name, group in has.items()
              for expression, error in zip(EMOTIONS, recalls(truth, said, group)[1])}
    group, expression = min(errors, key=errors.get)
    found = tuple(wronged())
    true(found in errors, f"{found} is not an attribute and an expression")
    true(found != max(errors, key=errors.get), "this group is called right more often than others")
    true(found[0] == group, f"{found} is {errors[found]:.1f} standard errors off: another group is "
                            "further")
    true(found[1] == expression, f"that is the group; with {found[1]} it is only "
                                 f"{errors[found]:.1f} standard errors off")
