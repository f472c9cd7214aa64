"""Square boxes in a picture: which of many on one thing stay, and what lies in each. Chapter 20."""

import math

import numpy as np
from numba import get_num_threads, get_thread_id, prange

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import helper, kernel
from tinyfer.core.kernels.memory import empty


def kept_boxes(boxes, most):
    """Which of the boxes stay: (N,) bool.

    boxes (N, C), C at least 3, the surest first: x and y of the middle, side. A box stays unless
    its intersection over union with one that stays before it is greater than `most`. ValueError
    for other shapes and types.
    """
    boxes = np.ascontiguousarray(boxes)
    if boxes.ndim != 2 or boxes.shape[1] < 3 or boxes.dtype.kind not in "iuf":
        raise ValueError(f"boxes has shape {boxes.shape} and dtype {str(boxes.dtype):.40}; "
                         "expected numbers in (N, 3) or wider")
    if boxes.dtype not in checks.FLOATS:
        boxes = boxes.astype(np.float64)
    return _kept(boxes, float(most))


@kernel()
def _kept(boxes, most):
    N = len(boxes)
    stays = np.ones(N, np.bool_)
    for n in range(N):
        if not stays[n]:
            continue
        for m in range(n + 1, N):
            half = (boxes[n, 2] + boxes[m, 2]) / 2
            least = min(boxes[n, 2], boxes[m, 2])
            width = min(half - abs(boxes[n, 0] - boxes[m, 0]), least)
            height = min(half - abs(boxes[n, 1] - boxes[m, 1]), least)
            if width > 0 and height > 0:
                both = width * height
                union = boxes[n, 2] ** 2 + boxes[m, 2] ** 2 - both
                if both > most * union:
                    stays[m] = False
    return stays


@helper
def _shares(start, scale, most, first, shares):
    """What each pixel of a line of the picture, from `first` on, gives to each of the output."""
    support = max(scale, np.float32(1))
    for i in range(len(first)):
        middle = start + (i + np.float32(0.5)) * scale
        first[i] = int(math.floor(middle - support + np.float32(0.5)))
        total = np.float32(0)
        for t in range(most):
            distance = abs(first[i] + t + np.float32(0.5) - middle)
            shares[i, t] = max(np.float32(0), 1 - distance / support)
            total += shares[i, t]
        for t in range(most):
            shares[i, t] /= total


@kernel(parallel=True, error_model="numpy")
def _cut(picture, boxes, out, rows, firsts, shares):
    """Each iteration owns one window: a row of it from rows of the picture, then its columns."""
    height, width = picture.shape
    size = out.shape[1]
    for n in prange(len(boxes)):
        thread = get_thread_id()
        down, right = firsts[2 * thread], firsts[2 * thread + 1]
        below, beside = shares[2 * thread], shares[2 * thread + 1]
        scale = boxes[n, 2] / np.float32(size)
        most = int(2 * max(scale, 1)) + 2
        _shares(boxes[n, 1] - boxes[n, 2] / 2, scale, most, down, below)
        _shares(boxes[n, 0] - boxes[n, 2] / 2, scale, most, right, beside)
        low = min(max(right[0], 0), width - 1)
        high = min(max(right[size - 1] + most, low + 1), width)
        inside = right[0] >= low and right[size - 1] + most <= high
        row = rows[thread, :high - low]
        for i in range(size):
            for c in range(high - low):
                row[c] = 0
            for t in range(most):
                line = picture[min(max(down[i] + t, 0), height - 1), low:high]
                for c in range(high - low):
                    row[c] += below[i, t] * line[c]
            for j in range(size):
                z = np.float32(0)
                for t in range(most):
                    at = right[j] + t - low
                    if not inside:
                        at = min(max(at, 0), high - low - 1)
                    z += beside[j, t] * row[at]
                out[n, i, j] = z


def cut_windows(picture, boxes, size):
    """The windows of square boxes, each scaled to (size, size): (N, size, size) float32.

    picture (H, W) uint8; boxes (N, C), C at least 3: x and y of the middle, side. Each pixel is a
    mean weighted by a triangle over the area that it stands for (bilinear where a window is
    enlarged); beyond the picture's edges the edges go on. ValueError for boxes of no size.
    """
    boxes = np.ascontiguousarray(boxes[:, :3], np.float32)
    if not (np.abs(boxes) < 1e6).all() or not (boxes[:, 2] > 0).all():
        raise ValueError("boxes have places below 1,000,000 and sides above 0")
    out = empty((len(boxes), size, size), np.float32)
    threads = get_num_threads()
    widest = int(2 * max(boxes[:, 2].max(initial=0) / size, 1)) + 2
    _cut(np.array(picture, order="C"), boxes, out, empty((threads, picture.shape[1]), np.float32),
         empty((2 * threads, size), np.int64), empty((2 * threads, size, widest), np.float32))
    return out
