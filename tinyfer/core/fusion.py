"""Which layers of a model are computed together, and the passes over memory that this saves.

Each layer is complete by itself, in layers.py. Here stands all that a model does otherwise than one
layer after the other; the results are the same but for rounding.

* Batch norm, max pooling: the pooling reads the input of batch norm through its affine map. What
  batch norm gives out, four times as much as the pooling keeps, is never written.
* Convolution with ReLU, batch norm, on the way back: the gradient before batch norm is, channel by
  channel, a dout - (b + (x - d) c), where x is what the ReLU gave out (chapter 9). The convolution
  reads both arrays anyway, and makes that gradient where it needs it.
"""

from itertools import pairwise

from tinyfer.core.layers import BatchNorm, Conv2D, MaxPool2D


def forward(layers, x, training):
    """The output of `layers` in a row."""
    affine = None
    for layer, following in pairwise([*layers, None]):
        if affine is not None:
            x, affine = layer.forward(x, training, affine), None
        elif type(layer) is BatchNorm and type(following) is MaxPool2D:
            affine = layer.forward_all_but_out(x, training)
        else:
            x = layer.forward(x, training)
    return x


def backward(layers, dout, wants_dx=True):
    """dx of `layers` in a row, each of which has seen a forward."""
    norm = None
    for layer, before in pairwise([*reversed(layers), None]):
        if type(layer) is Conv2D:
            dout, norm = layer.backward(dout, norm, wants_dx or before is not None), None
        elif type(layer) is BatchNorm and type(before) is Conv2D and before.relu:
            norm = layer.backward_all_but_dx(dout)
        else:
            dout = layer.backward(dout)
    return dout
