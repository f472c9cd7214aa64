"""All tests of the maps in one go: numbers for JSON, arrays for pictures, a table to read."""

import numpy as np

from tinyfer.folding import visible_window
from tinyfer.saliency import METHODS, saliency, unsigned
from tinyfer.saliency.faithful import area, completeness, deletion_insertion, edges
from tinyfer.saliency.planted import (
    CUE_PLACE,
    DECOY_PLACE,
    highest_at,
    plant,
    share_at,
    train_small,
)
from tinyfer.saliency.regions import mean_map
from tinyfer.saliency.sanity import randomisation

# Values of these maps claim to be shares of F: pixels are ranked by them, signs and all. The others
# tell how sensitive F is to a pixel, up or down: they are ranked by strength.
SHARES_OF_F = ("gradient*input", "integrated", "gradcam", "occlusion")
CUE_TRAINED, CUE_TESTED = 1000, 100


def audit(model, data, faces=100, of="probability", options=None, seed=0, progress=None):
    """The three tests of every method, on `faces` of the Faces `data`, drawn with `seed`.

    options: dict of method -> dict of its options. progress: called as progress(done, all, what).
    Returns (summary, results): a dict for JSON, and a dict of what pictures need: "stages", "alike"
    (of `sanity.randomisation`), "share", "curves" (of `faithful.deletion_insertion`, by order) and
    "planted" (mean maps by method).
    """
    options = {method: {} for method in METHODS} | (options or {})
    chosen = np.random.default_rng(seed).permutation(len(data))[:faces]
    chosen = data.faces[np.sort(chosen)]
    common = dict(of=of, options=options, seed=seed, progress=progress)
    randomised, stages, alike = audit_randomisation(model, chosen, **common)
    faithful, share, curves = audit_faithfulness(model, chosen, **common)
    cue, planted = audit_cue(data, **common)
    summary = dict(source=data.source, faces=len(chosen), of=of, seed=seed, stages=stages,
                   randomisation=randomised, faithfulness=faithful, cue=cue)
    return summary, dict(stages=stages, alike=alike, share=share, curves=curves, planted=planted)


def audit_randomisation(model, faces, of, options, seed=0, progress=None):
    """`sanity.randomisation` over every method: (summary, stages, correlations)."""
    stages, alike = randomisation(model, faces, of=of, seed=seed, options=options,
                                  progress=progress)
    summary = {
        method: {kind: [_round(v) for v in _nanmean(values[m])] for kind, values in alike.items()}
        for m, method in enumerate(METHODS)
    }
    return summary, stages, alike


def audit_faithfulness(model, faces, of, options, seed=0, progress=None):
    """Deletion and insertion in the order of each method's map, beside orders that know less.

    "METHOD, mean map": the mean of its maps, one order for all faces; "[random]"; "[edges]": the
    contrast of the face itself. Returns (summary, share, curves). For a method the summary also has
    how often, face by face, its own map beats its mean map and the random order; and for integrated
    gradients, how far they miss completeness.
    """
    target = model.predict(faces)
    rng = np.random.default_rng(seed)
    orders = {"[random]": rng.random(np.shape(faces)), "[edges]": edges(faces)}
    summary = {}
    for number, method in enumerate(METHODS):
        if progress:
            progress(number, 2 * len(METHODS), f"maps, {method}")
        maps = saliency(model, faces, target, method, of, signed=True, **options[method])
        if method == "integrated":
            baseline = options[method].get("baseline", "black")
            black = np.zeros(model.input_shape[:2])
            summary["completeness"] = _completeness(maps, *completeness(
                model, faces, maps, black if isinstance(baseline, str) else baseline, target, of))
        orders[method] = maps if method in SHARES_OF_F else unsigned(maps, method)
        orders[f"{method}, mean map"] = np.broadcast_to(mean_map(orders[method]), np.shape(faces))
    curves = {}
    for number, (name, order) in enumerate(orders.items()):
        if progress:
            progress(len(orders) + number, 2 * len(orders), f"deletion and insertion, {name}")
        share, curves[name] = deletion_insertion(model, faces, order, target, of)
    areas = {name: {kind: area(share, values) for kind, values in both.items()}
             for name, both in curves.items()}
    summary["orders"] = {name: _faithfulness(name, areas) for name in orders}
    return summary, share, curves


