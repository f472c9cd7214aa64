"""The contest's network in PyTorch, in the settings its documentation recommends for speed."""

import numpy as np
import torch
from torch import nn

from bench import task


def network(arrays):
    """The table of layers with tinyfer's weights; in-place ReLU and fused Adam: its fastest."""
    sizes = (1, 32, 64, 128, 128, 256, 256)
    layers = []
    for i, (c_in, c_out) in enumerate(zip(sizes, sizes[1:]), 1):
        conv = nn.Conv2d(c_in, c_out, 3)
        _copy(conv, arrays[f"conv{i}.w"].transpose(3, 2, 0, 1), arrays[f"conv{i}.b"])
        layers += [conv, nn.ReLU(inplace=True), _batch_norm(nn.BatchNorm2d(c_out), i, arrays)]
        if i % 2 == 0:
            layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    # tinyfer flattens (H, W, C), PyTorch (C, H, W).
    w = arrays["dense1.w"].reshape(2, 2, 256, 256).transpose(3, 2, 0, 1).reshape(256, 1024)
    dense1, dense2 = nn.Linear(1024, 256), nn.Linear(256, task.CLASSES)
    _copy(dense1, w, arrays["dense1.b"])
    _copy(dense2, arrays["dense2.w"].T, arrays["dense2.b"])
    layers += [nn.Flatten(), dense1, nn.ReLU(inplace=True),
               _batch_norm(nn.BatchNorm1d(256), 7, arrays), nn.Dropout(0.5), dense2]
    return nn.Sequential(*layers)


@torch.no_grad()
def _copy(layer, w, b):
    layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(w)))
    layer.bias.copy_(torch.from_numpy(b))


@torch.no_grad()
def _batch_norm(layer, number, arrays):
    layer.eps, layer.momentum = 1e-3, 0.01
    for tensor, name in ((layer.weight, "gamma"), (layer.bias, "beta"),
                         (layer.running_mean, "mean"), (layer.running_var, "var")):
        tensor.copy_(torch.from_numpy(arrays[f"bn{number}.{name}"]))
    return layer


class Torch:
    def __init__(self, arrays, class_weights, threads, compiled=False):
        torch.set_num_threads(threads)
        self.network = network(arrays).to(memory_format=torch.channels_last)
        self.run = torch.compile(self.network) if compiled else self.network
        self.class_weights = torch.from_numpy(class_weights)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=task.LEARNING_RATE,
                                          eps=task.EPSILON, fused=True)

    def load(self, images, labels):
        self.images, self.labels = images, torch.from_numpy(labels)
        self.x = self._tensor(images)

    def _tensor(self, images):
        x = torch.from_numpy(task.to_unit(images)[:, None])
        return x.to(memory_format=torch.channels_last)

    def _gradients(self):
        self.network.train()
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.run(self.x), self.labels, self.class_weights,
                                           reduction="none").mean()
        loss.backward()
        return loss.item()

    def step(self):
        self._gradients()
        self.optimizer.step()

    @torch.inference_mode()
    def predict(self, batch_size):
        self.network.eval()
        parts = [torch.softmax(self.run(self._tensor(part)), 1) for part in
                 np.split(self.images, range(batch_size, len(self.images), batch_size))]
        return torch.cat(parts).numpy()

    def gradients_without_dropout(self):
        dropouts = [layer for layer in self.network if isinstance(layer, nn.Dropout)]
        with task.without(dropouts, "p"):
            loss = self._gradients()
        return np.array(loss), self.network[0].weight.grad.permute(2, 3, 1, 0).contiguous().numpy()
