"""What a layer costs at least: operations when convolved directly, and bytes to and from memory.

An operation is one multiplication or addition. Bytes count every array that a pass needs or makes
once, whatever a kernel keeps besides. Layers whose time is memory traffic count no operations
except batch norm, whose sums and multiplications per element are few but real.
"""

import math

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, MaxPool2D

FLOAT = 4


def cost(layer, shape, images):
    """((operations, bytes) of forward, of backward) for so many images of `shape`; None unknown."""
    x = images * math.prod(shape)
    out = images * math.prod(layer.output_shape(shape))
    if isinstance(layer, (Conv2D, Dense)):
        weights = layer.w.value.size
        products = weights * out // layer.b.value.size
        return ((2 * products, FLOAT * (x + weights + out)),
                (4 * products, FLOAT * (2 * x + 2 * weights + 2 * out)))
    if isinstance(layer, BatchNorm):
        return (6 * x, FLOAT * (x + out)), (7 * x, FLOAT * (x + 2 * out))
    if isinstance(layer, MaxPool2D):
        traffic = FLOAT * (x + out) + out
        return (0, traffic), (0, traffic)
    if isinstance(layer, Dropout):
        return (0, FLOAT * (x + out)), (0, FLOAT * (x + out))
    return (0, 0), (0, 0)
