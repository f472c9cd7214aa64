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
over the places p and groups of channels. No sum is shared, and each is taken in one order: the
result depends neither on the number of threads nor on where blocks and chunks end.
"""

from collections import namedtuple

import numpy as np
from numba import get_num_threads, get_thread_id, prange

from tinyfer.core import checks
from tinyfer.core.kernels import simd
from tinyfer.core.kernels.batchnorm import no_norm
from tinyfer.core.kernels.compiling import helper, kernel
from tinyfer.core.kernels.elementwise import least_of
from tinyfer.core.kernels.memory import empty
from tinyfer.core.kernels.padding import cut, pad, round_up, swap_channels
from tinyfer.core.kernels.simd import View
from tinyfer.core.kernels.tiles import (
    POINT_ONE,
    filter_grad,
    filter_tile,
    input_grad,
    input_tile,
    output_grad,
    output_tile,
)

# Tiles transformed, multiplied and transformed back before the next: a block of V and M that stays
# in the cache, but large enough to read all of U for.
BLOCK = 72
# Channels of dU that one thread sums at a time.
ROWS = 2 * simd.MOST_ROWS
# V and dM are kept for a chunk of images, from which dU is then summed place by place: about so
# many bytes, which a cache can hold, but a whole number of images for each thread.
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


@helper
def _v_and_m(g, scratch):
    v = g.n * g.n * g.place_v + simd.MOST_ROWS * g.C
    return scratch[:v], scratch[v:]


@kernel(parallel=True, error_model="numpy")
def _transform_filters(m, w, C, K, lanes, U):
    """U[p], packed in panels as simd.product reads it, from flat w (3, 3, C, K).

    Each iteration owns one vector of filters of one channel.
    """
    n = m + 2
    place = U.size // (n * n)
    for piece in prange(C * K // lanes):
        c, k = piece // (K // lanes), piece % (K // lanes) * lanes
        panel = 0
        width = simd.panel_width(K, w.itemsize)
        while panel + width <= k:
            panel += width
            width = simd.panel_width(K - panel, w.itemsize)
        filter_tile(m, lanes, View(w, c * K + k, 3 * C * K, C * K),
                    View(U, C * panel + c * width + k - panel, n * place, place), ())


def _filters(w, m):
    C, K = w.shape[2:]
    # One vector more in each place: the places do not all fall into the same sets of the cache.
    U = empty(((m + 2)**2 * (C * K + simd.VECTOR_BYTES // w.itemsize),), w.dtype)
    _transform_filters(m, w.reshape(-1), C, K, simd.VECTOR_BYTES // w.itemsize, U)
    return U


@helper
def _window(data, g, tile, border, channels):
    """View of a tile: data holds (N, rows m + border, cols m + border, channels)."""
    image, tile = divmod(tile, g.rows * g.cols)
    row, col = divmod(tile, g.cols)
    height, width = g.rows * g.m + border, g.cols * g.m + border
    start = ((image * height + row * g.m) * width + col * g.m) * channels
    return View(data, start, width * channels, channels)


@helper
def _places(data, g, tile, place, channels):
    """View of a transformed tile: its n x n places, each `place` numbers behind the one before."""
    return View(data, tile * channels, g.n * place, place)


@helper
def _matrix(data, p, place, channels, row=0):
    """View of place p: a row for each tile, from `row` on."""
    return View(data, p * place + row * channels, channels, 1)


@kernel(parallel=True, error_model="numpy")
def _forward(g, x, U, b, least, out, scratch):
    """Each iteration owns a part of the tiles, and what they are in out."""
    tiles = g.N * g.rows * g.cols
    for part in prange(g.parts):
        V, M = _v_and_m(g, scratch[get_thread_id()])
        first = tiles * part // g.parts
        count = tiles * (part + 1) // g.parts - first
        for t in range(count):
            input_tile(g.m, g.C, _window(x, g, first + t, 2, g.C),
                       _places(V, g, t, g.place_v, g.C), ())
        for p in range(g.n * g.n):
            simd.product(_matrix(M, p, g.place_m, g.K), _matrix(V, p, g.place_v, g.C),
                         View(U, p * (U.size // g.n**2), 0, 1), count, g.K, g.C, False)
        for t in range(count):
            output_tile(g.m, g.K, _places(M, g, t, g.place_m, g.K),
                        _window(out, g, first + t, 0, g.K), (b, least))


def forward(x, w, b, relu, m, transformed=None):
    """out = x * w + b, ReLU if asked for: x (N, H, W, C), w (3, 3, C, K) -> (N, H-2, W-2, K)."""
    x, w, b = checks.convolution(x, w, b)
    N, H, W, C = x.shape
    K = w.shape[3]
    shape, filters = _whole(x.shape, K, m, x.itemsize)
    x = pad(x, shape)
    g = _plan(x, filters, m, N * (shape[1] - 2) * (shape[2] - 2) // m**2, 1)
    U = transformed.get(m) if transformed else None
    if U is None:
        U = _filters(pad(w, (3, 3, shape[3], filters)), m)
        if transformed is not None:
            transformed[m] = U
    out = empty((N, g.H - 2, g.W - 2, g.K), x.dtype)
    _forward(g, x.reshape(-1), U, pad(b, (g.K,)), least_of(relu, x.dtype),
             out.reshape(-1), _scratch(g, x.dtype))
    return cut(out, (N, H - 2, W - 2, K))


@kernel(parallel=True, error_model="numpy")
def _backward(g, dout, behind, x, UT, first, images, V, dM, dx, scratch):
    """V, dM and dx for `images` images from `first` on; behind: (out, norm, least) for output_grad.

    Each iteration owns some of the images: their tiles in V and dM, their part of dx.
    """
    per_image = g.rows * g.cols
    place_v, place_m = V.size // g.n**2, dM.size // g.n**2
    for part in prange(g.parts):
        dV, _ = _v_and_m(g, scratch[get_thread_id()])
        image = images * part // g.parts
        here = images * (part + 1) // g.parts - image
        start, count = image * per_image, here * per_image
        image += first
        for t in range(count):
            tile = image * per_image + t
            input_tile(g.m, g.C, _window(x, g, tile, 2, g.C),
                       _places(V, g, start + t, place_v, g.C), ())
            output_grad(g.m, g.K, _window(dout, g, tile, 0, g.K),
                        _places(dM, g, start + t, place_m, g.K), behind)
        for p in range(g.n * g.n):
            simd.product(_matrix(dV, p, g.place_v, g.C), _matrix(dM, p, place_m, g.K, start),
                         View(UT, p * (UT.size // g.n**2), 0, 1), count, g.C, g.K, False)
        # Tiles overlap the one above and the one to the left by two; at the edge by zeros.
        for row in range(image * g.H, (image + here) * g.H):
            begun = g.W if row % g.H < 2 else 2
            for i in range(row * g.W * g.C, (row * g.W + begun) * g.C):
                dx[i] = 0
        for t in range(count):
            input_grad(g.m, g.C, _places(dV, g, t, g.place_v, g.C),
                       _window(dx, g, image * per_image + t, 2, g.C), ())


@kernel(parallel=True, error_model="numpy")
def _filter_products(g, V, dM, tiles, dU, db, add):
    """dU[p] (+)= V[p]^T dM[p]; and db from the place where dM is the sum of dout.

    Each iteration owns some of the channels of one place; db belongs to one of them.
    """
    places = g.n * g.n
    shares = -(-g.C // ROWS)
    one = POINT_ONE[g.m] * (g.n + 1) * shares
    for piece in prange(places * shares):
        p, c = piece // shares, piece % shares * ROWS
        left = View(V, p * (V.size // places) + c, 1, g.C)
        right = _matrix(dM, p, dM.size // places, g.K)
        simd.product(_matrix(dU, p, dU.size // places, g.K, c), left, right,
                     min(ROWS, g.C - c), g.K, tiles, add)
        if piece == one:
            for t in range(tiles):
                for k in range(g.K):
                    db[k] += dM[right.start + t * g.K + k]


@kernel(parallel=True, error_model="numpy")
def _filter_grads(m, dU, C, K, lanes, dw):
    """dw = G^T dU G. Each iteration owns one vector of filters of one channel."""
    n = m + 2
    place = dU.size // (n * n)
    for piece in prange(C * K // lanes):
        start = piece * lanes
        filter_grad(m, lanes, View(dU, start, n * place, place),
                    View(dw, start, 3 * C * K, C * K), ())


def backward(dout, x, w, out, m, norm=None):
    """dx, dw, db of `forward`; out, norm: see conv.py."""
    dout, x, w, out, norm = checks.convolution_gradient(dout, x, w, out, norm)
    x_shape, w_shape = x.shape, w.shape
    shape, filters = _whole(x.shape, w.shape[3], m, x.itemsize)
    x = pad(x, shape)
    w = pad(w, (3, 3, shape[3], filters))
    per_image = (shape[1] - 2) * (shape[2] - 2) // m**2
    size = (m + 2)**2 * per_image * (shape[3] + filters) * x.itemsize
    chunk = min(round_up(-(-CHUNK // size), get_num_threads()), shape[0])
    g = _plan(x, filters, m, chunk, per_image)

    dout = pad(dout, (g.N, g.H - 2, g.W - 2, g.K))
    least = least_of(out is not None, x.dtype)
    out = dout if out is None else pad(out, dout.shape)
    norm = no_norm(g.K, x.dtype) if norm is None else pad(norm, (4, g.K))
    behind = out.reshape(-1), norm.reshape(-1), least
    V, dM = (empty((g.n**2 * (chunk * per_image + simd.MOST_ROWS + 1) * channels,), x.dtype)
             for channels in (g.C, g.K))
    dU = empty((g.n**2 * round_up(g.C, simd.MOST_ROWS) * g.K,), x.dtype)
    db = np.zeros(g.K, x.dtype)
    dx, dw = empty(x.shape, x.dtype), empty(w.shape, w.dtype)
    UT = _filters(swap_channels(w), m)
    scratch = _scratch(g, x.dtype)
    for first in range(0, g.N, chunk):
        images = min(chunk, g.N - first)
        _backward(g, dout.reshape(-1), behind, x.reshape(-1), UT, first, images,
                  V, dM, dx.reshape(-1), scratch)
        _filter_products(g, V, dM, images * per_image, dU, db, first > 0)
    _filter_grads(m, dU, g.C, g.K, simd.VECTOR_BYTES // x.itemsize, dw.reshape(-1))
    return cut(dx, x_shape), cut(dw, w_shape), db[:w_shape[3]]
