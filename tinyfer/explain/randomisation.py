"""Is the map about the network at all? Randomise the network, and see whether the map notices.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt and Kim 2018, "Sanity checks for saliency maps". A map
that stays the same says nothing about what was learnt, however convincing it looks.
"""

import copy

import numpy as np

from tinyfer.core.layers import BatchNorm
from tinyfer.explain.saliency import METHODS, saliency, targets
from tinyfer.explain.score import seen_part


def randomisation(model, faces, methods=tuple(METHODS), of="probability", seed=0,
                  options=None):
    """Cascading randomisation: how alike are the maps of a network and of its random copies?

    Stage 0 is the trained network. At each further stage one more layer, with the batch norm after
    it, is reset to the values of a fresh network, the last layer first (`Layer.reset`). The class
    explained remains the one that the trained network predicts. How alike: Spearman's rank
    correlation with the map of stage 0 over the pixels the network sees, a face at a time. The last
    stage, "another face", is a measure for the others: the map of stage 0 of the face before, in
    the trained network. What two faces share has to do with neither of them.

    options: dict of method -> dict of its options. Returns (stages, {"signed": ..., "absolute":
    ...}): the names, "trained" first, and of maps with and without their signs an array (methods,
    stages, N), NaN where a map is the same everywhere. Chapter 15.
    """
    target = targets(model, faces)
    network, rng = copy.deepcopy(model), np.random.default_rng(seed)
    groups = parameter_groups(network)
    stages = ["trained", *(name for name, _ in groups), "another face"]
    alike = {kind: np.empty((len(methods), len(stages), len(faces)))
             for kind in ("signed", "absolute")}
    trained = {}
    for s in range(len(stages) - 1):
        if s > 0:
            for layer in groups[s - 1][1]:
                layer.reset(rng)
        for m, method in enumerate(methods):
            signed = seen_part(model, saliency(network, faces, target, method, of, signed=True,
                                               **(options or {}).get(method, {})))
            maps = {"signed": signed, "absolute": METHODS[method].unsigned(signed)}
            before = trained.setdefault(method, maps)
            for kind in alike:
                alike[kind][m, s] = spearman(before[kind], maps[kind])
    for m, maps in enumerate(trained.values()):
        for kind in alike:
            alike[kind][m, -1] = spearman(maps[kind], np.roll(maps[kind], 1, axis=0))
    return stages, alike


def parameter_groups(model):
    """[(name, layers)] from the last to the first: a layer that holds values, and the batch norm
    after it."""
    groups = []
    for name, layer in zip(model.names(), model.layers):
        if isinstance(layer, BatchNorm) and groups:
            groups[-1][1].append(layer)
        elif any(layer.parts()):
            groups.append((name, [layer]))
    return groups[::-1]


def spearman(a, b):
    """Spearman's rank correlation of two arrays (N, ...), a row at a time: (N,) in [-1, 1].

        r = sum (R - mean R) (S - mean S) / sqrt(sum (R - mean R)^2  sum (S - mean S)^2)

    with R and S the ranks of the values in their row, equal values sharing the mean of their ranks
    (Spearman 1904). NaN where all values of a row are equal.
    """
    R, S = (_ranks(np.reshape(values, (len(values), -1))) for values in (a, b))
    R -= R.mean(axis=1, keepdims=True)
    S -= S.mean(axis=1, keepdims=True)
    length = np.sqrt((R * R).sum(axis=1) * (S * S).sum(axis=1))
    return np.divide((R * S).sum(axis=1), length, out=np.full(len(R), np.nan), where=length > 0)


def _ranks(rows):
    ranks = np.empty(rows.shape)
    for n, row in enumerate(rows):
        _, place, counts = np.unique(row, return_inverse=True, return_counts=True)
        ranks[n] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks
