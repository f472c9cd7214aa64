"""How good is a classifier? Every number from scratch, from labels and probabilities alone.

All functions take plain arrays: `labels` (N,) integers in 0..K-1, `predictions` (N,) likewise,
`probabilities` (N, K). Conventions where a textbook leaves a hole:

* a class that is never predicted has precision 0 (its recall is 0 as well, so F1 is 0);
* a class with no image in `labels` has nothing to score: its precision, recall, F1 and AUC are
  None, and every macro mean goes over the classes that are present.

Chapter 14 of docs/ derives each of them.
"""

import numpy as np

from tinyfer.core import checks
from tinyfer.core.losses import softmax
from tinyfer.core.model import checked_names

SCORES = "precision", "recall", "f1"        # of a class


def confusion_matrix(labels, predictions, K):
    """Counts (K, K) int64: row = true class, column = predicted class."""
    labels, predictions = _check_classes(labels, predictions, K)
    return np.bincount(labels * K + predictions, minlength=K * K).reshape(K, K)


def accuracy(labels, predictions):
    """The fraction of predictions that are right, in [0, 1]."""
    labels, predictions = _lists(labels=labels, predictions=predictions)
    return float(np.mean(labels == predictions))


def wilson_interval(correct, n, z=1.959963984540054):
    """The 95 % interval (low, high) of a proportion `correct` / `n` (Wilson 1927).

    With p = correct / n: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n). Unlike
    p -+ z sqrt(p(1-p)/n) it stays inside [0, 1] and has a width even when p is 0 or 1.
    """
    correct, n = checks.count("correct", correct, 0), checks.count("n", n)
    z = checks.number("z", z, "(0, inf)")
    if correct > n:
        raise ValueError(f"an interval needs 0 <= correct <= n and n > 0, got {correct} of {n}")
    p = correct / n
    centre = p + z * z / (2 * n)
    spread = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if correct == 0 else (centre - spread) / scale
    high = 1.0 if correct == n else (centre + spread) / scale
    return float(low), float(high)


def cross_entropy(labels, probabilities):
    """Mean of -log p[label] over the images, in nats, unweighted.

    Probabilities below 1e-7 count as 1e-7, as in Keras, so that one certain mistake in float32
    does not make the mean infinite. NaN stays NaN.
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    p = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(p, 1e-7)).mean())


def classification_report(labels, predictions, class_names):
    """Precision, recall, F1 and support of each class and their macro means, as a dict.

    precision_c = right among those predicted c; recall_c = right among those that are c;
    F1 = 2 precision recall / (precision + recall); macro = the plain mean over classes. Returns
    {"classes": {name: {"precision", "recall", "f1", "support"}}, "macro": {...}, "accuracy", "n"}.
    """
    class_names = checked_names(class_names)
    matrix = confusion_matrix(labels, predictions, len(class_names))
    classes = {}
    for name, row, right, predicted in zip(class_names, matrix, matrix.diagonal().tolist(),
                                           matrix.sum(axis=0).tolist()):
        support, scores = int(row.sum()), (None, None, None)
        if support:
            scores = (right / predicted if predicted else 0.0, right / support,
                      2 * right / (predicted + support))
        classes[name] = dict(zip(SCORES, scores), support=support)
    macro = {key: _mean_of_present([row[key] for row in classes.values()]) for key in SCORES}
    return dict(n=int(matrix.sum()), accuracy=accuracy(labels, predictions), macro=macro,
                classes=classes)


def format_report(report):
    """The dict of `classification_report` as the usual table of text."""
    width = max(len(name) for name in (*report["classes"], "macro mean"))
    lines = [f"{'':{width}}  precision  recall      F1  support"]
    for name, row in (report["classes"] | {"macro mean": report["macro"]}).items():
        p, r, f = ("-" if row[key] is None else f"{row[key]:.3f}" for key in SCORES)
        n = row.get("support", report["n"])
        lines.append(f"{name:{width}}  {p:>9}  {r:>6}  {f:>6}  {n:7,}")
    lines.append(f"{'accuracy':{width}}  {'':9}  {'':6}  {report['accuracy']:6.3f}  "
                 f"{report['n']:7,}")
    return "\n".join(lines)


def roc_curve(positive, scores):
    """The ROC curve of a score that should be high for positives.

    positive (N,) bool, scores (N,) finite floats. Returns (fpr, tpr, thresholds), each (T + 1,),
    T = number of distinct scores: at thresholds[i] everything with score >= thresholds[i] is
    called positive. Images of equal score cannot be told apart, so they move together: one point
    per distinct score. The first point is (0, 0) at threshold inf, the last (1, 1).
    Raises ValueError when there are no positives or no negatives: then a rate has no meaning.
    """
    positive = checks.plain("positive", positive, "biu")
    scores = checks.plain("scores", scores).astype(float)
    if positive.size and positive.max() > 1 or positive.dtype.kind == "i" and (positive < 0).any():
        raise ValueError("positive must be True and False, or 1 and 0")
    positive = positive.astype(bool)
    if positive.shape != scores.shape or positive.ndim != 1:
        raise ValueError(f"roc_curve needs two arrays of one length, got shapes "
                         f"{positive.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("roc_curve needs finite scores, got NaN or infinity")
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        raise ValueError(f"a ROC curve needs positives and negatives, got {positives} and "
                         f"{negatives}")
    order = np.argsort(-scores, kind="stable")
    ranked, hit = scores[order], positive[order]
    last_of_equals = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    true_positives = np.cumsum(hit)[last_of_equals]
    false_positives = last_of_equals + 1 - true_positives
    return (np.append(0.0, false_positives / negatives), np.append(0.0, true_positives / positives),
            np.append(np.inf, ranked[last_of_equals]))


def auc(fpr, tpr):
    """The area under a curve by the trapezoid rule; fpr must not fall.

    For a ROC curve it is the probability that a random positive scores above a random negative,
    a tie counting one half.
    """
    fpr, tpr = checks.plain("fpr", fpr), checks.plain("tpr", tpr)
    if fpr.ndim != 1 or fpr.shape != tpr.shape or not np.isfinite([fpr, tpr]).all():
        raise ValueError("the area under a curve needs two lists of finite rates of one length")
    if (np.diff(fpr) < 0).any():
        raise ValueError("the area under a curve needs false-positive rates in rising order")
    return float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2))


def roc_per_class(labels, probabilities):
    """One class against the rest: a list of K entries (fpr, tpr, thresholds).

    None stands for a class that has no image, or that all images have: its curve is undefined.
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    present = [(labels == c, scores) for c, scores in enumerate(probabilities.T)]
    return [roc_curve(positive, scores) if positive.any() and not positive.all() else None
            for positive, scores in present]


