"""Chapter 3, solutions; those of the pieces are in mynet/."""

import numpy as np
from mynet.dense import Dense
from mynet.losses import softmax_cross_entropy
from mynet.network import Network
from mynet.relu import ReLU


def by_hand():
    out = [[1 - 2, 0 + 4 + 1], [3, 0 + 1]]
    dx = [[1, -1], [-1, 1 + 4]]                 # dout w^T
    dw = [[1 - 3, 0 + 6], [2, 0]]               # x^T dout
    return out, dx, dw, [0, 2]


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * _sigmoid(x)


def silu_backward(dout, x):
    """sigma' = sigma (1 - sigma), so the slope is sigma + x sigma (1 - sigma)."""
    s = _sigmoid(x)
    return dout * (s + x * s * (1 - s))


def residual_backward(dout, x, w, b):
    """x is used twice: its gradient is the sum of both ways. A new array for the masked dout."""
    dz = dout * (x @ w + b > 0)
    return dout + dz @ w.T, x.T @ dz, dz.sum(axis=0)


class Value:
    def __init__(self, data, parents=(), local=()):
        self.data, self.parents, self.local = float(data), parents, local
        self.grad = 0.0

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self):
        return Value(max(self.data, 0), (self,), (float(self.data > 0),))

    def backward(self):
        """In an order in which every value comes after all that use it: parents are listed first,
        then the list is read from its end.
        """
        order, seen, todo = [], set(), [(self, False)]
        while todo:
            value, parents_listed = todo.pop()
            if parents_listed:
                order.append(value)
            elif id(value) not in seen:
                seen.add(id(value))
                todo.append((value, True))
                todo += [(parent, False) for parent in value.parents]
        for value in order:
            value.grad = 0.0
        self.grad = 1.0
        for value in reversed(order):
            for parent, local in zip(value.parents, value.local):
                parent.grad += local * value.grad


def train_on_chessboard(x, labels, rng):
    """Without the hidden layer about half: the classes have the same mean."""
    network = Network([Dense(rng.standard_normal((2, 16)), np.zeros(16)), ReLU(),
                       Dense(rng.standard_normal((16, 2)) / 4, np.zeros(2))])
    for _ in range(300):
        _, dz = softmax_cross_entropy(network.forward(x), labels)
        network.backward(dz)
        for layer in network.layers:
            for name, param in layer.params.items():
                param -= 0.5 * layer.grads[name]
    return network
