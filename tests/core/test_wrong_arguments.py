"""Everything public, called with each of its arguments wrong: the calls are made from signatures.

A function or class that is added is called on the day it is added; where one of its arguments has a
name that RIGHT and WRONG do not know, the test says so. In processes of their own, once more under
`-W error` with NumPy told to raise: each call ends in one sentence of a ValueError or a TypeError.
"""

import importlib
import inspect
import warnings

import numpy as np
import pytest
from child import python
from tiny import small_cnn

import tinyfer
from tinyfer.core.layers import BatchNorm, Dense, Dropout, Flatten
from tinyfer.core.optim import SGD
from tinyfer.data.augment import Augmentation
from tinyfer.data.drawn import draw_faces

ROOMS = ["core.layers", "core.losses", "core.optim", "core.model", "core.networks",
         "core.inference", "core.gradcheck", "scores.metrics", "data.augment",
         "data.splits"]
# What is made for the inside, takes what only the package makes, or checks as late as scikit-learn
# wants it: these are held elsewhere.
EXEMPT = {"walk", "Layer", "Optimizer", "RelativeError", "packaged", "find_weights", "read_model",
          "separate", "seen", "format_report", "bins_to_draw", "macro_roc", "Parts", "contrast",
          "warn_of_range", "warn_of_faint", "predict_proba", "layer_errors", "direction_error",
          "network_errors", "checked_layers", "at_windows", "plan", "windowed",
          "ExpressionClassifier", "changed"}
SLOW = {"train"}        # is called with wrong arguments only
NUMBER = [None, "a", np.nan, [0.5], 1j]
COUNT = [None, "3", np.nan, [2], 2.5, -1, True]
ANY = [None, 3, "x", object(), {}]


def arrays(right, *wrong):
    """What stands for no right array anywhere: no array, masked, complex, of texts, objects."""
    right = np.array(right)
    return [None, "x", object(), {}, np.ma.masked_array(right, right == right.flat[0]),
            right.astype(complex), right.astype("U9"), right.astype(object), right[..., None, None],
            *wrong]


FACES = np.random.default_rng(0).integers(0, 256, (4, 48, 48), dtype=np.uint8)
LABELS, PREDICTIONS = np.array([0, 1, 2, 1]), np.array([0, 1, 1, 1])
LOGITS = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)
PROBABILITIES = tinyfer.softmax(LOGITS)
MODEL = small_cnn(3)
BINARY, SCORES = np.array([0, 1, 1, 0]), np.array([0.2, 0.8, 0.4, 0.1])
RNG = np.random.default_rng(2)

