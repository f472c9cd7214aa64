"""NUMBA_DISABLE_JIT=1: every step of a network as plain Python, to be followed in a debugger."""

import zlib

import numpy as np
from child import python

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.optim import Adam


def two_steps():
    """Every layer, with both ways of a convolution, and everything that two steps change."""
    rng = np.random.default_rng(0)
    float64 = {"dtype": np.float64}
    layers = [Conv2D(1, 4, rng, relu=True, **float64), BatchNorm(4, **float64),
              Conv2D(4, 3, rng, **float64), ReLU(), MaxPool2D(), Dropout(0.25, rng), Flatten(),
              Dense(12, 3, rng, **float64)]
    model = Sequential(layers, (8, 9, 1), ("a", "b", "c"), rng)
    optimizer = Adam(model.parameters(), lr=1e-2)
    found = []
    for _ in range(2):
        x = rng.random((3, 8, 9, 1))
        logits = model.forward(x, training=True)
        loss, dlogits = softmax_cross_entropy(logits, np.array([0, 2, 1]))
        dx = model.backward(dlogits)
        optimizer.step()
        found += [logits, np.array([loss]), dx, *(p.grad.copy() for p in model.parameters())]
    return found + [p.value for p in model.parameters()] + [model.forward(x, training=False)]


def checksum():
    return zlib.crc32(b"".join(a.tobytes() for a in two_steps()))


def test_plain_python_gives_the_compiled_answer(tmp_path):
    code = ("import numpy as np, test_plain_python\n"
            "from tinyfer.core.kernels import simd, winograd\n"
            "assert not simd.AVAILABLE and not hasattr(winograd._forward, 'compiled')\n"
            f"np.savez({str(tmp_path / 'plain.npz')!r}, *test_plain_python.two_steps())")
    python(code, NUMBA_DISABLE_JIT="1")
    with np.load(tmp_path / "plain.npz") as plain:
        for plainly, compiled in zip(plain.values(), two_steps(), strict=True):
            assert plainly.dtype == compiled.dtype == np.float64
            np.testing.assert_allclose(plainly, compiled, rtol=1e-10, atol=1e-12)


WITHOUT = """
import sys, numba, numpy as np
hidden = {name: sys.modules[name] for name in ("numba.core.cgutils", "numba.core.serialize")}
sys.modules.update(dict.fromkeys(hidden))
from tinyfer.core.kernels import compiling, simd
from tinyfer.core.kernels.gemm import matmul
sys.modules.update(hidden)      # numba needs them itself
assert not simd.AVAILABLE and compiling.CompileResult is None
a, b = np.random.default_rng(0).normal(size=(2, 70, 70))
print(np.abs(matmul(a, b.T) - a @ b.T).max() < 1e-12)
"""


def test_a_numba_without_its_private_parts_still_computes():
    """Without a cache and without vector instructions, by the definitions, compiled."""
    assert python(WITHOUT) == "True\n"
