"""scripts/lab/teachers.py: who sees which images, and whose answers are kept."""

import numpy as np
import teachers
from small import use_small_network
from tiny import small_cnn

from tinyfer.data import duplicate_groups, load_fer2013
from tinyfer.storage.arrays import load_arrays
from tinyfer.training.config import with_opinions
from tinyfer.training.experiments import prepare


def test_folds_share_no_image_and_leave_out_the_test_part(small_fer2013):
    faces = load_fer2013(small_fer2013)
    fold = teachers.folds_of(faces)
    training = faces[faces.usage == "Training"]
    assert fold.shape == (len(training),) and set(fold) == {-1, 0, 1, 2, 3, 4}
    test = prepare(faces, (7, "none", "report"), 0).test
    assert np.array_equal(training.faces[fold == -1], test.faces)
    groups = duplicate_groups(training.faces)
    for group in range(groups.max() + 1):
        assert len(set(fold[(groups == group) & (fold >= 0)])) <= 1
    assert np.array_equal(fold, teachers.folds_of(faces))


def test_an_answer_is_that_of_the_one_who_has_not_seen_it():
    fold = np.array([3, -1, 0, 4])
    answers = [np.full((4, 2), k, float) for k in range(5)]
    assert teachers.unseen(answers, fold)[:, 0].tolist() == [3, 2, 0, 4]


def test_teachers_are_trained_and_taught_from(call, small_fer2013, tmp_path, monkeypatch):
    use_small_network(monkeypatch)
    monkeypatch.setattr(teachers, "six_layer_cnn", lambda *a, **k: small_cnn(*a, **k))
    monkeypatch.setattr(teachers, "RECIPE", teachers.replace(teachers.RECIPE, crop=48))
    options = ("--data", small_fer2013, "--epochs", 1, "--out", tmp_path, "--answers",
               tmp_path / "answers.npz")
    code, out, _ = call(teachers.main, *options, "--folds", 0, 1, 2)
    assert code == 0 and "right for" not in out and not (tmp_path / "answers.npz").exists()
    code, out, _ = call(teachers.main, *options)
    assert code == 0 and "teacher 0" not in out and "right for" in out
    faces = with_opinions(load_fer2013(small_fer2013), tmp_path / "answers.npz")
    part = prepare(faces, (7, "none", "official")).train
    assert np.allclose(part.opinions.sum(axis=1), 1, atol=1e-2)
    assert load_arrays(tmp_path / "answers.npz")["probabilities"].dtype == np.float16


def test_networks_that_are_there_are_asked(call, small_fer2013, tmp_path, monkeypatch):
    networks = {"a": small_cnn(seed=0), "b": small_cnn(seed=1)}
    monkeypatch.setattr(teachers, "load_model", networks.get)
    code, out, _ = call(teachers.main, "--data", small_fer2013, "--of", "a", "b", "--answers",
                        tmp_path / "answers.npz")
    assert code == 0 and "right for" in out
    faces = load_fer2013(small_fer2013)
    training = faces[faces.usage == "Training"].faces
    mean = sum(network.predict_proba(training, crops=18) for network in networks.values()) / 2
    assert np.allclose(load_arrays(tmp_path / "answers.npz")["probabilities"], mean, atol=1e-3)
