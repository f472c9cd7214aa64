"""Metrics against cases worked by hand, and against their definitions on random data."""

import json

import numpy as np
import pytest

from tinyfer.scores.metrics import (
    accuracy,
    auc,
    bins_to_draw,
    classification_report,
    confusion_matrix,
    cross_entropy,
    evaluate,
    format_report,
    macro_roc,
    reliability,
    roc_curve,
    roc_per_class,
    temperature,
    wilson_interval,
)

# Ten images of three classes; class 2 is never predicted.
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
PREDICTIONS = np.array([0, 0, 0, 1, 1, 1, 0, 0, 0, 1])


def test_confusion_matrix_has_true_classes_in_rows():
    expected = [[3, 1, 0], [2, 2, 0], [1, 1, 0]]
    assert confusion_matrix(LABELS, PREDICTIONS, 3).tolist() == expected
    assert confusion_matrix([0, 1], [0, 0], 3).tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_report_by_hand():
    report = classification_report(LABELS, PREDICTIONS, ("a", "b", "c"))
    a, b, c = (report["classes"][name] for name in "abc")
    assert a == dict(precision=3 / 6, recall=3 / 4, f1=pytest.approx(0.6), support=4)
    assert b == dict(precision=2 / 4, recall=2 / 4, f1=pytest.approx(0.5), support=4)
    assert c == dict(precision=0.0, recall=0.0, f1=0.0, support=2)
    assert report["macro"]["precision"] == pytest.approx(1 / 3)
    assert report["macro"]["recall"] == pytest.approx(1.25 / 3)
    assert report["macro"]["f1"] == pytest.approx(1.1 / 3)
    assert report["accuracy"] == 0.5
    assert report["n"] == 10


def test_class_absent_is_left_out_of_the_macro_mean():
    # Class 1 has no image, yet is predicted once: there is nothing to score.
    report = classification_report([0, 0, 2], [0, 1, 2], ("happy", "sad", "fear"))
    assert report["classes"]["sad"] == dict(precision=None, recall=None, f1=None, support=0)
    assert report["macro"] == dict(precision=1.0, recall=0.75, f1=pytest.approx((2 / 3 + 1) / 2))
    lines = format_report(report).splitlines()
    assert len({len(line) for line in lines}) == 1, "columns are not aligned"
    first, happy, sad, *_, last = (line.split() for line in lines)
    assert first == ["precision", "recall", "F1", "support"]
    assert happy == ["happy", "1.000", "0.500", "0.667", "2"]
    assert sad == ["sad", "-", "-", "-", "0"] and last == ["accuracy", "0.667", "3"]


def test_roc_by_hand():
    # In falling order of score: + - + -.
    fpr, tpr, thresholds = roc_curve([True, True, False, False], [0.9, 0.4, 0.6, 0.1])
    assert fpr.tolist() == [0, 0, 0.5, 0.5, 1]
    assert tpr.tolist() == [0, 0.5, 0.5, 1, 1]
    assert thresholds.tolist() == [np.inf, 0.9, 0.6, 0.4, 0.1]
    assert auc(fpr, tpr) == 0.75


def test_equal_scores_move_together():
    fpr, tpr, thresholds = roc_curve([True, False, True, False], [0.5, 0.5, 0.5, 0.5])
    assert fpr.tolist() == [0, 1] and tpr.tolist() == [0, 1]
    assert thresholds.tolist() == [np.inf, 0.5]
    assert auc(fpr, tpr) == 0.5
    # One tie between a positive and a negative counts one half: 1 + 1 + 1/2 + 1 of 4 pairs.
    fpr, tpr, _ = roc_curve([True, True, False, False], [0.9, 0.5, 0.5, 0.1])
    assert auc(fpr, tpr) == 3.5 / 4


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
    assert (fpr[-1], tpr[-1]) == (1, 1)


def test_macro_roc_by_hand():
    # A perfect curve and one that finds its positives after half of the negatives:
    # at the rates 0, 1/2, 1 they reach 1, 1, 1 and 0, 1, 1 (the upper ends), on average 1/2, 1, 1.
    perfect = (np.array([0.0, 0, 1]), np.array([0.0, 1, 1]))
    late = (np.array([0.0, 0.5, 0.5, 1]), np.array([0.0, 0, 1, 1]))
    fpr, tpr = macro_roc([perfect, late])
    assert fpr.tolist() == [0, 0, 0.5, 1]
    assert tpr.tolist() == [0, 0.5, 1, 1]
    assert auc(fpr, tpr) == 0.875
    straight = (np.array([0.0, 1]), np.array([0.0, 1]))         # interpolated where it has no point
    bent = (np.array([0.0, 0.25, 1]), np.array([0.0, 0.75, 1]))
    fpr, tpr = macro_roc([straight, bent])
    assert fpr.tolist() == [0, 0, 0.25, 1] and tpr.tolist() == [0, 0, 0.5, 1]


