"""What the tests of scripts and data share: the small network in train.py, and a small FER-2013."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
from PIL import Image
from tiny import small_cnn

from tinyfer.commands import train
from tinyfer.data.drawn import draw_faces
from tinyfer.data.table import CSV_CODES
from tinyfer.scores import plots

FACE = "train/fear/Training_0.png"      # one of `files_of`


def use_small_network(monkeypatch):
    """Let scripts/train.py train `small_cnn`, in one thread, wherever FER-2013 may be."""
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)
    monkeypatch.setattr(train, "six_layer_cnn", small_cnn)
    monkeypatch.delenv("TINYFER_DATA", raising=False)


def draw_nothing(monkeypatch):
    """Pictures take most of the time of so small a training: leave their files empty."""
    def save(figure, path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()

    monkeypatch.setattr(plots, "save", save)


def drawn_fer2013():
    """210 drawn faces in the parts of the real one, 168 of them Training; 14 others are copies."""
    data = draw_faces(210, seed=5)
    faces = data.faces.copy()
    for label in range(7):
        members = np.flatnonzero(data.labels == label)
        for place, part in enumerate(("PublicTest", "PrivateTest")):
            faces[members[data.usage[members] == part][-1]] = faces[members[place]]
    return replace(data, faces=faces)


def write_csv(path, data, columns="emotion,pixels,Usage"):
    lines = [columns]
    for face, label, usage in zip(data.faces, data.labels, data.usage):
        row = {"emotion": CSV_CODES.index(data.class_names[label]), "Usage": usage,
               "pixels": " ".join(map(str, face.ravel()))}
        lines.append(",".join(str(row[name.strip()]) for name in columns.split(",")))
    path.write_text("\n".join(lines) + "\n")
    return path


def files_of(data):
    """name in the archive -> content, as Kaggle packs them: train/fear/Training_0.png, ..."""
    files = {}
    for part in ("Training", "PublicTest", "PrivateTest"):
        folder = "train" if part == "Training" else "test"
        for label, emotion in enumerate(data.class_names):
            for number, i in enumerate(np.flatnonzero((data.labels == label)
                                                      & (data.usage == part))):
                files[f"{folder}/{emotion}/{part}_{number}.png"] = png(data.faces[i])
    return files


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def noise(seed):
    """A face of nothing, unlike any other."""
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


def unpack(files, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        else:
            (folder / name).write_bytes(content)
    return folder


def pack(files, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def same(a, b):
    return (np.array_equal(a.faces, b.faces) and np.array_equal(a.labels, b.labels)
            and np.array_equal(a.usage, b.usage) and a.class_names == b.class_names)
