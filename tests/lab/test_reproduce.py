"""scripts/reproduce.py: it trains what is missing, once, goes on where it was stopped, and every
number of docs/results.md comes out of results.json."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pages
import pytest
from small import draw_nothing, use_small_network
from study import cards, reproduce, tables
from study.results import add_record, find_run, key_of, options_of, read_results

from tinyfer.commands import train
from tinyfer.scores.metrics import evaluate
from tinyfer.training import runs
from tinyfer.training.checkpoint import write_history
from tinyfer.training.experiments import EXPERIMENTS
from tinyfer.training.recipes import RECIPES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def place(monkeypatch, tmp_path, small_fer2013):
    """A folder with runs/ and docs/, and the script training the small network in it."""
    use_small_network(monkeypatch)
    draw_nothing(monkeypatch)
    monkeypatch.setattr(cards, "PACKAGED", tmp_path / "pretrained")
    monkeypatch.setattr(reproduce, "PACKAGED", tmp_path / "pretrained")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(DOCS / "results.md", tmp_path / "docs")
    return tmp_path


@pytest.fixture
def go(place, small_fer2013, call):
    def go(*arguments, epochs=2):
        return call(reproduce.main, "--data", small_fer2013, "--docs", "docs", *arguments,
                    "--epochs", epochs)
    return go


@pytest.fixture
def trainings(monkeypatch):
    """What was trained: (experiment, whether it went on), call by call."""
    calls, original = [], reproduce.train.train_run

    def train_run(config, folder, numbered=False, resumed=False, threads=None):
        calls.append((config.experiment.number, resumed))
        return original(config, folder, numbered, resumed, threads)

    monkeypatch.setattr(reproduce.train, "train_run", train_run)
    return calls


def blocks(text):
    return dict(re.findall(r"<!-- begin (\S+) -->\n(.*?)<!-- end", text, re.DOTALL))


def page(place):
    return (place / "docs" / "results.md").read_text()


def test_each_run_is_trained_once_and_rows_outlive_their_runs(go, place, trainings):
    kept = place / "docs" / "results.json"
    code, out, err = go("--experiments", "7", "6", "--seeds", "0")
    assert code == 0, err
    assert trainings == [("6", False), ("7", False)]
    before = read_results(kept)
    trained = json.loads((place / "runs/experiment6-seed0/metrics.json").read_text())["best"]
    assert before["6-seed0"]["test"]["accuracy"] == trained["test"]["accuracy"]
    assert before["6-seed0"]["val_accuracy"] == trained["validation"]["accuracy"]
    text = page(place)
    code, out, err = go("--experiments", "6", "7")
    assert code == 0 and len(trainings) == 2 and out.count("finished already") == 2
    assert page(place) == text and read_results(kept) == before

    (place / "runs").rename(place / "gone")
    shutil.copy(DOCS / "results.md", "docs")
    assert go("--table")[0] == 0 and page(place) == text
    assert go("--experiments", "6", "--seeds", "1")[0] == 0
    after = read_results(kept)
    assert after == before | {"6-seed1": after["6-seed1"]} and ", seed 1 |" in page(place)


def test_a_stopped_run_goes_on(go, place, trainings, monkeypatch):
    """Ctrl-C after the first epoch of the second run; the same command then finishes it."""
    original, epochs = reproduce.train.Progress.epoch, []

    def epoch(self, history, n):
        original(self, history, n)
        epochs.append(len(history))
        if len(epochs) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(reproduce.train.Progress, "epoch", epoch)
    assert go("--experiments", "5", "6")[0] == 130
    assert list(read_results(place / "docs" / "results.json")) == ["5-seed0"]
    assert go("--experiments", "5", "6")[0] == 0
    assert epochs == [1, 2, 1, 2], "the finished epochs were not repeated"
    assert trainings[2:] == [("6", True)]
    assert list(read_results(place / "docs" / "results.json")) == ["5-seed0", "6-seed0"]


def test_another_recipe_has_a_table_of_its_own(go, place, trainings, monkeypatch):
    # The small network sees whole faces.
    monkeypatch.setitem(RECIPES, "best", replace(RECIPES["best"], crop=None))
    assert go("--experiments", "6")[0] == 0
    before = blocks(page(place))
    for _ in range(2):
        assert go("--experiments", "6", "--recipe", "best")[0] == 0 and len(trainings) == 2
    study, best = (read_results(place / "docs" / "results.json")[key]
                   for key in ("6-seed0", "6-best-seed0"))
    assert "averaged" not in study and best["averaged"]["n"] == best["test"]["n"]
    assert best["averaged"]["loss"] != best["test"]["loss"] and best["images"] == study["images"]
    after = blocks(page(place))
    upper, lower = cells(after["recipes"])
    assert after == before | {"recipes": after["recipes"]}
    assert upper[:3] == ["6", "study", "2"] and upper[6] == ""
    assert lower[:3] == ["6", "best", "2"]
    assert lower[6] == f"{best['averaged']['accuracy']:.3f}"
    assert lower[-1] == ("`python scripts/reproduce.py --experiments 6 --seeds 0 --recipe best "
                         "--data data/archive.zip --epochs 2 --docs docs`")


def test_a_trial_leaves_the_docs_alone(place, call, small_fer2013):
    """With fewer epochs docs/ is not touched unless it is named."""
    before = page(place)
    code, out, _ = call(reproduce.main, "--data", small_fer2013, "--epochs", 1, "--experiments", 6)
    assert code == 0 and "a trial: scores in runs/results.json" in out and page(place) == before
    made = read_results(place / "runs" / "results.json")["6-seed0"]
    assert tables.command(made).endswith("--epochs 1 --docs docs")
    assert not tables.command(made | dict(epochs=40)).endswith("--docs docs")


@pytest.mark.parametrize("name, content, arguments, words", [
    ("results.json", "{", ["--table"], "docs/results.json is damaged"),
    ("results.json", "{}", ["--table"], "docs/results.json is damaged"),
    ("results.json", '{"runs": [3]}', ["--table"], "docs/results.json is damaged"),
    ("results.md", "# empty", ["--table"], "has no block between '<!-- begin experiments -->'"),
    ("results.md", None, ["--experiments", "5"], "there is no page docs/results.md"),
    ("file", "", ["--experiments", "5", "--out", "docs/file/runs"], "docs/file"),
])
def test_errors_are_one_sentence_before_the_training(place, small_fer2013, trainings, refused, name,
                                                     content, arguments, words):
    if content is None:
        (place / "docs" / name).unlink()
    else:
        (place / "docs" / name).write_text(content)
    assert words in refused(reproduce.main, "--data", small_fer2013, "--docs", "docs", *arguments)
    assert not trainings


# The tables, from records made up here

def record(number="6", seed=0, accuracy=0.67, val_accuracy=0.67, n=1000, copies=100, **more):
    """A record whose test part has n images of two or five classes and this accuracy."""
    names = (("negative", "positive") if number in ("6b", "7", "8") else
             ("angry", "fear", "happy", "sad", "surprise"))
    K = len(names)
    labels = np.arange(n) % K
    right = np.arange(n) < round(accuracy * n)
    predictions = np.where(right, labels, (labels + 1) % K)
    p = np.full((n, K), 0.1 / K) + 0.9 * np.eye(K)[predictions]
    test = evaluate(labels, p, names)
    test |= dict(calibration=dict(ece=0.1), copies=copies, accuracy_on_copies=0.9,
                 without_copies=evaluate(labels[copies:], p[copies:], names))
    return dict(
        experiment=number, seed=seed, epochs=40, batch_size=64, lr=1e-4, source="FER-2013",
        images=dict(train=8, validation=4, test=n),
        best_epoch=33, val_accuracy=val_accuracy, minutes=50.4, date="2020-02-02",
        machine=dict(cpu="A CPU", threads=2, python="3", versions={}), parameters=1_394_183,
        weights="0", test=test) | more


def test_what_a_training_began_from_stands_in_its_command(tmp_path, monkeypatch, small_fer2013):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copy(small_fer2013, "data/fer.csv")
    given = ["--from", "seven-class", "--also-drawn", "50", "--lr", "0.001"]
    made = reproduce.parse(["--experiments", "official7", "--recipe", "robust", *given,
                            "--data", "data/fer.csv"])
    config = reproduce.config_of("official7", 0, made)
    options = options_of(config)
    assert options.split() == given
    row = record("official7", recipe="robust", options=options, epochs=120)
    words = tables.command(row).replace("archive.zip", "fer.csv").split()[2:]
    assert reproduce.config_of("official7", 0, reproduce.parse(words)) == config
    assert key_of(row) == "official7-robust-from-seven-class-also-drawn-50-lr-0.001-seed0"


def records(*given):
    return {key_of(r): r for r in given}


def cells(table):
    """The rows of a Markdown table below its head, as lists of cells."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")]
             for line in table.splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1, "rows of different length"
    return lines[2:]


