"""A trained network as a PyTorch module, for who outgrows one CPU."""

import keyword
import re
import sys
from pathlib import Path

import numpy as np

from tinyfer.core.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from tinyfer.storage.arrays import atomic_write, brief

TORCH_FILE = '''"""{title}

A network trained by tinyfer, as a PyTorch module. It gives the same logits; beside it lies
{weights}, its weights under PyTorch's names and in PyTorch's layout.

    from {module} import load
    model = load().eval()                       # logits (N, {K}) from x (N, 1, 48, 48) in [0, 1]

To go on training, on a GPU for example:

    model = load().to("cuda").train()
    optimizer = torch.optim.Adam(model.parameters(), lr={lr:g}, eps=1e-7)
    loss = torch.nn.functional.cross_entropy(model(x), labels)

In training mode PyTorch keeps the running variance of batch norm unbiased (divided by M - 1),
tinyfer biased (by M); with batches of 64 images the two differ by less than 0.1 % after
convolutions, and by 1.6 % after the dense layer.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

CLASS_NAMES = {names!r}


class Network(nn.Sequential):
    """{count:,} values. Batch norm's momentum is 1 - 0.99: PyTorch weighs the new value by it."""

    def __init__(self):
        super().__init__(
{layers}
        )


def load(weights=Path(__file__).with_suffix(".npz")):
    """The trained network, on the CPU."""
    with np.load(weights, allow_pickle=False) as file:
        state = {{name: torch.from_numpy(file[name]) for name in file.files}}
    model = Network()
    # Missing are only batch norm's counts of batches, which nothing here depends on.
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{{weights}} does not hold the weights of this network")
    return model


def preprocess(faces):
    """Faces (N, 48, 48) uint8 as an array -> x (N, 1, 48, 48) float32 in [0, 1]."""
    return torch.from_numpy(np.asarray(faces)).float().unsqueeze(1) / 255


if __name__ == "__main__":
    print(load())
'''


TAKEN = "torch", "numpy", "tinyfer", "numba", "llvmlite", "PIL", "matplotlib"


def check_module_name(name):
    """ValueError where Python cannot import a module of this name, or would miss what it needs."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) or keyword.iskeyword(name) or (
            name in sys.stdlib_module_names or name in TAKEN):
        raise ValueError(f"{brief(name)} cannot be the name of a Python module: use letters, "
                         "digits and _, and no word that Python or PyTorch needs")


def save_torch(folder, name, model, title, lr):
    """Write folder/name.py, a module that needs torch and numpy only, and folder/name.npz.

    Layouts: convolution weights (3, 3, C, K) become (K, C, 3, 3), dense weights (C, K) become
    (K, C). Flatten runs over (H, W, C) here and over (C, H, W) there, so the rows of the first
    dense layer are put in that order.
    ValueError for a name that Python cannot import, or a layer that has no counterpart. Of what a
    file may hold only class names come into the module, as strings.
    """
    check_module_name(name)
    folder = Path(folder)
    shape, lines, arrays, flattened = model.input_shape, [], {}, None
    for layer in model.layers:
        number = len(lines)
        if type(layer) is Conv2D:
            c_in, c_out = layer.w.value.shape[2:]
            lines.append(f"nn.Conv2d({c_in}, {c_out}, 3)")
            arrays[f"{number}.weight"] = layer.w.value.transpose(3, 2, 0, 1)
            arrays[f"{number}.bias"] = layer.b.value
        elif type(layer) is Dense:
            w = layer.w.value
            if flattened:
                w = w.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(w.shape)
                flattened = None
            lines.append(f"nn.Linear({w.shape[0]}, {w.shape[1]})")
            arrays[f"{number}.weight"], arrays[f"{number}.bias"] = w.T, layer.b.value
        elif type(layer) is BatchNorm:
            kind = "BatchNorm2d" if len(shape) == 3 else "BatchNorm1d"
            lines.append(f"nn.{kind}({layer.mean.size}, eps={layer.epsilon:g}, "
                         f"momentum={1 - layer.momentum:.4g})")
            arrays |= {f"{number}.weight": layer.gamma.value, f"{number}.bias": layer.beta.value,
                       f"{number}.running_mean": layer.mean, f"{number}.running_var": layer.var}
        elif type(layer) is MaxPool2D:
            lines.append("nn.MaxPool2d(2)")
        elif type(layer) is Dropout:
            lines.append(f"nn.Dropout({layer.rate:g})")
        elif type(layer) is Flatten:
            flattened = shape
            lines.append("nn.Flatten()")
        else:
            raise ValueError(f"the layer {layer} has no counterpart in the PyTorch module")
        if getattr(layer, "relu", False):
            lines.append("nn.ReLU()")
        shape = layer.output_shape(shape)
    text = TORCH_FILE.format(
        title=title, module=name, weights=f"{name}.npz", K=len(model.class_names), lr=lr,
        names=tuple(model.class_names), count=model.num_parameters(),
        layers="\n".join(f"            {line}," for line in lines))
    with atomic_write(folder / f"{name}.npz") as file:
        np.savez(file, **{key: np.ascontiguousarray(array) for key, array in arrays.items()})
    with atomic_write(folder / f"{name}.py") as file:
        file.write(text.encode())
