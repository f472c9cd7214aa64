"""Scores of a run: calibration, copies, merged classes, paired tests, and scripts/evaluate.py."""

import json
import re
from fractions import Fraction
from html.parser import HTMLParser
from math import comb
from types import SimpleNamespace

import evaluate
import numpy as np
import pytest
import train
from small import use_small_network

from tinyfer import metrics, runs, svg
from tinyfer.binary import binary_scores, mcnemar, threshold_curve
from tinyfer.calibration import bins_to_draw, reliability
from tinyfer.evaluation import (
    binarized_scores,
    compared,
    mistakes,
    open_run,
    parts_of,
    reweighed_scores,
    score,
)


# Calibration

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


def test_a_calibrated_classifier_has_little_error_and_a_boaster_much():
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
    with pytest.raises(ValueError, match="reliability needs"):
        reliability(np.array(labels), np.array(p))


# Two classes

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


def test_binary_scores_refuse_other_labels():
    with pytest.raises(ValueError, match="labels 0 and 1"):
        binary_scores(np.array([0, 2]), np.array([0.1, 0.2]))


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


def test_mcnemar_is_exact_where_floats_overflow():
    labels = np.zeros(3000, dtype=int)
    one, other = labels.copy(), labels.copy()
    one[:1400] = 1
    other[1400:] = 1
    exact = 2 * sum(Fraction(comb(3000, i), 2**3000) for i in range(1401))
    assert mcnemar(labels, one, other)["p"] == pytest.approx(float(exact), rel=1e-14)


def test_mcnemar_of_equal_classifiers_is_uniform_enough():
    """Under the hypothesis, p is at most 0.05 in at most 5 % of the cases."""
    rng = np.random.default_rng(2)
    labels = np.zeros(100, dtype=int)
    ps = [mcnemar(labels, *(rng.random((2, 100)) < 0.3).astype(int))["p"] for _ in range(400)]
    assert np.mean(np.array(ps) <= 0.05) <= 0.08


# Copies and mistakes

def test_score_with_and_without_copies():
    labels = np.array([0, 0, 1, 1, 1])
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9]])
    copies = np.array([True, False, False, False, True])
    result = score(labels, p, ("a", "b"), copies)
    assert (result["copies"], result["accuracy_on_copies"]) == (2, 1.0)
    assert result["accuracy"] == 0.6 and result["without_copies"]["accuracy"] == 1 / 3
    assert result["without_copies"] == metrics.evaluate(labels[1:4], p[1:4], ("a", "b"))
    none = score(labels, p, ("a", "b"), np.zeros(5, bool))
    assert none["accuracy_on_copies"] is None and none["without_copies"]["accuracy"] == 0.6
    everything = score(labels, p, ("a", "b"), np.ones(5, bool))
    assert everything["without_copies"] is None
    assert "copies" not in score(labels, p, ("a", "b"))
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("counts, drawn", [
    ((0, 1, 9, 10, 500), [3, 4]), ((0, 1, 3, 2, 3), [2, 4]), ((1, 0, 0, 0, 0), [0]),
])
def test_bins_of_a_few_images_are_not_drawn(counts, drawn):
    bins = [dict(n=n) for n in counts]
    assert bins_to_draw(dict(bins=bins)) == [bins[i] for i in drawn]


@pytest.mark.parametrize("balance, given, how, expected", [
    ("none", (0.5, 0.3, 0.2), "multiplied", (5 / 23, 6 / 23, 12 / 23)),
    ("weights", (5 / 23, 6 / 23, 12 / 23), "divided", (0.5, 0.3, 0.2)),
    ("undersample", (0.5, 0.3, 0.2), "multiplied", (5 / 23, 6 / 23, 12 / 23)),
])
def test_class_weights_after_training_by_hand(balance, given, how, expected):
    trained = SimpleNamespace(settings={"balance": balance})
    train_part = SimpleNamespace(labels=np.repeat([0, 1, 2], [60, 30, 10]))
    for label in range(3):
        p = np.array([given])
        result = reweighed_scores(trained, train_part, np.array([label]), p, ("a", "b", "c"))
        assert result["how"] == how and np.array_equal(p, [given])
        assert result["scores"]["loss"] == pytest.approx(-np.log(expected[label]), rel=1e-12)
        assert result["scores"]["accuracy"] == (label == np.argmax(expected))


