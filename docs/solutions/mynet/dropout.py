"""Chapter 12: dropout."""


class Dropout:
    def __init__(self, rate, rng):
        """rate: the fraction of numbers that is dropped. fixed_mask: None, or a mask to use always,
        zeros and 1 / (1 - rate), for a gradient check must not throw the dice anew.
        """
        self.params, self.grads = {}, {}
        self.rate, self.rng = rate, rng
        self.fixed_mask = None

    def forward(self, x, training=False):
        """out = mask x in training, x in evaluation.

        The mask is 0 with probability rate, by rng.random, anew in every forward; and where it is
        not 0, such that the mean of out is x.
        """
        # solution
        # What is kept, with probability 1 - rate, is multiplied by some s, and the mean of out is
        # (1 - rate) s x + rate 0. This is x for s = 1 / (1 - rate), and evaluation needs no factor.
        # The mask does not depend on x, so it is the slope of out by x: dx = mask dout in
        # backward, with the same mask; a new one would belong to another function.
        self.mask = None
        if not training:
            return x
        self.mask = self.fixed_mask
        if self.mask is None:
            self.mask = (self.rng.random(x.shape) >= self.rate).astype(x.dtype) / (1 - self.rate)
        return self.mask * x

    def backward(self, dout):
        """dx, with the mask of the last forward."""
        # solution
        return dout if self.mask is None else self.mask * dout
