"""Chapter 13: the loop."""

import numpy as np

from mynet.losses import softmax_cross_entropy  # solution


def batches(n, size, rng):
    """A list of index arrays: one epoch over n images in random order, each image once.

    All batches but the last have `size` images.
    """
    # solution
    order = rng.permutation(n)
    return [order[first:first + size] for first in range(0, n, size)]


def step(network, optimizer, x, labels, class_weights=None):
    """One training step on one batch: forward, loss, backward, update. Returns the loss before."""
    # solution
    loss, dz = softmax_cross_entropy(network.forward(x, True), labels, class_weights)
    network.backward(dz)
    optimizer.step()
    return loss


def train(network, optimizer, x, labels, size, epochs, rng):
    """`epochs` times over all images in batches of `size`. Returns the mean loss of each epoch,
    a mean over *images*: the last batch may be smaller.
    """
    # solution
    # Batch b has n_b images and the mean loss l_b, so n_b l_b is the sum over its images, and
    # sum_b n_b l_b / N the mean over all. The mean of the l_b would count an image of a smaller
    # last batch more than the others.
    losses = []
    for _ in range(epochs):
        total = sum(len(batch) * step(network, optimizer, x[batch], labels[batch])
                    for batch in batches(len(x), size, rng))
        losses.append(total / len(x))
    return losses


def accuracy(network, x, labels, size=64):
    """The fraction of images whose largest output is the label's, evaluated `size` at a time."""
    # solution
    right = 0
    for first in range(0, len(x), size):
        z = network.forward(x[first:first + size])
        right += np.sum(z.argmax(axis=1) == labels[first:first + size])
    return right / len(x)
