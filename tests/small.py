"""What the tests of the scripts share: the scripts as modules, a small network and FER-2013."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
from test_train_script import small_cnn

from tinyfer import architectures
from tinyfer.datasets.fer2013_csv import CSV_CODES
from tinyfer.datasets.toyfaces import draw_faces

SCRIPTS = Path(__file__).parents[1] / "scripts"


def script(name):
    """scripts/<name>.py as a module."""
    if str(SCRIPTS) not in sys.path:
        sys.path.insert(0, str(SCRIPTS))      # reproduce.py imports train.py, as when it is run
    spec = importlib.util.spec_from_file_location(f"{name}_script", SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def use_small_network(monkeypatch, train):
    """Let scripts/train.py, loaded as `train`, train a network that takes no time."""
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
