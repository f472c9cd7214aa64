"""tinyfer: a facial-expression network from scratch that one can read from end to end.

The way of a face through the package, and a good order to read it in:

    datasets/           faces and labels: FER-2013, or drawn ones; splits and class sets;
                        inputs.py, a minibatch: random shifts and flips, grey values to [0, 1]
    layers.py           what every layer computes, and its gradient by hand; layer.py and
                        checks.py: what they share, and what a wrong call is told
    kernels/            the arithmetic underneath; reference.py first, it is the definition
    model.py            layers in a row: forward, backward, files; fusion.py, which of them are
                        computed together
    inference.py        prediction: the same function with less work
    architectures.py    the network of the study: six convolutions, two dense layers
    losses.py           softmax and the weighted cross-entropy
    optim.py            Adam, momentum, and rates that rise and fall
    gradcheck.py        the proof that the gradients are right
    recipes.py          how a network is trained, as data; averaging.py, a mean of its weights
    settings.py         all that decides a training, checked in one place
    training.py         the loop, with checkpoint.py and runs.py: what a run leaves on the disk
                        (files.py: written whole or not at all, read within bounds)
    metrics.py          what a trained network is worth, with binary.py; evaluation.py scores a run,
                        plots.py draws it
    finder.py           faces in a photograph, by two small networks; photo.py reads them
    saliency/           which pixels its predictions hang on, and whether such maps mean anything
    experiments.py      the study's eight experiments as data

docs/map.md has all of it in one table, with who imports whom. In short:

    model = tinyfer.six_layer_cnn(classes=7, seed=0)
    optimizer = tinyfer.Adam(model.parameters(), lr=1e-4)
    logits = model.forward(x, training=True)            # x (N, 48, 48, 1) in [0, 1]
    loss, dlogits = tinyfer.softmax_cross_entropy(logits, labels)
    model.backward(dlogits)
    optimizer.step()
    model.predict_proba(faces)                          # faces (N, 48, 48) uint8

    readings = tinyfer.read_photo("photo.jpg")          # from left to right; prints as a table
    readings.show()                                     # the photograph, marked
    for reading in readings:
        print(reading.box, reading.expression, reading.unsure, reading.probabilities)
"""

from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.core.model import Sequential
from tinyfer.core.networks import load_model, six_layer_cnn
from tinyfer.core.optim import Adam
from tinyfer.data import draw_faces, find_data, load_data, load_fer2013, to_input
from tinyfer.explain.saliency import saliency
from tinyfer.photo.finder import find_faces
from tinyfer.photo.reading import read_photo, read_photos
from tinyfer.photo.watching import watch
from tinyfer.training.estimator import ExpressionClassifier, train

__version__ = "0.2.0"
__all__ = ["Adam", "ExpressionClassifier", "Sequential", "draw_faces", "find_data", "find_faces",
           "load_data", "load_fer2013", "load_model", "read_photo", "read_photos", "saliency",
           "six_layer_cnn", "softmax", "softmax_cross_entropy", "to_input", "train", "watch"]
