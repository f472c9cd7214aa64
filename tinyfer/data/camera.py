"""What a poor camera does to a picture: another tone, too few pixels, noise. Chapter 16.

For each picture of the batch, in this order, each step where it is asked for:

    x <- x^gamma                        the tone
    x <- B x B^T,  B = U D              D takes the side to s pixels, U back again
    x <- x + noise, cut off at 0 and 1

D and U are `resampling`, what Pillow's bilinear filter computes, so B is the blur of a small face
that was enlarged.
"""

import numpy as np
from numba import prange

from tinyfer.core.kernels.compiling import kernel


def resampling(n, m):
    """The matrix (m, n) that takes n pixels to m: a triangle as wide as the coarser grid.

        R[i, j] ~ max(0, 1 - |j + 1/2 - (i + 1/2) n / m| / max(1, n / m)),  rows summing to 1
    """
    centres = (np.arange(m) + 0.5) * n / m
    distance = np.abs(np.arange(n) + 0.5 - centres[:, None]) / max(1, n / m)
    weights = np.maximum(0, 1 - distance)
    return weights / weights.sum(axis=1, keepdims=True)


@kernel(parallel=True)
def _camera(x, gammas, blurs, blur_of, noise, noise_of):
    N, H = x.shape[:2]
    real = x.dtype.type
    for n in prange(N):     # owns picture n
        picture = x[n, :, :, 0]
        if gammas[n] != 1:
            for i in range(H):
                for j in range(H):
                    picture[i, j] = picture[i, j] ** gammas[n]
        if blur_of[n] >= 0:
            B = blurs[blur_of[n]]
            half = np.zeros((H, H), x.dtype)
            for i in range(H):                  # half = B x
                for u in range(H):
                    if B[i, u] != 0:
                        for j in range(H):
                            half[i, j] += B[i, u] * picture[u, j]
            turned = half.T.copy()
            for j in range(H):                  # (B (B x)^T)^T = B x B^T
                row = np.zeros(H, x.dtype)
                for u in range(H):
                    if B[j, u] != 0:
                        for i in range(H):
                            row[i] += B[j, u] * turned[u, i]
                for i in range(H):
                    picture[i, j] = min(row[i], real(1))
        if noise_of[n] >= 0:
            for i in range(H):
                for j in range(H):
                    value = picture[i, j] + noise[noise_of[n], i, j]
                    picture[i, j] = min(max(value, real(0)), real(1))


def camera(x, gammas, sizes, noise, noise_of):
    """Change square pictures in place, as above.

    x (N, H, H, 1) float, in [0, 1]; gammas (N,) above 0, 1 for none; sizes (N,) int, pixels a side
    that are left, 1 to H, or 0 for none; noise (M, H, H), of which noise_of (N,) int says which is
    added, -1 for none.
    """
    N, H = x.shape[:2]
    gammas, noise = (np.ascontiguousarray(a, x.dtype) for a in (gammas, noise))
    sizes, noise_of = (np.ascontiguousarray(a, np.int64) for a in (sizes, noise_of))
    different, blur_of = np.unique(sizes, return_inverse=True)
    blurs = np.array([resampling(s, H) @ resampling(H, s) if s else np.eye(H) for s in different],
                     x.dtype)
    blur_of = np.where(sizes > 0, blur_of.reshape(N), -1)
    _camera(x, gammas, blurs, blur_of, noise, noise_of)
