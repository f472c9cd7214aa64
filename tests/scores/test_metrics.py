"""Metrics against cases worked by hand, and against their definitions on random data."""

import json
from fractions import Fraction

import numpy as np
import pytest

from tinyfer.scores.metrics import (
    auc,
    bins_to_draw,
    classification_report,
    confusion_matrix,
    cross_entropy,
    evaluate,
    macro_roc,
    mcnemar,
    reliability,
    roc_curve,
    roc_per_class,
    temperature,
    wilson_interval,
)


def test_report_by_hand():
    """Ten images of three classes in the rows of the matrix; class 2 is never predicted."""
    labels, predictions = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2], [0, 0, 0, 1, 1, 1, 0, 0, 0, 1]
    assert confusion_matrix(labels, predictions, 3).tolist() == [[3, 1, 0], [2, 2, 0], [1, 1, 0]]
    report = classification_report(labels, predictions, ("a", "b", "c"))
    assert report["classes"] == {
        "a": dict(precision=3 / 6, recall=3 / 4, f1=pytest.approx(0.6), support=4),
        "b": dict(precision=2 / 4, recall=2 / 4, f1=pytest.approx(0.5), support=4),
        "c": dict(precision=0.0, recall=0.0, f1=0.0, support=2)}
    assert report["macro"] == pytest.approx(dict(precision=1 / 3, recall=1.25 / 3, f1=1.1 / 3))
    assert report["accuracy"] == 0.5 and report["n"] == 10


def test_class_absent_is_left_out_of_the_macro_mean():
    # Class 1 has no image, yet is predicted once: there is nothing to score.
    report = classification_report([0, 0, 2], [0, 1, 2], ("happy", "sad", "fear"))
    assert report["classes"]["sad"] == dict(precision=None, recall=None, f1=None, support=0)
    assert report["macro"] == dict(precision=1.0, recall=0.75, f1=pytest.approx((2 / 3 + 1) / 2))


@pytest.mark.parametrize("scores, fpr, tpr, thresholds, area", [
    # in falling order + - + -; all equal; one tie between a positive and a negative: 3.5 of 4 pairs
    ([0.9, 0.4, 0.6, 0.1], [0, 0, 0.5, 0.5, 1], [0, 0.5, 0.5, 1, 1], [0.9, 0.6, 0.4, 0.1], 0.75),
    ([0.5, 0.5, 0.5, 0.5], [0, 1], [0, 1], [0.5], 0.5),
    ([0.9, 0.5, 0.5, 0.1], [0, 0, 0.5, 1], [0, 0.5, 1, 1], [0.9, 0.5, 0.1], 3.5 / 4)])
def test_roc_by_hand(scores, fpr, tpr, thresholds, area):
    found = roc_curve([True, True, False, False], scores)
    assert [a.tolist() for a in found] == [fpr, tpr, [np.inf, *thresholds]]
    assert auc(*found[:2]) == area


@pytest.mark.parametrize("seed", range(20))
def test_auc_is_the_share_of_pairs_in_the_right_order(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 50))
    positive = rng.random(n) < 0.5
    positive[:2] = True, False
    scores = rng.integers(0, rng.integers(1, 12), n)  # few values, many ties
    difference = scores[positive][:, None] - scores[~positive][None, :]
    pairs = np.mean((difference > 0) + 0.5 * (difference == 0))
    fpr, tpr, _ = roc_curve(positive, scores)
    shuffled = rng.permutation(n)
    assert np.array_equal((fpr, tpr), roc_curve(positive[shuffled], scores[shuffled])[:2])
    assert auc(fpr, tpr) == pytest.approx(pairs, abs=1e-12)
    assert (np.diff(fpr) >= 0).all() and (np.diff(tpr) >= 0).all()


@pytest.mark.parametrize("one, other, fpr, tpr", [
    # A perfect curve, and one that finds its positives after half of the negatives: at the rates
    # 0, 1/2, 1 they reach 1, 1, 1 and 0, 1, 1 (the upper ends), on average 1/2, 1, 1.
    (([0, 0, 1], [0, 1, 1]), ([0, 0.5, 0.5, 1], [0, 0, 1, 1]), [0, 0, 0.5, 1], [0, 0.5, 1, 1]),
    # Interpolated where it has no point.
    (([0, 1], [0, 1]), ([0, 0.25, 1], [0, 0.75, 1]), [0, 0, 0.25, 1], [0, 0, 0.5, 1])])
def test_macro_roc_by_hand(one, other, fpr, tpr):
    assert [a.tolist() for a in macro_roc([np.array(one, float), np.array(other, float)])] == [
        fpr, tpr]