# By the name of an argument: what is right, and what is wrong for every function that has it.
TABLE = {
    "faces": (FACES, arrays(FACES, FACES[:, 0], np.full(FACES.shape, np.nan), FACES * 1.0,
                            FACES.astype(int))),
    "x": (FACES[..., None] / np.float32(255), arrays(FACES / 255.0, FACES / 255.0 > 0.5)),
    "labels": (LABELS, arrays(LABELS, LABELS + 0.5, LABELS - 1, LABELS * np.nan)),
    "predictions": (PREDICTIONS, arrays(PREDICTIONS, PREDICTIONS[:3], PREDICTIONS + 0.5)),
    "probabilities": (PROBABILITIES, arrays(PROBABILITIES, PROBABILITIES[:3], PROBABILITIES[0],
                                            LOGITS)),
    "logits": (LOGITS, arrays(LOGITS, LOGITS[0], LOGITS.astype(int), LOGITS[:0], [[1.0, 2.0]])),
    "targets": (PROBABILITIES, arrays(PROBABILITIES, 2 * PROBABILITIES, PROBABILITIES[:3],
                                      PROBABILITIES * np.nan)),
    "class_weights": (np.ones(3), arrays(np.ones(3), [1, 2], [1, 2, np.nan], [1, 2, -1])[1:]),
    "positive": (BINARY, arrays(BINARY, BINARY[:3], BINARY * np.nan, BINARY + 0.5, BINARY * 2)),
    "scores": (SCORES, arrays(SCORES, SCORES[:3], SCORES * np.nan)),
    "one": (LABELS, arrays(LABELS, LABELS[:3], LABELS + 0.5)),
    "other": (PREDICTIONS, arrays(LABELS, LABELS[:3], LABELS + 0.5)),
    "fpr": (np.array([0, 0.5, 1]), arrays([0, 0.5, 1.0], [0.0, 1], [1, 0.5, 0], [0, np.nan, 1])),
    "tpr": (np.array([0, 0.5, 1]), arrays([0, 0.5, 1.0], [0.0, 1], [0, np.nan, 1])),
    "threshold": (0.5, NUMBER), "z": (1.96, NUMBER),
    "correct": (3, [*COUNT, 5]), "n": (4, COUNT), "K": (3, [*COUNT, 2]), "bins": (5, [*COUNT, 0]),
    "class_names": (("a", "b", "c"), [3, "abc", ["a", "b"], ["a", "a", "b"], [1, 2, 3], object()]),
    "names": (("a", "b"), [3, "ab", ["a", "a"], [1], ["\n"], None]),
    "layers": ([Flatten(), Dense(4, 2, RNG)], [*ANY, [1], [None], [Flatten]]),
    "input_shape": ((2, 2, 1), [*ANY, (0, 2, 1), (2.5, 2, 1), (2, 2, 3), (-2, 2, 1)]),
    "rng": (RNG, [7, "r", np.random]),
    "c_in": (2, [*COUNT, 0]), "c_out": (3, [*COUNT, 0]), "channels": (3, [*COUNT, 0]),
    "relu": (True, [None, "no", 2, np.float64]),
    "dtype": (np.float32, [None, int, "f2", complex, "U3", ">f4", "nonsense", 7]),
    "rate": (0.5, [*NUMBER, 1, -0.1]), "momentum": (0.5, [*NUMBER, -0.1, 1.5, True]),
    "epsilon": (1e-3, [*NUMBER, -1, np.inf]),
    "parameters": (MODEL.parameters(), [*ANY[:4], (), [np.ones(3)], [1], MODEL.parameters() * 2]),
    "lr": (1e-3, [*NUMBER, 0, -1, np.inf, 1e300, True]),
    "beta1": (0.9, [*NUMBER, 1, -0.1]), "beta2": (0.9, [*NUMBER, 1, -0.1]),
    "eps": (1e-7, [*NUMBER, 0, -1, np.inf]), "weight_decay": (0.1, [*NUMBER, -1, 1e300]),
    "s": (0.5, [None, "a", [0.5], 1j]), "rise": (0.75, [None, "a", 1j]),
    "smoothing": (0.1, [*NUMBER, 1, -0.1]), "classes": (3, [*COUNT, 0]),
    "seed": (0, ["a", 2.5, -1]), "function": (small_cnn.__wrapped__, [*ANY, lambda: MODEL]),
    "place": ("five-class", [None, 3, 2.5, [], b"x"]),
    "model": (MODEL, [None, 3, 2.5, object(), [MODEL]]), "batch_size": (2, [*COUNT, 0]),
    "crops": (2, [None, "a", 3, np.nan, True, [2]]),
    "shape": ((3, 4), ["ab", object(), (2.5, 1)]), "fan_in": (3, [None, "a"]),
    "fan_out": (3, [None]),
    "forward": (lambda: np.ones(2), [None, 3]), "dout": (np.ones(2), [None, "x", np.ones(3), {}]),
    "h": (1e-5, [None, "a", 0, -1, np.nan]), "floor": (1e-2, ["a", None]),
    "analytic": (np.ones(3), [None, "x", np.ones(2)]),
    "numerical": (np.ones(3), [None, np.ones(2)]),
    "name": ("w", []), "value": (np.ones(3), arrays(np.ones(3))[:-1] + [3, np.ones(3, int)]),
    "augmentation": (Augmentation(shift=0.1), [*ANY]),
    "size": ((44, 44), ["ab", 3, (0, 4), (2.5, 3)]),
    "alpha": (0.2, [*NUMBER, -1]),
    **{each: (0.1, [*NUMBER, -1]) for each in ("rotation", "scale", "shear", "shift", "erase",
       "horizontal_flip", "brightness", "contrast", "gamma", "blur", "noise")},
    "data": (draw_faces(210), []), "part": (draw_faces(21), []), "kind": ("report", [None, 3, "x"]),
    "most": (14, [*COUNT, 0]),
    "picture": (FACES[0].repeat(3, 0).repeat(3, 1),
                [None, 2.5, object(), np.zeros(5), FACES[0] + 0j]),
    "smallest": (20, [*COUNT[1:], 1]), "box": (None, [3, "abcd", (1, 2), (np.nan,) * 4]),
    "target": (1, [99, -1, 2.5, "nobody", [0, 1], object(), True]),
    "method": ("gradient", [None, 3, "x", []]), "of": ("logit", [None, 3, "x", []]),
    "pictures": ([FACES[0]], [None, 3, object()]),
    "arrays": (MODEL.state(), [*ANY[:4], {"a": 1}, [1]]),
    "X": (FACES, arrays(FACES, FACES[:, 0])),
    "y": (BINARY, [None, 3, "x", BINARY[:3], BINARY + 0.5]),
    "recipe": ("study", ["x", 3, []]), "start": (None, [3, 2.5, object()]),
    "film": ([FACES[0]], [None, 3, object()]), "every": (2, [*COUNT[:-1], 0]),
    # Taken for true or false, or called: Python's own answers.
    **{each: (None, []) for each in ("whole", "signed", "progress", "training", "trainable",
                                     "find", "folder", "imbalanced")},
}
# Where a function means another thing by a name.
OWN = {
    ("fold_batchnorm", "layers"): (MODEL.layers, [*ANY, [1]]),
    ("numerical_gradient", "x"): (np.ones(2), arrays(np.ones(2))[:-1] + [np.ones(2, np.float32)]),
    ("accuracy", "labels"): (LABELS, arrays(LABELS, LABELS[:3], LABELS + 0.5)),
    ("mix", "targets"): (PROBABILITIES, arrays(PROBABILITIES, PROBABILITIES[:3])),
    ("visible_window", "input_shape"): ((2, 2, 1), [*ANY, (0, 2, 1), (2.5, 2, 1), (-2, 2, 1)]),
    ("mcnemar", "labels"): (LABELS, arrays(LABELS, LABELS[:3], LABELS + 0.5)),
    ("images_of", "faces"): (FACES, arrays(FACES, FACES[:, 0])),
    ("Sequential.output_shape", "shape"): ((48, 48, 1), [None, 3, "ab", (48,), (2.5, 2, 1)]),
    ("Adam.load_state", "arrays"): (tinyfer.Adam(MODEL.parameters()).state(),
                                    [*ANY[:4], {"a": 1}, [1]]),
    ("draw_faces", "class_names"): (("happy", "sad"), [3, "happy", ["nobody"], [1, 2], object()]),
    ("train", "class_names"): (("a", "b"), [3, "ab", ["a", "a"], [1, 2], object()]),
    ("one_cycle", "start"): (0.04, ["a", {}]),
    # What is wrong in a frame is told in its place, and the film goes on.
    **{("watch", each): (None, []) for each in ("crops", "smallest", "threshold", "rate")},
    **{(each, "path"): None for each in ("load_fer2013", "load_data", "find_data", "save")},
    ("select_classes", "classes"): (5, [None, "x", -1, 2.5, [2]]),
    ("mix", "x"): (FACES / np.float32(255), arrays(FACES / 255.0)[:-1]),
    ("glorot_uniform", "dtype"): (np.float32, []),
    ("wilson_interval", "n"): (4, [*COUNT, 2]),
    ("six_layer_cnn", "classes"): (3, [*COUNT, 1]),
    ("Sequential", "class_names"): (("a", "b"), [3, "ab", ["a"], ["a", "a"], [1, 2], object()]),
}


