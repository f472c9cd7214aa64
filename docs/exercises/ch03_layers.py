"""Chapter 3, exercises: replace every `raise NotImplementedError`, here and in mynet/dense.py,
mynet/relu.py and mynet/network.py:

    pytest docs/exercises/ch03_layers.py
"""

import checker
import numpy as np
from checker import derivation, same, slope, true
from mynet.dense import Dense  # exercise 2: write these three
from mynet.gradient_check import largest_relative_error  # yours, of chapter 4
from mynet.network import Flatten, Network
from mynet.relu import ReLU


def by_hand():
    """Exercise 1, by hand. A dense layer with
    x = [[1, 2], [3, 0]], w = [[1, 0], [-1, 2]], b = [0, 1], and dout = [[1, 0], [-1, 2]].

    Return (out, dx, dw, db) as lists.
    """
    raise NotImplementedError


def silu(x):
    """Exercise 3. out = x sigmoid(x), any shape."""
    raise NotImplementedError


def silu_backward(dout, x):
    """Exercise 3. dx."""
    raise NotImplementedError


def residual_backward(dout, x, w, b):
    """Exercise 4. dx, dw, db of out = x + relu(x w + b); x (N, C), w (C, C), b (C,)."""
    raise NotImplementedError


class Value:
    """Exercise 5. A number that remembers how it was computed, and can be differentiated.

    data: a float; grad: d result / d self after result.backward(), 0.0 before. Whatever a
    calculation uses, how often and in which order, the chain rule must come out right: a value may
    send its gradient on only when it has all of it. Some forty lines, with what you add.
    """

    def __init__(self, data, parents=(), local=()):
        """parents: the Values it was made of; local: d self / d parent, a float for each."""
        self.data, self.parents, self.local = float(data), parents, local
        self.grad = 0.0

    def __add__(self, other):
        """self + other, a new Value; so also below. other is a Value."""
        raise NotImplementedError

    def __mul__(self, other):
        raise NotImplementedError

    def relu(self):
        raise NotImplementedError

    def backward(self):
        """Fill grad of everything that self depends on; grad of self is 1."""
        raise NotImplementedError


def train_on_chessboard(x, labels, rng):
    """Exercise 6, an experiment. A trained Network for (x, labels), made of your pieces.

    x (N, 2), labels (N,) 0 or 1: four clouds, like colours at opposite corners. Dense to 16 units,
    ReLU, dense to 2 logits, softmax cross-entropy, plain steps against the gradient. Draw the first
    weights from rng: from zeros all 16 units would stay alike. What does the same training reach
    without the hidden layer?
    """
    raise NotImplementedError


def test_by_hand():
    checker.by_hand("layers", by_hand())


def _dense():
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((4, 3)), rng.standard_normal(3)
    return Dense(w, b), rng.standard_normal((5, 4)), rng.standard_normal((5, 3))


def test_dense_forward():
    layer, x, _ = _dense()
    w, b = layer.params["w"], layer.params["b"]
    same("out", layer.forward(x), np.einsum("nc,ck->nk", x, w) + b, {
        "the bias is missing": x @ w, "the bias is subtracted": x @ w - b})


def test_dense_backward():
    layer, x, dout = _dense()
    checker.check_backward(layer, x, dout, known={
        "dw": {"it is divided by the number of images: that is the loss's business":
               lambda: np.einsum("nc,nk->ck", x, dout) / 5},
        "db": {"this is the mean over the images: a bias used N times gets the sum":
               lambda: np.einsum("nk->k", dout) / 5}})
    weights = layer.params

    def backward(x, dout):
        layer.forward(x)
        return layer.backward(dout)

    error, place = largest_relative_error(lambda x: Dense(weights["w"], weights["b"]).forward(x),
                                          backward, x, dout)
    true(error < 1e-7, f"your own gradient check refuses dx[{place}]: {error:.1e}")


def test_relu():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3, 4, 2))
    x += np.copysign(0.1, x)
    layer = ReLU()
    same("out", layer.forward(x), np.where(x > 0, x, 0), {
        "this is the absolute value": np.abs(x),
        "negative numbers pass, positive ones do not": np.where(x < 0, x, 0)})
    dout = rng.standard_normal(x.shape)
    checker.check_backward(layer, x, dout, known={"dx": {
        "dout passes everywhere: the mask is missing": dout,
        "dout is masked by its own sign, not by that of out": np.where(dout > 0, dout, 0)}})
    layer.forward(np.zeros((2, 2)))
    true(not layer.backward(np.ones((2, 2))).any(), "at 0 the package takes the slope 0")


def test_network():
    rng = np.random.default_rng(2)
    first = Dense(rng.standard_normal((12, 5)), rng.standard_normal(5))
    second = Dense(rng.standard_normal((5, 3)), rng.standard_normal(3))
    x, dout = rng.standard_normal((2, 2, 3, 2)), rng.standard_normal((2, 3))
    rows = np.array([image.ravel() for image in x])
    hidden = rows @ first.params["w"] + first.params["b"]
    out = np.where(hidden > 0, hidden, 0) @ second.params["w"] + second.params["b"]
    network = Network([Flatten(), first, ReLU(), second])
    same("rows of Flatten", Flatten().forward(x), rows, {
        "rows and columns are exchanged": x.swapaxes(1, 2).reshape(2, -1),
        "the channels come first": x.transpose(0, 3, 1, 2).reshape(2, -1)})
    same("out", network.forward(x), out)
    dx = network.backward(dout)
    same("dx", dx, slope(lambda: network.forward(x), x, dout), tolerance=1e-7)
    same("dw of the first layer", first.grads["w"],
         slope(lambda: network.forward(x), first.params["w"], dout), tolerance=1e-7)

    class Asked:
        params, grads = {}, {}

        def forward(self, x, training=False):
            self.training = training
            return x

    asked = Asked()
    Network([asked]).forward(x, training=True)
    true(asked.training, "`training` is not passed on to the layers")


