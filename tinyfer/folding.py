"""The same function with less work, for prediction: without batch norm, without unseen pixels.

Both follow from what evaluation mode computes, and hold exactly in exact arithmetic; chapter 9.
"""

import copy

import numpy as np

from tinyfer.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, Parameter


def fold_batchnorm(layers):
    """Layers that compute what `layers` compute in evaluation mode, batch norm folded away.

    With running statistics batch norm is y = s x + t for each channel, s = gamma / sqrt(var + eps)
    and t = beta - s mean. The next convolution or dense layer takes that into its own weights:

        sum of (s_c x_c + t_c) w_c + b   =   sum of x_c (s_c w_c) + (b + sum of t_c w_c)

    Dropout does nothing in evaluation, and max(s x + t) = s max(x) + t while s >= 0, so both may
    stand between. Where they may not (another layer, an s below 0), batch norm is left in.
    The layers given are not changed.
    """
    folded, pending = [], None
    for layer in layers:
        if pending is not None and not _lets_through(layer, pending):
            folded.append(pending)
            pending = None
        if isinstance(layer, BatchNorm) and pending is None:
            pending = layer
        elif isinstance(layer, (Conv2D, Dense)) and pending is not None:
            folded.append(_absorb(layer, *_scale_and_shift(pending)))
            pending = None
        elif not isinstance(layer, Dropout):
            folded.append(layer)
    return folded if pending is None else folded + [pending]


def _lets_through(layer, batchnorm):
    if isinstance(layer, MaxPool2D):
        return batchnorm.gamma.value.min() >= 0
    return isinstance(layer, (Conv2D, Dense, Dropout, Flatten))


def _scale_and_shift(batchnorm):
    s = batchnorm.gamma.value / np.sqrt(batchnorm.var + batchnorm.var.dtype.type(batchnorm.epsilon))
    return s, batchnorm.beta.value - s * batchnorm.mean


def _absorb(layer, s, t):
    """A copy of a convolution or dense layer that takes x where `layer` takes s x + t."""
    w = layer.w.value
    if isinstance(layer, Dense):
        # Flatten puts the channels of one pixel after those of the one before.
        s, t = (np.tile(v, len(w) // v.size) for v in (s, t))
    out = copy.copy(layer)
    out.w = Parameter("w", s[:, None] * w)
    out.b = Parameter("b", layer.b.value + (t[:, None] * w).reshape(-1, w.shape[-1]).sum(axis=0))
    return out


def visible_window(layers, input_shape):
    """(H, W) of the top left part of the input that the output depends on in evaluation mode.

    Max pooling drops an odd last row and column, and whatever was computed for them only: the
    six-layer network sees 44 of 48 rows and columns. It is the smallest input that gives an output
    of the same shape, found by trying one row, then one column less.
    """
    def output(shape):
        try:
            for layer in layers:
                shape = layer.output_shape(shape)
                if isinstance(layer, Flatten):
                    break
            return shape
        except ValueError:
            return None

    H, W, C = input_shape
    target = output(input_shape)
    while output((H - 1, W, C)) == target:
        H -= 1
    while output((H, W - 1, C)) == target:
        W -= 1
    return H, W