def rows_of(*given):
    return cells(tables.experiments_table(given))


def test_the_table_by_hand():
    study, ours, difference, clean = rows_of(record())
    assert study == ["6", EXPERIMENTS["6"].title, "study", "", "0.67", "0.65", "", "0.88"]
    assert ours[:5] == ["", "", "ours, 1,000 images", "0.670", "0.670"]
    assert difference[4] == "+0.000" and difference[3] == ""
    assert clean[2:5] == ["ours, without the 100 copies", "", f"{570 / 900:.3f}"]
    ours, clean = rows_of(record("official7"))      # which is none of the study's
    assert ours[:3] == ["official7", EXPERIMENTS["official7"].title, "ours, 1,000 images"]
    assert clean[2] == "ours, without the 100 copies"
    three = rows_of(record("3", accuracy=0.6))      # of which the study has words only
    assert three[0][4] == "worse than experiment 1" and three[2][4] == ""


@pytest.mark.parametrize("accuracy, shown", [
    (0.65, "-0.020"), (0.69, "+0.020"), (0.648, "**-0.022, short**"), (0.70, "**+0.030, above**"),
])
def test_differences_beyond_two_hundredths_are_marked(accuracy, shown):
    assert rows_of(record(accuracy=accuracy))[2][4] == shown


