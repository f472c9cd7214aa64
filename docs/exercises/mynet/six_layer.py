"""The capstone: the network of the course, out of your own pieces."""

import numpy as np

WIDTHS = 32, 64, 128, 128, 256, 256, 256


def six_layer_network(K, rng, widths=WIDTHS, side=48, dtype=np.float64):
    """A Network for images (N, side, side, 1) and K classes.

    Three times: two 3x3 convolutions, each followed by ReLU and batch norm, then max pooling and
    dropout of 0.25. Then flatten, dense, ReLU, batch norm, dropout of 0.5, and dense to K numbers.
    widths: the channels of the six convolutions and of the first dense layer. All weights by
    glorot_uniform with rng, in the order of the layers, as dtype; biases 0. The same rng drives
    the dropout. A 3x3 window costs two rows, a pool half of the rows.
    """
    raise NotImplementedError


def load_weights(network, arrays):
    """Copy stored weights into the network, in place.

    arrays: dict of arrays by the names that tinyfer gives: "conv1.w", "conv1.b" ... "conv6.b",
    "dense1.w" ... "dense2.b", "bn1.gamma", "bn1.beta", "bn1.mean", "bn1.var" ... "bn7.var":
    each kind of layer is numbered from 1.
    """
    raise NotImplementedError
