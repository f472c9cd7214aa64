"""Mean maps over many faces, and how much of them lies on eyes, mouth and border.

FER-2013's faces were placed by a face detector, so that eyes and mouth lie near the same pixels in
nearly all of them; the mean face shows how near. The regions below were drawn on the mean face by
eye (docs/saliency.md shows them there); drawn faces are a little larger, and have their own.
"""

from typing import NamedTuple

import numpy as np

from tinyfer.data.faces import SIZE

# Rows and columns, the last excluded. The border is the outermost four pixels all around: on
# FER-2013 mostly hair and background. All else (forehead, nose, cheeks, chin) is the rest.
EYES = {"FER-2013": (slice(11, 23), slice(6, 42)), "drawn faces": (slice(13, 25), slice(6, 42))}
MOUTH = {"FER-2013": (slice(32, 43), slice(12, 36)), "drawn faces": (slice(31, 42), slice(12, 36))}
BORDER = 4
REGIONS = ("eyes", "mouth", "border", "rest")
# What one covers to see what a face's expression hangs on: of FER-2013's faces, and so of all that
# `tinyfer.find_faces` cuts.
PARTS = {"the forehead": (slice(0, 11), slice(6, 42)), "the eyes and brows": EYES["FER-2013"],
         "the nose": (slice(23, 32), slice(15, 33)), "the mouth": MOUTH["FER-2013"]}


def region_masks(source):
    """{"eyes", "mouth", "border", "rest"} -> (48, 48) bool: they share no pixel and miss none.

    source: that of the faces, "FER-2013" or "drawn faces"; ValueError for another.
    """
    if source not in EYES:
        raise ValueError(f"no regions are drawn for {source!r}; expected one of {', '.join(EYES)}")
    masks = {name: np.zeros((SIZE, SIZE), bool) for name in REGIONS}
    masks["eyes"][EYES[source]] = True
    masks["mouth"][MOUTH[source]] = True
    inner = slice(BORDER, SIZE - BORDER)
    masks["border"][...] = True
    masks["border"][inner, inner] = False
    masks["rest"][...] = ~(masks["eyes"] | masks["mouth"] | masks["border"])
    return masks


def without_parts(model, face, crops=18):
    """What the network says of a face (48, 48) with one part covered: {part: (K,)}.

    A part of PARTS is covered in the face's mean grey; crops: as for `model.predict_proba`.
    """
    covered = np.repeat(face[None], len(PARTS), axis=0)
    for each, place in zip(covered, PARTS.values()):
        each[place] = face.mean()
    return dict(zip(PARTS, model.predict_proba(covered, crops=crops)))


def in_words(expression, probabilities, covered, names, least=0.05):
    """What covering does to a face's expression, the part that costs most of it first: a sentence.

    probabilities: {name: p} of the face; covered: as of `without_parts`; names: of the classes.
    Parts that change the probability of the expression by less than `least` are left out.
    """
    before, k = probabilities[expression], names.index(expression)
    said, verb = [], None
    for part, p in sorted(covered.items(), key=lambda item: item[1][k]):
        if abs(p[k] - before) < least:
            continue
        last, verb = verb, "lowers" if p[k] < before else "raises"
        what = f"covering {part} {verb} " + ("it" if said else f"{expression} from {before:.2f}")
        other = f" ({names[p.argmax()]} {p.max():.2f} then)" if p.argmax() != k else ""
        said.append(f"{part if verb == last else what} to {p[k]:.2f}{other}")
    return ", ".join(said) or (f"covering no single part changes {expression} {before:.2f} by "
                               f"{least} or more")


def shares(maps, masks):
    """The share of each map's sum that lies in each region: {region: (N,)}, NaN for a map of zeros.

    maps: (N, H, W), none below 0. A map that is the same everywhere would give each region its
    share of the area.
    """
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    return {name: np.divide(maps[:, mask].sum(axis=1, dtype=np.float64), total,
                            out=np.full(len(maps), np.nan), where=total > 0)
            for name, mask in masks.items()}


def mean_map(maps):
    """The mean of the maps, each first divided by its absolute sum, so that faces count alike.

    maps: (N, H, W). Maps of zeros are left out. Returns (H, W), zeros where no map is left.
    """
    total = np.abs(maps).sum(axis=(1, 2), dtype=np.float64)
    kept = total > 0
    return (maps[kept] / total[kept, None, None]).sum(axis=0) / max(1, kept.sum())


class Column(NamedTuple):
    """One group of maps: its name, number of maps, mean map (H, W), and mean share by region."""

    name: str
    count: int
    mean: np.ndarray
    share: dict


def column(name, maps, masks):
    """The Column of some maps (N, H, W), none below 0."""
    share = {region: float(np.nanmean(values)) for region, values in shares(maps, masks).items()}
    return Column(name, len(maps), mean_map(maps), share)
