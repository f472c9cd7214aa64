"""The methods: each makes signed maps (N, h, w), float64, for a Task of N faces x (N, h, w, 1).

First those that are a weighted sum of gradients with respect to the input, then those for which the
layers are walked through one by one, last the one without a gradient.
"""

import numpy as np

from tinyfer.core import checks
from tinyfer.explain.score import explained_gradient, window


def gradient(task):
    """map = dF/dx: how fast F changes with each pixel.

    F(x + d) = F(x) + sum(map d) to first order. Simonyan, Vedaldi and Zisserman 2014, "Deep inside
    convolutional networks", section 3. Its absolute value is the study's saliency map. Chapter 15.
    """
    return task.gradients(lambda i, k: task.x[i])


def gradient_times_input(task):
    """map = x dF/dx: the first-order share of each pixel, counted from a black image.

    Shrikumar, Greenside, Shcherbina and Kundaje 2016, "Not just a black box". It is `integrated`
    from black with the gradient of the end of the path taken for all of it. A black pixel gets 0.
    """
    return task.x[..., 0] * gradient(task)


def smoothgrad(task, n=32, sigma=0.15, seed=0):
    """map = 1/n sum over k of dF/dx at x + e_k: the gradient, averaged over n noisy copies.

    e_k is Gaussian noise with standard deviation sigma (max x - min x). Smilkov et al. 2017,
    "SmoothGrad", section 2, which advises 10 to 20 % noise. `seed` draws the n noise pictures; all
    faces get the same ones, so a map does not depend on the batch it was made in. ValueError for n
    below 1 or sigma below 0.
    """
    if n < 1 or not sigma >= 0:
        raise ValueError(f"smoothgrad needs n of at least 1 and sigma of at least 0, "
                         f"got n = {n} and sigma = {sigma}")
    x = task.x
    noise = np.random.default_rng(seed).standard_normal((n, *x.shape[1:])).astype(x.dtype)
    spread = np.ptp(x, axis=(1, 2, 3), keepdims=True) * x.dtype.type(sigma)
    return task.gradients(lambda i, k: x[i] + spread[i] * noise[k], np.full(n, 1 / n))


def integrated(task, baseline=None, steps=64):
    """Integrated gradients, along the straight line from a baseline face b to x:

        map = (x - b) integral over a in [0, 1] of dF/dx at b + a (x - b)

    Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", equation 1. By the
    fundamental theorem of calculus the map sums to F(x) - F(b): completeness. The integral is taken
    by the midpoint rule over `steps` intervals, the k-th from (k / steps)^2 to ((k + 1) / steps)^2:
    most ReLUs switch near b, and short intervals there halve the error that equal ones leave.

    baseline: one face (48, 48) for all, for instance the mean face; black (b = 0) where None.
    ValueError for steps below 1.
    """
    x, steps = task.x, checks.count("steps", steps)
    b = np.zeros_like(x[:1]) if baseline is None else window(task.model, np.asarray(baseline)[None])
    ends = np.linspace(0, 1, steps + 1) ** 2
    a = ((ends[1:] + ends[:-1]) / 2).astype(x.dtype)[:, None, None, None]
    return (x - b)[..., 0] * task.gradients(lambda i, k: b + a[k] * (x[i] - b), np.diff(ends))


def gradcam(task, layer=None):
    """Grad-CAM: the feature maps A_k of one convolution, each weighed by its mean gradient.

        alpha_k = mean over i, j of dF/dA[i,j,k]            map = sum over k of alpha_k A[i,j,k]

    Selvaraju et al. 2017, "Grad-CAM", equations 1 and 2; there ReLU follows, which the absolute
    map of `tinyfer.saliency` takes and the signed one leaves out. A is taken behind the ReLU of the
    convolution. layer: "conv1", "conv2", ...; the last one where None. ValueError for another name.

    Each unit of the coarse map is drawn over the middle of the pixels it depends on
    (`unit_places`), linear between two of them, falling to 0 where the outermost see no more.
    Stretching the map over the image, as is commonly done, would put units up to 14 pixels off.
    """
    known = convolutions(task.model)
    layer = layer or next(reversed(known), "conv1")
    if layer not in known:
        raise ValueError(f"layer {layer!r} is no convolution of this network; expected one of "
                         f"{', '.join(known) or 'none: it has no convolution'}")
    place = known[layer]
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
    is no gradient of anything. Its maps look convincing, but show mostly the picture, not the
    network: they hardly change when upper layers are made random (Adebayo et al. 2018). Kept as a
    warning: docs/saliency.md shows the test it fails.
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


def occlusion(task, size=8, stride=None):
    """map = mean, over the squares that cover a pixel, of the drop F(x) - F(x with it covered).

    Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2. A
    square is size x size pixels, in the face's mean grey, and moves by `stride`, by default half a
    side; the last one of a row or column is moved inside where it would stick out. ValueError where
    size does not fit, or stride leaves gaps.
    """
    x, stride = task.x, max(1, size // 2) if stride is None else stride
    height, width = x.shape[1:3]
    if not 1 <= size <= min(height, width) or not 1 <= stride <= size:
        raise ValueError(f"occlusion needs 1 <= stride <= size <= {min(height, width)}, "
                         f"got size {size} and stride {stride}")
    rows, columns = (sorted({*range(0, length - size + 1, stride), length - size})
                     for length in (height, width))
    cover = np.zeros((len(rows), len(columns), height, width), bool)
    for i, j in np.ndindex(cover.shape[:2]):
        cover[i, j, rows[i]:rows[i] + size, columns[j]:columns[j] + size] = True
    cover = cover.reshape(-1, height, width)
    grey = x.mean(axis=(1, 2, 3), keepdims=True)

    before = task.scores(lambda i, k: x[i])
    covered = task.scores(lambda i, k: np.where(cover[k][..., None], grey[i], x[i]), len(cover))
    weight = cover.reshape(len(cover), -1).astype(float)
    drops = (before - covered) @ weight / weight.sum(axis=0)
    return drops.reshape(x.shape[:3])


def unit_places(layers):
    """(first, step, size): unit i of the map above `layers` depends on the `size` x `size` pixels
    whose middle is pixel first + step i, alike for rows and columns.

        first <- first + step ((kernel - 1) / 2 - padding)
        size <- size + step (kernel - 1)          step <- step stride

    ValueError where a layer does not say what its units depend on.
    """
    first, step, size = 0.0, 1, 1
    for layer in layers:
        if layer.kernel is None:
            raise ValueError(f"{layer} does not say which pixels its units depend on (its kernel, "
                             "stride and padding), so they have no place in the picture")
        first += step * ((layer.kernel - 1) / 2 - layer.padding)
        size += step * (layer.kernel - 1)
        step *= layer.stride
    return first, step, size


def convolutions(model):
    """The place in model.layers of every layer that convolves, by its name "conv1", "conv2", ...:
    its units depend on more than one pixel, by weights."""
    return {name: place for place, (name, layer) in enumerate(zip(model.names(), model.layers))
            if (layer.kernel or 0) > 1 and layer.parameters()}
