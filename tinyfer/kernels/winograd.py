"""Convolution 3x3 with fewer multiplications: Winograd's F(m x m, 3 x 3).

Source: Lavin and Gray 2015, *Fast Algorithms for Convolutional Neural Networks*, equation 12.
The output is cut into tiles of m x m, each seen through an input tile X of n x n, n = m + 2
(neighbouring input tiles overlap by 2). For one input channel and one filter g,

    V = B^T X B        U = G g G^T        M = V * U (entry by entry)        Y = A^T M A

costs n^2 multiplications instead of 9 m^2. Over channels the entry-by-entry product becomes, for
each of the n^2 places p, a matrix product of tiles by channels with channels by filters:

    M[p] = V[p] U[p]            (T, K) = (T, C) (C, K)

Every step is linear in X and in g, so the backward pass is each step's transpose, in reverse:

    dM = A dY A^T        dU[p] = V[p]^T dM[p]        dw = G^T dU G
                         dV[p] = dM[p] U[p]^T        dX += B dV B^T  (tiles overlap: a sum)

and db is free: one row of A is all ones (the point 1), so at that place dM is the sum of dY.

The rounding of an output depends on its place in the tile and on all inputs of the tile: outputs
that are equal in exact arithmetic, in a flat area of a picture, may differ in their last digits,
and an infinity or NaN spreads to its tile.

Who owns what: the forward pass is parallel over tiles, dx over images (whose tiles overlap), dU
over the places p. No sum is shared: the result does not depend on the number of threads.
"""

from collections import namedtuple
from fractions import Fraction

import numpy as np
from numba import get_num_threads, get_thread_id, njit, prange

from tinyfer import checks
from tinyfer.kernels import simd
from tinyfer.kernels.compiling import kernel
from tinyfer.kernels.memory import empty
from tinyfer.kernels.padding import cut, pad, round_up, swap_channels

HALF = Fraction(1, 2)
# Points of interpolation besides infinity. Signs in pairs halve the work of a transform; halves
# beside twos keep the numbers small. Relative errors in float32, norm of the difference over
# the norm, in the shapes of the network: out 1e-6, 2e-6, 4e-6; dx up to 5e-6; dw of a batch of 64,
# a sum over as many as 123,904 places, 2e-6 to 2e-5.
POINTS = {
    4: (0, 1, -1, 2, -2),
    5: (1, -1, 2, -2, HALF, -HALF),
    6: (0, 1, -1, 2, -2, HALF, -HALF),
}


# Where 1 stands among the points, by m: numba reads a tuple, not a dict.
POINT_ONE = tuple(POINTS[m].index(1) if m in POINTS else -1 for m in range(max(POINTS) + 1))


def matrices(m):
    """The exact A^T (m, n), G (n, 3), B^T (n, n) of F(m, 3) for POINTS[m], by Cook and Toom.

    Row i of G evaluates a filter, seen as a polynomial, at point i (divided by N_i, the product
    of its distances to the other points); row i of B^T holds the coefficients of the polynomial
    that vanishes at all other points; column i of A^T holds the powers of point i. The last entries
    belong to infinity.
    """
    points = [Fraction(p) for p in POINTS[m]]

    def vanishing(roots):
        coefficients = [Fraction(1)]
        for root in roots:
            shifted = [Fraction(0)] + coefficients
            coefficients = [s - root * c for s, c in zip(shifted, coefficients + [0])]
        return coefficients

    AT = [[p ** i for p in points] + [Fraction(i == m - 1)] for i in range(m)]
    G, BT = [], []
    for i, p in enumerate(points):
        others = points[:i] + points[i + 1:]
        N = Fraction(1)
        for q in others:
            N *= p - q
        G.append([p ** j / N for j in range(3)])
        BT.append(vanishing(others) + [Fraction(0)])
    G.append([Fraction(0), Fraction(0), Fraction(1)])
    BT.append(vanishing(points))
    return AT, G, BT


def _transposed(matrix):
    return [list(column) for column in zip(*matrix)]


AT, G, BT = ({m: matrices(m)[i] for m in POINTS} for i in range(3))
A, GT, B = ({m: _transposed(L) for m, L in group.items()} for group in (AT, G, BT))

input_tile = simd.sandwich(BT)                              # V = B^T X B
filter_tile = simd.sandwich(G)                              # U = G g G^T
output_tile = simd.sandwich(AT, "bias")                     # Y = A^T M A + b, and ReLU
output_grad = simd.sandwich(A, "where")                     # dM = A dY A^T, dY 0 where Y was
input_grad = simd.sandwich(B, "add")                        # dX += B dV B^T
filter_grad = simd.sandwich(GT)                             # dw = G^T dU G

# Tiles transformed, multiplied and transformed back before the next: a block of V and M that stays
# in the cache, but large enough to read all of U for.
BLOCK = 72
# V and dM are kept for a chunk of images, from which dU is then summed place by place: about so
# many bytes, which a cache can hold, but a whole number of eights, to share among the threads.
CHUNK = 4 << 20

