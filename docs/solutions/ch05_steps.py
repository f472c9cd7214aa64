"""Chapter 5, exercises: replace every `raise NotImplementedError`."""


def by_hand():
    """Exercises 1 and 2, by hand. Six numbers, to three decimals:

    for gradients 0, 2, 4 the mean g, S, and the variance of the mean of two that are drawn without
    replacement; w after two steps on L = 2 w^2 from w = 1 with the rates 0.25, 0.4 and 0.6.
    """
    # solution
    # S / n (N - n) / (N - 1), with S = (4 + 0 + 4) / 3; and L' = 4 w.
    # The pairs have the means 1, 2, 3: 8/3 / 2 * (3 - 2) / (3 - 1). A step multiplies by 1 - 4 lr.
    return 2, 8 / 3, 2 / 3, 0, 0.6**2, 1.4**2


def momentum(w, gradient, lr, beta, steps):
    """Exercise 3. w after descent with momentum: m <- beta m + (1 - beta) g, w <- w - lr m.

    gradient(w) is g, w a number or an array; m begins at 0. w itself stays as it is.
    """
    # solution
    m = 0 * w
    for _ in range(steps):
        m = beta * m + (1 - beta) * gradient(w)
        w = w - lr * m
    return w


def largest_rate(curvature, beta, rates):
    """Exercise 4, an experiment. The largest of the rates at which 500 steps of `momentum` hold:
    on L = curvature w^2 / 2 from w = 1 they end nearer to 0. How does it depend on beta?
    """
    # solution
    # The last step was -lr m = w_t - w_{t-1}. Put into the next one, with g = curvature w_t,
    #   w_{t+1} = w_t + beta (w_t - w_{t-1}) - a w_t,    a = lr (1 - beta) curvature.
    # Solutions are z^t with z^2 - (1 + beta - a) z + beta = 0. The product of the roots is
    # beta < 1. A pair of complex ones has |z|^2 = beta; real ones leave the unit circle first at
    # z = -1, where 2 + 2 beta = a. So it holds for a < 2 (1 + beta), or
    #   lr < 2 / curvature (1 + beta) / (1 - beta).
    return max(lr for lr in rates if abs(momentum(1.0, lambda w: curvature * w, lr, beta, 500)) < 1)
