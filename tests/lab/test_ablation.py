"""The ladder: its plan holds together; a rung is trained, gone on with and reported."""

import json
from dataclasses import replace

import ablation
import numpy as np
import pytest
from ablations import climb, plan, results
from small import small_cnn

from tinyfer.core.layers import BatchNorm, Dropout
from tinyfer.data import EMOTIONS
from tinyfer.data.drawn import draw_faces
from tinyfer.training import runs
from tinyfer.training.recipes import Recipe


def small_network(classes, seed, class_names):
    return small_cnn(classes, seed, class_names=class_names)


SHORT = Recipe(epochs=2, batch_size=32, lr=1e-2)
RUNGS = {rung.name: rung for rung in (
    plan.Rung("low", None, "the lowest", small_network, SHORT),
    plan.Rung("high", "low", "a running mean", small_network, replace(SHORT, ema=0.9),
              balance="weights"),
    plan.Rung("looks", "high", "two crops", small_network, None, crops=2),
)}


@pytest.fixture
def small_ladder(monkeypatch):
    """Three rungs of a network that takes no time, on 140 drawn faces."""
    for module in (ablation, results):
        monkeypatch.setattr(module, "RUNGS", RUNGS)
    monkeypatch.delenv("TINYFER_DATA", raising=False)


def test_each_rung_stands_on_one_below_it():
    names = list(plan.RUNGS)
    assert len(names) == len(plan.LOWER) + len(plan.UPPER), "a name stands twice"
    for place, rung in enumerate(plan.RUNGS.values()):
        assert rung.below is None or rung.below in names[:place], rung.name
        assert rung.crops == 1 or rung.recipe is None


def test_upper_rungs_differ_from_the_one_below_in_what_they_say():
    """One field of the recipe each; a larger batch and a schedule bring their rate with them."""
    for rung in plan.UPPER:
        if rung.below and rung.recipe:
            mine, its = (plan.RUNGS[name].recipe.as_dict() for name in (rung.name, rung.below))
            changed = {key for key in mine if mine[key] != its[key]}
            assert 1 in (len(changed - {"name"}), len(changed - {"lr", "name"})), rung.name


def test_lower_rungs_are_what_they_say():
    made, data = {rung.name: rung.network(7, 0, EMOTIONS) for rung in plan.LOWER}, draw_faces(7)
    norm, dropout = ({name for name, model in made.items()
                      if any(isinstance(layer, kind) for layer in model.layers)}
                     for kind in (BatchNorm, Dropout))
    six = made.keys() - {"linear", "hidden", "two-convolutions"}
    assert norm == six - {"six-plain", "tiny-weights"}
    assert dropout == {"dropout", "class-weights"}
    for name in "tiny-weights", "tiny-weights-norm":
        assert made[name].state()["conv3.w"].std() == pytest.approx(0.01, rel=0.05)
    for name in "linear", "hidden", "two-convolutions", "mirror":   # takes what its recipe gives
        model = made[name]
        x, _ = plan.RUNGS[name].recipe.batch(data.faces, data.labels, 7, model.rng)
        assert model.forward(x, training=True).shape == (7, 7)
        assert model.predict_proba(data.faces).shape == (7, 7)


def test_a_rung_with_class_weights_is_trained_with_them(small_ladder, tmp_path, monkeypatch):
    given = []

    def fit(_, optimizer, part, validation, folder, recipe, weights, *rest):
        given.append(weights)
        raise ValueError("enough")

    monkeypatch.setattr(climb, "fit", fit)
    for name in "low", "high":
        assert ablation.main(["--drawn", "140", "--out", str(tmp_path), "--rung", name]) == 2
    assert given[0] is None and len(given[1]) == 7


def test_a_rung_is_trained_and_gone_on_with(small_ladder, tmp_path, capsys):
    order = ["--drawn", "140", "--out", str(tmp_path), "--rung"]
    folder = tmp_path / "drawn-high-seed0"
    assert ablation.main([*order, "looks"]) == 2
    assert "train --rung high first" in capsys.readouterr().err
    assert ablation.main([*order, "high"]) == 0
    whole = (folder / "validation.npz").read_bytes()
    config = json.loads((folder / "rung.json").read_text())
    assert Recipe.read(config["recipe"]) == RUNGS["high"].recipe
    with runs.owned(folder):
        assert ablation.main([*order, "high"]) == 2, "another process trains it"
    (folder / "validation.npz").unlink()
    assert ablation.main([*order, "high"]) == 0, "all epochs done: only the answers are made again"
    assert (folder / "validation.npz").read_bytes() == whole
    assert ablation.main([*order, "looks"]) == 0
    looks, high = (np.load(tmp_path / f"drawn-{name}-seed0" / "validation.npz")
                   for name in ("looks", "high"))
    assert np.array_equal(looks["labels"], high["labels"])
    assert np.abs(looks["probabilities"] - high["probabilities"]).max() > 1e-3, "two crops"
    assert "running mean" in capsys.readouterr().out


