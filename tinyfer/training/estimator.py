"""Training on plain arrays: one call, and the same as scikit-learn's estimators have it."""

import inspect
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinyfer.core import checks
from tinyfer.core.inference import images_of, to_input
from tinyfer.core.model import Sequential, checked_names
from tinyfer.core.networks import load_model, six_layer_cnn
from tinyfer.data.faces import SIZE, Faces
from tinyfer.data.splits import class_weights
from tinyfer.training.config import usual_recipe
from tinyfer.training.loop import fit, start_from
from tinyfer.training.recipes import RECIPES, Recipe

HELD = 0.15             # of each class, to choose the epoch by


def train(X: ArrayLike, y: ArrayLike, class_names: Sequence[str] | None = None,
          recipe: Recipe | str | None = None, start: str | os.PathLike | None = None,
          seed: int = 0, folder: str | os.PathLike | None = None, **changes: Any) -> Sequential:
    """Train the six-layer network on arrays; returns the network of the best epoch, a Sequential.

        model = tinyfer.train(X, y, start="seven-class", epochs=5)
        model.predict_proba(faces)                          # columns as model.class_names

    X: (N, 48, 48) faces, uint8 grey values or floats in [0, 1]; a last axis of 1 may follow, or
    each face may be one row of 2,304. y: (N,) names of classes; or numbers from 0, of
    `class_names` where those are given. recipe: a Recipe or a name of RECIPES; by default "study",
    or "fine-tune" with a `start`: weights to start from, as for `load_model`, whose classes of the
    same names are kept. seed: of everything random, also of the 15 % of each class by which the
    best epoch is chosen. folder: a run folder to keep, or to go on with; else nothing is kept.
    changes: values of the recipe, as epochs, lr, batch_size, patience. Rare classes weigh more in
    the loss, but not by the recipe "best".

    TypeError or ValueError where the arrays do not fit, a class has fewer than two faces, or a
    value of the recipe is out of its range.
    """
    faces, labels, names = _checked(X, y, class_names)
    if recipe is None or isinstance(recipe, str):
        recipe = RECIPES.get(recipe or usual_recipe(None, start), recipe)
    if not isinstance(recipe, Recipe):
        raise ValueError(f"recipe is {recipe!r:.60}; expected a Recipe or one of "
                         f"{', '.join(RECIPES)}")
    unknown = changes.keys() - vars(recipe).keys()
    if unknown:
        raise TypeError(f"a recipe has no {sorted(unknown)[0]!r:.60}")
    recipe = replace(recipe, **changes)
    held = _held_out(labels, names, seed)
    data = Faces(faces, labels, np.full(len(faces), "Training"), names, "arrays")
    model = six_layer_cnn(classes=len(names), seed=seed, class_names=names)
    if start is not None:
        start_from(model, load_model(start))
    weights = None if recipe.name == "best" else class_weights(labels[~held], len(names))
    with tempfile.TemporaryDirectory() as passing:
        place = Path(folder or passing)
        place.mkdir(parents=True, exist_ok=True)
        fit(model, recipe.make_optimizer(model), data[~held], data[held], place, recipe, weights)
        return load_model(place / "best.npz")