# Sizes of one convolution over whole tiles and whole vectors of channels: tiles of m x m in rows
# and cols; `parts` equal shares of the work; place_v, place_m: distance from one place p to the
# next in a part's V and M.
Plan = namedtuple("Plan", "m n N H W C K rows cols parts place_v place_m")


def _plan(x, K, m, items, tiles):
    """The sizes, when so many items of so many tiles each are shared out to the threads.

    The parts depend on the number of threads; no result depends on the parts.
    """
    N, H, W, C = x.shape
    threads = get_num_threads()
    parts = min(items, threads * -(-items * tiles // (threads * BLOCK)))
    largest = round_up(-(-items // parts) * tiles, simd.MOST_ROWS)
    # One vector more than the tiles need: see _filters.
    lanes = simd.VECTOR_BYTES // x.itemsize
    return Plan(m, m + 2, N, H, W, C, K, (H - 2) // m, (W - 2) // m, parts,
                largest * C + lanes, largest * K + lanes)


def _whole(shape, K, m, itemsize):
    """The shape of x and the number of filters, rounded up to whole tiles and whole vectors."""
    N, H, W, C = shape
    lanes = simd.VECTOR_BYTES // itemsize
    whole = N, round_up(H - 2, m) + 2, round_up(W - 2, m) + 2, round_up(C, lanes)
    return whole, round_up(K, lanes)


def _scratch(g, dtype):
    """One block of V and one of M for each thread."""
    size = (g.n * g.n * (g.place_v + g.place_m)) + simd.MOST_ROWS * (g.C + g.K)
    return empty((get_num_threads(), size), dtype)


@njit(error_model="numpy")
def _v_and_m(g, scratch):
    v = g.n * g.n * g.place_v + simd.MOST_ROWS * g.C
    return scratch[:v], scratch[v:]


@kernel(parallel=True, error_model="numpy")
def _transform_filters(m, w, C, K, U):
    """U[p], packed in panels as simd.product reads it, from flat w (3, 3, C, K)."""
    n = m + 2
    place = U.size // (n * n)
    for c in prange(C):
        k = 0
        while k < K:
            width = simd.panel_width(K - k, w.itemsize)
            filter_tile(m, width, w, c * K + k, 3 * C * K, C * K,
                        U, C * k + c * width, n * place, place, w, 0, 0)
            k += width


def _filters(w, m):
    C, K = w.shape[2:]
    # One vector more in each place, lest all places fall into the same cache sets.
    U = empty(((m + 2)**2 * (C * K + simd.VECTOR_BYTES // w.itemsize),), w.dtype)
    _transform_filters(m, w.reshape(-1), C, K, U)
    return U


@njit(error_model="numpy")
def _corner(g, tile, height, width, channels):
    """Index of a tile's first number in an array (N, height, width, channels)."""
    image, tile = divmod(tile, g.rows * g.cols)
    row, col = divmod(tile, g.cols)
    return ((image * height + row * g.m) * width + col * g.m) * channels


@kernel(parallel=True, error_model="numpy")
def _forward(g, x, U, b, least, out, scratch):
    tiles = g.N * g.rows * g.cols
    for part in prange(g.parts):
        V, M = _v_and_m(g, scratch[get_thread_id()])
        first = tiles * part // g.parts
        count = tiles * (part + 1) // g.parts - first
        for t in range(count):
            corner = _corner(g, first + t, g.H, g.W, g.C)
            input_tile(g.m, g.C, x, corner, g.W * g.C, g.C,
                       V, t * g.C, g.n * g.place_v, g.place_v, x, 0, least)
        for p in range(g.n * g.n):
            simd.product(M, p * g.place_m, g.K, V, p * g.place_v, g.C, 1, count,
                         U, p * (U.size // g.n**2), 0, g.K, g.C, False)
        for t in range(count):
            corner = _corner(g, first + t, g.H - 2, g.W - 2, g.K)
            output_tile(g.m, g.K, M, t * g.K, g.n * g.place_m, g.place_m,
                        out, corner, (g.W - 2) * g.K, g.K, b, 0, least)


def _least(relu, dtype):
    """The threshold of ReLU, or NaN, below which there is nothing: see simd.sandwich."""
    return dtype.type(0 if relu else np.nan)


def forward(x, w, b, relu, m):
    """out = x * w + b, ReLU if asked for: x (N, H, W, C), w (3, 3, C, K) -> (N, H-2, W-2, K)."""
    x, w, b = checks.convolution(x, w, b)
    N, H, W, C = x.shape
    K = w.shape[3]
    shape, filters = _whole(x.shape, K, m, x.itemsize)
    x = pad(x, shape)
    w = pad(w, (3, 3, shape[3], filters))
    g = _plan(x, filters, m, N * (shape[1] - 2) * (shape[2] - 2) // m**2, 1)
    out = empty((N, g.H - 2, g.W - 2, g.K), x.dtype)
    _forward(g, x.reshape(-1), _filters(w, m), pad(b, (g.K,)), _least(relu, x.dtype),
             out.reshape(-1), _scratch(g, x.dtype))
    return cut(out, (N, H - 2, W - 2, K))


@kernel(parallel=True, error_model="numpy")
def _backward(g, dout, out, least, x, UT, first, images, V, dM, dx, scratch):
    """V, dM and dx for `images` images from `first` on."""
    per_image = g.rows * g.cols
    place_v, place_m = V.size // g.n**2, dM.size // g.n**2
    for part in prange(g.parts):
        dV, _ = _v_and_m(g, scratch[get_thread_id()])
        image = images * part // g.parts
        here = images * (part + 1) // g.parts - image
        start, count = image * per_image, here * per_image
        image += first
        for t in range(count):
            corner = _corner(g, image * per_image + t, g.H, g.W, g.C)
            input_tile(g.m, g.C, x, corner, g.W * g.C, g.C,
                       V, (start + t) * g.C, g.n * place_v, place_v, x, 0, least)
            corner = _corner(g, image * per_image + t, g.H - 2, g.W - 2, g.K)
            output_grad(g.m, g.K, dout, corner, (g.W - 2) * g.K, g.K,
                        dM, (start + t) * g.K, g.n * place_m, place_m, out, corner, least)
        for p in range(g.n * g.n):
            simd.product(dV, p * g.place_v, g.C, dM, p * place_m + start * g.K, g.K, 1, count,
                         UT, p * (UT.size // g.n**2), 0, g.C, g.K, False)
        size = g.H * g.W * g.C
        for i in range(image * size, (image + here) * size):
            dx[i] = 0
        for t in range(count):
            corner = _corner(g, image * per_image + t, g.H, g.W, g.C)
            input_grad(g.m, g.C, dV, t * g.C, g.n * g.place_v, g.place_v,
                       dx, corner, g.W * g.C, g.C, x, 0, least)


@kernel(parallel=True, error_model="numpy")
def _filter_products(g, V, dM, tiles, dU, db, add):
    """dU[p] (+)= V[p]^T dM[p]; and db from the place where dM is the sum of dout."""
    places = g.n * g.n
    one = POINT_ONE[g.m] * (g.n + 1)
    for p in prange(places):
        m = p * (dM.size // places)
        simd.product(dU, p * (dU.size // places), g.K, V, p * (V.size // places), 1, g.C, g.C,
                     dM, m, g.K, g.K, tiles, add)
        if p == one:
            for t in range(tiles):
                for k in range(g.K):
                    db[k] += dM[m + t * g.K + k]


@kernel(parallel=True, error_model="numpy")
def _filter_grads(m, dU, C, K, dw):
    """dw = G^T dU G."""
    n = m + 2
    place = dU.size // (n * n)
    for c in prange(C):
        filter_grad(m, K, dU, c * K, n * place, place, dw, c * K, 3 * C * K, C * K, dU, 0, 0)


def backward(dout, x, w, out, m):
    """dx, dw, db of `forward`; out: its result where it included ReLU, else None."""
    dout, x, w, out = checks.convolution_gradient(dout, x, w, out)
    x_shape, w_shape = x.shape, w.shape
    shape, filters = _whole(x.shape, w.shape[3], m, x.itemsize)
    x = pad(x, shape)
    w = pad(w, (3, 3, shape[3], filters))
    per_image = (shape[1] - 2) * (shape[2] - 2) // m**2
    size = (m + 2)**2 * per_image * (shape[3] + filters) * x.itemsize
    chunk = min(round_up(-(-CHUNK // size), 8), shape[0])
    g = _plan(x, filters, m, chunk, per_image)

    dout = pad(dout, (g.N, g.H - 2, g.W - 2, g.K))
    least = _least(out is not None, x.dtype)
    out = dout if out is None else pad(out, dout.shape)
    V, dM = (empty((g.n**2 * (chunk * per_image + simd.MOST_ROWS + 1) * channels,), x.dtype)
             for channels in (g.C, g.K))
    dU = empty((g.n**2 * round_up(g.C, simd.MOST_ROWS) * g.K,), x.dtype)
    db = np.zeros(g.K, x.dtype)
    dx, dw = empty(x.shape, x.dtype), empty(w.shape, w.dtype)
    UT = _filters(swap_channels(w), m)
    scratch = _scratch(g, x.dtype)
    for first in range(0, g.N, chunk):
        images = min(chunk, g.N - first)
        _backward(g, dout.reshape(-1), out.reshape(-1), least, x.reshape(-1), UT, first, images,
                  V, dM, dx.reshape(-1), scratch)
        _filter_products(g, V, dM, images * per_image, dU, db, first > 0)
    _filter_grads(m, dU, g.C, g.K, dw.reshape(-1))
    return cut(dx, x_shape), cut(dw, w_shape), db[:w_shape[3]]
