"""Training on arrays, and the estimator: what goes in comes out, with and without scikit-learn."""

import pickle

import numpy as np
import pytest
from tiny import small_cnn

import tinyfer
from tinyfer import ExpressionClassifier
from tinyfer.training import estimator
from tinyfer.training.loop import fit
from tinyfer.training.recipes import Recipe
from tinyfer.training.runs import read_history

NAMES = np.array(["calm", "wide awake", "moved"])
QUICK = dict(epochs=12, batch_size=8, lr=1e-2)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(estimator, "six_layer_cnn", small_cnn)


def faces(n=60, seed=0):
    """Faces bright above, in the middle or below, and their names."""
    rng = np.random.default_rng(seed)
    labels, rows = np.arange(n) % 3, np.arange(48) // 16
    X = 60 + 120 * (rows == labels[:, None])[..., None] + rng.normal(0, 9, (n, 48, 48))
    return np.clip(X, 0, 255).astype(np.uint8), NAMES[labels]


def test_all_forms_of_arrays_are_the_same_training():
    X, y = faces(24)
    places = [["a", "b", "c"].index(name) for name in np.array(list("acb"))[np.arange(24) % 3]]
    answers = [tinyfer.train(form, names, classes, epochs=1, batch_size=8).predict_proba(X)
               for form, names, classes in (
                   (X, y, None), (X[..., None], list(y), sorted(NAMES)), (X / 255, y, None),
                   (X.reshape(24, -1), y, None), (X, places, ["calm", "moved", "wide awake"]))]
    assert all(np.array_equal(answers[0], other) for other in answers[1:])


def test_the_best_epoch_is_returned_and_a_folder_kept(tmp_path, monkeypatch):
    parts = []
    monkeypatch.setattr(estimator, "fit", lambda *given: parts.append(given[2:4]) or fit(*given))
    X, y = faces()
    model = tinyfer.train(X, y, folder=tmp_path / "run", recipe=Recipe(**QUICK))
    (train, validation), = parts
    assert validation.counts().tolist() == [3, 3, 3] and len(train) == 51
    best = max(row["val_accuracy"] for row in read_history(tmp_path / "run"))
    assert np.mean(model.predict(validation.faces) == validation.labels) == best
    again = tinyfer.train(X, y, folder=tmp_path / "run", recipe=Recipe(**QUICK))
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X)), "nothing left to train"


def test_weights_to_start_from(tmp_path):
    X, y = faces()
    tinyfer.train(X, y, folder=tmp_path, **QUICK)
    model = tinyfer.train(X, y, start=tmp_path, recipe="study", epochs=1, lr=1e-9)
    assert np.mean(np.array(model.class_names)[model.predict(X)] == y) > 0.9


@pytest.mark.parametrize("change, words", [
    (dict(X=np.zeros((6, 40, 48), np.uint8)), "X has faces of 40x48 pixels; expected 48x48"),
    (dict(y=["a"] * 6), "y has 1 classes; expected two or more"),
    (dict(y=["a"] * 5 + ["b"]), "1 faces are of the class 'b'; expected two or more of each"),
    (dict(y=[0, 1, 2, 0, 1, 2], class_names=["a", "b"]), "2 classes have numbers 0 to 1"),
    (dict(y=[0.5] * 6), "y is float64"), (dict(y=[None] * 6), "names of"),
    (dict(class_names=["a", "c"]), "y holds 'b', which is not among class_names"),
    (dict(recipe="quick"), "expected a Recipe or one of study"), (dict(epochs=0), "epochs is 0"),
    (dict(speed=3), "a recipe has no 'speed'"), (dict(start="nowhere"), "nowhere is neither"),
])
def test_wrong_calls_are_named(change, words):
    arguments = dict(X=np.zeros((6, 48, 48), np.uint8), y=list("ababab"), epochs=1)
    with pytest.raises((ValueError, TypeError, OSError), match=words):
        tinyfer.train(**arguments | change)


def test_the_estimator_alone():
    X, y = faces()
    classifier = ExpressionClassifier(**QUICK)
    assert repr(classifier) == "ExpressionClassifier(epochs=12, batch_size=8, lr=0.01)"
    with pytest.raises(ValueError, match="call fit first"):
        classifier.predict(X)
    assert classifier.fit(X, y) is classifier and classifier.score(X, y) > 0.9
    assert classifier.classes_.tolist() == sorted(NAMES)
    assert classifier.model_.class_names == tuple(sorted(NAMES))
    copy = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(copy.predict_proba(X), classifier.predict_proba(X))
    assert classifier.set_params(epochs=2).get_params()["epochs"] == 2
    with pytest.raises(ValueError, match="has no parameter 'speed'; it has recipe, start"):
        classifier.set_params(speed=3)
    numbers = ExpressionClassifier(epochs=1).fit(X, np.where(y == "calm", 7, -3))
    assert numbers.classes_.tolist() == [-3, 7] and set(numbers.predict(X)) <= {-3, 7}


def test_the_estimator_in_scikit_learn():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    X, y = faces()
    classifier = ExpressionClassifier(**QUICK)
    assert is_classifier(classifier) and clone(classifier).get_params() == classifier.get_params()
    scores = cross_val_score(classifier, X, y, cv=3)
    assert len(scores) == 3 and scores.mean() > 0.8
    search = GridSearchCV(classifier, {"lr": [1e-2, 1e-9]}, cv=2).fit(X, y)
    assert search.best_params_ == {"lr": 1e-2} and search.score(X, y) > 0.8
    flat = make_pipeline(FunctionTransformer(lambda X: X.reshape(len(X), -1)), classifier)
    assert flat.fit(X, y).score(X, y) > 0.8 and flat.predict(X[:2]).shape == (2,)
