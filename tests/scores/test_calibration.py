"""The reliability of a classifier's confidence: bins by hand, honest and boasting classifiers."""

import numpy as np
import pytest

from tinyfer.scores.metrics import bins_to_draw, reliability


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


def test_calibrated_has_little_error_and_a_boaster_much():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 20_000)
    labels = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1)
    assert reliability(labels, p)["ece"] < 0.01
    boast = p**4 / (p**4).sum(axis=1, keepdims=True)
    result = reliability(labels, boast)
    assert result["ece"] > 0.1
    assert result["ece"] == pytest.approx(result["confidence"] - result["accuracy"], abs=0.01)


def test_certainty_falls_into_the_last_bin():
    result = reliability(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert result["bins"][-1]["n"] == 2 and result["ece"] == 0.5


@pytest.mark.parametrize("labels, p", [([], np.empty((0, 2))), ([0], [0.5]), ([0, 1], [[1, 0]])])
def test_reliability_refuses_what_does_not_fit(labels, p):
    with pytest.raises(ValueError, match="one row for each of N > 0 labels"):
        reliability(np.array(labels), np.array(p))


@pytest.mark.parametrize("counts, drawn", [
    ((0, 1, 9, 10, 500), [3, 4]), ((0, 1, 3, 2, 3), [2, 4]), ((1, 0, 0, 0, 0), [0]),
])
def test_bins_of_a_few_images_are_not_drawn(counts, drawn):
    bins = [dict(n=n) for n in counts]
    assert bins_to_draw(dict(bins=bins)) == [bins[i] for i in drawn]
