"""Pictures: they are written whole, show what they should, and can be read."""

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tinyfer.scores import plots
from tinyfer.scores.metrics import roc_per_class

SEVEN = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
HISTORY = [
    dict(epoch=e, loss=2 / e, accuracy=1 - 1 / (e + 1), val_loss=2.2 / e, val_accuracy=a)
    for e, a in ((1, 0.4), (2, 0.6), (3, 0.5))
]


def probabilities(n, K, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % K
    logits = rng.normal(size=(n, K))
    logits[np.arange(n), labels] += 1
    return labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def drawings():
    """(name, function of a path) for every picture, at its usual size and at its smallest."""
    for K in (7, 2):
        names = SEVEN[:K]
        labels, p = probabilities(200, K)
        curves = roc_per_class(labels, p)
        matrix = np.diag(np.arange(K)) * 900 + 1
        yield f"confusion{K}", lambda path, m=matrix, n=names: plots.confusion(m, n, path, "title")
        yield f"roc{K}", lambda path, c=curves, n=names: plots.roc(c, n, path, "title")
        counts = {part: np.arange(K) * 1000 for part in ("train", "validation", "test")}
        yield f"counts{K}", lambda path, c=counts, n=names: plots.class_counts(c, n, path, "title")
    yield "curves", lambda path: plots.learning_curves(HISTORY, path, "title")
    yield "curves of one epoch", lambda path: plots.learning_curves(HISTORY[:1], path)


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved, kept for a look at what stands in them."""
    kept, save = [], plots.save

    def keep(figure, path):
        kept.append(figure)
        save(figure, path)

    monkeypatch.setattr(plots, "save", keep)
    return kept


def texts(figure):
    from matplotlib.text import Text

    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text()]


@pytest.mark.parametrize("draw", [pytest.param(draw, id=name) for name, draw in drawings()])
def test_every_picture_is_whole_with_letters_of_9_points(draw, tmp_path, figures):
    path = tmp_path / "new folder" / "picture.png"
    draw(path)
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        assert min(image.size) > 250
        assert np.asarray(image.convert("L")).std() > 5, "an empty picture"
    assert min(t.get_fontsize() for t in texts(figures[0])) >= 9


def test_confusion_shows_counts_and_shares_of_the_row(tmp_path, figures):
    plots.confusion(np.array([[3, 1, 0], [0, 1200, 0], [0, 0, 0]]), "abc", tmp_path / "a.png")
    shown = [t.get_text() for t in figures[0].axes[0].texts]
    assert shown == ["3\n75 %", "1\n25 %", "0\n0 %", "0\n0 %", "1,200\n100 %", *["0\n0 %"] * 4]


def test_curves_carry_names_units_and_the_best_epoch(tmp_path, figures):
    plots.learning_curves(HISTORY, tmp_path / "a.png")
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in figures[0].axes] == [
        ("epoch", "loss (nats)"), ("epoch", "accuracy")]
    assert any("2, accuracy 0.600" in t.get_text() for t in texts(figures[0]))


def test_ink_contrasts_with_every_shade(tmp_path, figures):
    """At least 4.5 to 1, what the W3C asks of text."""
    K = 11
    matrix = np.zeros((K, K), dtype=int)
    matrix[:, 0], matrix[:, 1] = np.arange(0, 1001, 100), np.arange(1000, -1, -100)
    plots.confusion(matrix, [str(k) for k in range(K)], tmp_path / "a.png")
    axes = figures[0].axes[0]
    for text in axes.texts:
        column, row = (int(v) for v in text.get_position())
        ground = plots.luminance(plots.SHADES(matrix[row, column] / 1000))
        ink = 0.0 if text.get_color() == "black" else 1.0
        light, dark = max(ground, ink), min(ground, ink)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_roc_curves_differ_without_colour():
    labels, p = probabilities(300, 7)
    drawn = plots.as_svg(plots.roc, roc_per_class(labels, p), SEVEN, name="ROC")
    colours = [colour.lower() for colour in (*plots.COLOURS, "#000000")]
    looks = set()
    for style in re.findall(r'style="(fill: none; [^"]+)"', drawn):
        if any(f"stroke: {colour}" in style for colour in colours):
            looks.add(re.sub("stroke: #[0-9a-f]+; ", "", style))
    assert len(looks) >= 8


@pytest.mark.parametrize("K, absent, expected", [
    (7, (), [*SEVEN, "macro mean"]), (2, (), ["disgust"]),
    (3, (1,), ["angry", "fear", "macro mean"])])
def test_roc_leaves_out_what_tells_nothing(tmp_path, figures, K, absent, expected):
    """A class that is absent, and of two the first."""
    labels, p = probabilities(99, K)
    labels[np.isin(labels, absent)] = 0
    plots.roc(roc_per_class(labels, p), SEVEN[:K], tmp_path / "a.png")
    named = [line.get_label().split("  ")[0] for line in figures[0].axes[0].lines]
    assert [name for name in named if not name.startswith("_")] == expected


@pytest.mark.parametrize("call, words", [
    (lambda path: plots.learning_curves([], path), "before the first epoch"),
    (lambda path: plots.confusion(np.eye(3), ("a", "b"), path), r"\(2, 2\)"),
    (lambda path: plots.roc([None, None], ("a", "b"), path), "no ROC to draw"),
])
def test_bad_input_is_named(call, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        call(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_behind_and_pyplot_is_not_loaded(tmp_path):
    code = """
import sys
import tinyfer.training.runs, tinyfer.scores.metrics
assert "matplotlib" not in sys.modules, "training does not wait for it"
import matplotlib
def settings():  # reading the backend would choose one, by loading pyplot
    return {k: matplotlib.rcParams[k] for k in matplotlib.rcParams if not k.startswith("backend")}
before = settings()
import numpy as np
from tinyfer.scores import plots
plots.confusion(np.eye(2, dtype=int), ("a", "b"), sys.argv[1])
assert "matplotlib.pyplot" not in sys.modules
assert settings() == before
"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.png"], check=True)


