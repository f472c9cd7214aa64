"""What the tests of the scripts share: they train the small network, on a small FER-2013."""

import numpy as np
import train
from tiny import small_cnn

from tinyfer import architectures
from tinyfer.datasets.fer2013_csv import CSV_CODES
from tinyfer.datasets.toyfaces import draw_faces


def use_small_network(monkeypatch):
    """Let scripts/train.py train `small_cnn`, wherever FER-2013 may be."""
    monkeypatch.setitem(architectures.ARCHITECTURES, "small_cnn", small_cnn)
    monkeypatch.setattr(train, "six_layer_cnn", small_cnn)
    monkeypatch.delenv("TINYFER_DATA", raising=False)


def write_fer2013(path):
    """Write a csv of 280 drawn faces, 168 of them Training; 14 others are copies of these."""
    data = draw_faces(280, seed=5)
    faces, labels = data.faces.copy(), data.labels
    usage = np.full(280, "Training", dtype="<U11")
    for label in range(7):
        members = np.flatnonzero(labels == label)
        usage[members[-16:-8]] = "PublicTest"
        usage[members[-8:]] = "PrivateTest"
        faces[members[-9]] = faces[members[0]]
        faces[members[-1]] = faces[members[1]]
    with open(path, "w") as file:
        file.write("emotion,pixels,Usage\n")
        for face, label, part in zip(faces, labels, usage):
            code = CSV_CODES.index(data.class_names[label])
            file.write(f"{code},{' '.join(map(str, face.ravel()))},{part}\n")
