"""Chapter 13, the tests. The answers: ch13_training.py of a workspace."""

import json

import numpy as np
from answers import advance, start
from checker import same, true
from mynet.training import accuracy, batches, step, train


def test_batches():
    for n, size in (20, 8), (16, 8), (5, 8), (1, 1):
        made = batches(n, size, np.random.default_rng(0))
        images = np.sort(np.concatenate(made))
        true(len(images) >= n, f"of {n} images only {len(images)} come: the last batch is missing")
        true(np.array_equal(images, np.arange(n)), f"of {n} images some come twice, others never")
        same("sizes of the batches", [len(batch) for batch in made],
             [size] * (n // size) + ([n % size] if n % size else []))
    twice = np.random.default_rng(0)
    first, second = (np.concatenate(batches(50, 8, twice)) for _ in range(2))
    true(not np.array_equal(first, np.arange(50)), "the order is not random")
    true(not np.array_equal(first, second), "every epoch has the same order")
    true(len({i // 8 for i in batches(800, 8, np.random.default_rng(1))[0]}) > 2,
         "batches are shuffled, and the images within them stay together: shuffle the images")


class Spy:
    """A network with one number, and its optimizer, that writes down how it is used."""

    def __init__(self, moves=True):
        self.params, self.grads, self.moves = {"w": np.array([0.5])}, {}, moves
        self.trained, self.sizes, self.order = [], [], []

    def forward(self, x, training=False):
        self.x = x
        self.trained.append(training)
        self.sizes.append(len(x))
        return x * self.params["w"] * np.array([1.0, -1, 0])

    def backward(self, dz):
        self.order.append("backward")
        self.grads["w"] = np.array([(dz * self.x * [1, -1, 0]).sum()])
        return dz

    def step(self):
        self.order.append("step")
        if self.grads and self.moves:
            self.params["w"] -= self.grads["w"]


def _loss(z, labels, weights=np.ones(3)):
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(weights[labels] * log_p[np.arange(len(z)), labels]).mean()


def test_step():
    x, labels = np.arange(1.0, 5)[:, None], np.array([0, 1, 2, 0])
    for weights in np.ones(3), np.array([2.0, 0.5, 1.0]):
        network = Spy()
        loss = step(network, network, x, labels, weights)
        true(network.trained[:1] == [True], "forward is called without training=True: batch norm "
                                            "and dropout would do as in evaluation")
        true("backward" in network.order, "backward is never called")
        true("step" in network.order, "the optimizer takes no step")
        true(network.order == ["backward", "step"], "the step comes before the gradient")
        same("the loss", loss, _loss(x * [0.5, -0.5, 0], labels, weights))


def test_train():
    x = np.random.default_rng(0).standard_normal((20, 1))
    labels = np.random.default_rng(1).integers(3, size=20)
    network = Spy(moves=False)
    losses = train(network, network, x, labels, 8, 3, np.random.default_rng(2))
    true(network.sizes == [8, 8, 4] * 3, f"batches of {network.sizes} images; expected 8, 8 and 4, "
                                         "three times")
    same("mean loss of each epoch", losses, [_loss(x * [0.5, -0.5, 0], labels)] * 3, 1e-6)


def test_accuracy():
    x = np.array([1.0, 2, -1, -3, 1, 2, 5])[:, None]
    network = Spy()
    same("accuracy", accuracy(network, x, np.array([0, 1, 1, 1, 0, 2, 0]), 3), 5 / 7)
    true(not any(network.trained), "the accuracy is measured in training mode")


def _data():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 60)
    return rng.standard_normal((60, 4)) + 2 * np.eye(4)[labels], labels


def test_start():
    state = json.loads(json.dumps(start(0, 4, 3)))
    true(np.shape(state["w"]) == (4, 3) and np.shape(state["b"]) == (3,), "w or b: wrong shape")
    true(not np.any(state["w"]), "w does not start at 0")
    true(json.dumps(start(0, 4, 3)) != json.dumps(start(1, 4, 3)), "the seed does not count: the "
         "state of the generator is what the order of the next epoch depends on")


def test_advance():
    x, labels = _data()
    beginning = start(0, 4, 3)
    text = json.dumps(beginning)
    whole = advance(beginning, x, labels, 5)
    true(json.dumps(beginning) == text, "advance changes the state that it is given")
    right = np.mean(np.argmax(x @ np.array(whole["w"]) + whole["b"], axis=1) == labels)
    true(right > 0.8, f"after five epochs {right:.2f} of the images are right; expected 0.8")
    one = advance(beginning, x[:1], labels[:1], 3)          # one image: the order cannot matter
    halves = advance(advance(beginning, x[:1], labels[:1], 1), x[:1], labels[:1], 2)
    true(np.allclose(one["w"], halves["w"]), "a stop loses the momentum: it is part of the state")
    for stop in 1, 2, 4:
        half = advance(start(0, 4, 3), x, labels, stop)
        half = json.loads(json.dumps(half))         # to the disk and back
        true(np.array_equal(advance(half, x, labels, 5 - stop)["w"], whole["w"]),
             "a stop loses the generator: the order of the images is another one afterwards")
    true(advance(start(1, 4, 3), x, labels, 5)["w"] != whole["w"], "the seed does not count")
