"""An independent judge: PyTorch, given the same weights, must compute the same network.

Everything in float64 and without dropout, whose random masks the two cannot share (its own tests
are in test_layers.py). PyTorch differentiates by itself, so every gradient is checked by a program
that knows nothing of our formulas.
"""

import math

import numpy as np
import pytest
from tiny import unsettle

import tinyfer
from tinyfer.core.layers import Dropout

torch = pytest.importorskip("torch", reason="PyTorch is not installed: no independent judge")

LIMIT = 1e-9
CLASS_WEIGHTS = [0.5, 1.5, 1.0, 0.8, 2.0]


class BatchNorm(torch.nn.Module):
    """Over all but axis 1. PyTorch's own keeps the unbiased variance; this one the biased."""

    def __init__(self, channels, momentum=0.99, epsilon=1e-3):
        super().__init__()
        self.gamma = torch.nn.Parameter(torch.ones(channels))
        self.beta = torch.nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x):
        if self.training:
            axes = [axis for axis in range(x.dim()) if axis != 1]
            var, mean = torch.var_mean(x.detach(), axes, correction=0)
            for running, batch in (self.mean, mean), (self.var, var):
                running.copy_(self.momentum * running + (1 - self.momentum) * batch)
            return torch.nn.functional.batch_norm(x, None, None, self.gamma, self.beta,
                                                  training=True, eps=self.epsilon)
        return torch.nn.functional.batch_norm(x, self.mean, self.var, self.gamma, self.beta,
                                              training=False, eps=self.epsilon)


class Network(torch.nn.Module):
    """The study's table in PyTorch's own layers; channels first inside."""

    def __init__(self, classes):
        super().__init__()
        sizes = [1, 32, 64, 128, 128, 256, 256]
        self.conv = torch.nn.ModuleList(
            torch.nn.Conv2d(a, b, 3) for a, b in zip(sizes, sizes[1:]))
        self.dense = torch.nn.ModuleList(
            [torch.nn.Linear(1024, 256), torch.nn.Linear(256, classes)])
        self.bn = torch.nn.ModuleList(BatchNorm(size) for size in sizes[1:] + [256])

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        for number, (conv, bn) in enumerate(zip(self.conv, self.bn), 1):
            x = bn(torch.relu(conv(x)))
            if number % 2 == 0:
                x = torch.nn.functional.max_pool2d(x, 2)
        x = x.permute(0, 2, 3, 1).flatten(1)
        x = self.bn[6](torch.relu(self.dense[0](x)))
        return self.dense[1](x)

    def by_our_names(self):
        """Every array under tinyfer's name, viewed in tinyfer's layout."""
        arrays = {}
        for i, conv in enumerate(self.conv, 1):
            arrays |= {f"conv{i}.w": conv.weight, f"conv{i}.b": conv.bias}
        for i, dense in enumerate(self.dense, 1):
            arrays |= {f"dense{i}.w": dense.weight, f"dense{i}.b": dense.bias}
        for i, bn in enumerate(self.bn, 1):
            arrays |= {f"bn{i}.{name}": getattr(bn, name)
                       for name in ("gamma", "beta", "mean", "var")}
        return arrays


def ours(tensor):
    """A PyTorch array in our layout: (K, C, 3, 3) -> (3, 3, C, K), (K, C) -> (C, K)."""
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}[tensor.dim()]
    return tensor.detach().permute(axes).numpy()


class KerasAdam:
    """Adam with eps added to the uncorrected sqrt(v), as in Kingma and Ba, end of section 2."""

    def __init__(self, parameters, lr=1e-4, beta1=0.9, beta2=0.999, eps=1e-7):
        self.parameters, self.t = list(parameters), 0
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        # torch.optim.Adam corrects v first; dividing its eps by the correction makes them equal.
        self.adam = torch.optim.Adam(self.parameters, lr=lr, betas=(beta1, beta2))

    def step(self):
        self.t += 1
        self.adam.param_groups[0]["eps"] = self.eps / math.sqrt(1 - self.beta2**self.t)
        self.adam.step()


def relative_error(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.fixture
def pair():
    """Our network without dropout, PyTorch's with the same weights, and a batch; all random."""
    rng = np.random.default_rng(5)
    model = tinyfer.six_layer_cnn(classes=5, seed=3, dtype=np.float64)
    for layer in model.layers:
        if isinstance(layer, Dropout):
            layer.rate = 0.0
    unsettle(model)
    judge = Network(5).double()
    arrays = judge.by_our_names()
    assert arrays.keys() == model.state().keys()
    with torch.no_grad():
        for name, array in model.state().items():
            back = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[array.ndim]
            arrays[name].copy_(torch.from_numpy(array).permute(back))
    return model, judge, rng.random((16, 48, 48, 1)), rng.integers(5, size=16)


def run_both(model, judge, x, labels, training):
    """One forward and backward of each; the results of both by name."""
    logits = model.forward(x, training)
    loss, dlogits = tinyfer.softmax_cross_entropy(logits, labels, CLASS_WEIGHTS)
    dx = model.backward(dlogits)
    mine = {"logits": logits, "loss": np.array(loss), "x": dx}
    mine |= {p.name: p.grad.copy() for p in model.parameters()}

    judge.train(training)
    judge.zero_grad()
    x = torch.from_numpy(x).requires_grad_()
    logits = judge(x)
    weights = torch.tensor(CLASS_WEIGHTS, dtype=x.dtype)
    losses = torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(labels), weights, reduction="none")
    losses.mean().backward()
    theirs = {"logits": logits.detach().numpy(), "loss": losses.mean().detach().numpy(),
              "x": x.grad.numpy()}
    theirs |= {name: ours(tensor.grad) for name, tensor in judge.by_our_names().items()
               if tensor.requires_grad}
    return mine, theirs


def worst(mine, theirs):
    assert mine.keys() == theirs.keys()
    return max((relative_error(mine[name], theirs[name]), name) for name in mine)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_logits_loss_and_every_gradient(pair, training, record_property):
    error, name = worst(*run_both(*pair, training))
    record_property("relative error", f"{error:.1e} ({name}), at most {LIMIT:.0e}")
    assert error <= LIMIT


def test_three_adam_steps_and_the_running_statistics(pair, record_property):
    model, judge, x, labels = pair
    rng = np.random.default_rng(6)
    optimizer = tinyfer.Adam(model.parameters())
    reference = KerasAdam(judge.parameters())
    for _ in range(3):
        run_both(model, judge, rng.random(x.shape), rng.integers(5, size=len(x)), training=True)
        optimizer.step()
        reference.step()
    mine, theirs = model.state(), {n: ours(t) for n, t in judge.by_our_names().items()}
    error, name = worst(mine, theirs)
    record_property("relative error", f"{error:.1e} ({name}), at most {LIMIT:.0e}")
    assert error <= LIMIT
    mine, theirs = run_both(model, judge, x, labels, training=False)
    assert worst(mine, theirs)[0] <= 10 * LIMIT     # the same function after training, too


def test_the_moments_of_adam(pair):
    model, judge, x, labels = pair
    optimizer, reference = tinyfer.Adam(model.parameters()), KerasAdam(judge.parameters())
    run_both(model, judge, x, labels, training=True)
    optimizer.step()
    reference.step()
    state = optimizer.state()
    for name, tensor in judge.by_our_names().items():
        if tensor.requires_grad:
            moments = reference.adam.state[tensor]
            assert relative_error(state[f"m.{name}"], ours(moments["exp_avg"])) <= LIMIT
            assert relative_error(state[f"v.{name}"], ours(moments["exp_avg_sq"])) <= LIMIT
