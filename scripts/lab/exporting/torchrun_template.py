"""Train the network of MODULE.py with PyTorch, on several cores, GPUs or machines at once.

    torchrun --nproc-per-node 2 MODULE_train.py --data archive.zip         two workers, here

    torchrun --nnodes 4 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29500 \\
        MODULE_train.py --data archive.zip      on each of four machines; HOST is one of them

Each worker has the whole network and a share of each batch. It computes its gradient; the mean over
the workers, which DistributedDataParallel forms while the backward pass still runs, is the gradient
of the batch, and every worker takes the same step by it.

The network, its gradients and the steps are PyTorch's. The faces, their split, the class weights,
the changes of faces, the targets and the rates come from tinyfer, from the very functions that
trained the run these SETTINGS are of: written anew here, they would be another training sooner
or later. So tinyfer must be installed on each machine, and the archive be there.

What differs: dropout and the changes of faces are drawn by each worker for itself. Batch norm takes
mean and variance of a worker's share (on GPUs nn.SyncBatchNorm.convert_sync_batchnorm(network)
would take those of all); its running values are the first worker's, with a variance divided by
M - 1, where tinyfer divides by M. A last batch of fewer than two images a worker is left out. And a
training that was stopped begins anew. Chapter 19 of tinyfer's course has numbers, and what
communicating costs.
"""

import argparse
import copy
import math
import os
import sys
import time
from dataclasses import replace

import numpy as np
import torch
import torch.distributed as dist
from MODULE import Network
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from tinyfer.core.layers import BatchNorm
from tinyfer.core.networks import load_model, six_layer_cnn
from tinyfer.data import class_weights
from tinyfer.scores import metrics
from tinyfer.training import runs
from tinyfer.training.checkpoint import write_history
from tinyfer.training.config import Config
from tinyfer.training.loop import out_of_patience, start_from
from tinyfer.training.recipes import PLAIN

SETTINGS = dict()


def train(given):
    folder, config = given.pop("out", "runs/MODULE"), Config.read(SETTINGS)
    recipe = {name: given.pop(name) for name in PLAIN if name in given}
    config = replace(config, recipe=replace(config.recipe, **recipe), **given)
    if "RANK" not in os.environ:
        raise ValueError("torchrun starts it: torchrun --nproc-per-node 2 MODULE_train.py")
    place = config.find(config.data)
    config = replace(config, data=str(place.resolve()) if place else None)
    if os.environ["RANK"] == "0":
        runs.new_folder(folder)
    device = join()

    parts = config.parts(config.faces())
    names, workers = parts.train.class_names, dist.get_world_size()
    if (least := min(config.recipe.batch_size, len(parts.train))) < 2 * workers:
        raise ValueError(f"{least} images a step are too few for {workers} workers: batch norm "
                         "needs two for each")
    model = six_layer_cnn(classes=len(names), seed=config.seed, class_names=names,
                          dtype=np.dtype(config.dtype))
    if config.start:
        start_from(model, load_model(config.start))
    network = Network().to(device, getattr(torch, config.dtype))
    copy_weights(model, network)
    first = dist.get_rank() == 0
    if first:
        about = runs.about_run(config, parts, model, workers * torch.get_num_threads())
        about["trained_by"] = f"PyTorch {torch.__version__}, {workers} workers on {device.type}"
        runs.write_json(f"{folder}/config.json", about)
        print(f"{about['trained_by']}, {config.recipe.batch_size} images a step between them")

    best = -1.0
    for history in epochs(network, model, config, parts, device):
        row = history[-1]
        if first and row["val_accuracy"] > best:
            model.save(f"{folder}/best.npz")
            best = row["val_accuracy"]
        if first:
            write_history(folder, history)
            print("epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.4f}; validation: loss "
                  "{val_loss:.4f}, accuracy {val_accuracy:.4f}; {seconds:.1f} s".format(**row),
                  flush=True)
    if first:
        print(f"tinyfer.load_model({folder!r}) reads the best of them; to score it:   "
              f"python scripts/evaluate.py {folder}")
    dist.destroy_process_group()


def join():
    """Meet the other workers; the device of this one."""
    if not torch.cuda.is_available():
        dist.init_process_group("gloo")
        return torch.device("cpu")
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl")
    return torch.device("cuda", torch.cuda.current_device())


