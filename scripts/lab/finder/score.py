"""The score of boxes against the true ones: hits, the curve over false boxes, average precision."""

import numpy as np


def intersection_over_union(a, b):
    """a (n, 4), b (m, 4): left, top, right, bottom -> (n, m)."""
    a, b = np.asarray(a, float).reshape(-1, 1, 4), np.asarray(b, float).reshape(1, -1, 4)
    both = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0,
                   None).prod(axis=-1)
    areas = [(c[..., 2:] - c[..., :2]).prod(axis=-1) for c in (a, b)]
    return both / (areas[0] + areas[1] - both)


def match(found, truth, least=0.3):
    """Which boxes of one picture are hits: (n,) bool, and for each the true face or -1.

    found (n, 5): left, top, right, bottom, score. From the surest on, a box is a hit if the true
    face that it overlaps most has no box yet and the overlap is at least `least`.
    """
    found = np.asarray(found, float).reshape(-1, 5)
    overlap = intersection_over_union(found[:, :4], truth)
    of = np.full(len(found), -1)
    for n in np.argsort(-found[:, 4], kind="stable"):
        if overlap.shape[1] and overlap[n].max() >= least and overlap[n].argmax() not in of:
            of[n] = overlap[n].argmax()
    return of >= 0, of


class Curve:
    """Over all pictures, boxes taken from the surest on: how many are hits, how many false."""

    def __init__(self, found, truth, least=0.3):
        """found: for each picture (n, 5); truth: for each picture (m, 4)."""
        hits = [match(f, t, least)[0] for f, t in zip(found, truth)]
        scores = np.concatenate([np.asarray(f, float).reshape(-1, 5)[:, 4] for f in found])
        order = np.argsort(-scores, kind="stable")
        hit = np.concatenate(hits)[order]
        self.scores = scores[order]
        self.faces = sum(len(t) for t in truth)
        self.hits, self.false = hit.cumsum(), (~hit).cumsum()

    def detected(self, false):
        """The share of the faces that are found before there are more than `false` false boxes."""
        allowed = self.hits[self.false <= false]
        return allowed.max() / self.faces if len(allowed) else 0.0

    def average_precision(self):
        """The area under precision over recall, precision being that of the best point to the
        right (as PASCAL VOC has measured it since 2010)."""
        precision = self.hits / np.arange(1, len(self.hits) + 1)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        return float((best * np.diff(self.hits, prepend=0)).sum() / self.faces)
