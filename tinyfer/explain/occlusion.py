"""Occlusion: cover a square, and see what happens. No gradient at all."""

import numpy as np


def occlusion(task, size=8, stride=None):
    """map = mean, over the squares that cover a pixel, of the drop F(x) - F(x with it covered).

    Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2. A
    square is size x size pixels, in the face's mean grey, and moves by `stride`, by default half a
    side; the last one of a row or column is moved inside where it would stick out. Above 0:
    covering it hurts F. Signed, (N, h, w) float64. ValueError where size does not fit, or stride
    leaves gaps.
    """
    x, stride = task.x, max(1, size // 2) if stride is None else stride
    height, width = x.shape[1:3]
    if not 1 <= size <= min(height, width) or not 1 <= stride <= size:
        raise ValueError(f"occlusion needs 1 <= stride <= size <= {min(height, width)}, "
                         f"got size {size} and stride {stride}")
    rows, columns = (_starts(length, size, stride) for length in (height, width))
    cover = np.array([_square(height, width, top, left, size) for top in rows for left in columns])
    grey = x.mean(axis=(1, 2, 3), keepdims=True)

    before = task.scores(lambda i, k: x[i])
    covered = task.scores(lambda i, k: np.where(cover[k][..., None], grey[i], x[i]), len(cover))
    weight = cover.reshape(len(cover), -1).astype(float)
    drops = (before - covered) @ weight / weight.sum(axis=0)
    return drops.reshape(x.shape[:3])


def _starts(length, size, stride):
    return sorted({*range(0, length - size + 1, stride), length - size})


def _square(height, width, top, left, size):
    cover = np.zeros((height, width), bool)
    cover[top:top + size, left:left + size] = True
    return cover
