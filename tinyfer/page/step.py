"""Training on one face, step by step, on a copy of the network that only this panel of
this tab sees."""

from functools import cache

import numpy as np

from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.optim import Adam
from tinyfer.data.drawn import draw_faces
from tinyfer.page.message import pack

OTHERS = 70             # drawn faces on which it is seen what else a step has changed
PIECE = 14              # of them that are predicted at a time
REMEMBERED = 200        # losses, at most
RATES = 1e-6, 1e-1


class Practice:
    """The network of a tab that learns. It starts anew with each other network chosen."""

    def __init__(self, networks):
        self.networks = networks
        self.name = None

    def _reset(self, name):
        self.name, network = name, self.networks[name]
        self.model, self.trained = network.copy(), network.model
        self.optimizer = Adam(self.model.parameters())
        self.losses, self.answers = [], None

    def step(self, question):
        """Take `steps` steps on this face (0: only look), after a `reset` where one is asked for.

        In evaluation mode: dropout off, and batch norm with its running statistics, since in
        training mode a batch of one face would be normalised by itself.
        """
        name = question.choice("network", self.networks.names)
        face, rate = question.face(), question.number("rate", *RATES)
        steps, reset = question.whole("steps", 0, 10), question.flag("reset")
        if reset or name != self.name:
            self._reset(name)
        names = self.model.class_names
        label = np.array([names.index(question.choice("label", names))])
        x = self.networks[name].given(face[None])
        before, loss = self.model.predict_proba(face[None])[0], self._loss(x, label)[0]
        self.optimizer.lr = rate
        for _ in range(steps):
            found, dlogits = self._loss(x, label)
            self.losses = [*self.losses, found][-REMEMBERED:]
            self.model.backward(dlogits)
            self.optimizer.step()
            question.pause()
        after = self.model.predict_proba(face[None])[0]
        return pack(dict(
            classes=names, before=before.tolist(), after=after.tolist(), loss_before=loss,
            loss_after=self._loss(x, label)[0], losses=self.losses, steps=self.optimizer.t,
            moved=self._moved(), others=OTHERS, changed=self._changed(question),
            trained=self.networks[name].probabilities(face[None])[0].tolist()))

    def _changed(self, question):
        """How many other faces get another answer than from the trained network."""
        if self.optimizer.t == 0:       # at once, when the panel is opened
            return 0
        if self.answers is None:
            self.answers = self._predict(self.trained, question)
        return int((self._predict(self.model, question) != self.answers).sum())

    def _predict(self, model, question):
        found = []
        for start in range(0, OTHERS, PIECE):
            found.append(model.predict(_others()[start:start + PIECE]))
            question.pause()
        return np.concatenate(found)

    def _loss(self, x, label):
        return softmax_cross_entropy(self.model.forward(x), label)

    def _moved(self):
        """How far each parameter is from where it was trained to, in parts of its own length."""
        pairs = zip(self.model.parameters(), self.trained.parameters())
        return [dict(name=p.name, share=float(np.linalg.norm(p.value - trained.value)
                                              / max(np.linalg.norm(trained.value), 1e-12)))
                for p, trained in pairs]


@cache
def _others():
    return draw_faces(OTHERS, seed=11).faces
