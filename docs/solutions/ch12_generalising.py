"""Chapter 12, exercises: replace every `raise NotImplementedError`."""

import numpy as np


def by_hand():
    """Exercise 1, by hand. Three tuples:

    the weights of three classes with 12, 6 and 2 images; the probabilities that training with these
    weights prefers for a face whose true ones are (0.6, 0.3, 0.1); the row (0, 8, 16, 8) shifted
    right by 1.5 with linear interpolation, places outside taking the nearest border pixel.
    """
    # solution
    weights = 20 / 36, 20 / 18, 20 / 6
    # N / (K n_c). The loss - sum_c q_c w_c log p_c is least where p is proportional to w q.
    # w q is (1/3, 1/3, 1/3): true probabilities like the shares of the classes say nothing at all.
    # Reads at -1.5, -0.5, 0.5, 1.5: outside, outside, between 0 and 8, between 8 and 16.
    return weights, (1 / 3, 1 / 3, 1 / 3), (0, 0, 4, 12)


# helper
def _reader(n, s):
    """The matrix that reads n numbers at their places minus s."""
    place = np.clip(np.arange(n) - s, 0, n - 1)
    k = np.minimum(np.floor(place).astype(int), n - 2)
    matrix = np.zeros((n, n))
    matrix[np.arange(n), k] = 1 - (place - k)
    matrix[np.arange(n), k + 1] = place - k
    return matrix


def shift(image, s_y, s_x):
    """Exercise 3. out[i, j] = image(i - s_y, j - s_x), bilinear, the border repeated outside.

    image: (H, W) float64. s_y and s_x: any floats, also larger than the image.
    """
    # solution
    # Rows and columns, one after the other: Y image X^T.
    H, W = image.shape
    return _reader(H, s_y) @ image @ _reader(W, s_x).T


def shift_backward(dout, s_y, s_x):
    """Exercise 3, too. d(image) from dout, both (H, W): of what is each pixel a part?"""
    # solution
    # out[i,j] = sum over a,b of Y[i,a] image[a,b] X[j,b]: the pixel (a, b) stands in out[i,j] with
    # the factor Y[i,a] X[j,b]. So d(image)[a,b] = sum over i,j of Y[i,a] dout[i,j] X[j,b], which
    # is Y^T dout X.
    H, W = dout.shape
    return _reader(H, s_y).T @ dout @ _reader(W, s_x)


def without_weights(q, weights):
    """Exercise 4. Probabilities q (N, K) of a network trained with class weights (K,), as they
    would be had it been trained without: (N, K), each row adding up to 1.
    """
    # solution
    # For true probabilities t the weighted loss of a face is - sum_c t_c w_c log q_c. Its gradient
    # by the logits, (sum of w t) q_c - w_c t_c, is 0 for q_c = w_c t_c / sum of w t. So t_c is
    # proportional to q_c / w_c, and adds up to 1.
    P = q / weights
    return P / P.sum(axis=1, keepdims=True)
