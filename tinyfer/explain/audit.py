"""Can a map be believed? Tests that it may fail, beside those of randomisation.py.

    deletion        is it about F? Take pixels away in its order: F must fall
    planted_patch   is it right? Ask a network for which the right answer is known
    audit           all tests of all methods, as `tinyfer saliency --audit` prints them
"""

import numpy as np

from tinyfer.core import checks
from tinyfer.core.inference import seen, to_input
from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam
from tinyfer.explain.randomisation import randomisation
from tinyfer.explain.saliency import METHODS, saliency, targets
from tinyfer.explain.score import Task, seen_part, window

LEAST = 5           # faces: to compare each with another, and to hold one out of a training
BLUR = 5.0          # standard deviation in pixels: the expression is gone, light and head remain
LEARNT, TESTED = 1000, 100      # faces with a planted patch
PATCH, DECOY = np.s_[..., 5:13, 5:13], np.s_[..., 5:13, 35:43]      # of (N, rows, columns)
# Five patches of 2x2 pixel squares, as many white as black.
KINDS = 255 * np.kron(np.array([[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]], np.uint8)[
    [(0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0), (1, 0, 0, 1), (2, 2, 2, 2)]],
    np.ones((1, 2, 2), np.uint8))


# Deletion

def deletion(model, faces, maps, target=None, of="probability", steps=32):
    """How F changes as pixels go, or come, the highest of each map first.

        deletion:  F(x with the first q pixels blurred)         low is good
        insertion: F(blurred x with the first q pixels sharp)   high is good

    Petsiuk, Das and Saenko 2018, "RISE", section 4.3. What is taken away comes from a blurred face:
    holes are unlike any face the network has seen. Beside the area under a curve (`area`) belongs
    that of a random order, and that of the mean of many maps.

    maps: (N, 48, 48), by any method, compared within a face; only pixels the network sees take
    part, and of equal ones the first in reading order comes first. faces, target, of: as for
    `tinyfer.saliency`. Returns (share, {"deletion": F, "insertion": F}): share (steps + 1,) from 0
    to 1 of the pixels, F (N, steps + 1). ValueError for maps of another shape. Chapter 15.
    """
    steps, x = checks.count("steps", steps), window(model, faces)
    if np.shape(maps) != np.shape(faces):
        raise ValueError(f"maps has shape {np.shape(maps)}; expected that of the faces, "
                         f"{np.shape(faces)}")
    _, h, w, _ = x.shape
    order = np.argsort(-seen_part(model, maps).reshape(len(x), h * w), axis=1, kind="stable")
    place = np.argsort(order, axis=1).reshape(x.shape)
    first = np.rint(np.linspace(0, h * w, steps + 1)).astype(int)[:, None, None, None]
    soft, task = blur(x), Task(model, x, targets(model, faces, target), of)

    def curve(chosen, others):
        return task.scores(lambda i, k: np.where(place[i] < first[k], chosen[i], others[i]),
                           steps + 1)

    return first.ravel() / (h * w), {"deletion": curve(soft, x), "insertion": curve(x, soft)}


def area(share, curve):
    """The area under each curve (N, S) over share (S,), by trapezoids: (N,), the mean of F."""
    return ((curve[:, 1:] + curve[:, :-1]) / 2) @ np.diff(share)


def blur(x, sigma=BLUR):
    """x (N, H, W, 1) under a Gaussian of standard deviation sigma pixels; borders repeated."""
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)

    def matrix(n):
        pixels = np.pad(np.eye(n), ((reach, reach), (0, 0)), mode="edge")
        return sum(weight * pixels[k:k + n] for k, weight in enumerate(weights / weights.sum()))

    return (matrix(x.shape[1]) @ x[..., 0] @ matrix(x.shape[2]).T)[..., None].astype(x.dtype)


def edges(faces):
    """A map that knows no network: the absolute brightness gradient of the face itself, (N, H, W).

    sqrt of the squared central differences along rows and columns.
    """
    return np.hypot(*np.gradient(np.asarray(faces, dtype=np.float64), axis=(1, 2)))


