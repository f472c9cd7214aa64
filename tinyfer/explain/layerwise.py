"""Maps that need more than the input gradient: the layers are walked through one by one.

As in gradients.py: a Task of N faces in, signed maps (N, h, w) out.
"""

import numpy as np

from tinyfer.explain.geometry import convolutions, unit_places
from tinyfer.explain.score import explained_gradient


def gradcam(task, layer=None):
    """Grad-CAM: the feature maps A_k of one convolution, each weighed by its mean gradient.

        alpha_k = mean over i, j of dF/dA[i,j,k]            map = sum over k of alpha_k A[i,j,k]

    Selvaraju et al. 2017, "Grad-CAM", equations 1 and 2; there ReLU follows, which the absolute
    map of `tinyfer.saliency` takes and the signed one leaves out. A is taken behind the ReLU of the
    convolution. layer: "conv1", "conv2", ...; the last one where None. ValueError for another name.

    The map is as coarse as the convolution (4x4 for the last one here), and is drawn where its
    units stand: each over the middle of the pixels it depends on (`unit_places`), linear between
    two of them, and falling to 0 where the outermost ones see no more. Stretching it over the whole
    image, as is commonly done, is right for padded convolutions only; here it would put units up
    to 14 pixels from their place.
    """
    known = convolutions(task.model)
    if layer is not None and layer not in known:
        raise ValueError(f"layer {layer!r} is no convolution of this network; "
                         f"expected one of {', '.join(known)}")
    if not known:
        raise ValueError("Grad-CAM needs a convolution; this network has none")
    place = known[layer] if layer else max(known.values())
    below, above = task.model.layers[:place + 1], task.model.layers[place + 1:]

    maps = np.empty(task.x.shape[:3])
    for i, _ in task.batches():
        features = task.x[i]
        for each in below:
            features = each.forward(features)
        logits = features
        for each in above:
            logits = each.forward(logits)
        dout = explained_gradient(logits, task.target[i], task.of)
        for each in reversed(above):
            dout = each.backward(dout)
        alpha = dout.mean(axis=(1, 2))
        coarse = np.einsum("nijk,nk->nij", features, alpha, dtype=np.float64)
        rows, columns = (_spread(size, units, *unit_places(below))
                         for size, units in zip(maps.shape[1:], coarse.shape[1:]))
        maps[i] = rows @ coarse @ columns.T
    return maps


def _spread(length, units, first, step, size):
    """(length, units): the share of each unit in each pixel, by linear interpolation."""
    centres = first + step * np.arange(units)
    reach = (size + 1) / 2          # from a centre to the nearest pixel a unit does not see
    places = [centres[0] - reach, *centres, centres[-1] + reach]
    return np.stack([np.interp(np.arange(length), places, [0, *one, 0]) for one in np.eye(units)],
                    axis=1)


def guided(task):
    """Guided backpropagation: a gradient from which every ReLU drops what is negative, too.

        dx = dout where x > 0 and dout > 0, else 0             (backpropagation: where x > 0)

    Springenberg et al. 2015, "Striving for simplicity: the all convolutional net", figure 1. It
    is no gradient of anything. Its maps are sharp and look convincing, but what they show is mostly
    the picture, not the network: they hardly change when the network's upper layers are replaced
    by random ones (Adebayo et al. 2018; Nie, Zhang and Patel 2018 prove it for random networks).
    Kept as a warning: docs/saliency.md shows the test it fails.
    """
    return task.gradients(lambda i, k: task.x[i], gradient=_guided_gradient)


def _guided_gradient(model, x, target, of):
    dout = explained_gradient(model.forward(x), target, of)
    for layer in reversed(model.layers):
        if layer.relu is None:
            raise ValueError(f"guided backpropagation changes every ReLU, and {layer} does not say "
                             "whether it has one (relu = True or False)")
        if layer.relu:
            dout = np.maximum(dout, 0)
        dout = layer.backward(dout)
    return dout[..., 0]
