"""Non-maximum suppression of square boxes, in plain loops. Chapter 20."""

import numpy as np

from tinyfer.core import checks
from tinyfer.core.kernels.compiling import kernel


def kept_boxes(boxes, most):
    """Which of the boxes stay: (N,) bool.

    boxes (N, C), C at least 3, the surest first: x and y of the middle, side. A box stays unless
    its intersection over union with one that stays before it is greater than `most`. ValueError for
    other shapes, and for what are no real numbers.
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