# The script, on runs of the small network

@pytest.fixture(scope="module")
def made(tmp_path_factory, small_fer2013):
    """Runs of experiments 6, 7 and 8, of one epoch each, on the small FER-2013."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        use_small_network(patch)
        for number in ("6", "7", "8", "1"):
            assert train.main(["--experiment", number, "--data", str(small_fer2013), "--epochs",
                               "1", "--lr", "1e-2", "--out", str(folder / number)]) == 0
        yield folder


def run(capsys, *arguments):
    try:
        code = evaluate.main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


class Page(HTMLParser):
    """Checks that every element is closed, and collects what the page shows."""

    VOID = {"meta", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.sources, self.headings = [], [], [], []
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.sources += [attributes[k] for k in ("src", "href") if k in attributes]
        if tag == "img":
            self.images.append(attributes["alt"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_evaluate_writes_everything(capsys, made, tmp_path):
    code, out, _ = run(capsys, made / "6", "--out", tmp_path / "out", "--mistakes", "7",
                       "--binarize", "--reweigh", "--against", made / "7", made / "8")
    assert code == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "report.txt", "report.html", "metrics.json", "confusion.png", "roc.png",
        "calibration.png", "thresholds.png"}
    result = json.loads((tmp_path / "out" / "metrics.json").read_text())
    trained = json.loads((made / "6" / "metrics.json").read_text())["best"]["test"]
    assert all(result[key] == trained[key] for key in trained), "differs from training's own score"
    assert result["without_copies"]["n"] == result["n"] - result["copies"]
    against = result["against"]
    assert list(against) == [str(made / "7"), str(made / "8")]
    for comparison in against.values():
        assert comparison["n"] == result["n"]
        assert comparison["accuracies"][0] == result["binarized"]["scores"]["accuracy"]
    assert result["reweighed"]["how"] == "divided"
    assert f"divided     {result['reweighed']['scores']['accuracy']:8.4f}" in out
    assert out.startswith((tmp_path / "out" / "report.txt").read_text().rstrip())
    for words in ("macro mean", "true \\ predicted", "McNemar", "threshold  accuracy"):
        assert words in out
    page = Page((tmp_path / "out" / "report.html").read_text())
    assert page.headings == ["Scores of each class", "Confusion matrix", "Learning curves",
                             "ROC curves", "Calibration", "Merged to positive and negative",
                             "The most confident mistakes", "Images of each class",
                             "Configuration"]
    assert len(page.images) == 7
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_other_parts(capsys, made, part):
    assert run(capsys, made / "7", "--part", part)[0] == 0
    result = json.loads((made / "7" / f"evaluation-{part}" / "metrics.json").read_text())
    config = runs.read_config(made / "7")
    assert result["n"] == config["parts"][part]["images"]
    assert ("copies" in result) == (part == "validation")
    if part == "validation":
        parts, _ = parts_of(open_run(made / "7"))
        known = {face.tobytes() for face in parts.train.faces}
        assert result["copies"] == sum(f.tobytes() in known for f in parts.validation.faces) > 0
        best = json.loads((made / "7" / "metrics.json").read_text())["best"]["validation"]
        assert result["accuracy"] == best["accuracy"]


def test_the_page_of_seven_classes(capsys, made, tmp_path):
    assert run(capsys, made / "1", "--out", tmp_path)[0] == 0
    text = (tmp_path / "report.html").read_text()
    Page(text)
    assert "Experiment 1: seven classes as they come" in text and "Merged" not in text


def test_mistakes_are_wrong_sorted_and_shown_once(made):
    run_ = open_run(made / "6")
    parts, _ = parts_of(run_)
    part = parts.validation[np.repeat(np.arange(len(parts.validation)), 2)]
    p = run_.model.predict_proba(part.faces)
    chosen = mistakes(part, p, 10)
    assert (p[chosen].argmax(axis=1) != part.labels[chosen]).all()
    confidence = p[chosen].max(axis=1)
    assert (np.diff(confidence) <= 0).all()
    wrong = p.argmax(axis=1) != part.labels
    assert confidence[0] == p[wrong].max()
    assert len(np.unique(part.faces[chosen], axis=0)) == len(chosen)


def test_a_run_without_copies_is_scored_on_the_same_images(made, small_fer2013,
                                                           tmp_path):
    assert train.main(["--experiment", "6", "--data", str(small_fer2013), "--epochs", "1",
                       "--drop-duplicates", "--out", str(tmp_path / "run")]) == 0
    (parts, copies), (others, with_them) = (
        parts_of(open_run(place)) for place in (tmp_path / "run", made / "6"))
    assert len(parts.train) < len(others.train)
    for name in ("validation", "test"):
        assert np.array_equal(copies[name], with_them[name])
    assert copies["validation"].any() and not copies["test"].any()


def test_two_runs_are_compared_on_the_same_images(made):
    six, seven = open_run(made / "6"), open_run(made / "7")
    part = parts_of(six)[0].test
    p = six.model.predict_proba(part.faces)
    result = compared(six, part, p, seven)
    positive = p[:, [2, 4]].sum(axis=1) > 0.5
    truth = np.isin(part.labels, (2, 4))
    two = seven.model.predict(part.faces) == 1
    assert result["agreement"] == np.mean(positive == two)
    assert result["accuracies"] == [np.mean(positive == truth), np.mean(two == truth)]
    itself = compared(six, part, p, six)
    assert itself["agreement"] == itself["p"] == 1
    assert itself["accuracies"][1] == np.mean(p.argmax(axis=1) == part.labels)
    with pytest.raises(ValueError, match="6 has 5 classes; expected 2 as .*7 has, or 2"):
        compared(seven, part, p, six)
    seven.settings["seed"] = 1
    with pytest.raises(ValueError, match="has seed 1, but .* 0: its test images would not be new"):
        compared(six, part, p, seven)
    with pytest.raises(ValueError, match="neutral is neither positive nor negative"):
        binarized_scores(np.zeros(2, int), np.ones((2, 2)) / 2, ("happy", "neutral"))


def test_other_data_than_the_run_was_made_on_is_noticed(capsys, made, tmp_path,
                                                        small_fer2013):
    lines = small_fer2013.read_text().splitlines()
    lines[-1] = lines[-1].replace("PrivateTest", "Training")
    other = tmp_path / "fer2013.csv"
    other.write_text("\n".join(lines))
    code, _, err = run(capsys, made / "1", "--data", other)
    assert code == 2 and "has other images than" in err and "--data" in err


def test_errors_are_one_sentence(capsys, made, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_text((made / "6" / "config.json").read_text())
    for arguments, words in [
        (["nowhere"], "nowhere is neither a file nor the name of packaged weights"),
        ([tmp_path / "empty"], "is no run folder: there is no config.json"),
        ([tmp_path / "begun"], "holds no best.npz yet"),
        ([made / "6" / "best.npz"], "does not tell what it was trained on"),
        ([made / "6" / "last.npz"], "is not a model saved by tinyfer"),
        ([made / "6", "--data", "no.zip"], r"no\.zip does not exist"),
        ([made / "6", "--against", made / "1"], "has 7 classes; expected 5 as .*6 has, or 2"),
        ([made / "1", "--binarize"], "neutral is neither positive nor negative"),
        ([made / "6", "--part", "all"], "--part"),
    ]:
        code, out, err = run(capsys, *arguments)
        assert code == 2 and out == "" and err.startswith("error: ")
        assert re.search(words, err) and "Traceback" not in err


# Charts

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
