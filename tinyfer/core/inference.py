"""Prediction: the same function with less work, on layers that share no state with training.

Batch norm is folded into the layer after it, pixels that no output sees are left out, and what
several windows of a face share is computed once. All of it follows from what evaluation mode
computes, and holds exactly in exact arithmetic; chapters 7, 9 and 16.
"""

import copy
import itertools
import warnings

import numpy as np
from numpy.typing import DTypeLike

from tinyfer.core import checks
from tinyfer.core.checks import Notice
from tinyfer.core.kernels.threads import at_most
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Layer, Parameter, checked_layers
from tinyfer.core.losses import softmax

# Where a network looks when it looks once: (top, left) of its window, in fractions of the rows and
# columns to spare. The same place as in training, which is known to its recipe.
WINDOWS = {"corner": (0, 0), "middle": (0.5, 0.5)}

# How many crops of a face are averaged: windows at (top, left), in fractions as above, each of the
# face and of its mirror image; one crop is the model's own window. Chapter 16.
CORNERS = (0, 0), (0, 1), (1, 0), (1, 1)
EDGES = (0, 0.5), (0.5, 0), (0.5, 1), (1, 0.5)
CENTRE = WINDOWS["middle"]
CROPS = {1: None, 2: (CENTRE,), 10: (CENTRE, *CORNERS), 18: (CENTRE, *CORNERS, *EDGES)}
IMAGES_A_THREAD = 4     # fewer are done before a second thread has come to help
FAINT = 8           # grey levels of 255: with less between dark and light, nothing can be read


