"""Gradient checks: is what backward returns the slope of what forward computes?

A number x[i] is moved up and down by h. What the output then changes by, weighed with dout, is a
gradient measured without any calculus:

    n[i] = sum(dout (forward(x + h e_i) - forward(x - h e_i))) / 2h

Its error is of order h^2 from the curvature of forward, and of order 1e-16 / h from rounding: in
float64, h = 1e-5 leaves about ten digits. dout must be random: against a dout of ones the gradients
of batch norm and softmax are zero, and a backward that returned zeros would pass. Chapter 4.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

STEP = 1e-5            # the step
LIMIT = 1e-7        # for a layer
# Noise over limit; chapter 4 counts the right gradients that a smaller one refuses.
FLOOR = 1e-9 / LIMIT
PLACE_IN_FILTER = "filter row", "filter column", "input channel", "output channel"


def numerical_gradient(forward: Callable[[], np.ndarray], x: np.ndarray, dout: np.ndarray,
                       h: float = STEP) -> np.ndarray:
    """Central differences: d sum(dout forward()) / d x for every coordinate of x.

    forward: function without arguments that reads x; x: float64 array, moved in place and put back;
    dout: array of the shape of forward(). The outputs are subtracted before they are summed, so
    that those x[i] does not reach cancel exactly. ValueError unless x is float64.
    """
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x is of type {type(x).__name__:.40}; expected a NumPy array")
    if x.dtype != np.float64 or isinstance(x, np.ma.MaskedArray):
        raise ValueError(f"x is {str(x.dtype):.40}; a gradient check needs plain float64")
    dout = np.asarray(dout, np.float64)
    if not np.isfinite(dout).all() or not isinstance(h, float) or not 0 < h < 1:
        raise ValueError(f"dout must be finite, and h a step between 0 and 1, not {h!r:.40}")
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        value = x[i]
        try:
            x[i] = upper = value + h
            up = np.array(forward())        # a copy: forward may return x itself
            x[i] = lower = value - h
            down = np.array(forward())
        finally:
            x[i] = value
        gradient[i] = np.sum(dout * (up - down)) / (upper - lower)
    return gradient


class RelativeError(float):
    """The largest relative error of a gradient: a float that knows where it was found.

    index: the coordinate; analytic, numerical: the two numbers there. `told()` says it in words.
    """

    index: tuple
    analytic: float
    numerical: float

    def __new__(cls, error, index, analytic, numerical):
        made = super().__new__(cls, error)
        made.index, made.analytic, made.numerical = index, analytic, numerical
        return made

    def told(self, name: str = "gradient", axes: Sequence[str] = (), h: float = STEP) -> str:
        """One line: the gradient's name, the place in it, both numbers, the step, the error.

        axes: names of the gradient's axes, such as PLACE_IN_FILTER.
        """
        place = name + (str(list(self.index)) if self.index else "")
        if axes:
            place += f" ({', '.join(f'{axis} {i}' for axis, i in zip(axes, self.index))})"
        return (f"{place}: backward says {self.analytic:.12g}, measured with h = {h:.0e} it is "
                f"{self.numerical:.12g}; relative error {float(self):.1e}")


def relative_error(analytic: ArrayLike, numerical: ArrayLike,
                   floor: float = FLOOR) -> RelativeError:
    """Largest |a - n| / max(|a|, |n|, floor) over all coordinates, as a RelativeError.

    floor: noise over limit. The slope of one number of about 1 is measured to some 1e-11, that of
    the sum of a layer's outputs to 4e-10: smaller numbers than 1e-2 cannot be told to seven digits,
    and a floor of 1e-8, or 1e-4, refuses the right batch norm in 4 draws of 100.
    ValueError where the shapes differ or the numerical gradient is all but zero: a backward that
    returns zeros would agree with it, so such a check proves nothing. NaN, which agrees with
    nothing, counts as an infinite error.
    """
    analytic, numerical, floor = np.asarray(analytic), np.asarray(numerical), float(floor)
    if analytic.shape != numerical.shape:
        raise ValueError(f"the gradient has shape {analytic.shape}; expected {numerical.shape}")
    if numerical.size == 0 or np.abs(numerical).max() < 1e-7:
        raise ValueError("the numerical gradient is all but zero: this check proves nothing")
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numerical)), floor)
    errors = np.nan_to_num(np.abs(analytic - numerical) / scale, nan=np.inf)
    worst = tuple(map(int, np.unravel_index(errors.argmax(), errors.shape)))
    return RelativeError(errors[worst], worst, analytic[worst], numerical[worst])


def layer_errors(layer, x, dout, training=False):
    """RelativeErrors of a layer's backward, every coordinate: {"dx": ..., "dw": ..., ...}.

    x and dout: float64, of the layer's input and output shape. A layer with dropout needs its
    `fixed_key` set: every forward must use the same mask.
    """
    layer.forward(x, training)
    analytic = {"dx": np.array(layer.backward(dout))}
    moved = {"dx": x}
    for place, p in enumerate(layer.parameters()):
        name = f"d{p.name}" if f"d{p.name}" not in moved else f"d{p.name} of parameter {place}"
        analytic[name], moved[name] = p.grad.copy(), p.value

    def forward():
        return layer.forward(x, training)

    return {name: relative_error(analytic[name], numerical_gradient(forward, moved[name], dout))
            for name in analytic}


def direction_error(loss, pairs, rng, limit=1e-5):
    """Relative error of a gradient along one random direction, where coordinates are too many.

    loss: function without arguments; pairs: (array that loss reads, its gradient), all moved
    together along a random unit vector d. The slope of the loss along d is the scalar product of
    gradient and d; measured, it is (loss(+h) - loss(-h)) / 2h.
    Among 300,000 rectified values and as many candidates for a maximum some may lie within h of a
    kink, where there is no slope to measure. So where h = 1e-5 ends above `limit`, 1e-6 and 1e-7
    are tried and the best counts: a shorter step passes fewer kinks (and suffers more from
    rounding), but no step makes a wrong gradient right.
    """
    directions = [rng.standard_normal(value.shape) for value, _ in pairs]
    length = np.sqrt(sum(np.sum(d * d) for d in directions))
    analytic = sum(np.sum(gradient * d) for (_, gradient), d in zip(pairs, directions)) / length
    start = [value.copy() for value, _ in pairs]

    def loss_at(distance):
        for (value, _), origin, d in zip(pairs, start, directions):
            value[...] = origin + distance / length * d
        return loss()

    error = np.inf
    try:
        for h in STEP, STEP / 10, STEP / 100:
            numerical = (loss_at(h) - loss_at(-h)) / (2 * h)
            error = min(error, relative_error(analytic, numerical, 1e-11 / limit))
            if error <= limit:
                break
    finally:
        for (value, _), origin in zip(pairs, start):
            value[...] = origin
    return error


def network_errors(model, x, loss, rng, training=False):
    """direction_error of a model and its loss: one direction for each parameter, for all of them
    together, and for x: {"conv1.w": ..., "all parameters": ..., "x": ...}.

    model and x: float64; loss: function of the logits that returns the loss and dlogits. Dropout
    draws the same masks every time.
    """
    state = model.rng.bit_generator.state

    def loss_and_gradient():
        model.rng.bit_generator.state = state
        return loss(model.forward(x, training))

    dx = model.backward(loss_and_gradient()[1])
    groups = {p.name: [(p.value, p.grad)] for p in model.parameters()}
    groups["all parameters"] = [pair for pairs in groups.values() for pair in pairs]
    groups["x"] = [(x, dx)]
    return {name: direction_error(lambda: loss_and_gradient()[0], pairs, rng)
            for name, pairs in groups.items()}
