"""Two classes: scores at a threshold, and McNemar's exact test against fractions."""

from fractions import Fraction

import numpy as np
import pytest

from tinyfer.scores.binary import binary_scores, mcnemar, threshold_curve


def test_binary_scores_by_hand():
    labels = np.array([1, 1, 1, 0, 0])
    scores = np.array([0.9, 0.5, 0.6, 0.7, 0.1])       # 0.5 does not exceed the threshold
    result = binary_scores(labels, scores)
    assert result["confusion_matrix"] == [[1, 1], [1, 2]]
    assert (result["accuracy"], result["precision"], result["recall"]) == (0.6, 2 / 3, 2 / 3)
    assert result["auc"] == pytest.approx(4 / 6)
    assert binary_scores(labels, scores, 0.95)["precision"] == 0


def test_threshold_curve_is_the_scores_at_each_threshold():
    rng = np.random.default_rng(1)
    labels, scores = rng.integers(0, 2, 200), rng.random(200)
    for row in threshold_curve(labels, scores):
        called = scores > row["threshold"]
        assert row["accuracy"] == np.mean(called == labels)
        assert row["recall"] == np.mean(called[labels == 1])
    recalls = [row["recall"] for row in threshold_curve(labels, scores)]
    assert recalls == sorted(recalls, reverse=True)


@pytest.mark.parametrize("b, c, p", [
    (0, 0, 1), (1, 0, 1), (5, 0, Fraction(2, 32)), (1, 7, Fraction(18, 256)), (4, 4, 1),
    (3, 9, 2 * Fraction(1 + 12 + 66 + 220, 4096)),
])
def test_mcnemar_by_hand(b, c, p):
    labels = np.zeros(b + c + 6, dtype=int)
    one, other = labels.copy(), labels.copy()
    other[:b] = 1               # only the first is right
    one[b:b + c] = 1            # only the second
    one[-2:] = other[-2:] = 1   # both wrong
    for result in (mcnemar(labels, one, other), mcnemar(labels, other, one)):
        assert result["p"] == pytest.approx(float(p), rel=1e-14)
    result = mcnemar(labels, one, other)
    assert (result["only_one"], result["only_other"]) == (b, c)
    assert result["agreement"] == pytest.approx(6 / (b + c + 6))
    assert result["accuracies"] == [pytest.approx((b + 4) / (b + c + 6)),
                                    pytest.approx((c + 4) / (b + c + 6))]