def _faithfulness(name, areas):
    mine = areas[name]
    row = {}
    for kind, better in (("deletion", np.less), ("insertion", np.greater)):
        row[kind] = _round(mine[kind].mean())
        row[f"{kind}_error"] = _round(mine[kind].std(ddof=1) / np.sqrt(len(mine[kind])))
        for other, key in (("[random]", "random"), (f"{name}, mean map", "mean_map")):
            if other in areas and other != name:
                row[f"{kind}_beats_{key}"] = _round(better(mine[kind], areas[other][kind]).mean())
    return row


def _completeness(maps, gap, difference):
    """The gap against what is to be shared out, and against all that the map gives and takes."""
    mass = np.abs(maps).sum(axis=(1, 2), dtype=np.float64)
    return dict(gap_of_difference=_round(np.abs(gap).sum() / np.abs(difference).sum()),
                median_gap_of_difference=_round(np.median(np.abs(gap / difference))),
                largest_gap_of_mass=_round(np.max(np.abs(gap) / mass)),
                mean_difference=_round(np.abs(difference).mean()), mean_mass=_round(mass.mean()))


def audit_cue(data, of, options, seed=0, progress=None):
    """A small network trained on these faces with a patch planted (planted.py), and what each
    method finds of it: (summary, {name: (48, 48)} mean maps).

    data: Faces; up to 1,000 are learnt from and 100 others explained.
    """
    if progress:
        progress(0, len(METHODS) + 1, "training a network on a planted patch")
    chosen = np.random.default_rng(seed).permutation(len(data))[:CUE_TRAINED + CUE_TESTED]
    tested = min(CUE_TESTED, len(chosen) // 5)
    planted = plant(data[chosen], seed)
    test, model = planted[:tested], train_small(planted[tested:], seed)
    means, rows = {}, {}
    for number, method in enumerate((*METHODS, "[edges]"), 1):
        if progress:
            progress(number, len(METHODS) + 1, f"planted patch, {method}")
        if method in METHODS:
            own = {key: v for key, v in options[method].items() if key != "layer"}
            maps = saliency(model, test.faces, None, method, of, **own)
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


def as_markdown(summary):
    """The audit as Markdown: a table for each of the three tests."""
    randomised, orders = summary["randomisation"], summary["faithfulness"]["orders"]
    cue = summary["cue"]
    tables = [_table(
        ("method", "last layer random", "all layers random", "last layer, signed", "all, signed"),
        [(method, *(f"{kinds[kind][stage]:.2f}" if kinds[kind][stage] is not None else ""
                    for kind in ("absolute", "signed") for stage in (1, -1)))
         for method, kinds in randomised.items()])]
    rows = []
    for name in (*METHODS, "[edges]", "[random]"):
        row, mean = orders[name], orders.get(f"{name}, mean map")
        rows.append([name.strip("[]")])
        for kind in ("deletion", "insertion"):
            rows[-1] += [f"{row[kind]:.3f} ± {row[kind + '_error']:.3f}",
                         f"{mean[kind]:.3f}" if mean else "",
                         _percent(row.get(f"{kind}_beats_random")),
                         _percent(row.get(f"{kind}_beats_mean_map"))]
    tables.append(_table(
        ("order of", "deletion", "its mean map", "beats random", "beats mean map",
         "insertion", "its mean map", "beats random", "beats mean map"), rows))
    tables.append(_table(
        ("method", "share on the patch", "on the decoy", "highest point on the patch"),
        [(name.strip("[]"), *(_percent(row[key]) for key in ("patch", "decoy", "highest")))
         for name, row in cue["methods"].items()]))
    return "\n\n".join(tables)


def _table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def _percent(value):
    return "" if value is None else f"{100 * value:.0f} %"


def _nanmean(values):
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=-1)
    return np.divide(total, known.sum(axis=-1), out=np.full(total.shape, np.nan),
                     where=known.any(axis=-1))


def _round(value):
    """Four decimals, as JSON takes them: NaN becomes None."""
    return None if np.isnan(value) else round(float(value), 4)
