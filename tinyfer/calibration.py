"""Does 80 % sure mean right in 80 % of the cases? The reliability of a classifier's confidence.

Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2. Chapter 12 of docs/.
"""

import numpy as np

ENOUGH = 10


def reliability(labels, probabilities, bins=15):
    """Confidence against accuracy in bins of equal width, and their mean distance, as a dict.

    The confidence of an image is its largest probability. Bin b of B holds the confidences in
    (b / B, (b + 1) / B], and with n_b images in it, of accuracy acc_b and mean confidence conf_b,

        ece = sum over b of n_b / N |acc_b - conf_b|        expected calibration error

    labels (N,), probabilities (N, K). Returns ece; confidence and accuracy, the means over all
    images; and bins: a list of dict(low, high, n, confidence, accuracy), the last two None where a
    bin is empty. Raises ValueError where the arrays do not fit together or N is 0.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or len(labels) == 0:
        raise ValueError(f"reliability needs (N,) labels and (N, K) probabilities with N > 0, got "
                         f"shapes {labels.shape} and {probabilities.shape}")
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows, ece = [], 0.0
    for b in range(bins):
        inside = number == b
        row = dict(low=b / bins, high=(b + 1) / bins, n=int(inside.sum()), confidence=None,
                   accuracy=None)
        if row["n"]:
            row["confidence"] = float(confidence[inside].mean())
            row["accuracy"] = float(right[inside].mean())
            ece += row["n"] / len(labels) * abs(row["accuracy"] - row["confidence"])
        rows.append(row)
    return dict(ece=ece, confidence=float(confidence.mean()), accuracy=float(right.mean()),
                bins=rows)


def bins_to_draw(result):
    """The bins of `reliability` with at least ENOUGH images, or as many as the fullest has.

    The accuracy of fewer is mostly chance: one image alone is right in 0 or in 100 %.
    """
    enough = min(ENOUGH, max(row["n"] for row in result["bins"]))
    return [row for row in result["bins"] if row["n"] >= enough]
