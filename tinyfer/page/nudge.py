"""One weight moved: the loss as a curve over it, its gradient, and the difference beside it.

In float64 and evaluation mode, on the network's twin, whose weight is put back each time. Layers
below the weight do not change with it: they are computed once.
"""

import numpy as np

from tinyfer.core.gradcheck import STEP
from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.page.message import pack

POINTS = 41     # of the curve


def nudge(networks, question):
    """The loss and its slope where one weight has the value asked for (trained: where it was).

    curve: whether the loss is wanted all along the weight's range, too. The bytes: POINTS values of
    the weight, and the loss at each, float64.
    """
    network = networks.of(question)
    twin, parameter, label = _asked(network, question)
    array = parameter.value
    place = np.unravel_index(question["index"], array.shape)
    trained = value = float(array[place])
    span = max(8 * float(array.std()), 2 * abs(trained), 0.1)
    low, high = trained - span, trained + span
    if not question["trained"]:
        value = question["value"]
    number = next(n for n, layer in enumerate(twin.layers) if parameter in layer.parameters())
    x = network.given(question.face()[None], twin.dtype)
    for layer in twin.layers[:number]:
        x = layer.forward(x)

    def at(value):
        """The loss, its gradient by the logits, and the logits, with the weight at a value."""
        question.pause()
        array[place], y = value, x
        for layer in twin.layers[number:]:
            y = layer.forward(y)
        array[place] = trained
        return *softmax_cross_entropy(y, label), y

    # The best of three, as in `tinyfer.core.gradcheck.direction_error`: a shorter step passes fewer
    # kinks.
    differences = [((at(value + h)[0] - at(value - h)[0]) / (2 * h), h)
                   for h in (STEP, STEP / 10, STEP / 100)]
    grid = np.linspace(low, high, POINTS) if question["curve"] else np.empty(0)
    losses = np.array([at(each)[0] for each in grid])
    loss, dout, logits = at(value)
    for layer in reversed(twin.layers[number:]):
        dout = layer.backward(dout)
    gradient = float(parameter.grad[place])
    difference, h = min(differences, key=lambda found: abs(found[0] - gradient))
    return pack(dict(
        name=parameter.name, place=[int(i) for i in place], trained=trained, low=low, high=high,
        value=value, loss=loss, gradient=gradient, difference=difference, h=h,
        classes=twin.class_names, probabilities=softmax(logits)[0].tolist()), grid, losses)


def steepest(networks, question):
    """Which number of a parameter the loss of this face hangs on most."""
    network = networks.of(question)
    twin, parameter, label = _asked(network, question)
    logits = twin.forward(network.given(question.face()[None], twin.dtype))
    twin.backward(softmax_cross_entropy(logits, label)[1])
    return pack(dict(index=int(np.abs(parameter.grad).argmax())))


def _asked(network, question):
    """The twin, its parameter that is asked for, and the face's label as an array."""
    twin, names = network.twin, network.model.class_names
    parameters = {p.name: p for p in twin.parameters()}
    return twin, parameters[question["parameter"]], np.array([names.index(question["label"])])
