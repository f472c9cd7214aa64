"""The capstone, its tests: the six-layer network out of your own pieces, by mynet/six_layer.py.

First your network and tinyfer's take the same five training steps, in float64, with the same first
weights and the same dropout, and must agree in every loss and gradient to 1e-9, for a small network
of the same kind (--full: for the six-layer network itself). Then it learns drawn faces. At last it
reads the weights that tinyfer brings with it, and says the same as tinyfer.
"""

import time

import numpy as np
from checker import same, true
from mynet.adam import Adam
from mynet.batch_norm import BatchNorm
from mynet.convolution import Conv
from mynet.dense import Dense
from mynet.dropout import Dropout
from mynet.gradient_check import largest_relative_error
from mynet.initialisation import glorot_uniform
from mynet.losses import softmax
from mynet.network import Flatten, Network
from mynet.pooling import MaxPool
from mynet.relu import ReLU
from mynet.six_layer import load_weights, six_layer_network
from mynet.training import accuracy, step, train

import tinyfer
from tinyfer.core import layers as reference
from tinyfer.core.kernels.elementwise import dropout
from tinyfer.core.model import Sequential
from tinyfer.data.drawn import draw_faces

FACES, EPOCHS, LEAST = 1500, 15, 0.9        # trained on, how often; accuracy on 300 others
SMALL = (3, 4, 5, 6, 7, 8, 9), 44           # widths, side: 44 rows are just enough


def tinyfers(widths, side, K, seed):
    """tinyfer's own layers in the same order."""
    rng, float64 = np.random.default_rng(seed), np.float64
    made, channels = [], 1
    for number, width in enumerate(widths[:6]):
        made += [reference.Conv2D(channels, width, rng, relu=True, dtype=float64),
                 reference.BatchNorm(width, dtype=float64)]
        channels, side = width, side - 2
        if number % 2:
            made += [reference.MaxPool2D(), reference.Dropout(0.25, rng)]
            side //= 2
    made += [reference.Flatten(),
             reference.Dense(side * side * channels, widths[6], rng, relu=True, dtype=float64),
             reference.BatchNorm(widths[6], dtype=float64), reference.Dropout(0.5, rng),
             reference.Dense(widths[6], K, rng, dtype=float64)]
    return made


def same_dropout(theirs, mine, x, key):
    """Give both networks the same masks, those that tinyfer draws for this key."""
    droppers = [layer for layer in mine.layers if isinstance(layer, Dropout)]
    rates, shape = [layer.rate for layer in droppers], x.shape[1:]
    true(rates == [0.25, 0.25, 0.25, 0.5], f"dropout has the rates {rates}; expected three times "
                                           "0.25, then 0.5")
    for layer in theirs.layers:
        shape = layer.output_shape(shape)
        if isinstance(layer, reference.Dropout):
            layer.fixed_key, dropper = key, droppers.pop(0)
            dropper.fixed_mask = dropout(np.ones((len(x), *shape)), key, layer.rate)
            key += 1


def run_five_steps(widths, side, K=5, batch=8):
    """Five steps of both, compared after each."""
    theirs = Sequential(tinyfers(widths, side, K, seed=1), (side, side, 1))
    mine = six_layer_network(K, np.random.default_rng(1), widths, side)
    parameters = theirs.parameters()
    places = [(layer, key) for layer in mine.layers for key in layer.params]
    true(len(places) == len(parameters), f"the network has {len(places)} arrays of parameters; "
                                         f"expected {', '.join(p.name for p in parameters)}")
    pairs = list(zip(parameters, places))
    for p, (layer, key) in pairs:
        same(f"{p.name} at the start", layer.params[key], p.value)
    adam, optimizer = Adam(mine.layers, lr=1e-4), tinyfer.Adam(parameters, lr=1e-4)
    rng, weights = np.random.default_rng(2), np.linspace(0.5, 1.5, K)
    for number in range(1, 6):
        x, labels = rng.random((batch, side, side, 1)), rng.integers(K, size=batch)
        same_dropout(theirs, mine, x, 100 * number)
        loss, dz = tinyfer.softmax_cross_entropy(theirs.forward(x, training=True), labels, weights)
        theirs.backward(dz)
        same(f"the loss of step {number}", step(mine, adam, x, labels, weights), loss, 1e-9)
        for p, (layer, key) in reversed(pairs):     # from the end: the first that differs is told
            same(f"d{p.name} of step {number}", layer.grads[key], p.grad, 1e-9)
        optimizer.step()
    x = rng.random((batch, side, side, 1))
    same("the logits in evaluation", mine.forward(x), theirs.forward(x))


