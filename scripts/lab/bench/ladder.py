"""The ladder: versions of the convolution from plain loops to the package's, on the same work."""

from collections import namedtuple

import numpy as np

from bench import ladder_kernels as old
from bench import task
from bench.with_tinyfer import Tinyfer
from tinyfer.core.kernels import conv, direct, memory, reference, winograd
from tinyfer.core.kernels.batchnorm import batchnorm_apply_gradient

# The fourth convolution of the network: 20 x 20 pixels of 128 channels, to 18 x 18 of 128.
SIZE, CHANNELS = 20, 128


def blocks_forward(x, w, b, relu=False):
    if x.shape[3] < conv.FEW_CHANNELS:
        return direct.forward(x, w, b, relu)
    return winograd.forward(x, w, b, relu, 4)


def blocks_backward(dout, x, w, out=None):
    if x.shape[3] < conv.FEW_CHANNELS:
        return direct.backward(dout, x, w, out)
    return winograd.backward(dout, x, w, out, 4)


# images, step: how many images of the layer and of a whole step are timed where the time of a
# whole batch is theirs times batch / images; 0: the whole batch, None: not at all.
Rung = namedtuple("Rung", "key title forward backward images step size channels pool",
                  defaults=(0, 0, SIZE, CHANNELS, True))

RUNGS = {rung.key: rung for rung in (
    Rung("python", "plain loops in Python", old.python_forward, old.python_backward,
         1, None, 6, 8),
    Rung("compiled", "the same loops, compiled", old.plain_forward, old.plain_backward, 2, 2),
    Rung("channels", "channels innermost, images in parallel", old.channels_forward,
         old.channels_backward, 8, 8),
    Rung("im2col", "im2col and NumPy's matmul", old.im2col_forward, old.im2col_backward),
    Rung("direct", "rows as matrices, our own product", direct.forward, direct.backward),
    Rung("stacks", "Winograd F(4x4), stage by stage", old.stacks_forward, old.stacks_backward),
    Rung("blocks", "Winograd F(4x4), blocks in cache", blocks_forward, blocks_backward),
    Rung("chosen", "tile chosen by shape: today's", conv.conv2d_forward, conv.conv2d_backward),
    Rung("no pool", "today's, memory never reused", conv.conv2d_forward, conv.conv2d_backward,
         pool=False),
)}


def multiply_adds(size, channels, images):
    """Of one forward pass of the layer; a backward pass has twice as many."""
    return 9 * channels**2 * (size - 2)**2 * images


class Ladder:
    """In the worker's process: one rung, its layer and a whole training step of the network."""

    def __init__(self, key, batch):
        self.rung = rung = RUNGS[key]
        if not rung.pool:
            memory.SMALLEST = float("inf")
        images = rung.images or batch
        rng = np.random.default_rng(0)

        def normal(*shape):
            return rng.standard_normal(shape, dtype=np.float32)

        C = rung.channels
        self.x, self.b = normal(images, rung.size, rung.size, C), normal(C)
        self.w = normal(3, 3, C, C) * np.float32((9 * C) ** -0.5)
        self.out = rung.forward(self.x, self.w, self.b, relu=True)
        self.dout = normal(*self.out.shape)
        # Seconds times this are those of the whole batch on the layer's full size.
        self.layer_scale = (multiply_adds(SIZE, CHANNELS, batch)
                            / multiply_adds(rung.size, C, images))
        self.step_scale = batch / (rung.step or batch)

    def scales(self):
        return self.layer_scale, self.step_scale

    def forward(self):
        self.rung.forward(self.x, self.w, self.b, relu=True)

    def backward(self):
        self.rung.backward(self.dout, self.x, self.w, self.out)

    def backward_in_model(self, dout, x, w, out, norm, wants_dx):
        """As a layer calls it: the older rungs have no part in what batch norm leaves to them."""
        if self.rung.backward is conv.conv2d_backward:
            return conv.conv2d_backward(dout, x, w, out, norm, wants_dx)
        if norm is not None:
            dout = batchnorm_apply_gradient(dout, out, norm)
        return self.rung.backward(dout, x, w, out)

    def prepare_step(self, batch):
        from tinyfer.core import layers

        layers.conv2d_forward = lambda x, w, b, relu, *kept: self.rung.forward(x, w, b, relu)
        layers.conv2d_backward = self.backward_in_model
        self.network = Tinyfer()
        self.network.load(*task.faces(self.rung.step or batch))

    def step(self):
        self.network.step()

    def error(self):
        """Relative error of the forward in float32 against the definition in float64, one image."""
        x = self.x[:1]
        exact = reference.conv2d_forward(*(a.astype(np.float64) for a in (x, self.w, self.b)))
        found = self.rung.forward(x, self.w, self.b, relu=False)
        return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))
