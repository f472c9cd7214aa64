"""Matrix product, for the dense layers."""

from numba import prange

from tinyfer import checks
from tinyfer.kernels import reference, simd
from tinyfer.kernels.compiling import kernel
from tinyfer.kernels.memory import empty
from tinyfer.kernels.padding import cut, pad, round_up

ROWS = 2 * simd.MOST_ROWS       # of the result, which one thread computes at a time


@kernel(parallel=True, error_model="numpy")
def _matmul(a, a_row, a_k, M, K, b, c):
    N = c.shape[1]
    b, c = b.reshape(-1), c.reshape(-1)
    for part in prange((M + ROWS - 1) // ROWS):
        row = part * ROWS
        simd.product(c, row * N, N, a, row * a_row, a_row, a_k, min(ROWS, M - row),
                     b, 0, N, N, K, False)


def matmul(a, b):
    """a b for a (M, K) and b (K, N), M, K, N >= 1: c[m, n] = sum over k of a[m, k] b[k, n].

    Both of one dtype, float32 or float64; either may be transposed. Unlike a BLAS, the result is
    the same bit for bit whatever the number of threads, and no second pool of threads competes.
    """
    a, b = checks.product(a, b)
    if not simd.AVAILABLE:
        return reference.matmul(a, b)
    M, K = a.shape
    N = b.shape[1]
    rows, columns = round_up(M, simd.MOST_ROWS), round_up(N, simd.VECTOR_BYTES // a.itemsize)
    turned = not a.flags.c_contiguous
    a = pad(a.T, (K, rows)) if turned else pad(a, (rows, K))
    a_row, a_k = (1, rows) if turned else (K, 1)
    c = empty((rows, columns), a.dtype)
    _matmul(a.reshape(-1), a_row, a_k, M, K, pad(b, (K, columns)), c)
    return cut(c, (M, N))
