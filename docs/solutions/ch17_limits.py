"""Chapter 17, exercises: replace every `raise NotImplementedError`."""

import numpy as np

from tinyfer.data.drawn import EMOTIONS, measures


def by_hand():
    """Exercise 1, by hand. Two numbers, to three decimals:

    5 % of the people are sad; 66 % of them are found and 12 % of the others flagged. The fraction
    of right alarms; and the fraction of sad people above which half of the alarms are right.
    """
    # solution
    # Of all people base * 0.66 are flagged rightly and (1 - base) * 0.12 wrongly.
    # Half are right where base * 0.66 = (1 - base) * 0.12.
    return 0.05 * 0.66 / (0.05 * 0.66 + 0.95 * 0.12), 0.12 / (0.66 + 0.12)


def difference(truth, said, group):
    """Exercise 2. Recall in a group minus recall outside, and how many standard errors that is.

    truth and said (N,) classes from 0 to K - 1; group (N,) booleans. Returns two arrays (K,). The
    variance of a recall r of n images is r (1 - r) / n; variances of independent numbers add up.
    """
    # solution
    # Recall: of the images that are c, inside and outside, the fraction called c.
    K = truth.max() + 1
    gap, errors = np.zeros(K), np.zeros(K)
    for c in range(K):
        inside, outside = said[(truth == c) & group] == c, said[(truth == c) & ~group] == c
        gap[c] = inside.mean() - outside.mean()
        errors[c] = gap[c] / np.sqrt(inside.var() / len(inside) + outside.var() / len(outside))
    return gap, errors


def ledger(n=4000, seed=17):
    """Given: n drawn faces and what a careless labeller said of them, who wrongs one group.

    Returns the expressions drawn, those said, as numbers of EMOTIONS, and {attribute: which faces
    have it}.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 7, n)
    m = measures(truth, rng)
    has = {name: getattr(m, name).ravel() > 0 for name in
           ("bald", "beard", "covered", "glasses", "moustache")}
    said = np.where(rng.random(n) < 0.15, rng.integers(0, 7, n), truth)
    group, (shown, instead) = list(has.values())[rng.integers(5)], rng.permutation(7)[:2]
    said[group & (truth == shown) & (rng.random(n) < 0.4)] = instead
    return truth, said, has


def wronged():
    """Exercise 3, an experiment. Which group of `ledger` is wronged, and with which expression?

    Returns two names: an attribute, and one of EMOTIONS.
    """
    # solution
    truth, said, has = ledger()
    errors = np.array([difference(truth, said, group)[1] for group in has.values()])
    attribute, c = np.unravel_index(errors.argmin(), errors.shape)
    return list(has)[attribute], EMOTIONS[c]