def test_class_absent_has_no_roc_and_does_not_touch_the_macro():
    labels = np.array([0, 0, 2, 2, 0])
    p = np.array([[0.8, 0.1, 0.1], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7],
                  [0.5, 0.3, 0.2]])
    curves = roc_per_class(labels, p)
    result = evaluate(labels, p, ("a", "b", "c"))
    assert curves[1] is None and result["classes"]["b"]["auc"] is None
    assert result["macro"]["auc"] == auc(*macro_roc([curves[0], curves[2]]))
    areas = [result["classes"][name]["auc"] for name in "ac"]
    assert result["macro"]["auc_mean"] == pytest.approx(np.mean(areas), abs=1e-15)
    macro = evaluate([0] * 5, p, ("a", "b", "c"))["macro"]
    assert macro["auc"] is None and macro["auc_mean"] is None


def test_wilson_interval_by_hand():
    # 8 of 10: (0.8 + 1.96^2/20 -+ 1.96 sqrt(0.016 + 1.96^2/400)) / (1 + 1.96^2/10)
    for correct, interval in (8, (0.49016, 0.94332)), (0, (0, 0.27753)), (10, (0.72247, 1)):
        assert wilson_interval(correct, 10) == pytest.approx(interval, abs=1e-5)


def test_cross_entropy_by_hand():
    p = np.array([[0.5, 0.5], [0.75, 0.25]])
    assert cross_entropy([0, 1], p) == pytest.approx((np.log(2) + np.log(4)) / 2)
    # A certain mistake counts as a probability of 1e-7, not as an infinite loss; NaN is seen.
    assert cross_entropy([1], np.array([[1.0, 0.0]])) == pytest.approx(7 * np.log(10))
    assert np.isnan(cross_entropy([1], np.array([[0.5, np.nan]])))


def test_evaluate_is_ready_for_json():
    rng = np.random.default_rng(0)
    p, labels = rng.dirichlet(np.ones(3), 40).astype(np.float32), rng.integers(0, 3, 40)
    result = evaluate(labels, p, ("a", "b", "c"))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["accuracy"] == np.trace(result["confusion_matrix"]) / 40
    with pytest.raises(ValueError, match="2 class names"):
        evaluate(labels, p, ("a", "b"))


def test_reliability_by_hand():
    """Five bins; confidences 0.5, 0.6 and 0.7, 0.9, of which the first and the last are right."""
    p = np.array([[0.5, 0.5], [0.4, 0.6], [0.7, 0.3], [0.1, 0.9]])
    result = reliability(np.array([0, 0, 1, 1]), p, bins=5)
    assert [row["n"] for row in result["bins"]] == [0, 0, 2, 1, 1]
    middle = result["bins"][2]
    assert (middle["accuracy"], middle["confidence"]) == (0.5, pytest.approx(0.55))
    assert result["bins"][0]["accuracy"] is None
    assert result["ece"] == pytest.approx((2 * 0.05 + 1 * 0.7 + 1 * 0.1) / 4)
    assert result["confidence"] == pytest.approx(0.675) and result["accuracy"] == 0.5
    certain = reliability([0, 1], [[1, 0], [1, 0]])
    assert certain["bins"][-1]["n"] == 2 and certain["ece"] == 0.5


@pytest.mark.parametrize("counts, drawn", [
    ((0, 1, 9, 10, 500), [3, 4]), ((0, 1, 3, 2, 3), [2, 4]), ((1, 0, 0, 0, 0), [0]),
])
def test_bins_of_a_few_images_are_not_drawn(counts, drawn):
    bins = [dict(n=n) for n in counts]
    assert bins_to_draw(dict(bins=bins)) == [bins[i] for i in drawn]


@pytest.mark.parametrize("T", [0.5, 1, 2.5])
def test_the_temperature_of_a_boast_is_found_again(T):
    """With it the boast is calibrated, which it was not, and no other makes its loss smaller."""
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(4), 20_000)
    labels = (honest.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)

    def divided(p, t):
        return p ** (1 / t) / (p ** (1 / t)).sum(axis=1, keepdims=True)

    said = divided(honest, 1 / T)
    found = temperature(labels, said)
    assert abs(found - T) < 0.05 * T
    losses = [cross_entropy(labels, divided(said, t)) for t in (found / 1.02, found, 1.02 * found)]
    assert losses[1] == min(losses)
    assert reliability(labels, divided(said, found))["ece"] < 0.015
    boast = reliability(labels, said)
    assert T == 1 or boast["ece"] > 0.08
    assert boast["ece"] == pytest.approx(abs(boast["confidence"] - boast["accuracy"]), abs=0.01)


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
