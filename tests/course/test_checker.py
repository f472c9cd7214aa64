"""The checker of the exercises: what it says of arrays, of numbers by hand, of borrowing."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "docs" / "exercises"))

from checker import Wrong, by_hand, derivation, digest, same  # noqa: E402

from tinyfer.core.losses import softmax  # noqa: E402

RIGHT = np.random.default_rng(0).standard_normal((3, 4))


@pytest.mark.parametrize("found, said", [
    (RIGHT.T, "it is transposed"), (-RIGHT, "the sign is wrong"),
    (RIGHT / 3, "every number is 0.3333 times"), (0 * RIGHT, "it is zero everywhere"),
    (RIGHT[::-1], "it runs backward along axis 0"), (RIGHT[:, [1, 0, 2, 3]], "in wrong places"),
    (RIGHT + [0, np.nan, 0, 0], "not every number of it is finite"),
    (RIGHT[:2], "shape (2, 4); expected (3, 4)"), (None, "is a return missing"),
    (RIGHT + 0j, "it holds complex128")])
def test_wrong_arrays_are_named(found, said):
    with pytest.raises(Wrong) as caught:
        same("dx", found, RIGHT)
    assert said in str(caught.value) and str(caught.value).startswith("dx is ")


def test_the_place_and_both_numbers_are_told():
    found = RIGHT.copy()
    found[2, 1] = 9
    with pytest.raises(Wrong) as caught:
        same("dx", found, RIGHT)
    assert f"dx[2, 1] is 9 and should be {RIGHT[2, 1]:.8g} (1 of 12 numbers differ)" in str(
        caught.value)
    assert caught.value.mistake is None
    same("dx", RIGHT * (1 + 1e-12), RIGHT)


def test_by_hand_takes_three_decimals_and_names_the_place():
    assert digest("faces", 0, 1 / 3) != digest("faces", 1, 1 / 3)
    for near in 0.4600, 0.4603, 0.4597:
        by_hand("faces", (0.333, near, 0.6, (0.7216, 0.8784)))
    with pytest.raises(Wrong, match="lower end is not 0.73$"):
        by_hand("faces", (0.333, 0.46, 0.6, 0.73, 0.878))
    with pytest.raises(Wrong, match="there are 2 numbers; expected 5: chance, "):
        by_hand("faces", [0.3, 0.4])


def test_what_is_borrowed_or_measured_is_refused():
    """The solutions' own helpers, and a small number in log(p + 1e-12), are not."""
    with pytest.raises(Wrong, match="calls softmax of tinyfer.core.losses"):
        derivation(lambda x: softmax(x))(np.ones((2, 2)))

    def forward(x):
        return np.log(x ** 2 + 1e-12)

    def measured(x):
        return [(forward(x + h) - forward(x - h)) / 2e-5 for h in 1e-5 * np.eye(3)]

    with pytest.raises(Wrong, match="measures differences of .*forward"):
        derivation(measured, [forward])(np.ones(3))
    assert derivation(lambda x: forward(x) + forward(x), [forward])(np.ones(2)).shape == (2,)
    assert sys.getprofile() is None
