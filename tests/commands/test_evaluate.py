"""Scores of a run, with and without copies; and the command evaluate."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from small import draw_nothing, use_small_network

from tinyfer.commands import evaluate, train
from tinyfer.commands.messages import verdict
from tinyfer.core.networks import load_model
from tinyfer.data import EMOTIONS, draw_faces
from tinyfer.data.pictures import face_of
from tinyfer.scores import metrics
from tinyfer.training.evaluation import mistakes, parts_of, score
from tinyfer.training.runs import open_run

SCRIPT = "<script>alert('1')</script>"

# Copies and mistakes

def test_score_with_and_without_copies():
    labels = np.array([0, 0, 1, 1, 1])
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9]])
    copies = np.array([True, False, False, False, True])
    result = score(labels, p, ("a", "b"), copies)
    assert (result["copies"], result["accuracy_on_copies"]) == (2, 1.0)
    assert result["accuracy"] == 0.6 and result["without_copies"]["accuracy"] == 1 / 3
    assert result["without_copies"] == metrics.evaluate(labels[1:4], p[1:4], ("a", "b"))
    assert score(labels, p, ("a", "b"), np.zeros(5, bool))["accuracy_on_copies"] is None
    assert score(labels, p, ("a", "b"), np.ones(5, bool))["without_copies"] is None
    json.dumps(result, allow_nan=False)


# The script, on runs of the small network

@pytest.fixture(scope="module")
def made(tmp_path_factory, small_fer2013):
    """Runs of experiments 6, 7 and 1, of one epoch each, on the small FER-2013."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        use_small_network(patch)
        with patch.context() as while_training:
            draw_nothing(while_training)
            for number in ("6", "7", "1"):
                assert train.main(["--experiment", number, "--data", str(small_fer2013), "--epochs",
                                   "1", "--lr", "1e-2", "--out", str(folder / number)]) == 0
        yield folder


def test_evaluate_writes_everything(call, made, tmp_path):
    code, out, _ = call(evaluate.main, made / "6", "--out", tmp_path / "out")
    assert code == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "report.txt", "report.html", "metrics.json", "confusion.png", "roc.png",
        "calibration.png", "curves.png", "mistakes.png"}
    result = json.loads((tmp_path / "out" / "metrics.json").read_text())
    trained = json.loads((made / "6" / "metrics.json").read_text())["best"]["test"]
    assert all(result[key] == trained[key] for key in trained), "differs from training's own score"
    assert result["without_copies"]["n"] == result["n"] - result["copies"]
    text = (tmp_path / "out" / "report.txt").read_text()
    assert out.startswith(text.rstrip()) and "Right for " in out
    assert all(len(line) < 80 for line in text.splitlines()) and "macro mean" in out
    page = (tmp_path / "out" / "report.html").read_text()
    assert re.findall("<h2>(.*?)</h2>", page) == [
        "Confusion matrix", "Learning curves", "ROC curves", "Calibration",
        "The most confident mistakes"]
    assert page.count('src="data:image/png;base64,') == page.count("src=") == 5


def test_the_validation_part(call, made):
    assert call(evaluate.main, made / "7", "--part", "validation")[0] == 0
    result = json.loads((made / "7" / "evaluation-validation" / "metrics.json").read_text())
    parts, _ = parts_of(open_run(made / "7"))
    known = {face.tobytes() for face in parts.train.faces}
    assert result["copies"] == sum(f.tobytes() in known for f in parts.validation.faces) > 0
    best = json.loads((made / "7" / "metrics.json").read_text())["best"]["validation"]
    assert result["accuracy"] == best["accuracy"] and result["n"] == len(parts.validation)


def test_scores_of_several_crops(call, made, tmp_path):
    code, out, _ = call(evaluate.main, made / "1", "--crops", 2, "--out", tmp_path)
    assert code == 0 and "the mean over 2 crops of each" in out
    assert out.startswith("Experiment 1: seven classes as they come\n")
    assert call(evaluate.main, made / "1", "--out", tmp_path)[0] == 2, "it is there already"
    part = parts_of(open_run(made / "1"))[0].test
    one, two = (open_run(made / "1").model.predict_proba(part.faces, crops=n) for n in (1, 2))
    loss = json.loads((tmp_path / "metrics.json").read_text())["loss"]
    assert loss == metrics.evaluate(part.labels, two, part.class_names)["loss"]
    assert loss != metrics.evaluate(part.labels, one, part.class_names)["loss"]


def test_nothing_of_a_file_becomes_markup(call, made, tmp_path):
    mine = own_pictures(tmp_path / SCRIPT.replace("/", ""))
    assert call(evaluate.main, made / "6", "--data", mine, "--out", tmp_path / "out")[0] == 0
    text = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in text and "&lt;script&gt;" in text


def test_mistakes_are_wrong_sorted_and_shown_once():
    faces = np.repeat(np.arange(4, dtype=np.uint8), 2)[:, None, None] * np.ones((48, 48), np.uint8)
    part = SimpleNamespace(faces=faces, labels=np.array([0, 0, 1, 1, 0, 0, 1, 1]))
    p = np.array([[0.4, 0.6]] * 2 + [[0.9, 0.1]] * 2 + [[0.8, 0.2]] * 2 + [[0.7, 0.3]] * 2)
    assert mistakes(part, p).tolist() == [2, 6, 0] and mistakes(part, p, 1).tolist() == [2]


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


