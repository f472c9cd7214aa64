"""The network of the study, layer by layer."""

import numpy as np

from tinyfer.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.model import Sequential


def six_layer_cnn(classes=7, seed=0, dtype=np.float32, class_names=None):
    """Six convolutions in three blocks, then two dense layers: 23 layers, 1,394,183 values for 7.

    x (N, 48, 48, 1) in [0, 1] -> logits (N, classes). seed: of the generator that draws the
    weights and then drives dropout (and, in training, shuffling and augmentation).
    class_names: `classes` strings, "0", "1", ... by default. dtype: float32 or float64.

    Each pool drops the odd row and column it is given, so in evaluation the network never
    sees the last four rows and columns of an image.
    """
    if not isinstance(classes, (int, np.integer)) or classes < 2:
        raise ValueError(f"classes is {classes!r}; expected an integer of at least 2")
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(seed)

    def conv(c_in, c_out):
        return [Conv2D(c_in, c_out, rng, relu=True, dtype=dtype), BatchNorm(c_out, dtype=dtype)]

    def pool():
        return [MaxPool2D(), Dropout(0.25, rng)]

    layers = [
        *conv(1, 32), *conv(32, 64), *pool(),               # 48 -> 46 -> 44 -> 22
        *conv(64, 128), *conv(128, 128), *pool(),           # 22 -> 20 -> 18 -> 9
        *conv(128, 256), *conv(256, 256), *pool(),          # 9 -> 7 -> 5 -> 2
        Flatten(),
        Dense(1024, 256, rng, relu=True, dtype=dtype), BatchNorm(256, dtype=dtype),
        Dropout(0.5, rng),
        Dense(256, int(classes), rng, dtype=dtype),
    ]
    if class_names is None:
        class_names = [str(k) for k in range(classes)]
    config = {"architecture": "six_layer_cnn",
              "arguments": {"classes": int(classes), "dtype": dtype.name}}
    return Sequential(layers, (48, 48, 1), class_names, rng, config)


ARCHITECTURES = {"six_layer_cnn": six_layer_cnn}
