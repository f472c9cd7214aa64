"""Training one network of the finder in rounds: each adds the scenes that fooled the one before."""

import numpy as np
from finder.windows import PLAN, light, render

from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.photo.finder import FILL, UNIT, standardised

BOX_WEIGHT = 0.5
SHARES = (0.46, 0.46, 0.08)     # of the faces: FER-2013, Caltech, drawn


class Windows:
    """Draws labelled windows: a third faces, a sixth faces out of place, the rest scenes."""

    def __init__(self, sources, scenes, size, standardise):
        self.banks, self.scenes, self.size = sources.banks, scenes, size
        self.standardise = standardise
        area = self.scenes.height[:, 0] * self.scenes.width[:, 0]
        self.share = np.sqrt(area) / np.sqrt(area).sum()
        self.hard = np.empty((0, 4), np.float32)    # scene, x, y and side of a window

    def draw(self, n, rng):
        """x (n, size, size, 1), labels (n,), targets (n, 3); targets count for faces only."""
        faces, near = n // 3, n // 6
        labels = np.zeros(n, np.int64)
        labels[:faces] = 1
        windows = np.empty((n, self.size, self.size), np.float32)
        targets = np.zeros((n, 3), np.float32)
        plan = np.zeros(n, PLAN)
        self._scenes(plan, rng)
        targets[:faces] = self._faces(plan[:faces], rng)
        self._near(plan[faces:faces + near], rng)
        bank = rng.choice(len(self.banks), faces + near, p=SHARES)
        for k, pictures in enumerate(self.banks):
            rows = np.flatnonzero(bank == k)
            plan["face"][rows] = rng.integers(len(pictures.pictures), size=len(rows))
            windows[rows] = render(plan[rows], pictures, self.scenes, self.size)
        plan["face"][faces + near:] = -1
        windows[faces + near:] = render(plan[faces + near:], self.banks[0], self.scenes, self.size)
        mirrored = rng.random(n) < 0.5
        windows[mirrored] = windows[mirrored, :, ::-1]
        targets[mirrored, 0] *= -1
        x = light(windows, rng)
        if self.standardise:
            x = standardised(255 * x)
        return x[..., None], labels, targets

    def _scenes(self, plan, rng):
        """A place in a scene for every window; four fifths of the scenes hard ones, if any."""
        n = len(plan)
        scene = rng.choice(len(self.share), n, p=self.share)
        H, W = self.scenes.height[scene, 0], self.scenes.width[scene, 0]
        least = np.minimum(H, W)
        side = 14 * (np.maximum(least, 15) / 14) ** rng.random(n)
        plan["scene"], plan["sside"] = scene, side
        plan["sx"] = side / 2 + rng.random(n) * np.maximum(W - side, 0)
        plan["sy"] = side / 2 + rng.random(n) * np.maximum(H - side, 0)
        plan["tilt"] = np.pi / 2 * rng.integers(4, size=n) * (rng.random(n) < 0.4)
        small = rng.random(n) < 0.5
        fine = np.exp(rng.uniform(np.log(15), np.log(self.size + 1), n)).astype(int)
        plan["fine"] = np.where(small, fine, self.size)
        if len(self.hard):
            rows = np.arange(n // 3 + n // 6, n)
            rows = rows[rng.random(len(rows)) < 0.8]
            hard = self.hard[rng.integers(len(self.hard), size=len(rows))]
            side = hard[:, 3] / FILL * np.exp(rng.uniform(-0.06, 0.06, len(rows)))
            plan["scene"][rows], plan["sside"][rows] = hard[:, 0], side
            for k, name in ((1, "sx"), (2, "sy")):
                plan[name][rows] = hard[:, k] + side * rng.uniform(-0.04, 0.04, len(rows))
            plan["tilt"][rows] = rng.normal(0, 0.03, len(rows))
            plan["fine"][rows] = np.clip(side, 15, self.size)

    def _faces(self, plan, rng):
        """A face about in place: how far it is off, as the network's last three outputs."""
        n = len(plan)
        targets = rng.uniform(-1.2, 1.2, (n, 3)).astype(np.float32)
        targets[:, 2] *= 1.35
        nominal = np.exp(-UNIT * targets[:, 2])     # the window's idea of the face's side
        plan["x"], plan["y"] = (-UNIT * targets[:, k] * nominal for k in (0, 1))
        plan["side"] = nominal / FILL
        self._surroundings(plan, rng)
        return targets

    def _near(self, plan, rng):
        """A face out of place: beside the window, much larger, much smaller, or upside down."""
        n = len(plan)
        way = rng.choice(4, n, p=(0.4, 0.25, 0.25, 0.1))
        side = np.where(way == 1, rng.uniform(0.25, 0.6, n),
                        np.where(way == 2, rng.uniform(1.7, 3, n), np.exp(rng.normal(0, 0.15, n))))
        little = np.where(way == 3, 0, rng.uniform(0, 0.3, n))
        far = np.where(way == 0, rng.uniform(0.4, 1, n), little)
        towards = rng.uniform(0, 2 * np.pi, n)
        plan["x"], plan["y"] = (far * side * np.cos(towards), far * side * np.sin(towards))
        plan["side"] = side / FILL
        self._surroundings(plan, rng)
        plan["tilt"] += np.pi * (way == 3)

    def _surroundings(self, plan, rng):
        n = len(plan)
        plan["tilt"] = rng.normal(0, 0.12, n)
        plan["gain"] = np.exp(rng.uniform(-0.8, 0.3, n))
        plan["lift"] = rng.uniform(-40, 80, n)
        plan["power"] = np.exp(rng.uniform(np.log(2.5), np.log(20), n))
        plan["feather"] = rng.uniform(0.03, 0.3, n)


def detection_loss(out, labels, targets):
    """Loss of the outputs (N, 5), and its gradient (N, 5).

        cross-entropy of softmax(out[:, :2]) with the labels, 1 for a face
        + BOX_WEIGHT / N sum over faces n and k of (out[n,2+k] - targets[n,k])^2
    """
    N = len(out)
    loss, dlogits = softmax_cross_entropy(out[:, :2], labels)
    off = (out[:, 2:] - targets) * (labels == 1)[:, None].astype(out.dtype)
    dout = np.concatenate([dlogits, (2 * BOX_WEIGHT / N) * off], axis=1).astype(out.dtype)
    return loss + BOX_WEIGHT / N * float((off ** 2).sum()), dout


def judge(model, drawn, batch=256):
    """Of a validation set of windows: loss, share judged right, share of the faces missed, of the
    others taken for faces, and by how many sides of a face the boxes are off."""
    x, labels, targets = drawn
    out = np.concatenate([model.forward(x[i:i + batch]).reshape(-1, 5)
                          for i in range(0, len(x), batch)])
    face = out[:, 1] > out[:, 0]
    loss, _ = detection_loss(out, labels, targets)
    return dict(loss=loss, accuracy=float((face == labels).mean()),
                missed=float(1 - face[labels == 1].mean()),
                false=float(face[labels == 0].mean()),
                off=float(np.abs(out[labels == 1, 2:] - targets[labels == 1]).mean() * UNIT))


def train_round(model, optimizer, windows, epochs, steps, batch, rate):
    """Yields the mean loss and accuracy of each epoch of `steps` batches.

    The learning rate falls to a hundredth by half a cosine over the round's epochs. epochs: (the
    first that is still to come, all).
    """
    first, total = epochs
    for epoch in range(first, total):
        loss_sum, right = 0.0, 0
        for step in range(steps):
            done = (epoch + step / steps) / total
            optimizer.lr = rate * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)
            x, labels, targets = windows.draw(batch, model.rng)
            out = model.forward(x, training=True)
            shape = out.shape
            loss, dout = detection_loss(out.reshape(-1, 5), labels, targets)
            model.backward(dout.reshape(shape))
            optimizer.step()
            loss_sum += loss
            face = out[..., 1] > out[..., 0]
            right += int((face.ravel() == labels).sum())
        yield loss_sum / steps, right / (steps * batch)
