"""The contest's network in Keras on TensorFlow, as Keras comes: compile() and train_on_batch()."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from bench import task  # noqa: E402


class Keras:
    def __init__(self, arrays, class_weights, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        stack = [layers.Input((48, 48, 1))]
        for i, filters in enumerate((32, 64, 128, 128, 256, 256), 1):
            stack += [layers.Conv2D(filters, 3, activation="relu"), layers.BatchNormalization()]
            if i % 2 == 0:
                stack += [layers.MaxPooling2D(), layers.Dropout(0.25)]
        stack += [layers.Flatten(), layers.Dense(256, activation="relu"),
                  layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(task.CLASSES)]
        self.model = keras.Sequential(stack)
        self._set_weights(arrays)
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(keras.optimizers.Adam(task.LEARNING_RATE, epsilon=task.EPSILON),
                           self.loss)
        self.class_weights = class_weights

    def _set_weights(self, arrays):
        names = {layers.Conv2D: ("conv", "w b"), layers.Dense: ("dense", "w b"),
                 layers.BatchNormalization: ("bn", "gamma beta mean var")}
        for kind, (name, parts) in names.items():
            for i, layer in enumerate((l for l in self.model.layers if isinstance(l, kind)), 1):
                layer.set_weights([arrays[f"{name}{i}.{part}"] for part in parts.split()])

    def load(self, images, labels):
        self.images, self.labels = images, labels
        self.x = task.to_unit(images)[..., None]
        self.sample_weights = self.class_weights[labels]

    def step(self):
        self.model.train_on_batch(self.x, self.labels, sample_weight=self.sample_weights)

    def predict(self, batch_size):
        parts = [self.model.predict_on_batch(task.to_unit(self.images[i:i + batch_size])[..., None])
                 for i in range(0, len(self.images), batch_size)]
        return tf.nn.softmax(np.concatenate(parts)).numpy()

    def gradients_without_dropout(self):
        dropouts = [layer for layer in self.model.layers if isinstance(layer, layers.Dropout)]
        with task.without(dropouts), tf.GradientTape() as tape:
            loss = self.loss(self.labels, self.model(self.x, training=True), self.sample_weights)
        gradient = tape.gradient(loss, self.model.trainable_variables[0].value)
        return np.array(loss), gradient.numpy()