def test_a_chart_as_part_of_a_page():
    """Whole XML with letters and nothing to load; a class name is text, whatever it holds."""
    from xml.etree import ElementTree

    labels, p = probabilities(200, 2)
    names = ("<script>", "$\\frac{")
    text = plots.as_svg(plots.roc, roc_per_class(labels, p), names, name='of "two"')
    chart = ElementTree.fromstring(text)
    assert chart.tag.endswith("svg") and chart.get("aria-label") == 'of "two"'
    written = "".join(chart.itertext())
    assert names[1] in written and "false-positive rate" in written and "<script" not in text
    assert text == plots.as_svg(plots.roc, roc_per_class(labels, p), names, name='of "two"')
    assert "text.parse_math" not in plots.STYLE, "figures of the course have symbols and powers"
    matrix = np.ones((2, 2), int)
    assert "&lt;script&gt;" in plots.as_svg(plots.confusion, matrix, names, name="")


def test_calibration_and_thresholds_are_drawn_as_they_are(tmp_path, figures):
    bins = [dict(low=k / 4, high=(k + 1) / 4, n=20, confidence=k / 4 + 0.1, accuracy=k / 8)
            for k in range(4)]
    plots.calibration(dict(bins=bins, ece=0.1), tmp_path / "a.png")
    line = figures[0].axes[0].lines[1]
    assert line.get_xdata() == pytest.approx([0.1, 0.35, 0.6, 0.85])
    assert line.get_ydata() == pytest.approx([0, 0.125, 0.25, 0.375])
    rows = [dict(threshold=t, accuracy=0.5 + t, precision=t, recall=1 - t) for t in (0.1, 0.4)]
    plots.thresholds(rows, tmp_path / "b.png")
    drawn = {line.get_label(): list(line.get_ydata()) for line in figures[1].axes[0].lines}
    assert drawn == {key: [row[key] for row in rows] for key in ("accuracy", "precision", "recall")}
    plots.gallery(np.arange(4).reshape(1, 2, 2), ["a"], tmp_path / "c.png", columns=1)
    shown = figures[2].axes[0].images[0]
    assert shown.get_array().tolist() == [[0, 1], [2, 3]] and shown.get_clim() == (0, 255)
