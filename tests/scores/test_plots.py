"""Pictures: they are written whole, show what they should, and can be read."""

import numpy as np
import pytest
from child import python
from matplotlib.text import Text
from PIL import Image

from tinyfer.scores import plots
from tinyfer.scores.metrics import roc_per_class

SEVEN = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
HISTORY = [dict(epoch=e, loss=2 / e, accuracy=1 - 1 / (e + 1), val_loss=2.2 / e, val_accuracy=a)
           for e, a in ((1, 0.4), (2, 0.6), (3, 0.5))]
BINS = [dict(low=k / 4, high=(k + 1) / 4, n=20, confidence=k / 4 + 0.1, accuracy=k / 8)
        for k in range(4)]


def curves(K, absent=()):
    rng, labels = np.random.default_rng(0), np.arange(200) % K
    logits = rng.normal(size=(200, K))
    logits[np.arange(200), labels] += 1
    labels[np.isin(labels, absent)] = 0
    return roc_per_class(labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))


DRAWINGS = {
    "curves": lambda path: plots.learning_curves(HISTORY, path, "title"),
    "curves of one epoch": lambda path: plots.learning_curves(HISTORY[:1], path),
    "calibration": lambda path: plots.calibration(dict(bins=BINS, ece=0.1), path),
    "over time": lambda path: plots.over_time(
        {"face 1": (np.arange(9.0), np.full((9, 2), 0.5))}, ("a", "b"), plots.COLOURS[:2], path),
    "gallery": lambda path: plots.gallery(np.eye(9).reshape(1, 9, 9), ["a"], path, 2, "t", (0, 1)),
}
for names in SEVEN, SEVEN[:2]:
    counts = {part: 1000 * np.arange(len(names)) for part in ("train", "validation", "test")}
    matrix = np.diag(np.arange(len(names))) * 900 + 1
    DRAWINGS |= {
        f"confusion {len(names)}": lambda p, m=matrix, n=names: plots.confusion(m, n, p, "title"),
        f"roc {len(names)}": lambda p, n=names: plots.roc(curves(len(n)), n, p, "title"),
        f"counts {len(names)}": lambda p, c=counts, n=names: plots.class_counts(c, n, p, "title")}


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved, kept for a look at what stands in them."""
    kept, save = [], plots.save

    def keep(figure, path):
        kept.append(figure)
        save(figure, path)

    monkeypatch.setattr(plots, "save", keep)
    return kept


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_picture_is_whole_with_letters_of_9_points(name, tmp_path, figures):
    path = tmp_path / "new folder" / "picture.png"
    DRAWINGS[name](path)
    with Image.open(path) as image:
        assert image.format == "PNG" and min(image.size) > 200
        assert np.asarray(image.convert("L")).std() > 5, "an empty picture"
    assert min(text.get_fontsize() for text in figures[0].findobj(Text) if text.get_text()) >= 9


def test_ink_contrasts_with_every_shade(tmp_path, figures):
    """Counts and shares of the row, at least 4.5 to 1, what the W3C asks of text."""
    share = np.arange(0, 1001, 100)
    matrix = np.zeros((11, 11), dtype=int)
    matrix[:, 0], matrix[:, 1] = share, share[::-1]
    plots.confusion(matrix, [str(k) for k in range(11)], tmp_path / "a.png")
    for text in figures[0].axes[0].texts:
        column, row = (int(v) for v in text.get_position())
        n = matrix[row, column]
        assert text.get_text() == f"{n:,}\n{n // 10} %"
        ground = plots.luminance(plots.SHADES(n / 1000))
        ink = 0.0 if text.get_color() == "black" else 1.0
        assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 4.5


def test_roc_curves_differ_without_colour(tmp_path, figures):
    plots.roc(curves(7), SEVEN, tmp_path / "a.png")
    lines = figures[0].axes[0].lines[1:]
    looks = {(repr(line._dash_pattern), line.get_linewidth()) for line in lines}
    assert len(looks) == len(lines) == 8


@pytest.mark.parametrize("K, absent, expected", [
    (7, (), [*SEVEN, "macro mean"]), (2, (), ["disgust"]),
    (3, (1,), ["angry", "fear", "macro mean"])])
def test_roc_leaves_out_what_tells_nothing(tmp_path, figures, K, absent, expected):
    """A class that is absent, and of two the first."""
    plots.roc(curves(K, absent), SEVEN[:K], tmp_path / "a.png")
    named = [line.get_label().split("  ")[0] for line in figures[0].axes[0].lines]
    assert [name for name in named if not name.startswith("_")] == expected


def test_pyplot_is_not_loaded_and_no_setting_left_behind(tmp_path):
    assert python(f"""
import sys, matplotlib, numpy as np
def settings():     # reading the backend would choose one, by loading pyplot
    return {{k: matplotlib.rcParams[k] for k in matplotlib.rcParams if not k.startswith("backend")}}
before = settings()
from tinyfer.scores import plots
plots.confusion(np.eye(2, dtype=int), ("a", "b"), {str(tmp_path / "a.png")!r})
print("matplotlib.pyplot" in sys.modules, settings() == before)
""") == "False True\n"
