"""Chapter 13: the loop."""




def batches(n, size, rng):
    """A list of index arrays: one epoch over n images in random order, each image once.

    All batches but the last have `size` images.
    """
    raise NotImplementedError


def step(network, optimizer, x, labels, class_weights=None):
    """One training step on one batch: forward, loss, backward, update. Returns the loss before."""
    raise NotImplementedError


def train(network, optimizer, x, labels, size, epochs, rng):
    """`epochs` times over all images in batches of `size`. Returns the mean loss of each epoch,
    a mean over *images*: the last batch may be smaller.
    """
    raise NotImplementedError


def accuracy(network, x, labels, size=64):
    """The share of images whose largest output is the label's, in evaluation, `size` at a time."""
    raise NotImplementedError
