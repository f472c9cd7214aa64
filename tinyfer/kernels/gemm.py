"""Matrix product."""


def matmul(a, b):
    """a @ b for a (M, K) and b (K, N)."""
    return a @ b