def macro_roc(curves):
    """The mean (fpr, tpr) of the curves from `roc_per_class`, undefined ones left out.

    Each curve is interpolated linearly on the union of all false-positive rates; where a curve
    rises vertically its upper end counts. (0, 0) is put in front. None when no curve is defined.
    The area under it is the macro AUC ("auc"), as in the study. Because of the upper ends it is
    never below the mean of the single areas ("auc_mean"): above it by a few ten-thousandths for
    thousands of images, but by 0.02 for twenty.
    """
    curves = [curve for curve in curves if curve is not None]
    if not curves:
        return None
    grid = np.unique(np.concatenate([curve[0] for curve in curves]))
    mean = np.zeros_like(grid)
    for fpr, tpr, *_ in curves:
        top = np.append(np.flatnonzero(np.diff(fpr)), len(fpr) - 1)
        mean += np.interp(grid, fpr[top], tpr[top]) / len(curves)
    return np.append(0.0, grid), np.append(0.0, mean)


def evaluate(labels, probabilities, class_names):
    """Everything above at once, as a dict of plain numbers, lists and None, ready for json.

    The dict of `classification_report` with "auc" added for each class, "auc" and "auc_mean" for
    the macro curve (see `macro_roc`); and accuracy_interval (95 %, Wilson), loss (unweighted
    cross-entropy, nats) and confusion_matrix (rows true, columns predicted).
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    if probabilities.shape[1] != len(class_names):
        raise ValueError(f"{probabilities.shape[1]} columns of probabilities do not fit "
                         f"{len(class_names)} class names")
    predictions = probabilities.argmax(axis=1)
    result = classification_report(labels, predictions, class_names)
    curves = roc_per_class(labels, probabilities)
    areas = [None if curve is None else auc(*curve[:2]) for curve in (*curves, macro_roc(curves))]
    for name, area in zip(class_names, areas):
        result["classes"][name]["auc"] = area
    result["macro"] |= dict(auc=areas[-1], auc_mean=_mean_of_present(areas[:-1]))
    matrix = confusion_matrix(labels, predictions, len(class_names))
    return result | dict(
        accuracy_interval=list(wilson_interval(int(matrix.trace()), len(labels))),
        loss=cross_entropy(labels, probabilities), confusion_matrix=matrix.tolist())


def reliability(labels, probabilities, bins=15):
    """Does 80 % sure mean right in 80 % of the cases? Confidence against accuracy, as a dict.

    The confidence of an image is its largest probability. Bin b of B holds the confidences in
    (b / B, (b + 1) / B], and with n_b images in it, of accuracy acc_b and mean confidence conf_b,

        ece = sum over b of n_b / N |acc_b - conf_b|        expected calibration error

    labels (N,), probabilities (N, K). Returns ece; confidence and accuracy, the means over all
    images; and bins: a list of dict(low, high, n, confidence, accuracy), the last two None where a
    bin is empty. ValueError where the arrays do not fit together or N is 0. Guo et al. 2017,
    *On Calibration of Modern Neural Networks*, section 2; chapter 14.
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    probabilities, bins = probabilities.astype(np.float64), checks.count("bins", bins)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows, ece = [], 0.0
    for b in range(bins):
        inside = number == b
        n, means = int(inside.sum()), (None, None)
        if n:
            means = float(confidence[inside].mean()), float(right[inside].mean())
            ece += n / len(labels) * abs(means[1] - means[0])
        rows.append(dict(low=b / bins, high=(b + 1) / bins, n=n, confidence=means[0],
                         accuracy=means[1]))
    return dict(ece=ece, confidence=float(confidence.mean()), accuracy=float(right.mean()),
                bins=rows)