class ExpressionClassifier:
    """`tinyfer.train` with scikit-learn's fit, predict, predict_proba and score, which needs no
    scikit-learn but works in its pipelines and searches.

        classifier = tinyfer.ExpressionClassifier(start="seven-class", epochs=5)
        sklearn.model_selection.cross_val_score(classifier, X, y, cv=5)

    Parameters and X as for `train`; None for what the recipe has. y: (N,) labels of any kind that
    can be sorted; `predict` gives the same back. After fit: `classes_`, the labels in the order of
    the columns of predict_proba, and `model_`, the network.
    """

    _estimator_type = "classifier"

    def __init__(self, recipe: Recipe | str | None = None, start: str | os.PathLike | None = None,
                 epochs: int | None = None, batch_size: int | None = None,
                 lr: float | None = None, seed: int = 0) -> None:
        self.recipe, self.start, self.seed = recipe, start, seed
        self.epochs, self.batch_size, self.lr = epochs, batch_size, lr

    def fit(self, X: ArrayLike, y: ArrayLike) -> "ExpressionClassifier":
        """Train anew; returns self."""
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        given: dict[str, Any] = dict(epochs=self.epochs, batch_size=self.batch_size, lr=self.lr)
        self.model_ = train(X, labels, [str(label) for label in self.classes_.tolist()],
                            self.recipe, self.start, self.seed,
                            **{name: value for name, value in given.items() if value is not None})
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """(N, K): the probability of each of `classes_`."""
        if not hasattr(self, "model_"):
            raise ValueError("this classifier has not been trained: call fit first")
        return self.model_.predict_proba(_faces(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """(N,): the most probable label of each face."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """The fraction of faces that are labelled right."""
        y, found = np.asarray(y), self.predict(X)
        if y.shape != found.shape:
            raise ValueError(f"X has {len(found)} faces, but y the shape {y.shape}; expected one "
                             "label for each face")
        return float(np.mean(y == found))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> "ExpressionClassifier":
        """Set parameters by name; returns self. ValueError for a name that is none."""
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"{type(self).__name__} has no parameter {name!r:.60}; it has "
                                 f"{', '.join(self.get_params())}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self):
        """What scikit-learn, which alone calls this and so is there, asks of an estimator."""
        its = sys.modules["sklearn.utils"]
        return its.Tags("classifier", its.TargetTags(required=True),
                        classifier_tags=its.ClassifierTags())

    def __repr__(self):
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items()
                          if value not in (None, 0))
        return f"{type(self).__name__}({given})"


def _faces(X):
    """Faces (N, 48, 48) uint8 or floats in [0, 1], out of any of the shapes that they may have."""
    X = np.asarray(X)
    if X.ndim == 2 and X.shape[1] == SIZE * SIZE:
        X = X.reshape(-1, SIZE, SIZE)
    X = images_of(X)
    if X.shape[1:] != (SIZE, SIZE):
        raise ValueError(f"X has faces of {X.shape[1]}x{X.shape[2]} pixels; expected {SIZE}x{SIZE}")
    return X


def _checked(X, y, class_names):
    """(faces uint8, labels, class names)."""
    faces, y = _faces(checks.plain("X", X)), checks.plain("y", y, "iuUO")
    class_names = None if class_names is None else checked_names(class_names)
    if faces.dtype != np.uint8:
        faces = np.rint(to_input(faces)[..., 0] * 255).astype(np.uint8)
    if y.shape != (len(faces),):
        raise ValueError(f"X has {len(faces)} faces, but y the shape {y.shape}; expected one label "
                         "for each face")
    if y.dtype.kind in "iu":
        names = class_names or tuple(map(str, range(int(y.max(initial=-1)) + 1)))
        if len(y) and not 0 <= y.min() <= y.max() < len(names):
            raise ValueError(f"y reaches from {y.min()} to {y.max()}; {len(names)} classes have "
                             f"numbers 0 to {len(names) - 1}")
        return faces, y, names
    y = y.tolist()
    if not all(isinstance(name, str) for name in y):
        raise TypeError("y holds objects; expected names of classes, or numbers from 0")
    names = class_names or tuple(sorted(set(y)))
    for name in set(y) - set(names):
        raise ValueError(f"y holds {name!r:.60}, which is not among class_names")
    return faces, np.array([names.index(name) for name in y], dtype=int), names


def _held_out(labels, names, seed):
    """(N,) bool: the faces by which the epoch is chosen, drawn from each class."""
    if len(names) < 2:
        raise ValueError(f"y has {len(names)} classes; expected two or more")
    rng, held = np.random.default_rng([seed, *b"held out"]), np.zeros(len(labels), bool)
    for label, name in enumerate(names):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise ValueError(f"{len(members)} faces are of the class {name!r:.60}; expected two or "
                             "more of each")
        held[rng.choice(members, max(1, round(HELD * len(members))), replace=False)] = True
    return held
