"""One weight moved: the loss as a curve over it, its gradient, and the difference beside it.

In float64 and evaluation mode, on the network's twin, whose weight is put back each time. Layers
below the weight do not change with it: they are computed once, and every value of the curve is one
image of a batch for the layers above.
"""

import numpy as np

from tinyfer.core.gradcheck import STEP
from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.page.message import pack

POINTS = 41     # of the curve
PIECE = 8       # of them that are computed at a time; between, quick questions


def nudge(networks, question):
    """The loss and its slope where one weight has the value asked for (trained: where it was).

    curve: whether the loss is wanted all along the weight's range, too. The bytes: POINTS values of
    the weight, and the loss at each, float64.
    """
    network, weight = networks.of(question), _Weight(networks, question)
    value = weight.trained
    if not question.flag("trained"):
        value = question.number("value", weight.low, weight.high)
    loss, gradient, logits = weight.slope(value)
    difference, h = weight.difference(value, gradient)
    answer = dict(
        name=weight.parameter.name, place=[int(i) for i in weight.place], trained=weight.trained,
        low=weight.low, high=weight.high, value=value, loss=loss, gradient=gradient,
        difference=difference, h=h, classes=network.model.class_names,
        probabilities=softmax(logits)[0].tolist())
    arrays = []
    if question.flag("curve"):
        grid = np.linspace(weight.low, weight.high, POINTS)
        arrays = [grid, np.array(weight.losses(grid))]
    return pack(answer, *arrays)


def steepest(networks, question):
    """Which number of a parameter the loss of this face hangs on most."""
    network = networks.of(question)
    twin, parameter = network.twin, _parameter(network.twin, question)
    logits = twin.forward(network.given(question.face()[None], twin.dtype))
    twin.backward(softmax_cross_entropy(logits, _label(twin, question))[1])
    return pack(dict(index=int(np.abs(parameter.grad).argmax())))


def describe(network):
    """The parameters one can choose from, and the classes."""
    return dict(
        classes=network.model.class_names,
        parameters=[dict(name=p.name, shape=list(p.value.shape))
                    for p in network.model.parameters()])


class _Weight:
    """One number of a parameter, and the loss as a function of it."""

    def __init__(self, networks, question):
        network = networks.of(question)
        self.twin, self.pause = network.twin, question.pause
        self.parameter = _parameter(self.twin, question)
        array = self.parameter.value
        index = question.whole("index", 0, array.size - 1)
        self.place = np.unravel_index(index, array.shape)
        self.label = _label(self.twin, question)
        self.trained = float(array[self.place])
        span = max(8 * float(array.std()), 2 * abs(self.trained), 0.1)
        self.low, self.high = self.trained - span, self.trained + span

        number = next(n for n, layer in enumerate(self.twin.layers)
                      if self.parameter in layer.parameters())
        self.layer, self.above = self.twin.layers[number], self.twin.layers[number + 1:]
        self.x = network.given(question.face()[None], self.twin.dtype)
        for layer in self.twin.layers[:number]:
            self.x = layer.forward(self.x)

    def _forward(self, values):
        """The logits (len(values), K) with the weight at each of some values."""
        array, outputs = self.parameter.value, []
        for value in values:
            array[self.place] = value
            outputs.append(self.layer.forward(self.x))
        array[self.place] = self.trained
        x = np.concatenate(outputs)
        for layer in self.above:
            x = layer.forward(x)
        return x

    def losses(self, values):
        found = []
        for start in range(0, len(values), PIECE):
            found += [softmax_cross_entropy(row[None], self.label)[0]
                      for row in self._forward(values[start:start + PIECE])]
            self.pause()
        return found

    def difference(self, value, gradient):
        """(loss(value + h) - loss(value - h)) / 2h, and h: the best of three, as in
        `tinyfer.core.gradcheck.direction_error`, since a shorter step passes fewer kinks."""
        steps = STEP, STEP / 10, STEP / 100
        losses = self.losses([value + sign * h for h in steps for sign in (1, -1)])
        slopes = [(up - down) / (2 * h) for h, up, down in zip(steps, losses[::2], losses[1::2])]
        return min(zip(slopes, steps), key=lambda found: abs(found[0] - gradient))

    def slope(self, value):
        """The loss, its gradient by backward, and the logits, with the weight at one value."""
        logits = self._forward([value])
        loss, dout = softmax_cross_entropy(logits, self.label)
        for layer in reversed(self.above):
            dout = layer.backward(dout)
        self.layer.backward(dout)
        return loss, float(self.parameter.grad[self.place]), logits


def _parameter(model, question):
    parameters = {p.name: p for p in model.parameters()}
    return parameters[question.choice("parameter", parameters)]


def _label(model, question):
    return np.array([model.class_names.index(question.choice("label", model.class_names))])
