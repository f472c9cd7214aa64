"""What two workers of test_torchrun.py do, started by torchrun: `torch_workers.py FOLDER`.

FOLDER holds what scripts/export.py wrote, six and six_train (the six-layer network in float64) and
two and two_train, and batch.npz. Gradients and steps go to FOLDER/*.npz, a training into
FOLDER/trained.
"""

import copy
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from tiny import two_small_convolutions
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from tinyfer.core import networks

FOLDER = Path(sys.argv[1])
sys.path.insert(0, str(FOLDER))
import six_train as script  # noqa: E402  (it is in the folder)


class OverWorkers(torch.autograd.Function):
    """The sum over the workers of a tensor of each. Every worker's loss depends on every one of
    them, so the gradient is the sum of the workers' gradients."""

    @staticmethod
    def forward(ctx, x):
        total = x.clone()
        dist.all_reduce(total)
        return total

    backward = forward


class SharedBatchNorm(_BatchNorm):
    """Batch norm over the images of all workers, as SyncBatchNorm, which is for GPUs only."""

    def _check_input_dim(self, x):
        pass

    def forward(self, x):
        axes = [axis for axis in range(x.dim()) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(x.dim())]
        M = OverWorkers.apply(x.new_tensor(x.numel() / x.shape[1]))
        mean = OverWorkers.apply(x.sum(axes)) / M
        x = x - mean.view(shape)
        var = OverWorkers.apply((x * x).sum(axes)) / M
        for running, new in (self.running_mean, mean), (self.running_var, var):
            running += self.momentum * (new.detach() - running)
        x = x / torch.sqrt(var + self.eps).view(shape)
        return x * self.weight.view(shape) + self.bias.view(shape)


def network(mode):
    """The exported one without dropout; batch norm by "running" values, or those of "shared" sums."""
    made = script.Network().double()
    script.copy_weights(networks.load_model(FOLDER / "run-six"), made)
    for module in made:
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(module, _BatchNorm):
            module.train(mode == "shared")
            module.__class__ = SharedBatchNorm if mode == "shared" else type(module)
    return made


def save(name, *trained):
    """The arrays of networks under tinyfer's names, one .npz each: NAME-0.npz and so on."""
    model = networks.load_model(FOLDER / "run-six")
    for number, one in enumerate(trained):
        script.copy_weights(model, one, back=True)
        if dist.get_rank() == 0:
            np.savez(FOLDER / f"{name}-{number}.npz", **model.state())


def gradient(mode, x, labels, weights, naive=False):
    made, share = network(mode), slice(dist.get_rank(), None, dist.get_world_size())
    parallel = DistributedDataParallel(made)
    if naive:
        nn.functional.cross_entropy(parallel(x[share]), labels[share], weights).backward()
    else:
        script.backward(parallel, x[share], labels[share], weights, len(x))
    for p in made.parameters():
        p.data = p.grad
    save(f"gradient-{mode}" + "-naive" * naive, made)


def steps(x, targets, weights):
    """Three steps of the recipe, and the running mean of the weights."""
    recipe, made = script.Config.read(script.SETTINGS).recipe, network("shared")
    share = slice(dist.get_rank(), None, dist.get_world_size())
    averaged, parallel = copy.deepcopy(made), DistributedDataParallel(made)
    optimizer = script.make_optimizer(recipe, made)
    for t in range(1, 4):
        script.backward(parallel, x[share], targets[share], weights, len(x))
        script.set_rate(optimizer, recipe.rate(t - 1, 3), t)
        optimizer.step()
        script.follow(averaged, made, recipe.ema, t)
    save("steps", made, averaged)


def main():
    dist.init_process_group("gloo")
    with np.load(FOLDER / "batch.npz") as file:
        x, labels, targets, weights = (torch.from_numpy(file[name]) for name in
                                       ("x", "labels", "targets", "weights"))
    x = script.as_tensor(x.numpy(), "cpu")
    for mode in ("running", "shared"):
        gradient(mode, x, labels, weights)
    gradient("running", x, labels, weights, naive=True)
    steps(x, targets, weights)

    # A whole training, by the program itself; the workers have met already.
    networks.six_layer_cnn, dist.init_process_group = two_small_convolutions, lambda backend: None
    import two_train
    return two_train.main(["--out", str(FOLDER / "trained")])


if __name__ == "__main__":
    sys.exit(main())
