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
        # solution
        axes = tuple(range(x.ndim - 1))
        mean, var = self.mean.copy(), self.var.copy()
        if training:
            mean = x.mean(axes)
            var = ((x - mean) ** 2).mean(axes)
            for running, batch in (self.mean, mean), (self.var, var):
                running *= self.momentum
                running += (1 - self.momentum) * batch
        self.sigma = np.sqrt(var + x.dtype.type(self.epsilon))
        self.xhat = (x - mean) / self.sigma
        self.training = training
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dout):
        """dx in the mode of the last forward; dgamma and dbeta go into grads."""
        # solution
        axes = tuple(range(dout.ndim - 1))
        dgamma, dbeta = (dout * self.xhat).sum(axes), dout.sum(axes)
        self.grads = {"gamma": dgamma, "beta": dbeta}
        # One channel, M values: out_i = gamma xhat_i + beta gives dbeta = sum_i dout_i, dgamma =
        # sum_i dout_i xhat_i, and the gradient gamma dout_i by xhat_i = (x_i - mean) / sigma. In
        # evaluation mean and sigma are constants. In training they depend on every x_j:
        #   d mean/dx_j = 1/M       d var/dx_j = 2 (x_j - mean) / M: by way of the mean comes
        #                           nothing, -2/M sum_i (x_i - mean) = 0
        #   d sigma/dx_j = 1/(2 sigma) d var/dx_j = xhat_j / M, for sigma^2 = var + epsilon
        #   d xhat_i/dx_j = ([i = j] - 1/M) / sigma - (x_i - mean) / sigma^2 xhat_j / M
        #                 = ([i = j] - 1/M - xhat_i xhat_j / M) / sigma
        # dx_j = sum_i gamma dout_i d xhat_i/dx_j; the three terms sum to dout_j, dbeta and dgamma:
        #   dx_j = gamma / sigma (dout_j - dbeta / M - xhat_j dgamma / M)
        scale = self.params["gamma"] / self.sigma
        if not self.training:
            return scale * dout
        M = dout.size // dout.shape[-1]
        return scale * (dout - dbeta / M - self.xhat * dgamma / M)
