"""The contest's network in tinyfer."""

import numpy as np

import tinyfer
from bench import task
from tinyfer.core.layers import Dropout


class Tinyfer:
    def __init__(self, arrays=None, class_weights=task.class_weights(), threads=None):
        self.model = tinyfer.six_layer_cnn(classes=task.CLASSES)
        if arrays:
            self.model.load_state(arrays)
        self.optimizer = tinyfer.Adam(self.model.parameters(), lr=task.LEARNING_RATE)
        self.class_weights = class_weights

    def load(self, images, labels):
        self.images, self.labels = images, labels
        self.x = task.to_unit(images)[..., None]

    def _gradients(self):
        logits = self.model.forward(self.x, training=True)
        loss, dlogits = tinyfer.softmax_cross_entropy(logits, self.labels, self.class_weights)
        self.model.backward(dlogits, wants_dx=False)
        return loss

    def step(self):
        self._gradients()
        self.optimizer.step()

    def predict(self, batch_size):
        return self.model.predict_proba(self.images, batch_size)

    def gradients_without_dropout(self):
        """The loss, and the gradient of the first layer's filters (3, 3, 1, 32)."""
        dropouts = [layer for layer in self.model.layers if isinstance(layer, Dropout)]
        with task.without(dropouts):
            loss = self._gradients()
        return np.array(loss), self.model.parameters()[0].grad.copy()
