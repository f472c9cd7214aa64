"""Every layer of the network as a strip of feature maps, and one unit of it looked into."""

import copy

import numpy as np

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from tinyfer.data.faces import SIZE
from tinyfer.explain.methods import unit_places
from tinyfer.explain.score import explained_gradient
from tinyfer.page.message import pack

BRIGHTEST = 0.998       # share of a layer's values that is not cut off at the ends of the scale

# Where each layer is explained: the chapter of docs/ and the function of the package.
EXPLAINED = {
    Conv2D: (6, "tinyfer/core/layers.py: Conv2D"),
    ReLU: (3, "tinyfer/core/layers.py: ReLU"),
    BatchNorm: (9, "tinyfer/core/layers.py: BatchNorm"),
    MaxPool2D: (7, "tinyfer/core/layers.py: MaxPool2D"),
    Dropout: (12, "tinyfer/core/layers.py: Dropout"),
    Flatten: (3, "tinyfer/core/layers.py: Flatten"),
    Dense: (3, "tinyfer/core/layers.py: Dense"),
}


def strips(networks, question):
    """What every layer makes of the face: one signed byte a unit, channel after channel.

    127 stands for `scale` of the layer, 0 for 0.
    """
    network = networks.of(question)
    layers, maps = [], []
    for name, layer, value in zip(network.model.names(), network.model.layers,
                                  _values(network, question)[1:]):
        value = np.moveaxis(value.reshape((1, 1, *value.shape[1:])[-3:]), 2, 0)
        size = np.abs(value)
        scale = float(np.quantile(size, BRIGHTEST, method="higher") or size.max() or 1)
        maps.append(np.rint(np.clip(value / scale, -1, 1) * 127).astype(np.int8))
        channels, height, width = value.shape
        chapter, code = EXPLAINED[type(layer)]
        layers.append(dict(name=name, title=str(layer), shape=[height, width, channels],
                           scale=scale, chapter=chapter, code=code))
    return pack(dict(layers=layers), *maps)


def unit(networks, question):
    """One unit: what made its value, what it sees of the face, and two gradients.

    The bytes: d unit / d face (48, 48) float32; then, for a sum, its x and its w, float32.
    """
    network = networks.of(question)
    model, values = network.model, _values(network, question)
    number, target = question["layer"], question["target"]
    layer, x, out = model.layers[number], values[number][0], values[number + 1]
    place = tuple(question[name] for name in ("ijk" if out.ndim == 4 else "k"))

    gradient = explained_gradient(values[-1], np.array([model.class_names.index(target)]),
                                  "probability")
    for above in reversed(model.layers[number + 1:]):
        gradient = above.backward(gradient)
    top, left = network.seen[:2]
    pixels = np.zeros((SIZE, SIZE), np.float32)
    pixels[top:, left:] = _pixels(model.layers, _values(network, question), number, (0, *place))
    told, *arrays = TOLD[type(layer)](layer, x, place)
    answer = dict(kind=type(layer).__name__, name=model.names()[number], title=str(layer),
                  place=place, value=float(out[0][place]), gradient=float(gradient[0][place]),
                  target=target, window=_window(network, number, place), **told)
    return pack(answer, pixels, *(a.astype(np.float32) for a in arrays))


def _values(network, question):
    """values[l] is what goes into layers[l], values[-1] the logits: arrays (1, ...)."""
    values = [network.given(question.face()[None])]
    for layer in network.model.layers:
        values.append(layer.forward(values[-1]))
    return values


def _pixels(layers, values, number, place):
    """d of one unit, before its ReLU, with respect to the part of the face that it is given.

    Behind the ReLU it would be 0 for every unit that is off, and tell nothing of what turns it on.
    """
    layer = copy.copy(layers[number])
    layer.relu = False
    dout = np.zeros_like(layer.forward(values[number]))
    dout[place] = 1
    dx = layer.backward(dout)
    for below in reversed(layers[:number]):
        dx = below.backward(dx)
    return dx[0, ..., 0]


def _window(network, number, place):
    """[top, left, height, width] of the pixels that a unit sees; None where it sees them all."""
    if len(place) == 1:
        return None
    first, step, size = unit_places(network.model.layers[:number + 1])
    top, left = (start + int(first + step * each - (size - 1) / 2)
                 for start, each in zip(network.seen, place[:2]))
    return [top, left, size, size]


def _of_conv(layer, x, place):
    i, j, k = place
    return _of_sum(layer, k), x[i:i + 3, j:j + 3], layer.w.value[..., k]


def _of_dense(layer, x, place):
    return _of_sum(layer, place[0]), x, layer.w.value[:, place[0]]


def _of_sum(layer, k):
    return dict(inputs=layer.w.value.shape[-2], bias=float(layer.b.value[k]), relu=layer.relu)


def _of_batchnorm(layer, x, place):
    k = place[-1]
    return dict(x=float(x[place]), mean=float(layer.mean[k]), var=float(layer.var[k]),
                epsilon=layer.epsilon, gamma=float(layer.gamma.value[k]),
                beta=float(layer.beta.value[k])),


def _of_pool(layer, x, place):
    i, j, k = place
    return dict(four=x[2 * i:2 * i + 2, 2 * j:2 * j + 2, k].ravel().tolist()),


def _of_flatten(layer, x, place):
    i, j, k = (int(each) for each in np.unravel_index(place[0], x.shape))
    return dict(x=float(x[i, j, k]), comes_from=[i, j, k], shape=list(x.shape)),


def _of_value(layer, x, place):
    return dict(x=float(x[place])),


TOLD = {Conv2D: _of_conv, Dense: _of_dense, BatchNorm: _of_batchnorm, MaxPool2D: _of_pool,
        Flatten: _of_flatten, Dropout: _of_value, ReLU: _of_value}
