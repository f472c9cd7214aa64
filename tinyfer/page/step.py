"""Training on one face, step by step, on a copy of the network for this panel of this tab."""

import copy

import numpy as np

from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.optim import Adam
from tinyfer.page.message import pack


class Practice:
    """The network of a tab that learns. It starts anew with each other network chosen."""

    def __init__(self, networks):
        self.networks, self.trained = networks, None

    def _reset(self, model):
        self.trained, self.model = model, copy.deepcopy(model)
        self.optimizer = Adam(self.model.parameters())
        self.losses = []

    def step(self, question):
        """Take `steps` steps on this face (0: only look), after a `reset` where one is asked for.

        In evaluation mode: dropout off, and batch norm with its running statistics, since in
        training mode a batch of one face would be normalised by itself.
        """
        network, face = self.networks.of(question), question.face()
        if question["reset"] or network.model is not self.trained:
            self._reset(network.model)
        names = self.model.class_names
        label = np.array([names.index(question["label"])])
        x = network.given(face[None])

        def looked():
            return softmax_cross_entropy(self.model.forward(x), label)

        before = looked()[0]
        self.optimizer.lr = question["rate"]
        for _ in range(question["steps"]):
            loss, dlogits = looked()
            self.losses.append(loss)
            self.model.backward(dlogits)
            self.optimizer.step()
            question.pause()
        return pack(dict(
            classes=names, after=self.model.predict_proba(face).tolist(),
            trained=self.trained.predict_proba(face).tolist(), loss_before=before,
            loss_after=looked()[0], losses=self.losses, steps=self.optimizer.t))
