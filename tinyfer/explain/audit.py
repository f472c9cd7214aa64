"""The three tests that the maps must stand: numbers for JSON, and arrays for pictures.

    randomisation   randomisation.py    is the map about the network?
    faithfulness    faithfulness.py     is it about F?
    planted         planted_patch.py    is it right?

An audit takes `of`, `options` (dict of method -> dict of its options, or None), `seed`, and
`progress`, called as progress(done, all, what). It returns (summary, arrays): what goes into JSON,
and what the pictures of tinyfer/commands/maps/pictures.py need.
"""

import numpy as np

from tinyfer.core.inference import visible_window
from tinyfer.data.drawn import cue_patches
from tinyfer.explain.faithfulness import area, completeness, deletion_insertion, edges
from tinyfer.explain.planted_patch import (
    CUE_PLACE,
    DECOY_PLACE,
    highest_at,
    plant,
    share_at,
    train_small,
)
from tinyfer.explain.randomisation import mean_known, randomisation
from tinyfer.explain.regions import mean_map
from tinyfer.explain.saliency import METHODS, saliency

CUE_TRAINED, CUE_TESTED = 1000, 100


# Randomisation

def audit_randomisation(model, faces, of, options=None, seed=0, progress=None):
    """`randomisation` over every method. Arrays: "stages", "absolute" and "signed"."""
    stages, alike = randomisation(model, faces, of=of, seed=seed, options=options,
                                  progress=progress)
    methods = {method: {kind: [_round(value) for value in mean_known(values[m])]
                        for kind, values in alike.items()} for m, method in enumerate(METHODS)}
    return dict(stages=stages, methods=methods), dict(stages=stages, **alike)


# Deletion and insertion

def audit_faithfulness(model, faces, of, options=None, seed=0, progress=None):
    """Deletion and insertion in the order of each method's map, beside orders that know less.

    "METHOD, mean map": the mean of its maps, one order for all faces; "[edges]": the contrast of
    the face itself; "[random]". Each order has its mean areas with their standard errors; one with
    a mean map also how far it lies from it, face by face: its area less that of the mean map, the
    standard error, and the share of faces on which it is better. Arrays: "share", and "curves" by
    order.
    """
    target = model.predict(faces)
    orders = {}
    summary = {}
    for number, method in enumerate(METHODS):
        if progress:
            progress(number, len(METHODS), f"maps: {method}")
        maps = saliency(model, faces, target, method, of, signed=True,
                        **(options or {}).get(method, {}))
        if method == "integrated":
            summary["completeness"] = _completeness(maps, *completeness(
                model, faces, maps, np.zeros(model.input_shape[:2]), target, of))
        orders[method] = METHODS[method].ranked(maps)
    orders["[edges]"] = edges(faces)
    for name, maps in list(orders.items()):
        orders[f"{name}, mean map"] = np.broadcast_to(mean_map(maps), np.shape(faces))
    orders["[random]"] = np.random.default_rng(seed).random(np.shape(faces))
    curves = {}
    for number, (name, order) in enumerate(orders.items()):
        if progress:
            progress(number, len(orders), f"deletion and insertion: {name.strip('[]')}")
        share, curves[name] = deletion_insertion(model, faces, order, target, of)
    areas = {name: {kind: area(share, values) for kind, values in both.items()}
             for name, both in curves.items()}
    summary["orders"] = {name: {kind: _compared(name, kind, areas)
                                for kind in ("deletion", "insertion")} for name in orders}
    return summary, dict(share=share, curves=curves)


def _compared(name, kind, areas):
    mine = areas[name][kind]
    row = dict(area=_round(mine.mean()), error=_standard_error(mine))
    if f"{name}, mean map" in areas:
        difference = mine - areas[f"{name}, mean map"][kind]
        better = difference < 0 if kind == "deletion" else difference > 0
        row |= dict(difference=_round(difference.mean()),
                    difference_error=_standard_error(difference), better=_round(better.mean()))
    return row


def _completeness(maps, gap, difference):
    """The gap against what is to be shared out, and against all that the map gives and takes."""
    mass = np.abs(maps).sum(axis=(1, 2), dtype=np.float64)
    return dict(gap_of_difference=_round(np.abs(gap).sum() / np.abs(difference).sum()),
                median_gap_of_difference=_round(np.median(np.abs(gap / difference))),
                largest_gap_of_mass=_round(np.max(np.abs(gap) / mass)),
                mean_difference=_round(np.abs(difference).mean()), mean_mass=_round(mass.mean()))


# Planted patch

def audit_planted(data, of, options=None, seed=0, progress=None):
    """A small network trained on these faces with a patch planted (planted_patch.py), and what each
    method finds of it. Arrays: mean maps by method.

    data: Faces; up to 1,000 are learnt from and 100 others explained. ValueError where they are
    fewer than 5, or of more classes than there are patches.
    """
    if len(data) < 5 or len(data.class_names) > len(cue_patches()):
        raise ValueError(f"the planted patch needs 5 faces or more of at most {len(cue_patches())} "
                         f"classes; here are {len(data)} of {len(data.class_names)}")
    if progress:
        progress(0, len(METHODS) + 1, "training a network on a planted patch")
    chosen = np.random.default_rng(seed).permutation(len(data))[:CUE_TRAINED + CUE_TESTED]
    tested = min(CUE_TESTED, len(chosen) // 5)
    planted = plant(data[chosen], seed)
    test, model = planted[:tested], train_small(planted[tested:], seed)
    means, rows = {}, {}
    for number, method in enumerate((*METHODS, "[edges]"), 1):
        if progress:
            progress(number, len(METHODS) + 1, f"planted patch, {method.strip('[]')}")
        if method in METHODS:
            maps = saliency(model, test.faces, None, method, of, **(options or {}).get(method, {}))
        else:
            maps = edges(test.faces)
        rows[method] = dict(patch=_round(share_at(maps, CUE_PLACE).mean()),
                            decoy=_round(share_at(maps, DECOY_PLACE).mean()),
                            highest=_round(highest_at(maps).mean()))
        means[method] = mean_map(maps)
    accuracy = float((model.predict(test.faces) == test.labels).mean())
    h, w = visible_window(model.layers, model.input_shape)
    area_share = (CUE_PLACE[0].stop - CUE_PLACE[0].start) ** 2 / (h * w)
    return dict(accuracy=_round(accuracy), area=_round(area_share), methods=rows), means


def _standard_error(values):
    return _round(values.std(ddof=1) / np.sqrt(len(values)))


def _round(value):
    """Four decimals, as JSON takes them: NaN becomes None."""
    return None if np.isnan(value) else round(float(value), 4)
