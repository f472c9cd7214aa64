"""tinyfer: a facial-expression network from scratch that one can read from end to end.

The way of a face through the package, and a good order to read it in:

    core/       layers, model, networks, losses, optimizers, gradient check, prediction; kernels/,
                the arithmetic underneath, of which reference.py is the definition
    data/       faces and labels: FER-2013, pictures of one's own, or drawn ones; how they are
                divided, and changed by chance
    training/   config.py, all that decides a training; recipes.py, how, as data; loop.py, the
                loop; checkpoint.py and runs.py, what it leaves on the disk; estimator.py, all of
                it on arrays
    storage/    files, written whole or not at all, read within bounds
    scores/     what a trained network is worth, and every plot
    photo/      faces in a photograph, found by two small networks, and read
    explain/    which pixels a prediction hangs on, and whether such maps mean anything
    page/       the page on which a network answers as one plays
    commands/   what a user runs

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

    model = tinyfer.train(X, y, start="seven-class")    # X (N, 48, 48), y names of classes
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