# A planted patch

def planted_patch(faces, seed=0, epochs=8):
    """A small network for which one patch tells all, and faces to ask it: (model, faces, labels).

    Every face gets one of five labels at random, and the patch of its label stamped at PATCH. A
    patch of the same kinds, drawn at random, goes to DECOY: as striking, and worth nothing. A
    network that has learnt this looks at the first, whatever else it does, and a map of it must
    show the first and not the second (`share_at`). Kim et al. 2018, "Interpretability beyond
    feature attribution", section 4.4, and Adebayo et al. 2020, "Debugging tests for model
    explanations", plant cues likewise.

    faces: (N, 48, 48) uint8, or floats in [0, 1], in random order. A fifth, at most 100, are held
    out and returned, uint8; the others make 1,000 to learn from, over and over where they are
    fewer. ValueError for fewer than 5. Chapter 15.
    """
    if len(faces) < LEAST:
        raise ValueError(f"a planted patch needs {LEAST} faces or more, got {len(faces)}")
    tested = min(TESTED, len(faces) // LEAST)
    chosen = np.r_[:tested, np.resize(np.arange(tested, len(faces)), LEARNT)]
    faces = np.rint(255 * to_input(np.asarray(faces)[chosen])[..., 0]).astype(np.uint8)
    rng = np.random.default_rng(seed)
    labels, others = (rng.permutation(np.arange(len(faces)) % len(KINDS)) for _ in range(2))
    faces[PATCH], faces[DECOY] = KINDS[labels], KINDS[others]
    model = train_small(faces[tested:], labels[tested:], len(KINDS), epochs, seed)
    return model, faces[:tested], labels[:tested]


def train_small(faces, labels, classes, epochs=8, seed=0):
    """Two convolutions of 16 and 32 channels, trained on faces as they are: enough for one cue."""
    rng = np.random.default_rng(seed)

    def block(c_in, c_out):     # batch norm follows fast: a short training leaves it no time
        return [Conv2D(c_in, c_out, rng, relu=True), BatchNorm(c_out, momentum=0.9), MaxPool2D()]

    model = Sequential([*block(1, 16), *block(16, 32), Flatten(), Dense(3200, 64, rng, relu=True),
                        BatchNorm(64, momentum=0.9), Dense(64, classes, rng)], (48, 48, 1))
    optimizer = Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in np.split(rng.permutation(len(faces)), range(32, len(faces), 32)):
            logits = model.forward(to_input(faces[batch]), training=True)
            model.backward(softmax_cross_entropy(logits, labels[batch])[1])
            optimizer.step()
    return model


def share_at(maps, place=PATCH):
    """The share of each map that lies at a place: maps (N, 48, 48), none below 0 -> (N,).

    A map that is the same everywhere has the share of the area; one of zeros has 0.
    """
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    inside = maps[place].sum(axis=(1, 2), dtype=np.float64)
    return np.divide(inside, total, out=np.zeros(len(maps)), where=total > 0)


def highest_at(maps, place=PATCH):
    """Whether the highest point of each map lies at a place: (N,) bool."""
    return maps[place].max(axis=(1, 2)) >= maps.max(axis=(1, 2))


# All of it

def audit(model, faces, methods=tuple(METHODS), of="probability", count=60, seed=0, options=None,
          progress=None):
    """All tests, of some methods, in numbers; docs/saliency.md reads them.

    faces: (N, 48, 48), of which `count`, drawn with `seed`, are explained, each for the class the
    network predicts; the planted patch takes up to 1,100. options: dict of method -> dict of its
    options; progress: called as progress(done, in all, what is done next).

    Returns (numbers, drawn). numbers: a dict for JSON with "stages" of the randomisation, the
    "accuracy" of the network of the planted patch, and "rows", by method:

        signed, absolute       mean rank correlation at each stage     (`randomisation`)
        deletion, insertion    mean area under the curve and its standard error; that of the
                               method's mean map; the difference, own less mean map, face by face,
                               its standard error, and the fraction of faces on which own is better
        patch, decoy, highest  mean share of a map on the patch and on the decoy, and the fraction
                               of maps whose highest point is on the patch

    "edges" is the row of a map that knows no network, "random" that of a random order. drawn: what
    the pictures need, "share", mean "curves" and mean "maps" of the planted patch. ValueError for
    fewer than 5 faces, and as for `tinyfer.saliency`.
    """
    options, count = options or {}, checks.count("count", count)
    order = np.random.default_rng(seed).permutation(len(faces))
    few = np.asarray(faces)[np.sort(order[:count])]
    if len(few) < LEAST:
        raise ValueError(f"an audit needs {LEAST} faces or more, got {len(few)}")
    steps = 3 * len(methods) + 4
    done = iter(range(steps))

    def next_is(what):
        if progress:
            progress(next(done), steps, what)

    target, rows, maps, stages = targets(model, few), {}, {}, []
    for method in methods:
        next_is(f"{method}, layers made random")
        stages, alike = randomisation(model, few, (method,), of, seed, options)
        rows[method] = {kind: [_mean(values) for values in found[0]]
                        for kind, found in alike.items()}
        maps[method] = saliency(model, few, target, method, of, METHODS[method].shares_of_f,
                                **options.get(method, {}))

    maps["edges"] = edges(few)
    maps |= {f"{name}, mean map": np.broadcast_to(mean_map(each), few.shape)
             for name, each in maps.items()}
    maps["random"] = np.random.default_rng(seed).random(few.shape)
    curves, areas = {}, {}
    for name, each in maps.items():
        next_is(f"{name}, deletion and insertion")
        share, found = deletion(model, few, each, target, of)
        areas[name] = {kind: area(share, curve) for kind, curve in found.items()}
        curves[name] = {kind: curve.mean(axis=0) for kind, curve in found.items()}
    for name in (*methods, "edges", "random"):
        rows.setdefault(name, {}).update(
            {kind: _compared(kind, areas[name], areas.get(f"{name}, mean map"))
             for kind in ("deletion", "insertion")})

    next_is("a network learns a planted patch")
    network, asked, labels = planted_patch(np.asarray(faces)[order], seed)
    means = {}
    for name in (*methods, "edges"):
        found = edges(asked) if name == "edges" else saliency(
            network, asked, None, name, of, **options.get(name, {}))
        rows[name] |= dict(patch=_mean(share_at(found)), decoy=_mean(share_at(found, DECOY)),
                           highest=_mean(highest_at(found)))
        means[name] = mean_map(found)
    _, _, h, w = seen(network)
    by_chance = round(KINDS[0].size / (h * w), 4)
    rows["random"] |= dict(patch=by_chance, decoy=by_chance, highest=by_chance)
    return (dict(faces=len(few), of=of, seed=seed, stages=stages,
                 accuracy=_mean(network.predict(asked) == labels), rows=rows),
            dict(share=share, curves=curves, maps=means))


def _compared(kind, own, mean):
    row = dict(area=_mean(own[kind]), error=_error(own[kind]))
    if mean:
        difference = own[kind] - mean[kind]
        better = difference < 0 if kind == "deletion" else difference > 0
        row |= dict(mean_map=_mean(mean[kind]), difference=_mean(difference),
                    difference_error=_error(difference), better=_mean(better))
    return row


def mean_map(maps):
    """The mean (H, W) of maps (N, H, W), each divided by its absolute sum, so that faces count
    alike; maps of zeros are left out."""
    total = np.abs(maps).sum(axis=(1, 2), dtype=np.float64)
    kept = total > 0
    return (maps[kept] / total[kept, None, None]).sum(axis=0) / max(1, kept.sum())


def _mean(values):
    """To four decimals, leaving out NaN; None, as JSON has it, where there is nothing else."""
    known = values[~np.isnan(values)]
    return round(float(known.mean()), 4) if len(known) else None


def _error(values):
    return round(float(values.std(ddof=1) / np.sqrt(len(values))), 4)