def test_a_folder_of_another_recipe_is_refused(small_ladder, tmp_path, monkeypatch, capsys):
    order = ["--drawn", "140", "--out", str(tmp_path), "--rung", "low"]
    assert ablation.main(order) == 0
    other = replace(RUNGS["low"], recipe=replace(SHORT, lr=0.5))
    monkeypatch.setitem(RUNGS, "low", other)
    assert ablation.main(order) == 2
    assert "holds a run with other recipe: choose another --out" in capsys.readouterr().err


def test_the_page_tells_what_was_run_and_what_was_not(small_ladder, tmp_path, monkeypatch,
                                                      capsys):
    monkeypatch.setattr(climb, "experiments", OnlyFer2013(climb.experiments))
    for name in ("low", "high"):
        assert ablation.main(["--drawn", "140", "--out", str(tmp_path), "--rung", name]) == 0
        (tmp_path / f"drawn-{name}-seed0").rename(tmp_path / f"{name}-seed0")
    docs = tmp_path / "docs"
    (docs / "figures").mkdir(parents=True)
    (docs / "results.md").write_text("<!-- begin ladder -->\n<!-- end ladder -->\n")
    chapter = docs / "16-what-makes-the-difference.md"
    chapter.write_text("<!-- begin worth -->\n<!-- end worth -->\n")
    monkeypatch.setattr(results, "DOCS", docs)
    monkeypatch.setattr(results, "LOWER", tuple(RUNGS.values()))
    monkeypatch.setattr(results, "UPPER", (RUNGS["high"],))
    assert ablation.main(["--write", "--out", str(tmp_path)]) == 0
    content = json.loads((docs / "ladder.json").read_text())
    low, high = content["rungs"]
    labels, answers = results.answers_of(tmp_path / "high-seed0")
    assert content["labels"] == "".join(map(str, labels))
    assert high["answers"] == "".join(map(str, answers))
    assert low["against"] is None and high["against"]["accuracies"][1] == low["accuracy"]
    assert len(high["curves"]["loss"]) == 2 and low["interval"][0] < low["accuracy"]
    page = (docs / "results.md").read_text()
    assert f"| {100 * high['accuracy']:.1f} (" in page
    assert "| looks | two crops | high |  | *not run yet* |" in page
    assert f"| low | 2 | {100 * high['accuracy']:.1f} (" in chapter.read_text()
    assert chapter.read_text().count(" to ") == 1, "only rungs above, and only those that were run"
    assert (docs / "figures" / "ladder.png").stat().st_size > 10_000
    # Rungs stay on the page when their folders are gone, and one above is compared with them.
    empty = ["--write", "--out", str(tmp_path / "empty")]
    assert ablation.main(empty) == 0
    assert (docs / "results.md").read_text() == page
    # Points need no answers, McNemar's test does.
    del low["answers"]
    high["against"] = None
    runs.write_json(docs / "ladder.json", content)
    assert ablation.main(empty) == 0
    assert f"| low | 2 | {100 * high['accuracy']:.1f} (" in (page := chapter.read_text())
    assert f" | {100 * (high['accuracy'] - low['accuracy']):+.1f} |  |" in page
    # What was scored on other images is not mixed with these.
    content["labels"] = content["labels"][::-1]
    runs.write_json(docs / "ladder.json", content)
    assert ablation.main(["--write", "--out", str(tmp_path)]) == 2
    assert "was scored on other images" in capsys.readouterr().err


def test_points_of_several_seeds_have_an_interval():
    """By hand: 1.7, 2.0 and 0.9 have the mean 1.533 and the standard error 0.328."""
    assert results.gain([1.7, 2.0, 0.9]) == "+1.5 (0.1 to 2.9)"
    assert results.gain([-2]) == "-2.0" and results.gain([]) == ""


class OnlyFer2013:
    """experiments.prepare, whose drawn faces call themselves FER-2013."""

    def __init__(self, experiments):
        self.experiments = experiments

    def prepare(self, *arguments):
        parts = self.experiments.prepare(*arguments)
        return type(parts)(*(replace(part, source="FER-2013") for part in parts))
