"""Chapter 10: Adam."""

import numpy as np


class Adam:
    def __init__(self, layers, lr=1e-4, beta1=0.9, beta2=0.999, eps=1e-7):
        """layers: those whose params are to be trained. m and v: a dict of zeros for each layer."""
        self.layers = list(layers)
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m = [{name: np.zeros_like(p) for name, p in layer.params.items()} for layer in layers]
        self.v = [{name: np.zeros_like(p) for name, p in layer.params.items()} for layer in layers]

    def step(self):
        """One step, in Keras' form. With t the number of the step, from 1, and g the gradient:

            m <- beta1 m + (1 - beta1) g            v <- beta2 v + (1 - beta2) g^2
            param <- param - lr sqrt(1 - beta2^t) / (1 - beta1^t)  m / (sqrt(v) + eps)

        The arrays in params, m and v are changed in place; the gradients are left alone.
        """
        # solution
        # From m = 0, m_t = (1 - beta1) sum over i <= t of beta1^(t-i) g_i. The weights of the g_i
        # are a geometric series and add up to 1 - beta1^t: as a mean of the g_i, m is too small by
        # this factor, and likewise v, as a mean of the g_i^2, by 1 - beta2^t. Divided by them,
        #   (m / (1 - beta1^t)) / sqrt(v / (1 - beta2^t))
        #       = sqrt(1 - beta2^t) / (1 - beta1^t)  m / sqrt(v),
        # and what depends on t alone goes into the rate. eps keeps 0 / 0 out where all g_i were 0.
        self.t += 1
        lr_t = self.lr * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        for layer, m, v in zip(self.layers, self.m, self.v):
            for name, param in layer.params.items():
                g = layer.grads[name]
                m[name][...] = self.beta1 * m[name] + (1 - self.beta1) * g
                v[name][...] = self.beta2 * v[name] + (1 - self.beta2) * g * g
                param -= (lr_t * m[name] / (np.sqrt(v[name]) + self.eps)).astype(param.dtype)