def test_five_steps_agree_with_tinyfer():
    run_five_steps(*SMALL)


def test_your_own_gradient_check():
    rng = np.random.default_rng(4)
    network = six_layer_network(3, rng, *SMALL)
    x, dout = rng.random((4, SMALL[1], SMALL[1], 1)), rng.standard_normal((4, 3))
    last = network.layers[-1]

    def forward(w):
        last.params["w"][...] = w               # a check may move a copy
        return network.forward(x)

    def backward(w, dout):
        forward(w)
        network.backward(dout)
        return last.grads["w"]

    right, _ = largest_relative_error(forward, backward, last.params["w"], dout)
    off, _ = largest_relative_error(forward, lambda w, d: 1.01 * backward(w, d), last.params["w"],
                                    dout)
    true(right < 1e-6, f"your gradient check refuses the network: relative error {right:.1e}")
    true(off > 1e-3, "your gradient check accepts a gradient that is off by 1 %")


def full_five_steps_of_the_whole_network():
    run_five_steps((32, 64, 128, 128, 256, 256, 256), 48, K=7)


def test_it_learns_drawn_faces():
    """Two convolutions at half the size: three expressions, told apart after less than a minute."""
    began = time.perf_counter()
    faces = draw_faces(FACES + 300, seed=1, class_names=("happy", "sad", "surprise"))
    x = tinyfer.to_input(faces.faces).reshape(-1, 24, 2, 24, 2, 1).mean(axis=(2, 4)) - 0.5
    rng = np.random.default_rng(0)

    def weights(*shape):
        return glorot_uniform(shape, rng).astype(np.float32), np.zeros(shape[-1], np.float32)

    network = Network([Conv(*weights(3, 3, 1, 8)), ReLU(), BatchNorm(8, 0.9, dtype=np.float32),
                       MaxPool(), Conv(*weights(3, 3, 8, 16)), ReLU(),
                       BatchNorm(16, 0.9, dtype=np.float32), MaxPool(), Dropout(0.25, rng),
                       Flatten(), Dense(*weights(4 * 4 * 16, 3))])
    losses = train(network, Adam(network.layers, lr=3e-3), x[:FACES], faces.labels[:FACES], 50,
                   EPOCHS, rng)
    score = accuracy(network, x[FACES:], faces.labels[FACES:])
    show(network, x[FACES:], faces[FACES:], score)
    took = time.perf_counter() - began
    true(losses[-1] < losses[0], f"the loss rises from {losses[0]:.2f} to {losses[-1]:.2f}")
    true(score >= LEAST, f"of new faces {score:.2f} are right; expected {LEAST}")
    true(took < 120, f"the training took {took:.0f} s; expected less than two minutes")


def show(network, x, data, score):
    """Print what the network makes of faces that it has not seen: its score, the confusion matrix,
    and ten faces of which it may have misread half.
    """
    p = np.concatenate([softmax(network.forward(part)) for part in np.array_split(x, 6)])
    read, names = p.argmax(axis=1), data.class_names
    print(f"Your network reads {score:.1%} of {len(x)} new faces. Rows as drawn, columns as read\n")
    print(" " * 10 + "".join(f"{name:>10}" for name in names))
    for label, name in enumerate(names):
        counts = np.bincount(read[data.labels == label], minlength=len(names))
        print(f"{name:>10}" + "".join(f"{count:>10}" for count in counts))
    wrong, right = (np.flatnonzero((read == data.labels) == same) for same in (False, True))
    chosen = [*wrong[:5], *right][:10]
    for five in chosen[:5], chosen[5:]:
        small = data.faces[five].reshape(-1, 12, 4, 24, 2).mean(axis=(2, 4))
        low, high = (edge(small, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
        print()
        for line in (9.99 * (small - low) / (high - low + 1)).astype(int).swapaxes(0, 1):
            print("  ".join("".join(" .:-=+*#%@"[grey] for grey in face) for face in line))
        for text in ([names[data.labels[n]] for n in five],
                     [f"{names[read[n]]}, {p[n].max():.0%}" for n in five]):
            print("  ".join(f"{word:<24}" for word in text))
    print()


def test_it_reads_the_packaged_weights():
    theirs = tinyfer.load_model("five-class-study")
    K = len(theirs.class_names)
    mine = six_layer_network(K, np.random.default_rng(0), dtype=np.float32)
    load_weights(mine, theirs.state())
    faces = draw_faces(4, seed=3).faces
    p = softmax(mine.forward(tinyfer.to_input(faces)))
    same("the probabilities of four drawn faces", p, theirs.predict_proba(faces), 1e-4)