def test_other_data_than_the_run_was_made_on_is_noticed(refused, made, tmp_path, small_fer2013):
    lines = small_fer2013.read_text().splitlines()
    lines[-1] = lines[-1].replace("PrivateTest", "Training")
    other = tmp_path / "fer2013.csv"
    other.write_text("\n".join(lines))
    message = refused(evaluate.main, made / "1", "--data", other)
    assert "has other images than" in message and "same data set" in message


def own_pictures(folder, names=("Angry", "fear", "happy", "sad", "surprise")):
    """Two pictures a class of the small FER-2013's size and another, under free names."""
    faces = draw_faces(70, seed=9)
    for name in names:
        (folder / name).mkdir(parents=True)
        members = faces.faces[faces.labels == EMOTIONS.index(name.lower())][:2]
        for n, (face, size) in enumerate(zip(members, (48, 96))):
            Image.fromarray(face).resize((size, size)).save(folder / name / f"me {n}.png")
    return folder


def test_ones_own_pictures_are_scored(call, made, tmp_path):
    folder = own_pictures(tmp_path / "mine" / "test")
    (folder / "Angry" / "notes.txt").write_text("no picture")
    code, out, err = call(evaluate.main, made / "6", "--data", tmp_path / "mine",
                          "--out", tmp_path / "out")
    assert code == 0, err
    result = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert result["n"] == 10 and "copies" not in result and "the folder mine, 10 images" in out
    assert out.startswith("mine\nRight for ") and "<h1>mine</h1>" in (
        tmp_path / "out" / "report.html").read_text()
    faces = np.array([face_of(file) for file in sorted(folder.rglob("*.png"))])
    model = open_run(made / "6").model
    assert result["accuracy"] == np.mean(model.predict(faces) == np.repeat(range(5), 2))


def test_only_the_classes_that_are_there_are_scored(call, made, tmp_path):
    """By a model file alone."""
    shutil.copy(made / "6" / "best.npz", tmp_path / "alone.npz")
    mine = own_pictures(tmp_path / "mine", ("happy", "sad"))
    code, out, err = call(evaluate.main, tmp_path / "alone.npz", "--data", mine, "--out",
                          tmp_path / "out")
    assert code == 0 and "no picture is of angry, fear, surprise; choosing among the" in out, err
    assert not re.search(r"^(angry|fear|surprise)", out, re.M)
    assert "Learning curves" not in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("change, words", [
    (lambda mine: shutil.copytree(mine / "sad", mine / "smug"),
     "the class 'smug' is unknown; expected angry, fear"),
    (lambda mine: [file.unlink() for file in (mine / "sad").iterdir()], "sad holds no picture"),
    (lambda mine: (mine / "sad" / "1.png").write_text("x"), "1.png cannot be read as a picture")])
def test_classes_of_a_folder_must_be_those_of_the_network(refused, made, tmp_path, change, words):
    change(mine := own_pictures(tmp_path / "mine"))
    assert words in refused(evaluate.main, made / "6", "--data", mine)


def test_options_that_need_the_data_of_the_run(refused, made, tmp_path):
    message = refused(evaluate.main, made / "6", "--data", own_pictures(tmp_path / "mine"),
                      "--part", "train")
    assert "of a folder of pictures all are scored" in message


@pytest.mark.parametrize("right, supports, words", [
    (0.31, (60, 40), "Right for 31 of 100 faces: worse than guessing among 2."),
    (0.52, (60, 40), "Right for 52 of 100 faces: no better than guessing among 2."),
    (0.62, (60, 20, 20),
     "Right for 62 of 100 faces: no better than always saying a, right for 60."),
    (0.9, (60, 20, 20), "Right for 90 of 100 faces; guessing among 3 is right for 33.")])
def test_a_score_in_a_sentence(right, supports, words):
    classes = {name: dict(support=n) for name, n in zip("abc", supports)}
    assert verdict(dict(
        n=100, accuracy=right, classes=classes,
        accuracy_interval=metrics.wilson_interval(round(100 * right), 100))) == words


def test_a_name_means_the_same_everywhere(made, tmp_path, monkeypatch, call):
    """Packaged weights go before a folder of that name, for all who take a network."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made / "7", "five-class")
    packaged, mine = open_run("five-class"), open_run("./five-class")
    assert packaged.folder is None and mine.folder == Path("five-class")
    for place, run in (("five-class", packaged), ("./five-class", mine)):
        assert load_model(place).class_names == run.model.class_names
    assert train.new_config({"start": "five-class", "drawn": 9}).start == "five-class"
    for name in ("start", "teachers"):
        config = train.new_config({name: "./five-class", "drawn": 9})
        assert getattr(config, name) == str(tmp_path / "five-class"), "a run goes on from anywhere"
    assert call(evaluate.main, "five-class", "--out", "out")[0] == 2, "it has other data"
    assert call(evaluate.main, "./five-class", "--out", "out")[0] == 0
