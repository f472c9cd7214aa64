"""Every layer of the network as a strip of feature maps, and one unit of it looked into."""

import numpy as np

from tinyfer.core.layers import BatchNorm, Dropout
from tinyfer.data.faces import SIZE
from tinyfer.explain.methods import unit_places
from tinyfer.page.forward import EXPLAINED, Forward
from tinyfer.page.message import pack

BRIGHTEST = 0.998       # share of a layer's values that is not cut off at the ends of the scale


def strips(networks, question):
    """What every layer makes of the face: one signed byte a unit, channel after channel.

    127 stands for `scale` of the layer, 0 for 0.
    """
    forward = _forward(networks, question)
    model = forward.model
    layers, maps = [], []
    for name, layer, value in zip(model.names(), model.layers, forward.values[1:]):
        value = _channels_first(value[0])
        size = np.abs(value)
        scale = float(np.quantile(size, BRIGHTEST, method="higher") or size.max() or 1)
        maps.append(np.rint(np.clip(value / scale, -1, 1) * 127).astype(np.int8))
        chapter, code = EXPLAINED[type(layer)]
        layers.append(dict(
            name=name, title=str(layer), shape=_shape3(value), scale=scale,
            values=sum(p.value.size for p in layer.parameters())
            + sum(b.size for b in layer.buffers().values()),
            chapter=chapter, code=code, training=isinstance(layer, (BatchNorm, Dropout))))
    return pack(dict(layers=layers), *maps)


def unit(networks, question):
    """One unit: what made its value, what it sees of the face, and two gradients.

    The bytes: d unit / d face (48, 48) float32; then, for a sum, its x and its w, float32.
    """
    forward = _forward(networks, question)
    model = forward.model
    number = question.whole("layer", 0, len(model.layers) - 1)
    place = _place(question, forward.values[number + 1][0])
    target = question.choice("target", model.class_names)
    layer, x, out = model.layers[number], forward.values[number][0], forward.values[number + 1]

    dp = forward.gradients(model.class_names.index(target))[number + 1][0][place]
    pixels = np.zeros(2 * (SIZE,))
    pixels[forward.top:, forward.left:] = _pixels(_forward(networks, question), number, (0, *place))
    told, *arrays = TOLD[type(layer)](layer, x, place, forward)
    answer = dict(kind=type(layer).__name__, name=model.names()[number], title=str(layer),
                  place=place, value=float(out[0][place]), gradient=float(dp), target=target,
                  window=_window(forward, number, place), **told)
    return pack(answer, pixels.astype(np.float32), *(a.astype(np.float32) for a in arrays))


def _forward(networks, question):
    network = networks.of(question)
    return Forward(network, question.face(), question.flag("training"),
                   question.whole("mask", 0, 10**6))


def _channels_first(value):
    """(H, W, C) -> (C, H, W); (C,) -> (C, 1, 1)."""
    return np.moveaxis(value.reshape((1, 1, -1) if value.ndim == 1 else value.shape), 2, 0)


def _shape3(channels_first):
    channels, height, width = channels_first.shape
    return [height, width, channels]


def _place(question, value):
    """(i, j, k) of the unit asked for, or (k,) where the layer has no rows and columns."""
    shape = value.shape if value.ndim == 3 else (1, 1, *value.shape)
    place = tuple(question.whole(name, 0, most - 1) for name, most in zip("ijk", shape))
    return place if value.ndim == 3 else place[2:]


def _pixels(forward, number, place):
    """d of one unit, before its ReLU, with respect to the part of the face that it is given.

    Behind the ReLU it would be 0 for every unit that is off, and tell nothing of what turns it on.
    """
    layer, x = forward.model.layers[number], forward.values[number]
    dout = np.zeros_like(forward.values[number + 1])
    dout[place] = 1
    if layer.relu and layer.parameters():
        dx, (_, *window, k) = np.zeros_like(x), place
        if window:
            i, j = window
            dx[0, i:i + 3, j:j + 3] = layer.w.value[..., k]
        else:
            dx[0] = layer.w.value[:, k]
    else:
        dx = layer.backward(dout)
    for below in reversed(forward.model.layers[:number]):
        dx = below.backward(dx)
    return dx[0, ..., 0]


def _window(forward, number, place):
    """[top, left, height, width] of the pixels that a unit sees; None where it sees them all."""
    if len(place) == 1:
        return None
    first, step, size = unit_places(forward.model.layers[:number + 1])
    top, left = (int(first + step * each - (size - 1) / 2) for each in place[:2])
    return [forward.top + top, forward.left + left, size, size]


def _of_conv(layer, x, place, _):
    i, j, k = place
    x, w = x[i:i + 3, j:j + 3], layer.w.value[..., k]
    sums = (x.astype(float) * w).sum(axis=(0, 1))
    return dict(bias=float(layer.b.value[k]), sums=sums.tolist(), relu=layer.relu,
                total=float(sums.sum() + layer.b.value[k])), x, w


def _of_dense(layer, x, place, _):
    w = layer.w.value[:, place[0]]
    products = x.astype(float) * w
    return dict(bias=float(layer.b.value[place[0]]), sums=products.tolist(), relu=layer.relu,
                total=float(products.sum() + layer.b.value[place[0]])), x, w


def _of_batchnorm(layer, x, place, forward):
    k = place[-1]
    mean, var = layer.mean[k], layer.var[k]
    batch = forward.values[forward.model.layers.index(layer)][..., k]
    if forward.training:
        mean, var = batch.mean(dtype=float), batch.var(dtype=float)
    return dict(x=float(x[place]), mean=float(mean), var=float(var), epsilon=layer.epsilon,
                gamma=float(layer.gamma.value[k]), beta=float(layer.beta.value[k]),
                training=forward.training, counted=batch.size, faces=len(batch)),


def _of_pool(layer, x, place, _):
    i, j, k = place
    four = x[2 * i:2 * i + 2, 2 * j:2 * j + 2, k]
    return dict(four=four.ravel().tolist(), winner=int(four.argmax())),


def _of_dropout(layer, x, place, forward):
    out = forward.values[forward.model.layers.index(layer) + 1][0]
    return dict(x=float(x[place]), rate=layer.rate, training=forward.training,
                kept=bool(out[place] != 0 or x[place] == 0 or not forward.training)),


def _of_flatten(layer, x, place, _):
    i, j, k = (int(each) for each in np.unravel_index(place[0], x.shape))
    return dict(x=float(x[i, j, k]), comes_from=[i, j, k], shape=list(x.shape)),


def _of_relu(layer, x, place, _):
    return dict(x=float(x[place])),


TOLD = dict(zip(EXPLAINED, (_of_conv, _of_relu, _of_batchnorm, _of_pool, _of_dropout, _of_flatten,
                            _of_dense)))
