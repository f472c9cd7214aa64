"""Chapter 3, exercises: replace every `raise NotImplementedError`."""

import numpy as np
from mynet.dense import Dense
from mynet.losses import softmax_cross_entropy  # solution
from mynet.network import Network
from mynet.relu import ReLU


def by_hand():
    """Exercise 1, by hand. A dense layer with
    x = [[1, 2], [3, 0]], w = [[1, 0], [-1, 2]], b = [0, 1], and dout = [[1, 0], [-1, 2]].

    Return (out, dx, dw, db) as lists.
    """
    # solution
    out = [[1 - 2, 0 + 4 + 1], [3, 0 + 1]]
    dx = [[1, -1], [-1, 1 + 4]]                 # dout w^T
    dw = [[1 - 3, 0 + 6], [2, 0]]               # x^T dout
    return out, dx, dw, [0, 2]


# helper
def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    """Exercise 3. out = x sigmoid(x), any shape."""
    # solution
    return x * _sigmoid(x)


def silu_backward(dout, x):
    """Exercise 3. dx."""
    # solution
    # sigma = 1 / (1 + e^-x) has the slope e^-x / (1 + e^-x)^2 = sigma (1 - sigma), for
    # e^-x / (1 + e^-x) = 1 - sigma. By the product rule that of x sigma is
    # sigma + x sigma (1 - sigma).
    s = _sigmoid(x)
    return dout * (s + x * s * (1 - s))


def residual_backward(dout, x, w, b):
    """Exercise 4. dx, dw, db of out = x + relu(x w + b); x (N, C), w (C, C), b (C,)."""
    # solution
    # With z = x w + b: dz is dout where z > 0 (ReLU), and from dz come dx, dw, db as in a dense
    # layer. out = x + ... has the slope 1 by x as well, which adds dout itself.
    # x is used twice: its gradient is the sum of both ways. A new array for the masked dout.
    dz = dout * (x @ w + b > 0)
    return dout + dz @ w.T, x.T @ dz, dz.sum(axis=0)


class Value:
    """Exercise 5. A number that remembers how it was computed, and can be differentiated.

    data: a float; grad: d result / d self after result.backward(), 0.0 before. Whatever a
    calculation uses, how often and in which order, the chain rule must come out right: a value may
    send its gradient on only when it has all of it. 3,000 operations in a row must do, too many
    for recursion. Some forty lines, with what you add.
    """

    def __init__(self, data, parents=(), local=()):
        """parents: the Values it was made of; local: d self / d parent, a float for each."""
        self.data, self.parents, self.local = float(data), parents, local
        self.grad = 0.0

    def __add__(self, other):
        """self + other, a new Value; so also below. other is a Value."""
        # solution
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        # solution
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self):
        # solution
        return Value(max(self.data, 0), (self,), (float(self.data > 0),))

    def backward(self):
        """Fill grad of everything that self depends on; grad of self is 1."""
        # solution
        # In an order in which every value comes after all that use it: parents are listed
        # first, then the list is read from its end.
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
    """Exercise 6, an experiment. A trained Network for (x, labels), made of your pieces.

    x (N, 2), labels (N,) 0 or 1: four clouds, like colours at opposite corners. Dense to 16 units,
    ReLU, dense to 2 logits, softmax cross-entropy, plain steps against the gradient. Draw the first
    weights from rng: from zeros all 16 units would stay alike. What does the same training reach
    without the hidden layer?
    """
    # solution
    # Without the hidden layer about half: the classes have the same mean.
    network = Network([Dense(rng.standard_normal((2, 16)), np.zeros(16)), ReLU(),
                       Dense(rng.standard_normal((16, 2)) / 4, np.zeros(2))])
    for _ in range(300):
        _, dz = softmax_cross_entropy(network.forward(x), labels)
        network.backward(dz)
        for layer in network.layers:
            for name, param in layer.params.items():
                param -= 0.5 * layer.grads[name]
    return network