def to_input(faces: np.ndarray, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Faces as the network reads them: values in [0, 1], channels last.

    faces: (N, H, W) or (N, H, W, 1), uint8 grey values (0 black, 255 white), or floats already
    in [0, 1]. Returns (N, H, W, 1) of `dtype`: uint8 divided by 255, floats unchanged (and then
    not copied if they are of `dtype` already). Raises ValueError for another shape, type or range.
    """
    faces, dtype = images_of(faces), checks.float_type(dtype)
    if faces.dtype == np.uint8:
        x = faces.astype(dtype)
        x /= 255
    elif np.issubdtype(faces.dtype, np.floating):
        # Written so that a NaN fails it too.
        if faces.size and not (faces.min() >= 0 and faces.max() <= 1):
            raise ValueError(f"faces of type {faces.dtype} must lie in [0, 1], but these reach "
                             f"from {faces.min():g} to {faces.max():g}; grey values 0 to 255 are "
                             "passed as uint8")
        x = faces.astype(dtype, copy=False)
    else:
        raise ValueError(f"faces must be uint8 or floats in [0, 1], not {faces.dtype}")
    return x[..., None]


def images_of(faces):
    """Faces (N, H, W) or (N, H, W, 1) as (N, H, W)."""
    faces = checks.plain("faces", faces)
    if faces.ndim == 4 and faces.shape[3] == 1:
        return faces[..., 0]
    if faces.ndim != 3:
        raise ValueError(f"faces must have the shape (N, H, W) or (N, H, W, 1), not {faces.shape}")
    return faces


def contrast(faces):
    """(N,): grey levels of 255 between the darkest and the lightest pixel of faces (N, H, W)."""
    span = np.ptp(faces, axis=(1, 2))
    return span if span.dtype == np.uint8 else 255 * span


def warn_of_faint(faces):
    """A `Notice` where a face, of many faces more than one in twenty, has hardly any contrast."""
    faint = contrast(faces) < FAINT
    if faint.mean() > 0.05:
        which = "the face has" if len(faces) == 1 else f"{faint.sum()} of {len(faces)} faces have"
        cause = "" if faces.dtype == np.uint8 else "; floats lie in [0, 1], and not below 1/255"
        warnings.warn(f"{which} hardly any contrast, below {FAINT} of 255 grey levels: what the "
                      f"network answers means nothing{cause}", Notice, stacklevel=4)


def checked_crops(crops):
    """crops; ValueError where it is no number of crops that can be averaged."""
    if isinstance(crops, bool) or not isinstance(crops, int) or crops not in CROPS:
        raise ValueError(f"crops is {crops!r:.40}; expected one of {', '.join(map(str, CROPS))}")
    return crops


def warn_of_range(x, training):
    """A `Notice` where x (N, H, W, 1) looks like grey values 0 to 255 or, in training, like some
    that have been divided by 255 twice; some maps of saliency ask for faces that dark."""
    if x.ndim == 4 and x.shape[3] == 1 and 0 <= x.min() < (high := x.max()):
        if high > 16 or training and high < FAINT / 255:
            warnings.warn(f"x reaches from {x.min():g} to {high:g}: expected grey values divided "
                          "by 255, once (tinyfer.to_input does it)", Notice, stacklevel=3)


def predict_proba(model, faces, batch_size=64, crops=1):
    """`model.predict_proba`: faces (N, H, W) -> (N, K), or one face (H, W) -> (K,)."""
    faces, output = checks.plain("faces", faces), model.output_shape(model.input_shape)
    if len(model.input_shape) != 3 or model.input_shape[2] != 1 or len(output) != 1:
        raise ValueError(f"this model maps {model.input_shape} to {output}; "
                         "prediction needs one that maps (H, W, 1) to (K,)")
    rows, columns = model.input_shape[:2]
    if faces.shape == (rows, columns):
        return predict_proba(model, faces[None], batch_size, crops)[0]
    if faces.ndim not in (3, 4) or faces.shape[1:] not in ((rows, columns), (rows, columns, 1)):
        raise ValueError(f"faces has shape {str(faces.shape):.50}; expected (N, {rows}, {columns}),"
                         f" or ({rows}, {columns}) for one face")
    faces, batch_size = images_of(faces), checks.count("batch_size", batch_size)
    checked_crops(crops)
    layers, (H, W) = plan(model)
    windows, sides = CROPS[crops] or (WINDOWS[model.window],), (1,) if crops == 1 else (1, -1)
    places = [(int(down * (rows - H)), int(right * (columns - W))) for down, right in windows]
    p = np.zeros((len(faces), len(model.class_names)), model.dtype)
    step = max(1, batch_size // len(sides))
    with at_most(-(-min(len(faces), step) * len(sides) // IMAGES_A_THREAD)):
        for start in range(0, len(faces), step):
            batch = faces[start:start + step]
            x = np.concatenate([to_input(batch[:, :, ::side], model.dtype) for side in sides])
            each = softmax(at_windows(layers, x, places, (H, W)))
            p[start:start + step] = each.reshape(-1, len(batch), p.shape[1]).mean(axis=0)
    if len(faces):
        warn_of_faint(faces)
    return p


def at_windows(layers, x, places, size):
    """What `layers` make of windows (H, W) = size of x at each of the places (top, left): an array
    of len(places) len(x) rows, those of the first place first.

    As long as an output depends on a window of the input, the layers are taken over all that the
    windows cover, once. A layer of stride s tells windows apart that begin at different remainders
    of s, so that x is moved by each remainder, and there are several pictures of one from there on.
    """
    local, N = windowed(layers), len(x)
    (top, left), (below, right) = (f(np.array(places), axis=0) for f in (np.min, np.max))
    H, W = size
    x = x[:, top:below + H, left:right + W]
    places = [(0, i - top, j - left) for i, j in places]
    for layer in local:
        s = layer.stride
        moves = sorted({(n, i % s, j % s) for n, i, j in places})
        if moves != [(0, 0, 0)]:
            x = np.concatenate([np.roll(x[n * N:(n + 1) * N], (-i, -j), (1, 2))
                                for n, i, j in moves])
        places = [(moves.index((n, i % s, j % s)), i // s, j // s) for n, i, j in places]
        H, W, _ = layer.output_shape((H, W, x.shape[3]))
        x = layer.forward(x)
    x = np.concatenate([x[n * N:(n + 1) * N, i:i + H, j:j + W] for n, i, j in places])
    for layer in layers[len(local):]:
        x = layer.forward(x)
    return x


def plan(model):
    """The layers that prediction runs, with batch norm folded, and the window (H, W) that they see.

    They are kept with the model, beside a copy of what they were made of, and made again where a
    number of it or an attribute of a layer is another by now. A layer of a reader's own may hold
    anything, so a model with one is folded each time.
    """
    made_of, made = vars(model).get("_plan", ((), None))
    now = _contents(model)
    if len(now) != len(made_of) or not all(map(_same, now, made_of)):
        made_of = [value.copy() if isinstance(value, np.ndarray) else value for value in now]
        made = fold_batchnorm(model.layers), visible_window(model.layers, model.input_shape)
        for layer in made[0]:
            if type(layer) is Conv2D:
                layer.transformed = {}
        if all(type(layer).__module__ == Layer.__module__ for layer in model.layers):
            model._plan = made_of, made
    layers, window = made
    return [copy.copy(layer) for layer in layers], window


def _contents(model):
    """All that decides the output of layers of this package in evaluation mode, in a row."""
    found = [model.input_shape]
    for layer in model.layers:
        found.append(type(layer))
        for name, value in vars(layer).items():
            if name != "_kept":
                found += [name, getattr(value, "value", value)]
    return found


def _same(a, b):
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return a is b or type(a) is type(b) and a == b


def seen(model):
    """(top, left, H, W) of the part of a face that decides the answer, where it is looked at once.

    For `model.forward`, leave out the first `top` rows and `left` columns: what lies beyond H and W
    is dropped by the pools.
    """
    rows, columns = model.input_shape[:2]
    H, W = visible_window(model.layers, model.input_shape)
    down, right = WINDOWS[model.window]
    return int(down * (rows - H)), int(right * (columns - W)), H, W


def separate(model):
    """A model that shares its values with `model` and nothing else: neither what a forward keeps
    for its backward, nor gradients. So a training goes on undisturbed, in this thread or another.
    """
    twin = copy.copy(model)
    twin.layers = _separate(model.layers)
    return twin


def _separate(value):
    """The same for a layer, or whatever may stand among the attributes of one."""
    if isinstance(value, Parameter):
        return Parameter(value.name, value.value)
    if isinstance(value, Layer):
        twin = copy.copy(value)
        vars(twin).update(_separate(vars(value)), _kept=None)
        return twin
    if type(value) not in (dict, list, tuple):
        return value
    held = value if isinstance(value, dict) else dict(enumerate(value))
    new = {key: _separate(each) for key, each in held.items()}
    if all(new[key] is each for key, each in held.items()):
        return value
    return new if isinstance(value, dict) else type(value)(new.values())


def fold_batchnorm(layers):
    """Layers that compute what `layers` compute in evaluation mode, batch norm folded away.

    With running statistics batch norm is y = s x + t for each channel, s = gamma / sqrt(var + eps)
    and t = beta - s mean. The next convolution or dense layer takes that into its own weights:

        sum of (s_c x_c + t_c) w_c + b   =   sum of x_c (s_c w_c) + (b + sum of t_c w_c)

    Dropout does nothing in evaluation, Flatten only renames, and max(s x + t) = s max(x) + t while
    s >= 0, so these may stand between: `Layer.passes` says so. Where anything else does, batch norm
    stays where it is.
    The layers returned are copies, as in `separate`; those given are not changed.
    """
    folded, pending = [], None
    for place, layer in enumerate(checked_layers(layers)):
        if type(layer) is BatchNorm and _reaches_weights(layer, layers[place + 1:]):
            pending = layer
        elif pending is not None and type(layer) in (Conv2D, Dense):
            folded.append(_absorb(layer, pending))
            pending = None
        else:
            folded.append(_separate(layer))
    return folded


def _reaches_weights(batchnorm, after):
    """Whether a convolution or dense layer follows, with nothing between that s x + t may not pass.
    """
    stops = (layer for layer in after if not layer.passes(batchnorm.gamma.value))
    return type(next(stops, None)) in (Conv2D, Dense)


def _absorb(layer, norm):
    """A copy of a convolution or dense layer that takes x where `layer` takes s x + t."""
    w, epsilon = layer.w.value, norm.var.dtype.type(norm.epsilon)
    s = norm.gamma.value / np.sqrt(norm.var + epsilon)
    t = norm.beta.value - s * norm.mean
    if isinstance(layer, Dense):
        # Flatten puts the channels of one pixel after those of the one before.
        s, t = (np.tile(v, len(w) // v.size) for v in (s, t))
    out = _separate(layer)
    out.w = Parameter("w", s[:, None] * w)
    out.b = Parameter("b", layer.b.value + (t[:, None] * w).reshape(-1, w.shape[-1]).sum(axis=0))
    return out


def windowed(layers):
    """The first layers whose output depends, place by place, on a window of their input."""
    return list(itertools.takewhile(
        lambda layer: layer.kernel is not None and layer.padding == 0, checked_layers(layers)))


def visible_window(layers, input_shape):
    """(H, W) of the top left part of the input that the output depends on in evaluation mode.

    Max pooling drops an odd last row and column, and whatever was computed for them only: the
    six-layer network sees 44 of 48 rows and columns. It is the smallest input that gives a map of
    the same shape before Flatten: n rows of a layer's output take (n - 1) stride + kernel of x.
    """
    local = windowed(layers)
    H, W, C = (checks.count("input_shape", n) for n in input_shape)
    for layer in local:
        H, W, C = layer.output_shape((H, W, C))
    for layer in reversed(local):
        H, W = ((n - 1) * layer.stride + layer.kernel for n in (H, W))
    return H, W
