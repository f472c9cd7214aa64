"""The capstone: the network of the course, out of your own pieces."""

import numpy as np

from mynet.batch_norm import BatchNorm  # solution
from mynet.convolution import Conv  # solution
from mynet.dense import Dense  # solution
from mynet.dropout import Dropout  # solution
from mynet.initialisation import glorot_uniform  # solution
from mynet.network import Flatten, Network  # solution
from mynet.pooling import MaxPool  # solution
from mynet.relu import ReLU  # solution

WIDTHS = 32, 64, 128, 128, 256, 256, 256


def six_layer_network(K, rng, widths=WIDTHS, side=48, dtype=np.float64):
    """A Network for images (N, side, side, 1) and K classes.

    Three times: two 3x3 convolutions, each followed by ReLU and batch norm, then max pooling and
    dropout of 0.25. Then flatten, dense, ReLU, batch norm, dropout of 0.5, and dense to K numbers.
    widths: the channels of the six convolutions and of the first dense layer. All weights by
    glorot_uniform with rng, in the order of the layers, as dtype; biases 0. The same rng drives
    the dropout. A 3x3 window costs two rows, a pool half of the rows.
    """
    # solution
    # Two windows of 3 take 2 rows each, a pool halves: sides of 48, 44, 22, 18, 9, 5, 2, so that
    # the first dense layer reads 2 x 2 x widths[5] numbers.
    def weights(*shape):
        return glorot_uniform(shape, rng).astype(dtype), np.zeros(shape[-1], dtype)

    layers, channels = [], 1
    for number, width in enumerate(widths[:6]):
        layers += [Conv(*weights(3, 3, channels, width)), ReLU(), BatchNorm(width, dtype=dtype)]
        channels, side = width, side - 2
        if number % 2:
            layers += [MaxPool(), Dropout(0.25, rng)]
            side //= 2
    layers += [Flatten(), Dense(*weights(side * side * channels, widths[6])), ReLU(),
               BatchNorm(widths[6], dtype=dtype), Dropout(0.5, rng), Dense(*weights(widths[6], K))]
    return Network(layers)


def load_weights(network, arrays):
    """Copy stored weights into the network, in place.

    arrays: dict of arrays by the names that tinyfer gives: "conv1.w", "conv1.b" ... "conv6.b",
    "dense1.w" ... "dense2.b", "bn1.gamma", "bn1.beta", "bn1.mean", "bn1.var" ... "bn7.var":
    each kind of layer is numbered from 1.
    """
    # solution
    kinds = {Conv: "conv", Dense: "dense", BatchNorm: "bn"}
    count = dict.fromkeys(kinds, 0)
    for layer in network.layers:
        if type(layer) in kinds:
            count[type(layer)] += 1
            name = f"{kinds[type(layer)]}{count[type(layer)]}"
            stored = dict(layer.params)
            if isinstance(layer, BatchNorm):
                stored |= {"mean": layer.mean, "var": layer.var}
            for key, array in stored.items():
                array[...] = arrays[f"{name}.{key}"]