def epochs(network, model, config, parts, device):
    """Train as tinyfer/training/loop.py does; yield the rows of the epochs so far. The first worker
    judges each on the validation part, by tinyfer's model, which then has its weights."""
    rank, workers = dist.get_rank(), dist.get_world_size()
    recipe, train, classes = config.recipe, parts.train, len(parts.train.class_names)
    size, steps, done, history = recipe.batch_size, -(-len(train) // recipe.batch_size), 0, []
    weights = None
    if config.balance == "weights":
        weights = torch.from_numpy(class_weights(train.labels, classes).astype(model.dtype))
        weights = weights.to(device)
    averaged = copy.deepcopy(network) if recipe.ema else None
    optimizer = make_optimizer(recipe, network)
    parallel = DistributedDataParallel(network)
    rng = np.random.default_rng([config.seed, rank])          # each worker its own
    torch.manual_seed(int(rng.integers(2**63)))
    for epoch in range(1, recipe.epochs + 1):
        if out_of_patience(history, recipe.patience):
            return
        started = time.perf_counter()
        order = model.rng.permutation(len(train))               # the same in all workers
        totals = torch.zeros(5, dtype=torch.float64, device=device)
        network.train()
        for step in range(steps):
            batch = order[step * size : (step + 1) * size]
            if len(batch) < 2 * workers:        # a last one, too short to be shared out
                continue
            share = batch[rank::workers]
            x, targets = recipe.batch(train.faces[share], train.labels[share], classes, rng,
                                      model.dtype)
            targets = torch.from_numpy(targets).to(device)
            loss, right = backward(parallel, as_tensor(x, device), targets, weights, len(batch))
            rate = recipe.rate((epoch - 1) * steps + step, recipe.epochs * steps)
            done += 1
            set_rate(optimizer, rate, done)
            optimizer.step()
            if averaged:
                follow(averaged, network, recipe.ema, done)
            totals[:3] += torch.stack([loss.double(), right.double(), loss.new_tensor(len(x))])
        if rank == 0:
            copy_weights(model, averaged or network, back=True)
            p, labels = model.predict_proba(parts.validation.faces), parts.validation.labels
            totals[3], totals[4] = metrics.cross_entropy(labels, p), metrics.accuracy(
                labels, p.argmax(axis=1))
        dist.all_reduce(totals)
        loss, right, seen, val_loss, val_accuracy = totals.tolist()
        if not math.isfinite(loss + val_loss):
            raise ValueError(f"the loss became {loss / seen} in epoch {epoch}: training has "
                             "diverged, try a smaller --lr")
        history.append(dict(epoch=epoch, loss=loss / seen, accuracy=right / seen,
                            val_loss=val_loss, val_accuracy=val_accuracy,
                            seconds=time.perf_counter() - started))
        yield history


def backward(parallel, x, targets, weights, images):
    """Leave in .grad the gradient of a whole batch of `images`, of which x (n, 1, H, W) is a share.

        loss = 1/images sum over all of s[n] (-log p[n, y[n]]),          s: the class weights

    DistributedDataParallel divides the sum of the workers' gradients by their number, so that comes
    in here. A mean over the share, as cross_entropy takes by itself, would divide by the share's
    own sum of weights, and shares with rare classes would count for less.
    Returns the loss summed over the share, and how many of it were right.
    """
    parallel.zero_grad()
    logits = parallel(x)
    loss = cross_entropy(logits, targets, weights, reduction="sum")
    (loss * (dist.get_world_size() / images)).backward()
    labels = targets if targets.dim() == 1 else targets.argmax(dim=1)
    return loss.detach(), (logits.argmax(dim=1) == labels).sum()


def make_optimizer(recipe, network):
    """The recipe's; only weights decay, no bias, gamma or beta."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), recipe.lr, recipe.momentum)
    return torch.optim.AdamW([dict(params=[p], weight_decay=recipe.weight_decay * (p.dim() > 1))
                              for p in network.parameters()], recipe.lr)


def set_rate(optimizer, rate, t):
    """The rate of step t, from 1, and the eps by which PyTorch's Adam takes the step of tinyfer's:
    PyTorch adds it to sqrt(v) once v is corrected, tinyfer before (chapter 10)."""
    for group in optimizer.param_groups:
        group["lr"], group["eps"] = rate, 1e-7 / math.sqrt(1 - 0.999**t)


def follow(averaged, network, decay, t):
    """Move the running mean of the weights towards those of step t, as tinyfer/training/ema.py."""
    decay = min(decay, t / (t + 9))
    for mean, value in zip(averaged.state_dict().values(), network.state_dict().values()):
        if mean.is_floating_point():        # and not a count of batches
            mean.lerp_(value, 1 - decay)


def as_tensor(x, device):
    """An array x (N, H, W, 1) as PyTorch takes it, (N, 1, H, W)."""
    return torch.from_numpy(x[:, None, :, :, 0]).to(device)


@torch.no_grad()
def copy_weights(model, network, back=False):
    """Copy all that tinyfer's model holds into PyTorch's network; or back."""
    layers = [layer for layer in model.layers if layer.parameters()]
    modules = [module for module in network if module.state_dict()]
    channels = 1        # of what the module is given
    for layer, module in zip(layers, modules, strict=True):
        weight = module.weight
        if isinstance(module, nn.Linear):       # its columns run over (C, H, W), after a Flatten
            side = math.isqrt(weight.shape[1] // channels)
            weight = weight.view(len(weight), channels, side, side)
        channels = len(weight)
        if weight.dim() == 4:
            weight = weight.permute(2, 3, 1, 0)                     # (K, C, H, W) -> (H, W, C, K)
        tensors = [weight, module.bias]
        if isinstance(layer, BatchNorm):
            tensors += [module.running_mean, module.running_var]
        arrays = [p.value for p in layer.parameters()] + list(layer.buffers().values())
        for array, tensor in zip(arrays, tensors, strict=True):
            if back:
                array[...] = tensor.cpu().numpy().reshape(array.shape)
            else:
                tensor.copy_(torch.from_numpy(array).view(tensor.shape))


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0],
                                     argument_default=argparse.SUPPRESS)
    add = parser.add_argument
    add("--data", metavar="PATH", help="FER-2013, as for scripts/train.py (default: TINYFER_DATA, "
        "else ./data)")
    add("--out", metavar="FOLDER", help="the run folder, new or empty (default runs/MODULE)")
    add("--epochs", type=int, metavar="N", help="default: the run's")
    add("--batch-size", type=int, metavar="N", help="images a step, of all workers together "
        "(default: the run's)")
    add("--lr", type=float, metavar="RATE", help="the rate, or the highest (default: the run's)")
    return vars(parser.parse_args(argv))


def main(argv=None):
    try:
        return train(parse(argv))
    except (ValueError, OSError) as error:
        if os.environ.get("LOCAL_RANK", "0") == "0":        # once a machine
            print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
