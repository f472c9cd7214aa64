"""Two classes: what the threshold does, and whether one classifier is better than another.

Experiment 6b merges the classes of a five-class network after training; experiments 7 and 8 merge
them before. They are set side by side on the same images, with McNemar's test, which looks only
at the images that one of them gets right and the other wrong. Chapter 14 of docs/.
"""

import numpy as np

from tinyfer.core import checks
from tinyfer.scores.metrics import auc, roc_curve, wilson_interval

THRESHOLD = 0.5
THRESHOLDS = tuple(t / 20 for t in range(1, 20))


def binary_scores(labels, scores, threshold=THRESHOLD):
    """Scores of "positive where score > threshold" against labels (N,) of 0 and 1, as a dict.

    n, accuracy with its 95 % interval, precision and recall of positive (precision 0 where nothing
    is called positive), auc, and confusion_matrix [[TN, FP], [FN, TP]]. ValueError where a class is
    absent: then recall or the area has no meaning.
    """
    fpr, tpr, _ = roc_curve(labels, scores)             # which checks both
    labels, scores = np.asarray(labels) == 1, np.asarray(scores, np.float64)
    threshold = checks.number("threshold", threshold, "(-inf, inf)")
    called = scores > threshold
    tp, fp = int(np.sum(called & labels)), int(np.sum(called & ~labels))
    fn, tn = int(np.sum(~called & labels)), int(np.sum(~called & ~labels))
    return dict(
        n=len(labels), threshold=threshold, accuracy=(tp + tn) / len(labels),
        accuracy_interval=list(wilson_interval(tp + tn, len(labels))),
        precision=tp / (tp + fp) if tp + fp else 0.0, recall=tp / (tp + fn), auc=auc(fpr, tpr),
        confusion_matrix=[[tn, fp], [fn, tp]],
    )


def threshold_curve(labels, scores, thresholds=THRESHOLDS):
    """accuracy, precision and recall of positive at each threshold: a list of dicts."""
    rows = (binary_scores(labels, scores, t) for t in thresholds)
    return [{key: row[key] for key in ("threshold", "accuracy", "precision", "recall")}
            for row in rows]


def mcnemar(labels, one, other):
    """McNemar's exact test that two classifiers are equally often right, on the same images.

    Of n = b + c images that only one of the two gets right, b for `one` and c for `other`, each
    would fall to either with probability 1/2 if they were equally good. The two-sided p is

        p = min(1, 2 sum over i = 0 ... min(b, c) of C(n, i) / 2^n)

    labels, one, other: (N,) integer classes, the last two as predicted. Returns dict(n, agreement:
    share of equal predictions, accuracies: of the two, only_one: b, only_other: c, p).
    McNemar 1947; here with the binomial tail in place of his chi-squared approximation.
    """
    labels, one, other = (checks.plain(name, given, "iu") for name, given in (
        ("labels", labels), ("one", one), ("other", other)))
    if not labels.shape == one.shape == other.shape or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"a paired test needs three lists of one length and at least one image, "
                         f"got shapes {labels.shape}, {one.shape} and {other.shape}")
    right, right_other = one == labels, other == labels
    b, c = int(np.sum(right & ~right_other)), int(np.sum(~right & right_other))
    tail, term = 0, 1               # C(n, i) from C(n, i - 1): a multiplication and a division
    for i in range(min(b, c) + 1):
        tail += term
        term = term * (b + c - i) // (i + 1)
    return dict(
        n=len(labels), agreement=float(np.mean(one == other)),
        accuracies=[float(right.mean()), float(right_other.mean())],
        only_one=b, only_other=c, p=min(1.0, 2 * tail / 2 ** (b + c)),
    )
