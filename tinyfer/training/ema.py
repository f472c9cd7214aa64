"""A running mean of the weights (Polyak and Juditsky 1992). Chapter 16."""

import copy

from tinyfer.core import checks


class RunningMean:
    """An optimizer that also keeps the exponential mean of everything its model stores, batch
    norm's statistics with the rest.

    With t the number of the step, from 1, and for every array of `model.state()`:

        d_t = min(decay, t / (t + 9))           mean <- d_t mean + (1 - d_t) value

    d_t is small at first, so that the weights of the first steps are soon forgotten: after the
    first step the mean is nine tenths the new value, and later it looks back over some t / 9 steps
    until that reaches 1 / (1 - decay).

    optimizer: the one that moves `model`. `averaged` is a model of its own that holds the mean; it
    predicts and is saved like any other.
    """

    def __init__(self, optimizer, model, decay):
        checks.number("decay", decay, "(0, 1)")
        if not {id(p) for p in optimizer.parameters} <= {id(p) for p in model.parameters()}:
            raise ValueError("the optimizer moves parameters that this model does not have")
        self.optimizer, self.model, self.decay = optimizer, model, decay
        self.averaged = copy.deepcopy(model)

    @property
    def lr(self):
        return self.optimizer.lr

    @lr.setter
    def lr(self, rate):
        self.optimizer.lr = rate

    def step(self):
        """A step of the optimizer, taken into the mean."""
        self.optimizer.step()
        t = self.optimizer.t
        decay = min(self.decay, t / (t + 9))
        values = self.model.state()
        for name, mean in self.averaged.state().items():
            mean += mean.dtype.type(1 - decay) * (values[name] - mean)

    def state(self):
        """The optimizer's state(), and the means as "mean.conv1.w": not copies."""
        means = {f"mean.{name}": array for name, array in self.averaged.state().items()}
        return self.optimizer.state() | means

    def load_state(self, arrays):
        """Copy a state() back in. ValueError, and nothing changed, where names or shapes differ."""
        checks.state("optimizer state does not fit", self.state(), arrays)
        means = {name for name in arrays if name.startswith("mean.")}
        self.optimizer.load_state({name: arrays[name] for name in arrays.keys() - means})
        self.averaged.load_state({name.removeprefix("mean."): arrays[name] for name in means})