def public():
    """(name, callable) of all that a reader may call, methods of a model and an optimizer too."""
    found = {name: getattr(tinyfer, name) for name in tinyfer.__all__}
    for room in ROOMS:
        module = importlib.import_module(f"tinyfer.{room}")
        found |= {name: thing for name, thing in vars(module).items()
                  if callable(thing) and not name.startswith("_")
                  and getattr(thing, "__module__", None) == module.__name__}
    for thing in MODEL, tinyfer.Adam(MODEL.parameters()):
        found |= {f"{type(thing).__name__}.{name}": method
                  for name, method in inspect.getmembers(thing, inspect.ismethod)
                  if not name.startswith("_") and name not in ("backward", "step")}
    return {name: thing for name, thing in found.items() if name not in EXEMPT}


def arguments(name, thing):
    """{argument: (right, wrong ones)} by the signature of a callable; None where it is left out."""
    known, unknown = {}, []
    for key, parameter in inspect.signature(thing).parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        entry = OWN.get((name, key), OWN.get((name.split(".")[-1], key), TABLE.get(key, ())))
        if entry == ():
            unknown.append(key)
        known[key] = entry
    assert not unknown, f"{name}: say in TABLE what a right and a wrong {', '.join(unknown)} is"
    return known


def make_wrong_calls(strict=False):
    """In a child: print how many calls were made; fail where one does not end as it must."""
    if strict:
        warnings.simplefilter("error")
        np.seterr(all="raise")
    made, faults = 0, []
    for name, thing in public().items():
        table = arguments(name, thing)
        if None in table.values():
            continue
        right = {key: entry[0] for key, entry in table.items() if entry[0] is not None}
        try:
            name in SLOW or thing(**right)
        except Exception as error:
            faults.append(f"{name} refuses what is right: {error!r:.200}")
            continue
        for key, entry in table.items():
            for wrong in entry[1]:
                made += 1
                call = f"{name}({key}={wrong!r:.60})"
                try:
                    answer = thing(**(right | {key: wrong}))
                    list(answer if inspect.isgenerator(answer) else [])
                except Exception as error:
                    if type(error) not in (ValueError, TypeError) or not (
                            8 < len(str(error)) < 300 and "\n" not in str(error)):
                        faults.append(f"{call} ends in {error!r:.200}")
                else:
                    faults.append(f"{call} was answered")
    assert not faults, f"{len(faults)} of {made} calls:\n" + "\n".join(faults)
    print(made)


@pytest.mark.parametrize("strict", [False, True], ids=["as usual", "warnings and NumPy raise"])
def test_every_wrong_argument_ends_in_one_sentence(strict):
    code = f"from test_wrong_arguments import make_wrong_calls; make_wrong_calls({strict})"
    assert int(python(code, minutes=10)) > 1200


def test_a_number_set_later_is_checked_too():
    """Every float that a constructor takes."""
    optimizer, tried = tinyfer.Adam(MODEL.parameters(), lr=1e-3, weight_decay=10), []
    for held in optimizer, SGD(MODEL.parameters()), BatchNorm(2), Dropout(0.5, RNG):
        for name in inspect.signature(type(held)).parameters:
            if isinstance(right := getattr(held, name, None), float):
                tried.append(name)
                for wrong in np.nan, np.inf, -1, "fast", None:
                    with pytest.raises(ValueError, match=f"{name} is .* expected a number in"):
                        setattr(held, name, wrong)
                    assert getattr(held, name) == right
    assert tried == ["lr", "beta1", "beta2", "eps", "lr", "momentum", "momentum", "epsilon", "rate"]
    optimizer.lr = 1
    with pytest.raises(ValueError, match="weight_decay is 10"):
        optimizer.step()
