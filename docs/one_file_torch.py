"""one_file.py in PyTorch: `python docs/one_file_torch.py faces.npz`. Chapter 18."""

import sys

import torch
from one_file import load
from torch import nn
from torch.nn import functional as F


def network(widths=(32, 64, 128, 128, 256, 256), hidden=256, classes=7):
    """x (N, 1, 48, 48) -> logits (N, 7)."""
    layers, norm = [], {"eps": 1e-3, "momentum": 0.01}
    for i, (C, K) in enumerate(zip((1, *widths), widths), 1):
        layers += [nn.Conv2d(C, K, 3), nn.ReLU(), nn.BatchNorm2d(K, **norm)]
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)] if i % 2 == 0 else []
    layers += [nn.Flatten(), nn.Linear(2 * 2 * widths[-1], hidden), nn.ReLU(),
               nn.BatchNorm1d(hidden, **norm), nn.Dropout(0.5), nn.Linear(hidden, classes)]
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)       # Glorot's first name
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def augment(x):
    """Shifted by up to a tenth, where a picture is 2 wide and high, and mirrored by a coin."""
    maps = torch.eye(2, 3).repeat(len(x), 1, 1)
    maps[:, 0, 0] = torch.randint(2, (len(x),)) * 2.0 - 1
    maps[:, :, 2] = 0.2 * (2 * torch.rand(len(x), 2) - 1)
    grid = F.affine_grid(maps, x.shape, align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def train(model, x, y, held_out, epochs=10, batch_size=16, lr=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr, eps=1e-7)
    for epoch in range(1, epochs + 1):
        model.train()
        for batch in torch.randperm(len(x)).tensor_split(-(-len(x) // batch_size)):
            optimizer.zero_grad()
            F.cross_entropy(model(augment(x[batch])), y[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            accuracy = (model.eval()(held_out[0]).argmax(1) == held_out[1]).float().mean().item()
        print(f"epoch {epoch:2}: held out: accuracy {accuracy:.1%}", flush=True)
    return accuracy


if __name__ == "__main__":
    torch.manual_seed(0)
    (x, y), held_out = ((torch.from_numpy(x.transpose(0, 3, 1, 2)), torch.from_numpy(y))
                        for x, y in load(sys.argv[1]))
    train(network(classes=int(y.max()) + 1), x, y, held_out)