def test_precision_of_two_classes_has_both_meanings():
    study, ours, difference, _ = rows_of(record("7"))
    assert study[4:] == ["0.87", "0.87", "0.87", "0.95"]
    made = record("7")["test"]
    assert ours[5] == f"{made['macro']['precision']:.3f}"
    assert ours[6] == f"{made['classes']['positive']['precision']:.3f}"
    assert ours[7] == f"{made['classes']['positive']['auc']:.3f}"
    merged = rows_of(record("6b", val_accuracy=None))
    assert merged[0][4:] == ["0.87", "", "0.90", "0.94"] and merged[2][3] == merged[2][5] == ""


def test_the_official_table_puts_ours_in_their_places():
    once, often = (record("official7", accuracy=a, n=3589, copies=288) for a in (0.66, 0.70))
    best = once | dict(recipe="best", epochs=200, averaged=often["test"])
    rows = cells(tables.official_table(records(best)))
    names = [row[0] for row in rows]
    assert len(rows) == len(tables.OTHERS) + 2
    place = names.index("**tinyfer, seed 0**")
    assert names[place - 1].startswith("mini-Xception") and "VGG style" in names[place + 1]
    low, high = once["test"]["accuracy_interval"]
    assert rows[place][1:4] == ["1,394,183", f"**{100 * once['test']['accuracy']:.2f}**",
                                f"{100 * low:.1f} to {100 * high:.1f}"]
    assert "on the 3,301 images without a copy" in rows[place][4]
    shown = {row[2]: row[4] for row in rows if "tinyfer" in row[0]}
    once, often = (shown[f"**{100 * r['test']['accuracy']:.2f}**"] for r in (once, often))
    assert "recipe best, 200 epochs" in once and "crops" not in once
    assert "18 crops averaged" in often


def test_two_processes_lose_no_record_and_keep_the_order(tmp_path):
    """20 records from each of two at once, of which 40 must be kept."""
    def write(seeds):
        for seed in seeds:
            add_record(tmp_path / "results.json", record(seed=seed, n=10, copies=1))

    with ThreadPoolExecutor() as pool:      # the lock is between open files: threads will do
        list(pool.map(write, (range(0, 40, 2), range(1, 40, 2))))
    assert [r["seed"] for r in read_results(tmp_path / "results.json").values()] == [*range(40)]
    for each in record("official7"), record("1"), record("6", recipe="best"):
        add_record(tmp_path / "results.json", each)
    again = read_results(tmp_path / "results.json")
    assert again["1-seed0"] == json.loads(json.dumps(record("1")))
    assert [*again][:3] + [*again][-2:] == ["1-seed0", "6-seed0", "6-seed1", "6-best-seed0",
                                            "official7-seed0"]
    assert [file.name for file in tmp_path.glob("[!.]*")] == ["results.json"]


def test_the_page_in_docs_says_what_results_json_says(tmp_path):
    """Nobody has typed into the tables, and nothing is left over from other runs."""
    shutil.copy(DOCS / "results.md", tmp_path)
    made = read_results(DOCS / "results.json")
    pages.rewrite(tmp_path / "results.md", tables.results_blocks(made))
    assert (tmp_path / "results.md").read_text() == (DOCS / "results.md").read_text()


def test_a_stopped_run_yields_to_a_finished_one(tmp_path):
    config = train.new_config({"drawn": 98, "epochs": 1})
    for name in ("a", "b"):
        settings = replace(config, data=name).as_dict()
        runs.write_json(tmp_path / name / "config.json", {"settings": settings})
        write_history(tmp_path / name, [dict(
            epoch=1, loss=1, accuracy=1, val_loss=1, val_accuracy=1, seconds=1)])
    assert find_run(tmp_path, config) == tmp_path / "a"
    runs.write_json(tmp_path / "b" / "metrics.json", {})
    assert find_run(tmp_path, config) == tmp_path / "b"
    assert find_run(tmp_path, replace(config, seed=1)) is None
