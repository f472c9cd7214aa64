"""The charts of the report page: where ticks and points lie, and what thinning keeps."""

import numpy as np
import pytest
from study import svg


@pytest.mark.parametrize("low, high, expected", [
    (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (1, 40, [10, 20, 30, 40]), (-3, 4, [-2, 0, 2, 4]),
    (0.61, 0.64, [0.61, 0.62, 0.63, 0.64]),
])
def test_ticks_are_round_and_inside(low, high, expected):
    assert svg.ticks(low, high) == pytest.approx(expected)


def test_chart_places_points_where_the_axes_say():
    chart = svg.line_chart([dict(name="a<b", x=[0, 10], y=[5, 6], colour="#000")], "x", "y",
                           (0, 10), (5, 6), "t")
    assert "M50.0 256.0L388.0 10.0" in chart and "a&lt;b" in chart


def test_thinning_keeps_ends_and_shape():
    x = np.linspace(0, 1, 10_001)
    kept_x, kept_y = svg.thinned(x, x**2, 0.01)
    assert (kept_x[0], kept_x[-1]) == (0, 1) and 100 < len(kept_x) < 210
    assert np.abs(np.interp(x, kept_x, kept_y) - x**2).max() < 1e-3