def test_silu():
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((2, 3, 4))
    s, fixed = 1 / (1 + np.exp(-x)), x.copy()
    same("out", derivation(silu)(x), x * s, {
        "this is the sigmoid: times x": s, "the sign in the exponent is turned": x * (1 - s)})
    same("dx", derivation(silu_backward, [silu])(dout, x), slope(lambda: silu(x), x, dout), {
        "x is held fixed in the factor x: only the sigmoid's slope is there":
            lambda: slope(lambda: fixed * silu(x) / x, x, dout),
        "the sigmoid is held fixed: its own slope is missing": dout * s,
        "dout is missing": lambda: slope(lambda: silu(x), x, np.ones_like(x))}, 1e-7)


def test_residual():
    rng = np.random.default_rng(1)
    x, dout = rng.standard_normal((2, 5, 3))
    w, b = rng.standard_normal((3, 3)), rng.standard_normal(3)
    kept = x.copy(), dout.copy()

    def forward():
        return x + np.maximum(0, x @ w + b)

    def branch():
        return np.maximum(0, x @ w + b)

    mistakes = {"the way around the layer is missing: x is used twice, so its gradients add up":
                lambda: slope(branch, x, dout),
                "the mask of ReLU is missing": lambda: slope(lambda: x + x @ w + b, x, dout),
                "the branch is missing: this is dout alone": dout,
                "the mask hits the way around, too": lambda: slope(branch, x, dout)
                + dout * (x @ w + b > 0)}
    found = derivation(residual_backward)(dout, x, w, b)
    true(np.array_equal(x, kept[0]) and np.array_equal(dout, kept[1]), "x or dout is changed")
    same("dx", found[0], slope(forward, x, dout), mistakes, 1e-7)
    for name, gradient, array in ("dw", found[1], w), ("db", found[2], b):
        same(name, gradient, slope(forward, array, dout), {
            "the mask of ReLU is missing": lambda: slope(lambda: x @ w + b, array, dout)}, 1e-7)


def test_value():
    a, b = Value(2), Value(-3)
    c = a * b + a * a
    same("a b + a a at (2, -3)", c.data, -2)
    c.backward()
    same("its gradient by a and b", [a.grad, b.grad], [1, 2], {
        "a value used several times keeps only one of its gradients: add them up": [2, 2],
        "a is used three times, and one of its gradients is lost": [-1, 2]})
    a, b = Value(2), Value(1)
    (a.relu() + (b * Value(-1)).relu()).backward()
    same("slopes of relu(a) + relu(-b)", [a.grad, b.grad], [1, 0], {
        "relu lets every gradient pass": [1, -1]})
    a = Value(3)
    b = a * a                                   # 9, used by c and again by d
    c = b + a
    d = c * b
    (d + c).backward()                          # (a^2 + a) a^2 + a^2 + a
    same("a gradient that goes several ways", a.grad, 4 * 27 + 3 * 9 + 2 * 3 + 1, {
        "a value sends its gradient on before it has all of it: go through the values in reverse "
        "topological order, each after all that use it": lambda: _early(a, d + c)})
    chain = a
    for _ in range(3000):
        chain = chain + a
    try:
        chain.backward()
    except RecursionError:
        true(False, "3,000 additions are too many for a recursion: walk with a list instead")


def _early(a, result):
    """What comes out where every value passes on what it has when it is first met."""
    grads = {id(result): 1.0}
    todo, seen = [result], set()
    while todo:
        value = todo.pop()
        if id(value) not in seen:
            seen.add(id(value))
            for parent, local in zip(value.parents, value.local):
                grads[id(parent)] = grads.get(id(parent), 0) + local * grads[id(value)]
                todo.append(parent)
    return grads[id(a)]


def test_value_agrees_with_the_layers():
    """A dense layer and ReLU once as arrays, once as single numbers."""
    rng = np.random.default_rng(3)
    x, w, b = rng.standard_normal((1, 3)), rng.standard_normal((3, 2)), np.array([-9.0, 9])
    network = Network([Dense(w, b), ReLU()])
    out = network.forward(x)
    dx = network.backward(np.array([[1.0, 2.0]]))
    xs = [Value(number) for number in x[0]]
    total = Value(0)
    for k, weight in enumerate((1, 2)):
        z = Value(b[k])
        for c, number in enumerate(xs):
            z = z + number * Value(w[c, k])
        total = total + z.relu() * Value(weight)
    total.backward()
    same("the result", total.data, out[0] @ [1, 2])
    same("dx", [number.grad for number in xs], dx[0])


def test_chessboard():
    rng = np.random.default_rng(2)
    corners = rng.integers(2, size=(800, 2))
    x = 2 * corners - 1 + 0.3 * rng.standard_normal((800, 2))
    labels = corners.sum(axis=1) % 2
    network = train_on_chessboard(x[:400], labels[:400], rng)
    share = np.mean(network.forward(x[400:]).argmax(axis=1) == labels[400:])
    units = next((layer.params["w"] for layer in network.layers if layer.params), np.eye(2))
    true(units.shape[1] > 2, "there is no hidden layer: no linear classifier can do this")
    true(np.ptp(units, axis=1).any(), "all hidden units are alike: draw the first weights")
    true(share > 0.95, f"of new points {share:.2f} are right; with a step of about 0.5 and some "
                       "hundred steps more than 0.95 are")
