"""An independent judge: PyTorch, given the same weights, must compute the same network.

Everything in float64 and without dropout, whose random masks the two cannot share (its own tests
are in test_layers.py). The layers are PyTorch's own, those of the exported module, and it
differentiates by itself, so every gradient is checked by a program that knows nothing of our
formulas.
"""

import math
import runpy

import numpy as np
import pytest
from exporting.torch_module import save_torch
from tiny import unsettle

import tinyfer
from tinyfer.core.layers import Dropout

torch = pytest.importorskip("torch", reason="PyTorch is not installed: no independent judge")

LIMIT = 1e-9
CLASS_WEIGHTS = [0.5, 1.5, 1.0, 0.8, 2.0]
N = 16


def ours(tensor):
    """A PyTorch array in our layout: (K, C, 3, 3) -> (3, 3, C, K), (K, C) -> (C, K); the first
    dense layer's C run over (channels, rows, columns) there."""
    array = tensor.detach().numpy()
    if array.shape[1:] == (1024,):
        return array.reshape(-1, 256, 2, 2).transpose(2, 3, 1, 0).reshape(1024, -1)
    return array.transpose(*range(2, array.ndim), *range(min(2, array.ndim))[::-1])


def relative_error(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.fixture
def pair(tmp_path):
    """Our network without dropout, PyTorch's with the same weights, and a batch; all random."""
    rng = np.random.default_rng(5)
    model = tinyfer.six_layer_cnn(classes=5, seed=3, dtype=np.float64)
    for layer in model.layers:
        if isinstance(layer, Dropout):
            layer.rate = 0.0
    unsettle(model)
    save_torch(tmp_path, "judge", model, "A judge.", 1e-4)
    judge = runpy.run_path(str(tmp_path / "judge.py"))["Network"]().double()
    with np.load(tmp_path / "judge.npz") as file:
        judge.load_state_dict({name: torch.from_numpy(file[name]) for name in file}, strict=False)
    return model, judge, rng.random((N, 48, 48, 1)), rng.integers(5, size=N)


def run_both(model, judge, x, labels, training):
    """The largest relative error, with its name, of one forward and backward of each."""
    logits = model.forward(x, training)
    loss, dlogits = tinyfer.softmax_cross_entropy(logits, labels, CLASS_WEIGHTS)
    mine = [logits, np.array(loss), model.backward(dlogits)]

    judge.train(training).zero_grad()
    x = torch.from_numpy(x).requires_grad_()
    logits = judge(x.permute(0, 3, 1, 2))
    losses = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels), torch.tensor(
        CLASS_WEIGHTS, dtype=x.dtype), reduction="none")
    losses.mean().backward()
    theirs = [logits.detach().numpy(), losses.mean().detach().numpy(), x.grad.numpy()]
    pairs = list(zip(("logits", "loss", "x"), mine, theirs))
    pairs += [(p.name, p.grad, ours(q.grad))
              for p, q in zip(model.parameters(), judge.parameters(), strict=True)]
    return max((relative_error(a, b), name) for name, a, b in pairs)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_logits_loss_and_every_gradient(pair, training, record_property):
    error, name = run_both(*pair, training)
    record_property("relative error", f"{error:.1e} ({name}), at most {LIMIT:.0e}")
    assert error <= LIMIT


def test_three_adam_steps_and_the_running_statistics(pair, record_property):
    """PyTorch's Adam adds eps to sqrt(v) once v is corrected, ours before, as Kingma and Ba at the
    end of their section 2; dividing its eps by the correction makes them equal."""
    model, judge, x, labels = pair
    before = {name: array.copy() for name, array in model.state().items()}
    rng = np.random.default_rng(6)
    optimizer, theirs = tinyfer.Adam(model.parameters()), torch.optim.Adam(judge.parameters(), 1e-4)
    for t in range(1, 4):
        run_both(model, judge, rng.random(x.shape), rng.integers(5, size=N), training=True)
        optimizer.step()
        theirs.param_groups[0]["eps"] = 1e-7 / math.sqrt(1 - 0.999**t)
        theirs.step()
    errors = [relative_error(p.value, ours(q))
              for p, q in zip(model.parameters(), judge.parameters(), strict=True)]
    moments = optimizer.state()
    for p, q in zip(model.parameters(), judge.parameters()):
        errors += [relative_error(moments[f"{ours_}.{p.name}"], ours(theirs.state[q][name]))
                   for ours_, name in (("m", "exp_avg"), ("v", "exp_avg_sq"))]
    norms = [module for module in judge if hasattr(module, "running_var")]
    values = N * np.array([46, 44, 20, 18, 7, 5, 1])**2      # of a channel in a batch
    for k, (norm, M) in enumerate(zip(norms, values, strict=True), 1):
        mean, var = ours(norm.running_mean), ours(norm.running_var)
        kept = 0.99**3 * before[f"bn{k}.var"]   # what PyTorch adds is M / (M - 1) of ours
        errors += [relative_error(model.state()[f"bn{k}.mean"], mean),
                   relative_error(model.state()[f"bn{k}.var"], kept + (var - kept) * (M - 1) / M)]
    record_property("relative error", f"{max(errors):.1e}, at most {LIMIT:.0e}")
    assert max(errors) <= LIMIT
    with torch.no_grad():           # the same function after training, too
        for k, norm in enumerate(norms, 1):
            norm.running_var.copy_(torch.from_numpy(model.state()[f"bn{k}.var"]))
    assert run_both(model, judge, x, labels, training=False)[0] <= 10 * LIMIT
