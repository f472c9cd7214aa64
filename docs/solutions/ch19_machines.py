"""Chapter 19, exercises: replace every `raise NotImplementedError`."""

from mynet.losses import softmax_cross_entropy  # solution


def by_hand():
    """Exercise 1, by hand. Five numbers, to three decimals:

    a batch of 10 images, of which three workers take 4, 3 and 3: the factors by which the second
    and the first multiply the mean loss of their images, so that the mean of the three gradients is
    the whole batch's; how many times the gradient's bytes each of 4 machines sends in a ring
    all-reduce; T(8) in milliseconds for t = 100 ms and c = 20 ms, and T as n grows without end.
    """
    # solution
    # n/N times the share's size; 2 (4 - 1) / 4; 100/8 + 2 (8 - 1) / 8 * 20; 2 c.
    return 0.9, 1.2, 1.5, 47.5, 40


def share_of_loss(z, labels, class_weights, images, workers):
    """Exercise 2. (loss, dz) of one worker, such that the mean over all workers is the batch's.

    z (M, K), labels (M,): of its share; images: how many the batch has; class_weights (K,). The
    batch's loss is that of chapter 2, divided by its number of images. Use your losses.
    """
    # solution
    # Let worker i have n_i of the N images and the mean loss l_i. The batch's loss is
    #   sum over i of n_i l_i / N = (1 / workers) sum over i of (workers n_i / N) l_i:
    # a mean over the workers, of l_i times workers n_i / N. The gradient has the same factor.
    loss, dz = softmax_cross_entropy(z, labels, class_weights)
    factor = workers * len(z) / images
    return factor * loss, factor * dz


def variance_of_shares(M, rng, trials=20_000):
    """Exercise 3, an experiment. The variance that batch norm finds in shares of M numbers, a mean
    over the trials. The numbers, all drawn with rng, are standard normal: over a large batch it
    would be 1. How does it depend on M?
    """
    # solution
    # var = mean of x^2 - (mean of x)^2. The first has the mean 1, the second the mean Var[mean] =
    # 1/M: 1 - 1/M, since the mean that is subtracted is the share's own.
    return rng.standard_normal((trials, M)).var(axis=1).mean()