def test_class_absent_has_no_roc_and_does_not_touch_the_macro():
    labels = np.array([0, 0, 2, 2, 0])
    p = np.array([[0.8, 0.1, 0.1], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7],
                  [0.5, 0.3, 0.2]])
    curves = roc_per_class(labels, p)
    assert curves[1] is None
    result = evaluate(labels, p, ("a", "b", "c"))
    assert result["classes"]["b"]["auc"] is None
    assert result["macro"]["auc"] == auc(*macro_roc([curves[0], curves[2]]))
    assert roc_per_class([0] * 5, p) == [None] * 3 and macro_roc([None] * 3) is None
    macro = evaluate([0] * 5, p, ("a", "b", "c"))["macro"]
    assert macro["auc"] is None and macro["auc_mean"] is None


def test_the_macro_curve_lies_above_the_mean_of_the_classes():
    """By interpolation alone, and the more the fewer the images; auc_mean is the plain mean."""
    rng = np.random.default_rng(0)
    above = {}
    for N in 20, 2000:
        gaps = []
        for _ in range(20):
            labels = np.append(np.arange(5), rng.integers(0, 5, N - 5))
            p = rng.dirichlet(np.ones(5), N)
            p[np.arange(N), labels] += 0.2
            result = evaluate(labels, p / p.sum(axis=1, keepdims=True), tuple("abcde"))
            single = [row["auc"] for row in result["classes"].values()]
            assert result["macro"]["auc_mean"] == pytest.approx(np.mean(single), abs=1e-15)
            gaps.append(result["macro"]["auc"] - result["macro"]["auc_mean"])
        assert min(gaps) > -1e-12
        above[N] = np.mean(gaps)
    assert 0.005 < above[20] < 0.05 and above[2000] < 0.001


def test_wilson_interval_by_hand():
    # 8 of 10: (0.8 + 1.96^2/20 -+ 1.96 sqrt(0.016 + 1.96^2/400)) / (1 + 1.96^2/10)
    assert wilson_interval(8, 10) == pytest.approx((0.49016, 0.94332), abs=1e-5)
    low, high = wilson_interval(0, 10)
    assert low == 0 and high == pytest.approx(0.27753, abs=1e-5)
    low, high = wilson_interval(10, 10)
    assert high == 1 and low == pytest.approx(1 - 0.27753, abs=1e-5)
    # The study's five-class test part: about +-1.7 points.
    low, high = wilson_interval(round(0.67 * 2913), 2913)
    assert (high - low) / 2 == pytest.approx(0.0171, abs=2e-4)


def test_cross_entropy_by_hand():
    p = np.array([[0.5, 0.5], [0.75, 0.25]])
    assert cross_entropy([0, 1], p) == pytest.approx((np.log(2) + np.log(4)) / 2)
    # A certain mistake counts as a probability of 1e-7, not as an infinite loss; NaN is seen.
    assert cross_entropy([1], np.array([[1.0, 0.0]])) == pytest.approx(7 * np.log(10))
    assert np.isnan(cross_entropy([1], np.array([[0.5, np.nan]])))


def test_evaluate_is_ready_for_json():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 40).astype(np.float32)
    labels = rng.integers(0, 3, 40)
    result = evaluate(labels, p, ("a", "b", "c"))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["accuracy"] == accuracy(labels, p.argmax(axis=1))
    assert np.sum(result["confusion_matrix"]) == 40
    assert format_report(result) == format_report(
        classification_report(labels, p.argmax(axis=1), ("a", "b", "c")))


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


def test_calibrated_has_little_error_and_a_boaster_much():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 20_000)
    labels = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1)
    assert reliability(labels, p)["ece"] < 0.01
    boast = p**4 / (p**4).sum(axis=1, keepdims=True)
    result = reliability(labels, boast)
    assert result["ece"] > 0.1
    assert result["ece"] == pytest.approx(result["confidence"] - result["accuracy"], abs=0.01)


@pytest.mark.parametrize("counts, drawn", [
    ((0, 1, 9, 10, 500), [3, 4]), ((0, 1, 3, 2, 3), [2, 4]), ((1, 0, 0, 0, 0), [0]),
])
def test_bins_of_a_few_images_are_not_drawn(counts, drawn):
    bins = [dict(n=n) for n in counts]
    assert bins_to_draw(dict(bins=bins)) == [bins[i] for i in drawn]


@pytest.mark.parametrize("call, words", [
    (lambda: confusion_matrix([0, 3], [0, 1], 3), "labels must lie in 0..2"),
    (lambda: accuracy([], []), "at least one"),
    (lambda: roc_curve([True, True], [0.1, 0.2]), "2 and 0"),
    (lambda: evaluate([0, 1], np.full((2, 3), 1 / 3), ("a", "b")), "2 class names"),
    (lambda: evaluate([], np.empty((0, 3)), ("a", "b", "c")), "N > 0"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("T", [0.5, 1, 2.5])
def test_the_temperature_of_a_boast_is_found_again(T):
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(4), 20_000)
    labels = (honest.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    said = honest ** T / (honest ** T).sum(axis=1, keepdims=True)
    found = temperature(labels, said)
    assert abs(found - T) < 0.05 * T

    def loss(t):
        p = said ** (1 / t)
        return cross_entropy(labels, p / p.sum(axis=1, keepdims=True))
    assert loss(found) < min(loss(found * 1.02), loss(found / 1.02))
