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
        raise NotImplementedError
