"""Chapter 3, the tests. The answers: ch03_layers.py of a workspace."""

import checker
import numpy as np
from answers import Value, by_hand, residual_backward, silu, silu_backward, train_on_chessboard
from checker import derivation, same, slope, true
from mynet.dense import Dense
from mynet.network import Flatten, Network
from mynet.relu import ReLU


def test_by_hand():
    """1 The shapes: out and dout are 2 x 2, and so is everything but b.
    2 dx = dout times w transposed.
    3 dw = x transposed times dout; db adds up the rows of dout.
    """
    checker.by_hand("layers", by_hand())


def _dense():
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((4, 3)), rng.standard_normal(3)
    return Dense(w, b), rng.standard_normal((5, 4)), rng.standard_normal((5, 3))


def test_dense_forward():
    """1 One matrix product.
    2 The bias is added to every row; NumPy does that by itself.
    3 x @ w + b; and keep x, for backward.
    """
    layer, x, _ = _dense()
    w, b = layer.params["w"], layer.params["b"]
    same("out", layer.forward(x), np.einsum("nc,ck->nk", x, w) + b, {
        "the bias is missing": x @ w, "the bias is subtracted": x @ w - b})


def test_dense_backward():
    """1 Write out[n,k] with all its indices, and differentiate by x[n,c], by w[c,k], by b[k].
    2 A weight is used by every image: its gradient is the sum over n.
    3 dout @ w.T, x.T @ dout, dout.sum(axis=0).
    """
    layer, x, dout = _dense()
    checker.check_backward(layer, x, dout, known={
        "dw": {"it is divided by the number of images: that is the loss's business":
               lambda: np.einsum("nc,nk->ck", x, dout) / 5},
        "db": {"this is the mean over the images: a bias used N times gets the sum":
               lambda: np.einsum("nk->k", dout) / 5}})


def test_relu():
    """1 What is the slope of max(0, x) on either side?
    2 Keep what tells the side: out > 0 exactly where x > 0.
    3 dout * (out > 0), a new array.
    """
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
    """1 forward goes through the list, backward through it from its end.
    2 What one layer returns is what the next is given.
    3 for layer in reversed(self.layers): dout = layer.backward(dout).
    """
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
    """1 x is used twice: as a factor and inside the sigmoid.
    2 The sigmoid s has the slope s (1 - s).
    3 dx = dout (s + x s (1 - s)).
    """
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((2, 3, 4))
    s, fixed = 1 / (1 + np.exp(-x)), x.copy()
    same("out", derivation(silu)(x), x * s, {
        "this is the sigmoid: times x": s, "the sign in the exponent is turned": x * (1 - s)})
    same("dx", derivation(silu_backward, [silu])(dout, x), slope(lambda: silu(x), x, dout), {
        "x is held fixed in the factor x: only the sigmoid's slope is there":
            lambda: slope(lambda: fixed * silu(x) / x, x, dout),
        "the sigmoid is held fixed: its own slope is missing": dout * s,
        "this is the slope of the sigmoid alone, without the factor x": dout * s * (1 - s),
        "the slopes of both factors are multiplied: those of a product add up":
            dout * s * s * (1 - s),
        "dout is missing": lambda: slope(lambda: silu(x), x, np.ones_like(x))}, 1e-7)


def test_residual():
    """1 x goes two ways: give each use a name of its own.
    2 One way brings dout itself, the other goes through ReLU and the product.
    3 dz = dout * (x w + b > 0); dx = dout + dz @ w.T; dw and db as for dense.
    """
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
    """1 Each result remembers its parents and the slope to each: 1, 1 for +; b, a for a b.
    2 backward adds local * grad to each parent. But only when grad is complete!
    3 List the values so that parents come first (a depth-first walk with a list of your own),
      then go through that list from its end.
    """
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
    """a.grad, where it comes out as every value passes on what it has when it is met, once or
    each time, the next value taken from the front or the back of a list; else nan.
    """
    for where, once in (-1, True), (0, True), (-1, False), (0, False):
        grads, todo, seen = {id(result): 1.0}, [result], set()
        while todo:
            value = todo.pop(where)
            if not (once and id(value) in seen):
                seen.add(id(value))
                for parent, local in zip(value.parents, value.local):
                    grads[id(parent)] = grads.get(id(parent), 0) + local * grads[id(value)]
                    todo.append(parent)
        if grads[id(a)] == a.grad:
            return a.grad
    return np.nan


def test_value_agrees_with_the_layers():
    """1 If a b is right at one value and wrong here, look at which slope belongs to which parent.
    2 d(a b)/da = b.
    3 relu: slope 1 where the value is positive, else 0.
    """
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
    """1 Network([Dense, ReLU, Dense]), your loss, and 300 steps.
    2 Draw w1 with rng.standard_normal((2, 16)); biases 0.
    3 For each layer and name: params[name] -= 0.5 * grads[name].
    """
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
