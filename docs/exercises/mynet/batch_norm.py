"""Chapter 9: batch normalisation of the last axis, of images and of features."""

import numpy as np


class BatchNorm:
    def __init__(self, channels, momentum=0.99, epsilon=1e-3, dtype=np.float64):
        """gamma 1, beta 0; running `mean` 0 and running `var` 1, arrays (C,) to change in place."""
        self.params = {"gamma": np.ones(channels, dtype), "beta": np.zeros(channels, dtype)}
        self.grads = {}
        self.mean, self.var = np.zeros(channels, dtype), np.ones(channels, dtype)
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x, training=False):
        """out = gamma xhat + beta with xhat = (x - mean) / sqrt(var + epsilon); x (..., C).

        In training mean and var are those of the batch, over all axes but the last (var divided by
        the number of values), and afterwards, for the running mean and likewise for var,

            running <- momentum running + (1 - momentum) batch

        In evaluation they are the running ones, which then stay as they are.
        """
        raise NotImplementedError

    def backward(self, dout):
        """dx in the mode of the last forward; dgamma and dbeta go into grads."""
        raise NotImplementedError
