"""Matrix product, for the dense layers."""

from numba import get_num_threads, prange

from tinyfer.core import checks
from tinyfer.core.kernels import reference, simd
from tinyfer.core.kernels.compiling import kernel
from tinyfer.core.kernels.memory import empty
from tinyfer.core.kernels.padding import cut, pad, round_up
from tinyfer.core.kernels.simd import View


@kernel(parallel=True, error_model="numpy")
def _matmul(a, a_row, a_k, M, K, b, c, width):
    """Each iteration owns twelve rows of c, of so many columns."""
    N = c.shape[1]
    b, c = b.reshape(-1), c.reshape(-1)
    panels = -(-N // width)
    for piece in prange(-(-M // simd.MOST_ROWS) * panels):
        row, column = piece // panels * simd.MOST_ROWS, piece % panels * width
        simd.product(View(c, row * N + column, N, 1), View(a, row * a_row, a_row, a_k),
                     View(b, column, N, 1), min(simd.MOST_ROWS, M - row), min(width, N - column),
                     K, False)


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
    # Wide panels are faster, narrow ones give more threads something to do.
    lanes = simd.VECTOR_BYTES // a.itemsize
    width = simd.WIDEST * lanes
    while width > lanes and rows // simd.MOST_ROWS * -(-columns // width) < get_num_threads():
        width //= 2
    _matmul(a.reshape(-1), a_row, a_k, M, K, pad(b, (K, columns)), c, width)
    return cut(c, (M, N))
