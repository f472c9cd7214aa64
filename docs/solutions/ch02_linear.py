"""Chapter 2, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. One image, logits (0, ln 3), label 0, weight 1.

    Return (p0, p1, loss, dz0, dz1), to three decimals.
    """
    # solution
    # e^0 = 1 and e^(ln 3) = 3, so p = (1/4, 3/4); loss ln 4; dz = p - (1, 0).
    return 0.25, 0.75, 1.386, -0.75, 0.75


def softmax_backward(dp, p):
    """Exercise 3. dz (N, K) from dp = dL/dp (N, K) and the probabilities p (N, K).

    Start from dz_j = sum over k of dp_k (d p_k / d z_j); no loops are needed.
    """
    # solution
    # p_k = e_k / S with e_k = exp(z_k) and S their sum. By the quotient rule
    #   d p_k / d z_j = ([j = k] e_k S - e_k e_j) / S^2 = p_k ([j = k] - p_j).
    # Of the sum over k the first term leaves only k = j:
    # dz_j = sum_k dp_k p_k ([j = k] - p_j) = p_j (dp_j - sum_k dp_k p_k).
    return p * (dp - (dp * p).sum(axis=1, keepdims=True))


def learnt_probability(counts, weights):
    """Exercise 4, an experiment. What a classifier that sees nothing learns: p (K,).

    Of each class c there are counts[c] images, all alike, so that the only parameter is b (K,),
    the logits of every image. Start at b = 0 and take 2000 steps b - 0.5 db on the cross-entropy
    with the class weights (K,), divided by the number of images. Before you run it: what will it
    be for weights of 1, and for s_c = N / (K n_c)? And for any others?
    """
    # solution
    # db_k = sum_n s_n (p_k - [k = y_n]) / N = (T p_k - t_k) / N, with the totals t_c = n_c s_c and
    # T their sum. It is 0 for p_k = t_k / T, and the loss is convex in b, so the steps end there:
    # for s_c = 1 at the shares n_k / N of the images, for s_c = N / (K n_c), where each t_c is
    # N / K, at 1/K.
    totals = counts * weights
    b = np.zeros(len(counts))
    for _ in range(2000):
        p = np.exp(b) / np.exp(b).sum()
        b -= 0.5 * (totals.sum() * p - totals) / counts.sum()
    return np.exp(b) / np.exp(b).sum()
