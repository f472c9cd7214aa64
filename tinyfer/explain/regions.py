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
