"""Saliency: which pixels does a prediction hang on? One function for all methods."""

from typing import Any, Callable, NamedTuple

import numpy as np

from tinyfer.core import checks
from tinyfer.core.model import Sequential
from tinyfer.data.faces import blank
from tinyfer.explain import methods
from tinyfer.explain.score import Task, seen_part, window


class Method(NamedTuple):
    """A way to make maps: a function (Task, **options) -> signed maps (N, h, w).

    shares_of_f: its values claim to be shares of F, signs and all; those of the others tell how
    sensitive F is to a pixel. positive_part: what is shown without signs is the positive part, else
    the absolute value.
    """

    function: Callable
    shares_of_f: bool = False
    positive_part: bool = False

    def unsigned(self, maps):
        """Signed maps as they are usually shown."""
        return np.maximum(maps, 0) if self.positive_part else np.abs(maps)


METHODS = {
    "gradient": Method(methods.gradient),
    "gradient*input": Method(methods.gradient_times_input, shares_of_f=True),
    "smoothgrad": Method(methods.smoothgrad),
    "integrated": Method(methods.integrated, shares_of_f=True),
    "gradcam": Method(methods.gradcam, shares_of_f=True, positive_part=True),
    "guided": Method(methods.guided),
    "occlusion": Method(methods.occlusion, shares_of_f=True),
}


def saliency(model: Sequential, faces: np.ndarray, target: Any = None,
             method: str = "gradient", of: str = "probability", signed: bool = False,
             batch_size: int = 64, progress: Callable | None = None, **options: Any) -> np.ndarray:
    """Saliency maps: how much each pixel matters to F, by one of METHODS.

    faces: (N, 48, 48) uint8, or floats in [0, 1], none of a single grey; or one face (48, 48), as
    the crop of a `Reading`. target: the class explained, a number or a name, for all faces or one
    for each; None: the one that `model.predict` names, which looks once (`tinyfer.read_photo`
    averages 18 crops, and may name another). method: a name of METHODS; each is derived, with its
    options, in the docstring of its function. of: F is the "probability" of the target or its
    "logit", of one look. signed: False gives strengths (absolute values; of Grad-CAM the positive
    part); True keeps the signs, above 0 for what raises F. progress: called as progress(inputs
    done, in all) after each batch.

    Returns (N, 48, 48), or (48, 48), in the model's dtype, raw values; exactly 0 where the network
    does not look (`tinyfer.core.inference.seen`; four rows and columns of 48). Evaluation mode;
    disturbs neither a training nor another thread. Chapter 15, and docs/saliency.md.

    Raises ValueError for an unknown method, F or class, faces of another size or range, targets
    that are not one for each face, a face of a single grey, or options out of range.
    """
    if np.ndim(faces) == 2:
        return saliency(model, np.asarray(faces)[None], target, method, of, signed, batch_size,
                        progress, **options)[0]
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    batch_size = checks.count("batch_size", batch_size)
    x = window(model, faces)
    empty = blank(faces)
    if empty.any():
        raise ValueError(f"face {int(empty.argmax())} is of a single grey: there is nothing in it "
                         "to explain")
    target = targets(model, faces, target)
    maps = np.zeros(np.shape(faces), model.dtype)
    if len(x):
        task = Task(model, x, target, of, batch_size, progress)
        seen_part(model, maps)[...] = METHODS[method].function(task, **options)
    return maps if signed else METHODS[method].unsigned(maps)


def targets(model, faces, target=None):
    """The number of the class to explain for each face: (N,) int64; see `saliency`."""
    if target is None:
        return model.predict(faces)
    names, N = model.class_names, len(faces)
    if np.ndim(target) == 0:
        target = [target.item() if isinstance(target, np.ndarray) else target] * N
    if np.shape(target) != (N,):
        raise ValueError(f"target has shape {np.shape(target)}; expected one class, or one for "
                         f"each of the {N} faces")
    numbers = [names.index(each) if each in names else each for each in target]
    for each in numbers:
        if not isinstance(each, (int, np.integer)) or type(each) is bool or not (
                0 <= each < len(names)):
            raise ValueError(f"this network has no class {each!r}; expected one of "
                             f"{', '.join(names)}, or a number from 0 to {len(names) - 1}")
    return np.array(numbers, np.int64)