def temperature(labels, probabilities):
    """The T by which a network's logits are to be divided, so that it is as sure as it is right.

    The mean cross-entropy of p^(1/T) / sum p^(1/T), convex in 1/T, is least where the mean of
    log p is the same under the labels and under those probabilities: found by bisection.

    labels (N,), probabilities (N, K). Returns a float from 0.1 to 10. ValueError where the arrays
    do not fit together or N is 0. Guo et al. 2017, section 4.2; chapter 14.
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    z = np.log(np.maximum(probabilities.astype(np.float64), 1e-300))
    told = z[np.arange(len(z)), labels].mean()
    low, high = 0.1, 10.0       # of 1/T
    for _ in range(60):
        middle = (low + high) / 2
        if (softmax(middle * z) * z).sum(axis=1).mean() < told:
            low = middle
        else:
            high = middle
    return 1 / middle


def mcnemar(labels, one, other):
    """McNemar's exact test that two classifiers are equally often right, on the same images.

    Of n = b + c images that only one of the two gets right, b for `one` and c for `other`, each
    would fall to either with probability 1/2 if they were equally good. The two-sided p is

        p = min(1, 2 sum over i = 0 ... min(b, c) of C(n, i) / 2^n)

    labels, one, other: (N,) integer classes, the last two as predicted. Returns dict(n, agreement:
    fraction of equal predictions, accuracies: of the two, only_one: b, only_other: c, p).
    McNemar 1947; here with the binomial tail in place of his chi-squared approximation.
    """
    labels, one, other = _lists(labels=labels, one=one, other=other)
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


def bins_to_draw(result):
    """The bins of `reliability` with at least 10 images, or as many as the fullest has.

    The accuracy of fewer is mostly chance: one image alone is right in 0 or in 100 %.
    """
    enough = min(10, max(row["n"] for row in result["bins"]))
    return [row for row in result["bins"] if row["n"] >= enough]


def _mean_of_present(values):
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if present else None


def _lists(**given):
    """Lists of as many integers, and at least one, as arrays."""
    arrays = [checks.plain(name, numbers, "iu") for name, numbers in given.items()]
    shapes = [array.shape for array in arrays]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1 or shapes[0] == (0,):
        raise ValueError(f"{', '.join(given)} must be lists of one length, none of them empty; got "
                         f"shapes {', '.join(map(str, shapes))}")
    return arrays


def _check_classes(labels, predictions, K):
    (labels, predictions), K = _lists(labels=labels, predictions=predictions), checks.count("K", K)
    for name, values in (("labels", labels), ("predictions", predictions)):
        if not (0 <= values.min() and values.max() < K):
            raise ValueError(f"{name} must lie in 0..{K - 1}, "
                             f"got values from {values.min()} to {values.max()}")
    return labels.astype(np.int64), predictions.astype(np.int64)


def _check_probabilities(labels, probabilities):
    probabilities = checks.plain("probabilities", probabilities)
    labels = checks.plain("labels", labels, "iu")
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or len(labels) == 0:
        raise ValueError(f"probabilities must be (N, K) with one row for each of N > 0 labels, "
                         f"got shape {probabilities.shape} for {len(labels)} labels")
    # Written so that NaN, of a network that has diverged, passes.
    if (probabilities < 0).any() or (np.abs(probabilities.sum(axis=1) - 1) > 1e-2).any():
        raise ValueError("probabilities must be at least 0, each row with the sum 1; those of "
                         "logits are tinyfer.softmax(logits)")
    labels, _ = _check_classes(labels, labels, probabilities.shape[1])
    return labels, probabilities
