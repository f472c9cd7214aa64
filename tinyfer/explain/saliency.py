"""Saliency: which pixels does a prediction hang on? And does the answer mean anything?

    task.py         the number F that is explained, and its gradient
    gradients.py    gradient, gradient*input, SmoothGrad, integrated gradients
    layerwise.py    Grad-CAM and guided backpropagation: layer by layer
    occlusion.py    covering squares
    geometry.py     where a unit of a convolution stands
    sanity.py       is it about the network? randomise the layers, and see whether the maps notice
    faithful.py     is it about F? delete and insert pixels in the order of a map
    planted.py      is it right? a network for which one patch is known to be all that counts
    audit.py        the last three for every method: numbers and tables
    regions.py      mean maps, and their shares in eyes, mouth and border

docs/saliency.md shows what came out.
"""

import numpy as np

from tinyfer.data.faces import blank
from tinyfer.explain.gradients import gradient, gradient_times_input, integrated, smoothgrad
from tinyfer.explain.layerwise import gradcam, guided
from tinyfer.explain.occlusion import occlusion
from tinyfer.explain.score import SCORES, Task, seen_part, window

METHODS = {
    "gradient": gradient,
    "gradient*input": gradient_times_input,
    "smoothgrad": smoothgrad,
    "integrated": integrated,
    "gradcam": gradcam,
    "guided": guided,
    "occlusion": occlusion,
}


def saliency(model, faces, target=None, method="gradient", of="probability", signed=False,
             batch_size=64, progress=None, **options):
    """Saliency maps: how much each pixel matters to F, by one of METHODS.

    faces: (N, 48, 48) uint8, or floats in [0, 1], none of a single grey. target: the class
    explained, a number or a name, for all faces or one for each; None: the class predicted.
    method: "gradient" (the study's), "gradient*input", "smoothgrad", "integrated", "gradcam",
    "guided" or "occlusion"; each is derived, with its options, in its docstring. of: F is the
    "probability" of the target or its "logit".
    signed: False gives absolute values (Grad-CAM: its positive part); True keeps the signs, above 0
    for what raises F. progress: called as progress(inputs done, in all) after each batch.

    Returns (N, 48, 48) in the model's dtype, raw values (pictures scale them). Where the network
    does not look (`tinyfer.core.inference.seen`; four rows and columns of 48) they are exactly 0. The maps do not depend on batch_size beyond rounding. Evaluation mode; disturbs
    neither a training nor another thread. Chapter 15 of the course, and docs/saliency.md.

    Raises ValueError for an unknown method, F or class, faces of another size or range, targets
    that are not one for each face, a face of a single grey, or options out of range.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    if of not in SCORES:
        raise ValueError(f"of is {of!r}; expected one of {', '.join(SCORES)}")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; expected at least 1")
    x = window(model, faces)
    _refuse_blank(faces)
    target = targets(model, faces, target)
    maps = np.zeros(np.shape(faces), model.dtype)
    if len(x):
        task = Task(model, x, target, of, batch_size, progress)
        seen_part(model, maps)[...] = METHODS[method](task, **options)
    return maps if signed else unsigned(maps, method)


def unsigned(maps, method):
    """Signed maps as they are usually shown: absolute or, for Grad-CAM, their positive part."""
    return np.maximum(maps, 0) if method == "gradcam" else np.abs(maps)


def targets(model, faces, target=None):
    """The number of the class to explain for each face: (N,) int64; see `saliency`."""
    if target is None:
        return model.predict(faces)
    names = model.class_names
    N, K = len(faces), len(names)
    if np.ndim(target) == 0:
        target = [target] * N
    if np.shape(target) != (N,):
        raise ValueError(f"target has shape {np.shape(target)}; expected one class, or one for "
                         f"each of the {N} faces")
    numbers = np.empty(N, np.int64)
    for n, each in enumerate(target):
        if isinstance(each, str) and each in names:
            numbers[n] = names.index(each)
        elif isinstance(each, (int, np.integer)) and 0 <= each < K:
            numbers[n] = each
        else:
            raise ValueError(f"this network has no class {each!r}; expected one of "
                             f"{', '.join(names)}, or a number from 0 to {K - 1}")
    return numbers


def _refuse_blank(faces):
    if len(faces) and blank(faces).any():
        n = int(blank(faces).argmax())
        raise ValueError(f"face {n} is of a single grey: there is nothing in it to explain")
